/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signals.h - the signals of the launcher while a box runs: what the caller
 * had set, what is relayed, and how the payload's death is repeated (spec B4).
 */
#ifndef VB_SIGNALS_H
#define VB_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

#include "common/cleanup.h"

/* Dispositions and mask of the caller; bit n-1 is signal n. */
struct caller_signals {
	uint64_t ignored;
	uint64_t blocked;
};

/*
 * Blocks every signal for good. SIGPIPE is ignored from now on, SIGCHLD
 * is not: else the kernel would reap bwrap for us and lose its status. *caller has what the caller
 * had blocked, and of these two whether it ignored them; signals_look() adds the others.
 */
int signals_block(struct caller_signals *caller) must_check;
void signals_look(struct caller_signals *caller);

/* A signalfd for all of them, non-blocking. */
int signals_open(void) must_check;

enum signal_use {
	SIGNAL_DROP,  /* ours, or the payload has it already */
	SIGNAL_REAP,  /* a child changed state */
	SIGNAL_RELAY,
	SIGNAL_NEWS,  /* there was something to read while we were stopped, stop.h */
};

/* self: our pid. */
enum signal_use signals_use(const struct signalfd_siginfo *si, pid_t self);

/* Would a program without handlers that the caller had started like this die of it? */
bool signals_is_deadly(const struct caller_signals *caller, int sig);

bool signals_is_stop(int sig);

/* With its default action and unblocked, a pending sig takes effect before sigprocmask(2) returns, and so before this does. */
void signals_let_in(int sig);

/* Dies of sig. Returns if that is not possible. */
void signals_die(int sig);

#endif
