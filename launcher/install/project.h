/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * project.h - which directory the boxes of a venv may write (design.md, Mounts:
 * Project root). Too wide a root would give a box the home it is to protect.
 */
#ifndef VB_PROJECT_H
#define VB_PROJECT_H

#include <stdbool.h>

#include "common/failure.h"
#include "common/strv.h"
#include "install/venv.h"

struct project_input {
	const struct venv *venv;
	const char *named;         /* the setting project; NULL: the rule decides */
	bool first;                /* a first installation: virtualenvwrapper's .project is believed, no box could write it */
	const char *before;        /* the project that this venv was boxed with last, or NULL: venvs that were made in it since do not make it a directory of venvs */
	const struct strv *homes;  /* clean, real */
	const char *libexec;       /* our own programs: never below a project */
};

/*
 * *project: clean, real, owned by the caller. *from_file: .project named it, so it belongs into the policy.
 * Refusals have words in f.
 */
int project_choose(const struct project_input *in, char **project, bool *from_file, struct failure *f) must_check;

/* What virtualenvwrapper wrote beside pyvenv.cfg. *dir NULL: no such file; owned by the caller, an absolute path as it stands there. */
int project_read_file(const struct venv *v, char **dir, struct failure *f) must_check;

/* Why this clean, real directory may not be writable in a box, for people; NULL: it may. */
const char *project_refusal(const char *dir, const struct project_input *in);

#endif
