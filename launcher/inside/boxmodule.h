/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boxmodule.h - the module `venvbox` of a Python program in a box: a finder in sys.meta_path, and the source that is built
 * in (sitecustomize/venvbox.py). All of it needs the interpreter's lock.
 */
#ifndef VB_BOXMODULE_H
#define VB_BOXMODULE_H

#include <stdbool.h>

#include "inside/pyapi.h"

/* Puts the finder into sys.meta_path. py and venv are borrowed until the process ends. Failures are left to PyErr_Clear(). */
void boxmodule_install(const struct pyapi *py, const char *venv);

/* The names of the module, in a dictionary of their own (a new reference); NULL with an exception. */
PyObject *boxmodule_run(const struct pyapi *py, const char *venv);

/* Runs Python source with these global names. False with an exception. */
bool boxmodule_exec(const struct pyapi *py, const char *source, const char *file, PyObject *names);

#endif
