/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * judge.h - would this have gone otherwise outside of the box? Looks at a path as the box sees it and as the host has it; opens nothing for reading,
 * changes nothing, and follows in the box what the box follows.
 */
#ifndef VB_JUDGE_H
#define VB_JUDGE_H

#include <stdbool.h>

#include "common/cleanup.h"

enum purpose {
	PURPOSE_READ,
	PURPOSE_LOOK,    /* to know whether it is there */
	PURPOSE_WRITE,   /* what is there is written or changed */
	PURPOSE_MAKE,    /* a name is made where there is none */
	PURPOSE_PUT,     /* made if it is not there, else written: open(2) with O_CREAT */
	PURPOSE_EXECUTE,
	PURPOSE_SOCKET,  /* something is to listen there */
};

enum verdict {
	VERDICT_FINE,      /* the box is not the reason, whatever happens */
	VERDICT_HIDDEN,    /* the host has it and would allow it; the box does not show it */
	VERDICT_READ_ONLY, /* it is shown, but may not be written where the host would allow it */
};

bool purpose_writes(enum purpose purpose); /* is something to be changed or made? */
bool purpose_makes(enum purpose purpose);  /* is a name to be made? */

/* Of the host and of the box the same path; all borrowed. */
struct places {
	int root_fd;      /* O_PATH: the root of the box */
	const char *home; /* HOME in the box, clean */
	const char *real_home; /* HOME of the caller, clean; NULL: none */
};

/*
 * path: clean, as the box names it. *real (the caller's, NULL: out of memory) is set unless it is fine: the path of the host that is meant, another one
 * below HOME, and for what is made the directory. -ENOSYS: without openat2(2) nobody can tell, Linux 5.6. -ENOMEM.
 */
int judge_path(const struct places *p, const char *path, enum purpose purpose, enum verdict *verdict, char **real) must_check;

/* The program that a script names in its first line, if path in the box is one: owned by the caller; NULL: it names none. Absolute and clean. */
char *judge_interpreter(const struct places *p, const char *path);

#endif
