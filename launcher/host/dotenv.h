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
 * Understands what the common dotenv files hold: NAME=value, `export NAME=value`, blanks around '=', comments, '...' literal, "..." with
 * \n \t \\ \" \$ escapes, both may span lines, " #" comment after a value, CRLF. Nothing is expanded: $NAME and $(command) stay
 * as written. A name is letters, digits, "_.-" and begins with a letter or '_'.
 *
 * env: "NAME=value" per variable, the last of a name wins. warnings: a line for people, by line number and without the
 * value, for each line that is none of these (it is skipped), and for each name that .env may not set: env_steers().
 * After a few the rest is counted. No more than some thousand lines are taken.
 */
int dotenv_parse(const char *text, size_t len, struct strv *env, struct strv *warnings) must_check;

#endif
