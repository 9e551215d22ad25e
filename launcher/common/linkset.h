/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * linkset.h - inodes with several names, and how many of the names were seen where.
 */
#ifndef VB_LINKSET_H
#define VB_LINKSET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/cleanup.h"

struct linkset {
	struct linkset_row *rows; /* open addressing by inode; all of one device */
	size_t room;
	size_t n;
};

void linkset_release(struct linkset *s);

/* One name of this inode, in this part (> 0). -E2BIG: more than limit inodes. */
int linkset_see(struct linkset *s, const struct stat *st, unsigned part, size_t limit) must_check;

/* Does the inode have a name that was not seen, or names in several parts? */
bool linkset_leaves(const struct linkset *s, const struct stat *st);

/* Are there any such inodes, and how many bytes do copies for all their names take? */
bool linkset_any_leaves(const struct linkset *s, unsigned long long *bytes);

#endif
