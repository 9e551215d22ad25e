/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caller.h - what the caller left us: variables and working directory.
 */
#ifndef VB_CALLER_H
#define VB_CALLER_H

#include "common/failure.h"
#include "common/strv.h"

/* Our own environment, appended. */
int caller_environment(struct strv *env) must_check;

/*
 * The working directory in *cwd, the caller's to free. A directory that was removed under the caller has no name: Python starts there too, so it
 * starts at the root. Refuses what the box has of its own, which cannot be made up for a working directory (spec S13).
 */
int caller_cwd(char **cwd, struct failure *f) must_check;

#endif
