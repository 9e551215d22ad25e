/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * payload.h - the child of PID 1 on its way to execve(): the caller's descriptors,
 * working directory, resource limits, signals, argv and environment.
 */
#ifndef VB_PAYLOAD_H
#define VB_PAYLOAD_H

#include <sys/types.h>

#include "inside/box.h"

/* What the child says over the pipe of payload_start() when it does not get through execve(); end of file when it does. */
struct payload_trouble {
	int err;          /* errno */
	enum {
		TROUBLE_SETUP,
		TROUBLE_EXEC,
		TROUBLE_EXEC_INTERPRETER, /* the program is there; what its first line or header names is not */
	} kind;
	char what[160];   /* TROUBLE_SETUP: the step, for people */
};

/*
 * Forks. The child never returns; with all signals blocked it waits until *hold is closed. *pipe and *hold are the caller's. b->payload is
 * closed here, unread: argv and environment never are in the memory of PID 1.
 */
int payload_start(struct box *b, pid_t *pid, int *pipe, int *hold) must_check;

/*
 * Puts have[i] at orders' fds[i].target, inheritable, whatever numbers they have now; moves *keep out of
 * the way; closes those of 0, 1, 2 that are no target. Exposed for its test.
 */
int payload_place_fds(const struct orders *o, int *have, int *keep) must_check;

/* Sets orders' limits on the process itself. */
int payload_limit(const struct orders *o) must_check;

/* Dispositions of all signals as the caller had them, then the mask. */
int payload_restore_signals(const struct orders *o) must_check;

#endif
