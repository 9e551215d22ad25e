/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watchcall.h - the allowed calls whose failure is worth a word: they name a file, a program, a socket or a limit. Pure.
 */
#ifndef VB_WATCHCALL_H
#define VB_WATCHCALL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

enum watch_use {
	WATCH_OPEN,    /* the flags say whether to read or to write */
	WATCH_MAKE,    /* a name is made */
	WATCH_CHANGE,  /* what is there is changed or removed */
	WATCH_EXEC,
	WATCH_CONNECT,
	WATCH_BIND,
	WATCH_LIMIT,
	WATCH_LOOK,    /* asks what is there: only on request, there are very many */
};

#define WATCH_NONE (-1)

/* Numbers of arguments, from 0; WATCH_NONE: it has none. */
struct watchcall {
	int number;
	enum watch_use use;
	int dir;   /* a descriptor that a relative path begins at */
	int path;  /* for sockets the address; for limits the new one */
	int flags; /* for sockets the length of the address; for limits which */
};

extern const struct watchcall watchcalls[]; /* a call with two paths has two rows, one after the other */
extern const size_t n_watchcalls;

/* The first row of a call, or NULL. */
const struct watchcall *watchcall_find(int number);

/* The numbers of those that are watched, each once; looks: of those that look, too. out: room for n_watchcalls. */
size_t watchcall_numbers(bool looks, int *out);

#endif
