/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * readycopy.h - copies a directory of the host's into one that is kept ready (common/ready.h), so that a box shows it without a mount.
 */
#ifndef VB_READYCOPY_H
#define VB_READYCOPY_H

#include "common/ready.h"

/*
 * Copies what is in source to ready_fd/place, an empty directory, and adds a READY_PART for each file and directory in it. dest: of the box. *id: of source.
 * 1: done. 0: it is not small, holds something else than files, links and directories that everybody may read, or changed meanwhile; *id is then that of nothing, and
 * place may hold a part of it. -errno otherwise.
 */
int readycopy_dir(int ready_fd, const char *place, const char *source, const char *dest, struct ready *parts, struct ready_id *id) must_check;

/* 1: it is such a directory now. */
int readycopy_fits(const char *source) must_check;

/* Has ready_fd/place the links that source has, in all of its directories? 0: no. */
int readycopy_has_links(int ready_fd, const char *place, const char *source) must_check;

#endif
