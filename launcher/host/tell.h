/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tell.h - where a verbose run says what the box does, and in which form: lines for people or for programs (one JSON
 * object per line, venvbox(7)); standard error, or what VENVBOX_LOG names.
 */
#ifndef VB_TELL_H
#define VB_TELL_H

#include <stdbool.h>

#include "common/failure.h"
#include "common/strv.h"
#include "host/denial.h"
#include "host/policy.h"
#include "host/remedy.h"
#include "host/userfds.h"
#include "host/verbose.h"

enum tell_form {
	TELL_NOTHING,
	TELL_TEXT,
	TELL_JSON,
	TELL_LEARNED, /* for venvbox-install --learn: learned.h; what is looked for with stat(2) is told, too */
};

struct tell {
	enum tell_form form;
	bool color;
	int fd;      /* -1 while form is TELL_NOTHING */
};

/* From the environment and -X venvbox-verbose. Opens nothing. */
void tell_init(struct tell *t, const struct job *job, const struct strv *env);
void tell_release(struct tell *t);

/*
 * Opens what VENVBOX_LOG names: a file, appended to, or the number of a descriptor, which the box does not get: it is taken off fds. Where a box could have
 * put the file, no link is followed on the way and the file has no other name. cwd: clean.
 */
int tell_open(struct tell *t, const struct policy *p, const struct strv *env, struct userfds *fds, const char *cwd, struct failure *f) must_check;

/* Each may fail to write, to a full disk or closed pipe: that is no reason not to run. Of a run that tells nothing they say nothing. */
void tell_before(const struct tell *t, const struct verbose_of *of);
void tell_sealed(const struct tell *t, bool landlock);
void tell_unread(const struct tell *t); /* verbose_put_unread() */
void tell_denied(const struct tell *t, const struct remedy_of *of, const struct denial *d);

/* At the end. wait_status: as waitpid(2) has it. blind: paths could not be watched. */
void tell_summary(const struct tell *t, const struct remedy_of *of, const struct denials *all, int wait_status, bool blind);

#endif
