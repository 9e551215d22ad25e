/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dotenv.h - the project's .env, read as data and never as shell (design.md,
 * law 3: the predecessor sourced it on the host).
 */
#ifndef VB_DOTENV_H
#define VB_DOTENV_H

#include <stddef.h>

#include "common/cleanup.h"
#include "common/strv.h"

/*
 * Understands what the common dotenv files hold: NAME=value, `export NAME=value`, comments, '...' literal,
 * "..." with \n \t \\ \" \$ escapes, both may span lines, " #" comment after a bare value. No expansion of $NAME: it stays as
 * written. Bad lines are skipped and named.
 *
 * env: "NAME=value" per variable, the last of a name wins. warnings: one line for people for each line
 * that is none, and for each name that .env may not set: BWRAP_ARGS, VERBOSE, VENVBOX_*, SANDBOX_*.
 */
int dotenv_parse(const char *text, size_t len, struct strv *env, struct strv *warnings) must_check;

#endif
