/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prompt.h - an interactive bin/shell shows in its prompt that it is boxed.
 */
#ifndef VB_PROMPT_H
#define VB_PROMPT_H

#include <stdbool.h>

#include "common/strv.h"

/* Will a shell that is given this command line ask for commands? It has a terminal for input and errors, if terminal. */
bool prompt_is_shown(int argc, char *const argv[], bool terminal);

/*
 * Sets PS1 in env, and for bash PROMPT_COMMAND. A PS1 that the user has exported is kept behind the word "(boxed)", unless it
 * runs commands: those of the host are not there. An rc file in the private home may set its own: bash puts the word
 * before it. -ENOMEM.
 */
int prompt_set(bool is_bash, struct strv *env) must_check;

#endif
