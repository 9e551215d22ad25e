/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * argrules.h - which arguments of an allowed call are refused (design.md,
 * Filter). A rule refuses when all its conditions hold; what no rule refuses is decided by calls.def.
 *
 * Arguments are compared on their low 32 bits, because that is all the kernel looks at
 * in each call named here (int, unsigned int, umode_t, uid_t, gid_t; clone(2) takes lower_32_bits): a comparison of 64 bits let
 * TIOCSTI + (1 << 32) through in Flatpak (CVE-2019-10063).
 */
#ifndef VB_ARGRULES_H
#define VB_ARGRULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cond_op {
	COND_NONE,    /* ends the conditions */
	COND_HAS,     /* one of the bits in value is set */
	COND_IS,      /* the bits in mask are equal to value */
	COND_OTHER,   /* the bits in mask are none of list */
	COND_BEYOND,  /* a bit outside value is set */
};

struct cond {
	enum cond_op op;
	unsigned arg; /* index, from 0 */
	uint32_t value;
	uint32_t mask;
	const uint32_t *list; /* may have those of callids.h */
	size_t n_list;
};

#define ARGRULE_CONDS 2

struct argrule {
	const char *call;
	int err;     /* what the caller gets */
	bool always; /* also where SANDBOX_SECCOMP_ALLOW is empty, which lifts the others */
	struct cond conds[ARGRULE_CONDS]; /* none: always refused, whatever a list says */
};

/* Ends with call NULL; rules of one call stand together, calls that are often made first. */
extern const struct argrule argrules[];

#endif
