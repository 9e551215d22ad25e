/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/swap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/fd.h"
#include "common/names.h"

#define BIN      "bin"
#define ORIG_BIN VB_STATE "/" VB_ORIG_BIN
#define SWAP     VB_STATE "/swap"

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1U << 1)
#endif

static int move(const struct venv *v, const char *from, const char *to)
{
	return renameat(v->fd, from, v->fd, to) < 0 ? -errno : 0;
}

static int cannot_move(const struct venv *v, int err, struct failure *f)
{
	return fail_errno(f, err, "the whole venv must lie on one file system that you can write", "cannot exchange the bin directories of '%s'", v->path);
}

/* bin is missing between the first two steps: on such a file system there is no way without it. */
static int three_steps(const struct venv *v)
{
	int r = move(v, BIN, SWAP);

	if (r < 0)
		return r;
	r = move(v, ORIG_BIN, BIN);
	if (r < 0) {
		(void) move(v, SWAP, BIN);
		return r;
	}
	return move(v, SWAP, ORIG_BIN);
}

static int exchange(const struct venv *v)
{
	/* By number: musl and older libraries have no function for it. */
	if (syscall(SYS_renameat2, v->fd, BIN, v->fd, ORIG_BIN, RENAME_EXCHANGE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS || errno == ENOTSUP ? three_steps(v) : -errno;
}

static bool is_dir(const struct venv *v, const char *relative)
{
	cleanup_fd int fd = fd_open_below(v->fd, relative, O_PATH | O_DIRECTORY);

	return fd >= 0;
}

static int drop_state(const struct venv *v)
{
	int r = move(v, VB_STATE, SWAP_OLD);

	return r < 0 ? r : fd_remove_tree(v->fd, SWAP_OLD);
}

static int recover_swap(const struct venv *v)
{
	if (!is_dir(v, SWAP))
		return 0;
	if (v->shape == VENV_NO_BIN)
		return move(v, SWAP, BIN);
	return is_dir(v, ORIG_BIN) ? -EEXIST : move(v, SWAP, ORIG_BIN);
}

/* A state beside a plain bin: of an installation or a removal that was cut short, if it holds our links. */
static int recover_orphan(const struct venv *v, struct failure *f)
{
	int r;

	if (v->shape != VENV_PLAIN || !v->has_state)
		return 0;
	if (!is_dir(v, ORIG_BIN))
		return fail_msg(f, EEXIST, "move it away, and run this again", "'%s/" VB_STATE "' is in the way, and is not of venvbox-install", v->path);
	r = drop_state(v);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot remove '%s/" VB_STATE "'", v->path) : 0;
}

int swap_recover(struct venv *v, struct failure *f)
{
	int r = recover_swap(v);

	if (r == 0)
		r = fd_remove_tree(v->fd, SWAP_NEW);
	if (r == 0)
		r = fd_remove_tree(v->fd, SWAP_OLD);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot mend '%s', where an earlier venvbox-install was interrupted", v->path);
	r = venv_look(v, f);
	if (r == 0 && v->shape == VENV_NO_BIN)
		return fail_msg(f, ENOENT, "make it again: python3 -m venv VENV", "'%s' has no directory bin", v->path);
	if (r == 0)
		r = recover_orphan(v, f);
	return r < 0 ? r : venv_look(v, f);
}

int swap_in(const struct venv *v, struct failure *f)
{
	int r = move(v, SWAP_NEW, VB_STATE);

	if (r < 0)
		return cannot_move(v, -r, f);
	r = exchange(v);
	if (r < 0) {
		(void) !drop_state(v);
		return cannot_move(v, -r, f);
	}
	return 0;
}

int swap_out(const struct venv *v, struct failure *f)
{
	int r = exchange(v);

	if (r < 0)
		return cannot_move(v, -r, f);
	r = drop_state(v);
	return r < 0 ? fail_errno(f, -r, "the venv is plain again; remove what is left of it by hand", "cannot remove '%s/" VB_STATE "'", v->path) : 0;
}
