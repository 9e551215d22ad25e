/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explain.h - a policy, and what becomes of a path under it, in words for people: what `venvbox-install --explain` prints. Nothing
 * is run for it and nothing changed.
 */
#ifndef VB_EXPLAIN_H
#define VB_EXPLAIN_H

#include "common/buf.h"
#include "host/facts.h"
#include "host/plan.h"
#include "host/policy.h"
#include "host/seen.h"

/* What one kind of run gets. The plan has gone through seen_prune(). */
struct explained_box {
	struct policy policy;
	struct facts facts;
	struct plan plan;
};

/* All borrowed. */
struct explained {
	const struct explained_box *program, *pip; /* of the same manifest and conf */
	const struct strv *env;      /* our environment */
	const struct strv *withheld; /* names of variables that stay outside */
	const struct strv *ignored;  /* what .env may not say, for people */
	const char *home;            /* the caller's, clean and real; NULL: unknown */
};

/* Appends the policy, key by key with the origin of each value, and the mounts with their reasons. */
int explain_policy(const struct explained *e, struct buf *out) must_check;

/* Appends what is at path, which is clean, why, and what would change it. */
int explain_path(const struct explained *e, const char *path, struct buf *out, struct failure *f) must_check;

/* What explain.c and explain_path.c share: blanks up to the column of the line that began at byte `begin` of out, at least two. */
void explain_pad(struct buf *out, size_t begin, size_t column);

#endif
