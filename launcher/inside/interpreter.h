/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interpreter.h - the base interpreter of a venv in the box: found, and executed with what the hints need.
 */
#ifndef VB_INSIDE_INTERPRETER_H
#define VB_INSIDE_INTERPRETER_H

#include "common/cleanup.h"

/* The venv of <venv>/bin/NAME, which is not the root. Owned by the caller; NULL: there is none (EINVAL), or no memory. */
char *interpreter_venv(const char *program) must_check;

/*
 * Where the link named so in the state of venv (clean path) leads, with its links resolved: CPython and the loader ($ORIGIN) look beside the
 * real file. Owned by the caller; NULL: errno says why.
 */
char *interpreter_find(const char *venv, const char *link) must_check;

/*
 * Executes the interpreter at path with argv and environ, which is changed. name: of the command, for the process; execve(2) would call it by the
 * name of the file, and in a plain venv it has that of the command. Returns only if that failed: -errno.
 */
int interpreter_exec(const char *path, const char *venv, const char *name, char *const argv[]) must_check;

#endif
