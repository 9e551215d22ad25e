/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inputs.h - files of the host that this run's command line names: the script,
 * a requirements file, a directory of wheels. They are bound read-only at
 * their own path, and so are the links on the way to them.
 *
 * A link that a box could have planted is never followed: `python manage.py`,
 * where manage.py was turned into a link to ~/.ssh/id_ed25519, shows no key.
 */
#ifndef VB_INPUTS_H
#define VB_INPUTS_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/strv.h"

struct inputs {
	const struct strv *visible; /* clean paths that are in the box anyway, or that a box may write */
	const char *home_named;     /* the caller's home as he names it; clean, or NULL */
	char *home;                 /* the real one: inputs_home() */
	const char *project;
	struct strv paths;          /* what to bind, each at its own path; no component is a link */
	struct strv links;          /* pairs: text of the link, its place */
	struct strv dirs;           /* left again by ".." in the text of a link: they are there, and what is in them is not shown */
	struct strv refused;        /* named, but it would lay the home or the project open; for people */
	struct strv unasked;        /* named by a requirements file, which may not name it; for people */
};

/* The caller's real home, or NULL. Owned by in, and asked for when it is needed first. */
const char *inputs_home(struct inputs *in);

void inputs_release(struct inputs *in);

/* path: clean. What is not there, or is neither a plain file nor a directory, is left out in silence: the program says so itself. */
int inputs_add(struct inputs *in, const char *path) must_check;

/* Does path, through the links on it, lead to something below one of the places? As the disk is now. */
int inputs_lead_below(const struct strv *places, const char *path, bool *below) must_check;

/*
 * An index directory. Its pages commonly name files beside it (../../files/x.whl in .../simple/x/index.html), so the
 * directory that holds it is shown, unless that is the home or a directory of the root.
 */
int inputs_add_index(struct inputs *in, const char *path) must_check;

/* A requirements or constraints file: itself, and what it names beside itself or below, as far as no box can have written it. */
int inputs_add_requirements(struct inputs *in, const char *path) must_check;

#endif
