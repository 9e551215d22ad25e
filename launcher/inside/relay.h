/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * relay.h - the signals of PID 1: those it gets itself, through its signalfd, and
 * those that the launcher asks it to deliver (design.md, Terminal and signals).
 */
#ifndef VB_RELAY_H
#define VB_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "inside/credit.h"

struct relay {
	int signals;            /* signalfd, non-blocking */
	pid_t payload;          /* 0: not attached yet */
	uint64_t early;         /* bit n-1: signal n came from outside before that */
	bool child;             /* SIGCHLD came since the caller last looked */
	struct credits credits;
};

/* Takes note of all signals that wait. */
int relay_drain(struct relay *r) must_check;

/* The payload is there, and holds still with all signals blocked: it gets what may have come too early for it. */
int relay_attach(struct relay *r, pid_t payload) must_check;

/* A signal relayed by the launcher: delivered, unless the payload got it from the group. -EBADMSG: no signal. */
int relay_deliver(struct relay *r, int sig) must_check;

#endif
