/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diagnosis.h - a run that is asked what the box does (-X venvbox-verbose, VENVBOX_VERBOSE): it is told and watched. Of one
 * that is not asked nothing here costs anything.
 */
#ifndef VB_DIAGNOSIS_H
#define VB_DIAGNOSIS_H

#include "common/failure.h"
#include "common/strv.h"
#include "host/facts.h"
#include "host/session.h"
#include "host/tell.h"
#include "host/watcher.h"

struct diagnosis {
	struct tell tell;
	struct watcher watcher;
	struct remedy_of of;
	char *box_home;
};

void diagnosis_init(struct diagnosis *d);
void diagnosis_release(struct diagnosis *d);

/* job, env: is it asked? fds: listed, not collected, tell_open(); the others are borrowed for the life of d. cwd: clean. */
int diagnosis_open(struct diagnosis *d, const struct job *job, const struct strv *env, const struct session *s, const struct policy *p,
		   struct facts *x, struct userfds *fds, const char *cwd, struct failure *f) must_check;

/* NULL: nothing is watched. */
struct watcher *diagnosis_watcher(struct diagnosis *d);

/* The program has ended so. */
void diagnosis_end(const struct diagnosis *d, int wait_status);

#endif
