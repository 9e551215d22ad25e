/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bwrapopt.h - the bubblewrap options a user may pass (spec S6), with arity and
 * meaning. The launcher acts on the meaning: an option it does not know is refused.
 */
#ifndef VB_BWRAPOPT_H
#define VB_BWRAPOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/failure.h"
#include "common/strv.h"

enum bwrapopt_act {
	BWRAPOPT_BIND,    /* SRC DEST, or DEST alone for tmpfs, dir ...: changes the file system at dest.
	                   * --perms and --size (no dest) shape the next one: keep the order */
	BWRAPOPT_PASS,    /* handed to bwrap as it is: --hostname, --uid, --unshare-net ... */
	BWRAPOPT_SETENV,  /* translated: the payload's environment, not bwrap's */
	BWRAPOPT_UNSETENV,
	BWRAPOPT_CLEARENV,
	BWRAPOPT_CHDIR,   /* translated: the payload's working directory */
	BWRAPOPT_CAP_ADD, /* translated: kept as ambient by PID 1 */
	BWRAPOPT_CAP_DROP,
	BWRAPOPT_NOOP,    /* already so in every box: --die-with-parent, --unshare-pid ... */
	BWRAPOPT_REFUSED,
};

struct bwrapopt {
	const char *name;   /* with its dashes */
	unsigned arity;     /* words that follow */
	enum bwrapopt_act act;
	int src;            /* index (from 0) of the argument that is a host path, -1: none */
	int dest;           /* index of the argument that is a path inside, -1: none */
	bool optional;      /* a "-try": a missing source is no error */
	bool writable;      /* the bind is writable inside */
	const char *why;    /* for BWRAPOPT_REFUSED: the reason, for people */
};

/* NULL: unknown. "--opt=value" is not bubblewrap's syntax. */
const struct bwrapopt *bwrapopt_find(const char *name);

/*
 * Number of words, from index at, of one option with its arguments; where --perms or --size stand there, with the
 * option that they shape: what must stay together. words has passed bwrapopt_check().
 */
size_t bwrapopt_unit(const struct strv *words, size_t at);

/* Why nothing may be mounted at this clean path inside, for people; NULL: it may. */
const char *bwrapopt_reserved(const char *path);

/*
 * Known, allowed, all arguments there, destinations absolute, without "..", none of them "/", /proc or
 * VB_RUN_DIR? Words in f if not; -EINVAL.
 */
int bwrapopt_check(const struct strv *words, struct failure *f) must_check;

/* BWRAP_ARGS: split at newlines if there is one, else at spaces; empty words dropped (spec S6). Appends. */
int bwrapopt_split(const char *text, struct strv *words) must_check;

#endif
