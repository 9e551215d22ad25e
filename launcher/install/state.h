/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h - the files of .venv/venvbox, each replaced whole or not at all, so
 * that a launcher that starts meanwhile reads the old or the new ones.
 */
#ifndef VB_STATE_H
#define VB_STATE_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/failure.h"
#include "common/manifest.h"
#include "install/account.h"

struct state_input {
	const struct manifest *manifest;
	const struct conf *conf;
	bool write_conf;            /* false: the file, with the user's own comments, stays */
	const struct buf *filter;
	const struct account *account;
};

/* Writes what is in `in` to the directory; the manifest last. -errno. */
int state_write(int state_fd, const struct state_input *in) must_check;

/* Makes the directories and locks that are missing. -errno. */
int state_make_places(int state_fd) must_check;

/* HOME and ~/.cache of the box, beside the state. *made: bit 0 home, bit 1 cache, bit 2 home/.cache. */
int state_make_home(int venv_fd, unsigned *made) must_check;
void state_unmake_home(int venv_fd, unsigned made);

/*
 * Removes what programs keep in ~/.cache of the box of what they found of the system, and believe whatever is shown later. Only plain files,
 * reached through no link; -errno if it cannot be looked at.
 */
int state_forget(int venv_fd) must_check;

/*
 * While held no pip run starts or ends, and, with all, no box of the venv runs (design.md: boxes hold VB_LOCK).
 * A descriptor, or -EAGAIN.
 */
int state_lock(int state_fd, bool all) must_check;

#endif
