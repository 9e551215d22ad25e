/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * embed.h - becomes CPython. Two sources implement it: embed.c opens a shared
 * libpython or executes the base interpreter, embed_static.c has libpython linked in.
 */
#ifndef VB_EMBED_H
#define VB_EMBED_H

#include "common/failure.h"

/*
 * Runs the interpreter to its end; *status is then what main() returns. venv: clean path. argv goes in as it is:
 * CPython finds the venv by argv[0]. -errno with words in f if there is no interpreter to run.
 */
int embed_run(const char *venv, int argc, char **argv, int *status, struct failure *f) must_check;

/* Py_GetVersion() of what is linked in; NULL if nothing is. Runs no Python. */
const char *embed_version(void);

#endif
