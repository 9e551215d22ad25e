/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * appeared.h - what a run left below the project that tools of the host would
 * execute or obey: a new repository, a venv, an .envrc (design.md, law 4).
 */
#ifndef VB_APPEARED_H
#define VB_APPEARED_H

#include <stdbool.h>
#include <time.h>

#include "common/strv.h"

struct appeared {
	struct strv found;  /* names, new or changed, that the host would execute or obey */
	struct strv nested; /* repositories and venvs that were there before the run, not known and not changed by it */
	bool unread;         /* there are more directories than are looked at */
};

void appeared_release(struct appeared *seen);

/*
 * Adds to seen->found the paths, relative to the project, of such names that were made, renamed to or changed at or after
 * `since` (CLOCK_REALTIME). Looks at the upper directories only, a bounded number of them: a help
 * to the user, not a defence. venv_below: the venv's path below the project, of which only the top is looked at, or NULL. known: relative paths left out,
 * each mounted read-only in this run.
 */
int appeared_scan(int project_fd, const struct timespec *since, const struct strv *known, const char *venv_below,
		  struct appeared *seen) must_check;

/*
 * Before a run: adds the repositories and venvs that are not known, made by the user since the install (or by a box:
 * that was said then). Nearer to the root and fewer than appeared_scan(); no links.
 */
int appeared_before(int project_fd, const struct strv *known, const char *venv_below, struct strv *nested) must_check;

#endif
