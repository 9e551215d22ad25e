/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bwrap.h - a plan in bubblewrap's words. The only file that spells its options
 * (the user's own are in common/bwrapopt.c).
 */
#ifndef VB_BWRAP_WORDS_H
#define VB_BWRAP_WORDS_H

#include "common/buf.h"
#include "common/strv.h"
#include "host/plan.h"

/* The plan's open descriptors, which the options name (malloc, the caller's). */
int bwrap_fds(const struct plan *p, int **fds, size_t *n) must_check;

/* The options with them. */
int bwrap_words(const struct plan *p, struct strv *words) must_check;

/*
 * The whole command line as a user could type it: paths in place of descriptors, /bin/sh
 * in place of venvbox-init, environment left out. One shell-quoted word per line.
 */
int bwrap_print(const struct plan *p, const char *bwrap, struct buf *out) must_check;

#endif
