/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hardlink.h - files of a venv that have another name outside it.
 *
 * A pip run may write the venv. A file that uv linked from its cache, or `cp -al` from another venv, is one
 * inode under several names: what a box writes into it, all of them have. So each such name gets a copy of its own.
 */
#ifndef VB_HARDLINK_H
#define VB_HARDLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/failure.h"

/* A copy that is being made, beside the name that it will have. */
#define HARDLINK_TEMPORARY ".venvbox-copy"

/* What cannot be remembered cannot be judged: beyond these bounds the venv is refused. */
#define HARDLINK_DEPTH  128
#define HARDLINK_INODES (1U << 20) /* with more than one name each; 64 bytes of memory for one, at most 128 */

struct hardlinks {
	size_t broken;  /* names that have become files of their own */
	char *unsought; /* NULL, or a directory of another file system, whose files were not looked at; owned */
};

void hardlinks_release(struct hardlinks *h);
#define cleanup_hardlinks cleanup(hardlinks_release)

/*
 * Looks at every file below venv_fd, following no link and entering no other file system, and breaks the hard links that leave its part
 * of the venv. The parts are those that boxes can and cannot write: bin, pyvenv.cfg, the state, home,
 * cache, the rest. Links within one part stay. Each file is at any moment the old one or the new one, whole; a copy that a killed
 * process left is removed by the next call. venv: for words in f. On failure some may have been broken: no content has changed.
 *
 * pip_only: leaves out home and cache, in which pip cannot write and programs of the box may be at work.
 */
int hardlinks_break(int venv_fd, const char *venv, bool pip_only, struct hardlinks *h, struct failure *f) must_check;

#endif
