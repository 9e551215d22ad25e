/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mask.h - the protected names at the project root (.git, .env ...), kept out
 * of the box's hands also while they are absent (CVE-2026-25725: a file
 * protected only if it existed).
 *
 * bubblewrap can lie a mount only over something that exists, so an absent
 * name is made on the host for the run and taken away by the last box of the
 * venv. Who runs is known by a read lock on .venv/venvbox/lock (fcntl(2), open file
 * description locks; a box sees the file read-only and cannot take a write lock on it).
 * What was made is in a journal beside it, with inode: only that is removed, and
 * only while it is empty, and while no other venv of the project runs a box, which may have mounted over it.
 */
#ifndef VB_MASK_H
#define VB_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/failure.h"
#include "common/strv.h"

enum mask_state {
	MASK_PRESENT, /* there: bound read-only */
	MASK_ABSENT,  /* not there, or only as what a box of ours put there: covered by an empty read-only mount */
	MASK_NOTHING, /* not there and nobody can make it: nothing to do */
};

struct mask {
	const char *name; /* static */
	bool is_dir;      /* the kind that stands in for it */
	enum mask_state state;
	dev_t dev; /* MASK_PRESENT: which it is */
	ino_t ino;
};

#define MASKS_MAX 8

struct masks {
	struct mask v[MASKS_MAX];
	size_t n;
	int lock_fd;    /* owned; holds the read lock */
	int project_lock; /* owned while lock_fd is; the same for other venvs of the project */
	int journal_fd; /* open while masks_begin() notes what it makes, else -1 */
	off_t journal_end; /* with journal_fd: how long it is; nobody else writes while LOCK_JOURNAL is held */
	int spare_fd;   /* open while it makes, spare_open(); else -1 */
	enum {
		MASKS_UNASKED,
		MASKS_CAN_BE_MADE,
		MASKS_CANNOT_BE_MADE,
	} answer; /* to what is only expected */
	int state_fd;   /* borrowed */
	int project_fd; /* borrowed */
};

struct protected_name;

/*
 * Takes the read lock, clears what killed launchers left if no box runs, and
 * sorts the names, making the absent ones. Names in `skip` are left alone. A
 * symbolic link in such a place is refused: a bind mount would follow it.
 * On failure nothing is held. look_only: makes nothing, locks nothing, and says what is to be expected.
 */
int masks_begin(struct masks *m, int state_fd, int project_fd, const char *project,
		const struct protected_name *names, const struct strv *skip, bool look_only, struct failure *f) must_check;

/* The same names in the same states, and what is there the same? */
bool masks_are_alike(const struct masks *a, const struct masks *b);

/*
 * Lets the lock go; the last one removes what was made. -errno: something is left, for the next run to
 * take away. m may be zeroed memory with lock_fd -1.
 */
int masks_end(struct masks *m);

#endif
