/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spare.h - the empty directories and files that mask.h lays over absent names, kept from run to run in .venv/venvbox/spare, by their
 * names without the dot. The installation makes them.
 *
 * A directory that is removed gives its block back, and where the file system tells the disk so at once (ext4 without a
 * journal, mounted with `discard`) each rmdir(2) waits for it, a millisecond and more. To make a file and to remove it
 * takes three times as long as to rename it twice.
 */
#ifndef VB_SPARE_H
#define VB_SPARE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Where they are kept: O_PATH, the caller's; -1: there are none. */
int spare_open(int state_fd);

/* spare_fd: of spare_open(). Puts the spare directory or file of this name into the project; *st: which. False: there is none, or there is something by this name. */
bool spare_take(int spare_fd, int project_fd, const char *name, bool is_dir, struct stat *st) __attribute__((warn_unused_result));

/*
 * Takes it out of the project, for the next run, if it has device and inode of made (NULL: whichever). 1: so it is, or somebody has
 * filled it and it stays. 0: it cannot be kept; rmdir(2), or a look at the size and unlink(2), are for the caller. -EBUSY: what somebody filled at this very moment is among the spare ones, and by its name there is another.
 * Another -errno: nobody can tell whether it was filled, and it stays; to be tried again.
 */
int spare_keep(int state_fd, int project_fd, const char *name, bool is_dir, const struct stat *made) __attribute__((warn_unused_result));

#endif
