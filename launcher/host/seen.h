/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seen.h - what a path of the host is inside a box: the plan read backwards, the host's links followed as the box would
 * follow them. It looks at the disk, and changes nothing.
 */
#ifndef VB_SEEN_H
#define VB_SEEN_H

#include <stdbool.h>

#include "host/facts.h"
#include "host/plan.h"
#include "host/policy.h"

enum seen_kind {
	SEEN_HIDDEN,    /* nothing shows it */
	SEEN_WAY,       /* a directory that was made because something lies below it; what else the host has there is hidden */
	SEEN_RO,
	SEEN_RW,
	SEEN_COPY,      /* a copy of the host's file */
	SEEN_FIXED,     /* a file with a text of ours, or a copy of one that is kept with the venv */
	SEEN_PRIVATE,   /* the box has another of its own there: HOME, /tmp, /proc, /dev */
	SEEN_PROTECTED, /* read-only, whatever the project is */
	SEEN_MASKED,    /* empty and read-only, so that the name cannot be made */
};

struct seen {
	enum seen_kind kind;
	const struct op *cover; /* what decides it, of the plan; NULL: nothing */
	char *inside;           /* owned: where the path leads inside; not what was asked if there are links on the way */
	char *source;           /* owned: what of the host is there; NULL: nothing of the host */
	char *rule;             /* owned: the name for --unprotect of what is protected or masked; NULL: none lifts it */
	bool writable;
	bool exists;            /* something is there when a run begins, as far as it can be told */
};

void seen_release(struct seen *s);
#define cleanup_seen cleanup(seen_release)

/* path: clean. plan is that of p and x, without what is optional and gone: seen_prune(). -ENOMEM, -ELOOP. */
int seen_find(const struct plan *plan, const struct policy *p, const struct facts *x, const char *path, struct seen *s) must_check;

/* Takes out of the plan what a run leaves out in silence. */
void seen_prune(struct plan *plan);

/* Is the source of a mount, which is not made by the run itself, missing, so that no run begins? */
bool seen_is_missing(const struct op *op, const struct policy *p, const struct facts *x);

#endif
