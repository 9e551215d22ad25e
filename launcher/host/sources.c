/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/sources.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"

#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY)

static int open_path(const struct op *op, int flags)
{
	int fd;

	if (op->trust == TRUST_NONE)
		return fd_open_nofollow_to_hand_on(op->source, flags);
	fd = openat(AT_FDCWD, op->source, flags); /* musl's open(2) sets O_CLOEXEC with a second call */
	return fd < 0 ? -errno : fd;
}

int sources_open_file(const struct op *op)
{
	return open_path(op, READ_FLAGS | O_CLOEXEC);
}

int sources_lift(int fd)
{
	int high;

	if (fd < 0 || fd >= VB_FREE_FD)
		return fd;
	high = fcntl(fd, F_DUPFD, VB_FREE_FD);
	cleanup_fd_fn(&fd); /* leaves errno alone */
	return high < 0 ? -errno : high;
}

/* Most are opened as bwrap is to have them: a call less for each. */
static int open_to_hand_on(const struct op *op, int flags)
{
	return sources_lift(open_path(op, flags));
}

int sources_open_program(const char *path)
{
	return open_to_hand_on(&(const struct op) { .source = (char *) (uintptr_t) path, .trust = TRUST_HOST }, READ_FLAGS);
}

static int open_failed(const struct op *op, int err, struct failure *f)
{
	if (err == EMFILE || err == ENFILE)
		return fail_msg(f, EMFILE, "raise the limit: ulimit -n 1024", "the box needs more open files than are allowed");
	if (err == ELOOP && op->trust == TRUST_NONE)
		return fail_msg(f, err, "replace the link by what it points to; code in a box may have put it there",
				"'%s' is or leads through a symbolic link", op->source);
	return fail_errno(f, err, "if it was moved or removed, run venvbox-install on this venv again", "cannot open '%s'", op->source);
}

/* The content of a small file: read by bwrap to its end, so it must have one. Nobody writes it inside; who executes it here may there. */
static int open_copy(struct op *op)
{
	cleanup_fd int fd = open_to_hand_on(op, READ_FLAGS);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	op->mode = 0444 | (st.st_mode & 0111);
	return take_fd(&fd);
}

static int open_source(struct op *op, struct failure *f)
{
	int fd;

	if (op->fd >= 0)
		return op->fd_borrowed && fcntl(op->fd, F_SETFD, 0) < 0 ? open_failed(op, errno, f) : 0;
	if (op->folded || (op->kind == OP_WORDS && op->source == NULL))
		return 0;
	switch (op->kind) {
	case OP_RO:
	case OP_RW:
	case OP_WORDS:
		fd = open_to_hand_on(op, O_PATH);
		break;
	case OP_COPY:
		fd = open_copy(op);
		break;
	case OP_DATA:
	case OP_SET:
		fd = sources_lift(fd_memfd_to_hand_on("venvbox-data", op->data.data ? op->data.data : "", op->data.len));
		break;
	default:
		return 0;
	}
	if (fd == -ENOENT && op->optional)
		return -ENOENT;
	if (fd < 0)
		return open_failed(op, -fd, f);
	op->fd = fd;
	return 0;
}

/* The last operation before index that dest lies in. */
static const struct op *cover_before(const struct plan *p, size_t index)
{
	struct plan before = { .ops = p->ops, .n = index };

	return plan_find_cover(&before, p->ops[index].dest);
}

/*
 * bwrap makes missing mount points, and follows links while it does. Below a
 * directory of the host that a box can write this would be the box's word: there the
 * mount point must be, with no link on the way.
 */
static int check_dest(const struct plan *p, size_t index, struct failure *f)
{
	const struct op *op = &p->ops[index];
	const struct op *cover = op->dest && op->kind != OP_REMOUNT_RO ? cover_before(p, index) : NULL;
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	const char *below;

	if (op->folded || cover == NULL || (cover->kind != OP_RW && cover->kind != OP_WORDS) || cover->fresh || cover->source == NULL)
		return 0;
	below = path_below(op->dest, cover->dest);
	path = *below == '\0' ? strdup(cover->source) : path_join(cover->source, below);
	if (path == NULL)
		return -ENOMEM;
	fd = fd_open_nofollow(path, O_PATH);
	if (fd == -ENOENT)
		return fail_msg(f, ENOENT, "make it first: it lies where code in a box can write, so nothing is made there for it",
				"the mount point '%s' does not exist", op->dest);
	if (fd < 0)
		return fail_errno(f, -fd, "code in a box may have put a link there; look at it before you remove it",
				  "the mount point '%s' cannot be used", op->dest);
	return 0;
}

static int order_check(const struct plan *p, size_t index, struct orders *orders)
{
	const struct op *op = &p->ops[index];
	struct stat st;

	if ((op->kind != OP_RO && op->kind != OP_RW && op->kind != OP_WORDS) || op->fd < 0 || plan_is_covered(p, index))
		return 0;
	if (fstat(op->fd, &st) < 0)
		return -errno;
	return orders_add_mount(orders, op->dest, (uint64_t) st.st_dev, (uint64_t) st.st_ino, op->kind == OP_RO);
}

int sources_open(struct plan *plan, struct failure *f)
{
	for (size_t i = 0; i < plan->n; i++) {
		int r = open_source(&plan->ops[i], f);

		if (r == -ENOENT && plan->ops[i].optional) {
			plan_remove(plan, i--);
			continue;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int sources_check_dests(const struct plan *plan, struct failure *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		r = check_dest(plan, i, f);
	return r;
}

int sources_order(const struct plan *plan, struct orders *orders, struct failure *f)
{
	for (size_t i = 0; i < plan->n; i++) {
		int r = order_check(plan, i, orders);

		if (r < 0)
			return fail_errno(f, -r, NULL, "cannot tell what is to be mounted at '%s'", plan->ops[i].dest);
	}
	return 0;
}
