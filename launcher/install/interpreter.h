/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interpreter.h - the base interpreter of a venv, and how it comes into the box
 * (design.md, Interpreters).
 */
#ifndef VB_INTERPRETER_H
#define VB_INTERPRETER_H

#include "common/failure.h"
#include "common/fd.h"
#include "common/manifest.h"
#include "common/strv.h"
#include "install/probe.h"
#include "install/venv.h"

struct interpreter {
	char *found;      /* as pyvenv.cfg leads to it: home/python3.11; its links must be in the box too */
	char *executable; /* real path */
	struct file_id id;
	enum embed_way way;
	char *libpython;  /* real path; NULL if it is linked with none, or none of the very same version is found */
	struct file_id libpython_id;
	char *hints;      /* VB_HINTS, in libexec; NULL: the base is embedded, or cannot take it */
	struct probe probe;
};

void interpreter_release(struct interpreter *i);
#define cleanup_interpreter cleanup(interpreter_release)

/*
 * writable: clean real paths that boxes of this venv may write. An interpreter below one of them is refused, for it is
 * executed here, on the host: what code in a box left there would run unboxed. libexec: directory of our programs.
 */
int interpreter_find(const struct venv *v, const struct strv *writable, const char *libexec, struct interpreter *i,
		     struct failure *f) must_check;

#endif
