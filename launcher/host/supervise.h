/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * supervise.h - one run of one box, from the fork of bwrap to the last report
 * of its PID 1 (spec B3, B4; design.md, Terminal and signals).
 */
#ifndef VB_SUPERVISE_H
#define VB_SUPERVISE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/failure.h"
#include "common/wire.h"
#include "host/signals.h"
#include "host/tell.h"
#include "host/userfds.h"
#include "host/watcher.h"

/* Everything a run needs; all is borrowed, nothing is closed or freed by supervise_run(). */
struct launch {
	const char *bwrap;      /* absolute path: VB_BWRAP */
	int args_fd;            /* --args: where bwrap reads its options, NUL-separated; inherited as well, as is */
	int init_fd;            /* venvbox-init, executed as /proc/self/fd/N, unless there is an */
	const char *init_path;  /* path of it inside; NULL: none */
	const int *bwrap_fds;   /* named in the options: inherited by bwrap under the same numbers, all >= VB_FREE_FD, none with FD_CLOEXEC */
	size_t n_bwrap_fds;
	struct caller_signals *caller; /* what signals_block() found, which was called before */
	/* Called before each start of bwrap: fills in args_fd, init_fd, bwrap_fds, n_bwrap_fds. NULL: they are filled in. */
	int (*offer)(struct launch *l, void *data, struct failure *f);
	/*
	 * Called when bwrap has been started and waits for its options: sends them. 1: what it was started with does not do; it is ended, and
	 * another started with another offer, and so on. -errno with words in f ends the box. NULL: the options are all there.
	 */
	int (*settle)(struct launch *l, void *data, struct failure *f);
	/*
	 * For what PID 1 needs and bwrap does not: called once, while bwrap makes the mounts. -errno with words in f ends the
	 * box, of which nothing has run. NULL: it is all there.
	 */
	int (*complete)(struct launch *l, void *data, struct failure *f);
	/*
	 * Called once, when PID 1 has said that all of the box but itself is dead: for what need not wait until the kernel has taken the
	 * namespaces down. NULL: there is nothing. Not called for a box that failed.
	 */
	void (*ended)(void *data);
	void *data;             /* for offer, settle, complete, ended */
	int filter_fd;          /* memfd or file with the seccomp program; for a watcher another takes its place */
	int payload_fd;         /* memfd, payload_pack() */
	struct orders *orders;  /* all but fds, sig_ignored, sig_blocked, which supervise_run fills in */
	const struct tell *tell;/* what only PID 1 knows is said there; NULL: nowhere */
	struct watcher *watcher;/* answers for the filter, which notifies (orders->watch); NULL: nothing is watched */
	struct userfds *fds;    /* of those given to the box our copies are closed: userfds_let_go() */
};

struct outcome {
	bool sealed;      /* PID 1 reported the seal */
	int exec_errno;   /* != 0: the payload could not be executed; status is 126 or 127 as env(1) has it */
	char exec_words[WIRE_TEXT]; /* more about that, for people; "" if errno says it all */
	int wait_status;  /* as waitpid(2) has it */
};

/*
 * Runs the box to its end. 0: *o says how the payload ended. -errno with words in
 * f: the box failed, nothing of the payload has run or it was ended.
 * What bwrap wrote to its standard error is in f, not on ours. On success with output of bwrap, nothing is printed.
 * A file of the caller that takes no more of what is relayed (ENOSPC) is a warning: the payload sees EPIPE only.
 * Nothing of the box is alive on return, whatever the result.
 *
 * Signals are blocked before, and stay so on return: the caller ends with supervise_end().
 */
int supervise_run(struct launch *l, struct outcome *o, struct failure *f) must_check;

/*
 * Ends this process as the payload ended: exit status, or the same signal on
 * ourselves (RLIMIT_CORE 0 first, default action, unblocked).
 */
void supervise_end(const struct outcome *o) __attribute__((noreturn));

#endif
