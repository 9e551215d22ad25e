/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe.h - asks a base interpreter about itself. It is executed, so the caller
 * has made sure that no box can have written it.
 */
#ifndef VB_PROBE_H
#define VB_PROBE_H

#include <stdbool.h>

#include "common/failure.h"
#include "common/strv.h"

/* What the interpreter says; paths as it has them, "" for none. */
struct probe {
	char *implementation; /* "cpython" */
	char *version;        /* "3.11" */
	char *banner;         /* sys.version, which is Py_GetVersion(), newlines as blanks */
	char *prefix;         /* sys.base_prefix */
	char *stdlib;
	char *platstdlib;
	char *libdir;         /* sysconfig LIBDIR, LDLIBRARY, INSTSONAME, MULTIARCH */
	char *ldlibrary;
	char *instsoname;
	char *multiarch;
	struct strv mapped;   /* libraries it and its standard modules are linked with */
};

void probe_release(struct probe *p);
#define cleanup_probe cleanup(probe_release)

/* executable: clean, real. Runs it with -I -S, an empty environment and a time limit. */
int probe_run(const char *executable, struct probe *p, struct failure *f) must_check;

/* Py_GetVersion() of a libpython, newlines as blanks, asked in a process of its own. Owned by the caller. */
int probe_library(const char *path, char **banner) must_check;

/* Does VB_HINTS work in it, preloaded? Not in one that is linked with no loader, with another libc, or that hides its symbols. */
int probe_preload(const char *executable, const char *library, bool *takes) must_check;

#endif
