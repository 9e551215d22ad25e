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

/* The options with the plan's open descriptors, and the list of those descriptors (malloc, the caller's). */
int bwrap_words(const struct plan *p, struct strv *words, int **fds, size_t *n_fds) must_check;

/*
 * The whole command line as a user could type it: paths in place of descriptors, /bin/sh
 * in place of venvbox-init, environment left out. One shell-quoted word per line.
 */
int bwrap_print(const struct plan *p, const char *bwrap, struct buf *out) must_check;

#endif
