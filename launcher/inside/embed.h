/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * embed.h - becomes CPython. Two sources implement it, for two programs: embed.c opens a shared libpython, embed_exec.c
 * executes the base interpreter.
 */
#ifndef VB_EMBED_H
#define VB_EMBED_H

#include "common/failure.h"

/* The symbolic link in VB_STATE that leads to what it needs. */
extern const char *const embed_link;

/* For the hint of a failure. */
#define EMBED_REPAIR "run venvbox-install on this venv again"

/*
 * Runs the interpreter to its end; *status is then what main() returns. path: where embed_link leads, real. venv: clean path. argv goes
 * in as it is: CPython finds the venv by argv[0]. -errno with words in f if there is no interpreter to run.
 */
int embed_run(const char *path, const char *venv, int argc, char **argv, int *status, struct failure *f) must_check;

#endif
