/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shared.h - protected files of the project that have another name (hard link).
 *
 * A box sees them read-only, but by that name. What the other name is nobody can tell; if it lies in the project, the box can
 * write it. They are the user's own, so they are named and not changed.
 */
#ifndef VB_SHARED_H
#define VB_SHARED_H

#include "common/strv.h"

#define SHARED_ENTRIES 1000 /* looked at in one directory */
#define SHARED_FINDS   16

/* nested: repositories and venvs below the project. Adds to found, relative to the project. */
int shared_find(int project_fd, const struct strv *nested, struct strv *found) must_check;

#endif
