/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callname.h - system calls by number, as calls.def has them. Pure.
 */
#ifndef VB_CALLNAME_H
#define VB_CALLNAME_H

#include <stdbool.h>

struct callname {
	int number;
	const char *name;
	const char *why;      /* of its row: what it is for, or why it is refused */
	bool allowed;         /* by its row, whatever its arguments */
};

/* NULL: not in the table; it is newer. */
const struct callname *callname_find(int number);

/* Why an allowed call was refused for its arguments: what such arguments ask for. Static; NULL: no rule looks at them (argrules.h). */
const char *callname_arguments(const char *name);

#endif
