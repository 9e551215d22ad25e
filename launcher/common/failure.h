/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * failure.h - what went wrong, in words for the user, carried up to main().
 *
 * Below main() a function returns 0 or -errno and prints nothing. One that can
 * say more than an errno fills a struct failure: `what` ("cannot open '/x': No
 * such file or directory") and `hint` (the remedy, one sentence). The deepest
 * caller that knows enough fills it; those above only pass the result on.
 */
#ifndef VB_FAILURE_H
#define VB_FAILURE_H

#include "common/cleanup.h"

struct failure {
	char *what; /* owned; NULL: nothing said yet */
	char *hint; /* owned; NULL: no remedy known */
};

/* Forgets what was said. f may be zeroed memory. */
void failure_release(struct failure *f);

/*
 * Each sets `what` to the formatted text, replacing what was there, and `hint`
 * to a copy of hint (or NULL), and returns -err. fail_errno appends ": " and
 * the words for err, and has a hint of its own for EMFILE, ENFILE and ENOMEM. err is a positive errno. f may be NULL. If memory runs
 * out the words are lost, the result is not.
 */
int fail_msg(struct failure *f, int err, const char *hint, const char *fmt, ...) printf_like(4, 5);
int fail_errno(struct failure *f, int err, const char *hint, const char *fmt, ...) printf_like(4, 5);

/* Replaces the hint; for one that must be formatted. */
void fail_hint(struct failure *f, const char *fmt, ...) printf_like(2, 3);

/*
 * Prints `venvbox: what` and, if there is one, `hint: ...` to standard error,
 * each as one line: control characters and bytes that are no UTF-8 are written as \xNN
 * (file names come from packages; a terminal must not obey them). With nothing
 * said it prints strerror(-err). Returns VB_EXIT_FAILURE, for main to return.
 */
int failure_print(const struct failure *f, int err);

#endif
