/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path.h - questions about paths that need no file system.
 *
 * "Clean" means absolute, with no empty, "." or ".." component and no slash at
 * the end, but for "/" itself.
 */
#ifndef VB_PATH_H
#define VB_PATH_H

#include <stdbool.h>

#include "common/strv.h"

bool path_is_clean(const char *path);

/* The way from a directory to something below it, as clean: "sub/.git". Not "", not absolute. */
bool path_is_clean_relative(const char *path);

/*
 * path made clean without looking at the disk; a relative one is taken below base (absolute).
 * Owned by the caller; NULL: out of memory.
 */
char *path_clean(const char *base, const char *path) must_check;

/* Both clean. path is dir or below it. */
bool path_is_within(const char *path, const char *dir);

/* All clean. path is one of dirs or below one. */
bool path_is_within_any(const char *path, const struct strv *dirs);

/* The part of path below dir without a leading slash ("" for dir itself), pointing into path; NULL if not within. */
const char *path_below(const char *path, const char *dir);

/* dir + "/" + name with no doubled slash; printf-free. Owned by the caller; NULL: out of memory. */
char *path_join(const char *dir, const char *name) must_check;

/* Points into path, after its last slash. */
const char *path_base(const char *path);

/* A plain file name: not empty, not "." or "..", no slash. */
bool path_is_name(const char *name);

#endif
