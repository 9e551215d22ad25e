/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * publish.h - makes the host's <venv>/bin follow what pip left in inner-bin
 * (spec S11, B2): one link to the launcher per new name, none for a name that is
 * gone. It reads names, never content, and copies nothing: what pip wrote is the
 * package's, and a package may be hostile.
 */
#ifndef VB_PUBLISH_H
#define VB_PUBLISH_H

#include <stdbool.h>

#include "common/failure.h"
#include "common/strv.h"

struct publish_input {
	int bin_fd;               /* the host's <venv>/bin */
	int inner_fd;             /* .venv/venvbox/inner-bin */
	const char *launcher;     /* absolute path each link points to */
	const char *venv;         /* as venvbox-install takes it: for the command that publishes what is held back */
	const struct strv *recorded; /* names from before the install: always published, they are trusted */
	const struct strv *allowed;  /* policy key publish: held back otherwise */
	const char *const *command_dirs; /* NULL: where the system keeps its commands; tests give others, NULL-terminated */
};

struct publish_report {
	struct strv added;
	struct strv removed;
	struct strv held_back;    /* "ls: shadows /usr/bin/ls; to publish it: ..." - for people; not escaped, but for the shell */
};

void publish_report_release(struct publish_report *r);

/*
 * Brings bin up to date. A command is an executable plain file in inner-bin, or a link there, wherever it points. Links that
 * are not ours (not pointing to launcher) and plain files are never touched. Interpreter names (python, python3,
 * python3.X), `shell` and activate* belong to the installer and are never added or removed here. A name once
 * published stays while pip's file is there, also when the system gets a command of that name later.
 * -E2BIG: more names than any set of packages has; nothing is changed.
 */
int publish_sync(const struct publish_input *in, struct publish_report *r, struct failure *f) must_check;

/*
 * Why a new command of this name may not be published, for people (static or in buf of len); NULL: it may. *can_be_allowed:
 * the policy key publish would let it in; what belongs to the venv, or no terminal shows, never is.
 * A system command that is a Python script is no reason: `pytest` of the system is what the user
 * wants replaced by the boxed one. Left unpublished, it is the unboxed one that would run the project's code.
 */
const char *publish_refusal(const char *name, const struct publish_input *in, char *buf, size_t len, bool *can_be_allowed);

#endif
