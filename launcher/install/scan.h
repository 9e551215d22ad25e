/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h - repositories and venvs below the project, which boxes see read-only
 * (design.md, law 4). Bounded in depth, entries and finds; follows no link.
 */
#ifndef VB_SCAN_H
#define VB_SCAN_H

#include <stdbool.h>

#include "common/strv.h"

#define SCAN_DEPTH   6
#define SCAN_ENTRIES 100000
#define SCAN_FINDS   64 /* each is one mount more in every box, at least */

struct scan {
	struct strv found; /* relative to the project, clean, sorted: "sub/.git", "sub/venv" */
	bool cut;          /* there was more than the bounds let see */
	unsigned entries;
};

void scan_release(struct scan *s);
#define cleanup_scan cleanup(scan_release)

/* venv_below: the venv relative to the project, left out; NULL: it lies elsewhere. */
int scan_nested(int project_fd, const char *venv_below, struct scan *s) must_check;

#endif
