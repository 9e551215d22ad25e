/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venv.h - which venv, and which of its commands, this launcher was called as.
 * Nothing is believed but the file system: the environment and argv only propose.
 */
#ifndef VB_HOST_VENV_H
#define VB_HOST_VENV_H

#include <stdbool.h>

#include "common/failure.h"

/* A zeroed struct with both descriptors -1 may be released. */
struct called {
	char *venv_real; /* clean path of the venv, no component is a link */
	char *name;      /* the command: "python3", "pytest" */
	char *program;   /* venv_real/bin/name */
	char *argv0;     /* for the payload, see venv_find() */
	char *self;      /* our own program: /proc/self/exe */
	int venv_fd;     /* O_RDONLY | O_DIRECTORY | O_CLOEXEC, as state_fd: VB_STATE below it */
	int state_fd;
	bool is_interpreter; /* python, python3, python3.X, python3.Xt, and the pi-thon of 3.14 */
};

void called_release(struct called *c);
#define cleanup_called cleanup(called_release)

/*
 * Tries in this order, until one names a command of a boxed venv and leads to our own program:
 * execfn (what execve(2) was given, getauxval(AT_EXECFN)), argv[0] as a path, argv[0] looked up in path_env (may
 * be NULL). A name that is a link is followed link by link, so that ~/bin/tool -> .venv/bin/tool is served; of several venvs
 * on the way the last one counts.
 *
 * argv0 is the caller's argv[0] where it leads to the command inside the box too, else program. So sys.executable, and sys.argv[0]
 * of a script, is what it is in a plain venv, but for a venv called through a link to a directory: that link may be missing
 * inside, the real path is not.
 *
 * Refuses, with words in f: a set-user-ID start (AT_SECURE), a venv that cannot be told.
 */
int venv_find(const char *execfn, char *const argv[], const char *path_env, struct called *c, struct failure *f) must_check;

/* The command `name` of the venv at path, for --print-plan. */
int called_open(const char *path, const char *name, struct called *c, struct failure *f) must_check;

#endif
