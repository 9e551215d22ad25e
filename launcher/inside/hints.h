/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hints.h - what a Python program in a box is told: a note at the end of a traceback that the box caused, and the module
 * `venvbox`. Nothing here is a defence (sitecustomize/README.md); where it cannot be put in place Python runs as it is.
 *
 * CPython gives no way to run code of the embedder between "there is a module sys" and "there is a program" that leaves
 * no trace in sys.modules, sys.path or sys.builtin_module_names. So the initialization of a module that every start imports early is
 * ours, and calls the module's own: it sets sys.excepthook, sys.__excepthook__ and _thread._excepthook, and
 * adds a finder to sys.meta_path. It costs some allocations; what has to be said is Python, compiled when it is needed.
 */
#ifndef VB_HINTS_H
#define VB_HINTS_H

/* After libpython was loaded, before it is initialized. venv: clean path, borrowed until the process ends. */
void hints_prepare(const char *venv);

#endif
