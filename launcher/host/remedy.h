/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remedy.h - what would let a denied thing through, or why nothing should. Pure: it asks no disk.
 */
#ifndef VB_REMEDY_H
#define VB_REMEDY_H

#include "common/strv.h"
#include "host/denial.h"

/* Of the run; all borrowed. */
struct remedy_of {
	const char *venv;
	const char *project;
	const char *box_home;  /* HOME in the box */
	const char *real_home; /* or NULL */
	bool own_network;      /* none but its own */
	const struct strv *nested; /* protected repositories and venvs below the project, relative to it */
};

struct remedy {
	char *line;    /* to paste into a shell; NULL: there is none */
	char *setting; /* what the line sets, a key of venvbox.conf, and the value; NULL: it is no setting */
	char *value;
	char *why;     /* why there is no line, or what speaks against it; NULL: nothing */
	bool unwise;   /* nothing that does not ask may carry it out */
};

void remedy_release(struct remedy *r);
#define cleanup_remedy cleanup(remedy_release)

/* -ENOMEM. */
int remedy_find(const struct remedy_of *of, const struct denial *d, struct remedy *r) must_check;

#endif
