/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * publish.h - makes the host's <venv>/bin follow what pip left in inner-bin
 * (spec S11, B2): one link to the launcher per new name, none for a name that is
 * gone. It reads names, never content, and copies nothing: what pip wrote is the
 * package's, and a package may be hostile.
 */
#ifndef VB_PUBLISH_H
#define VB_PUBLISH_H

#include "common/failure.h"
#include "common/strv.h"

struct publish_input {
	int bin_fd;               /* the host's <venv>/bin */
	int inner_fd;             /* .venv/venvbox/inner-bin */
	const char *launcher;     /* absolute path each link points to */
	const struct strv *recorded; /* names from before the install: always published, they are trusted */
	const struct strv *allowed;  /* policy key publish: may shadow a system command */
};

struct publish_report {
	struct strv added;
	struct strv removed;
	struct strv held_back;    /* "ls: shadows /usr/bin/ls" - name and reason, for people; not escaped */
};

void publish_report_release(struct publish_report *r);

/*
 * Brings bin up to date. Links that are not ours (not pointing to launcher) and plain files (activate*) are never touched.
 * Interpreter names (python, python3, python3.X) and `shell` belong to the installer and are never added or removed here.
 */
int publish_sync(const struct publish_input *in, struct publish_report *r, struct failure *f) must_check;

/* Why a new command of this name may not be published, for people (static or in buf of len); NULL: it may. */
const char *publish_refusal(const char *name, const struct publish_input *in, char *buf, size_t len);

#endif
