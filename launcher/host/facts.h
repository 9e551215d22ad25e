/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.h - what the disk says at this start, read once, before the plan is
 * made. Boxes can write in the project, so nothing here follows a link there.
 */
#ifndef VB_FACTS_H
#define VB_FACTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/failure.h"
#include "common/strv.h"
#include "host/inputs.h"
#include "host/mask.h"
#include "host/policy.h"
#include "host/quota.h"

struct facts {
	char *cwd;            /* clean; where the payload starts */
	char *home;           /* the caller's HOME, clean; NULL: none is known. The real one: inputs_home() */
	bool is_root;         /* uid 0: the kernel lets it write /proc/sys whatever its capabilities */
	const char *user;     /* the login name as the environment has it; for a passwd made for this run */
	bool own_etc;         /* the passwd and group kept beside the manifest are of this user */
	struct strv known;    /* repositories and venvs below the project: nested_known() */
	struct strv nested;   /* those that are there now, and so mounted read-only */
	struct strv fresh;    /* others that were found, for nested_learn(): facts_find_nested() */
	struct strv proc;     /* what of /proc is covered for root, absolute */
	struct strv writable; /* where what boxes of this venv may write really is, where policy_box_writable() does not know */
	struct strv visible;  /* clean paths that are in every box of this run; for inputs */
	struct inputs inputs;
	struct strv editables; /* pip run: what it installs with -e, where only this run's command line shows it */
	struct strv copies;   /* pip run: pairs (source, dest) of configuration files copied in */
	char *pip_tmp;        /* pip run: its /tmp, on disk; else NULL */
	char *user_cache;     /* the caller's own ~/.cache/pip, if it was asked for; else NULL */
	struct quota quota;   /* what the box may use */
	struct masks masks;   /* filled in by the caller: masks_begin() */
};

void facts_release(struct facts *x);
#define cleanup_facts cleanup(facts_release)

/* As policy_box_writable(), and by the real path. */
bool facts_box_writable(const struct facts *x, const struct policy *p, const char *path);

/* state_fd, project_fd: their directories. argv: of this process. env: our environment. Everything else is borrowed for the life of x. */
int facts_gather(const struct policy *p, const struct job *job, char *const argv[], const struct strv *env,
		 int state_fd, int project_fd, const char *cwd, struct facts *x, struct failure *f) must_check;

/* Looks again, and for repositories and venvs that were made since. 1: x->nested is another. */
int facts_find_nested(const struct policy *p, int project_fd, struct facts *x, struct failure *f) must_check;

#endif
