/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * denial.h - what a box refused, or did not show, to the programs of one run: each thing once, with how often. Data only.
 */
#ifndef VB_DENIAL_H
#define VB_DENIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "host/judge.h"

enum denial_kind {
	DENIED_CALL,    /* the filter refuses it */
	DENIED_HIDDEN,  /* a path that the host has and the box does not show */
	DENIED_WRITE,   /* a path that is read-only in the box alone */
	DENIED_PROGRAM, /* as hidden, and it was to be executed */
	DENIED_SOCKET,  /* as hidden, and it was to be connected to; or an abstract one, "@name", without real */
	DENIED_NETWORK, /* an address, and the box has no network */
	DENIED_PORT,    /* a port that only root may listen on */
	DENIED_LIMIT,   /* a resource limit was to be raised above that of the policy */
};

struct denial {
	enum denial_kind kind;
	enum purpose purpose;  /* of a path */
	const char *what;      /* the path as the program named it, made absolute; the name of the call; the address, the port, the limit */
	const char *real;      /* of a path: what of the host is meant; below HOME it is another one. Else NULL */
	bool is_dir;           /* of real */
	bool is_bytecode;      /* what Python would keep of a module that it has compiled: all of a program are one */
	const char *program;   /* who met it first */
	int call;              /* number of the system call */
	int err;               /* DENIED_CALL: what the program got */
	const char *detail;    /* DENIED_CALL: of the arguments, or NULL; static */
	unsigned long count;
};

struct denials {
	struct denial *v; /* the texts are owned here */
	size_t n;
	bool full;        /* there were more: DENIALS_MAX */
};

/* What is beyond them is one program's doing, and nobody reads as many lines. */
#define DENIALS_MAX 4096

void denials_release(struct denials *all);

/* Counts d, of which texts are copied. *fresh: it is the first of its kind, path and program; of bytecode, of its program. -ENOMEM. */
int denials_add(struct denials *all, const struct denial *d, bool *fresh) must_check;

#endif
