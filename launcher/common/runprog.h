/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runprog.h - asks a program something: runs it with an empty standard input, no
 * descriptor of ours but those named, and gathers what it says. No shell, no PATH.
 */
#ifndef VB_RUNPROG_H
#define VB_RUNPROG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"

struct runprog {
	const char *path;   /* absolute */
	char *const *argv;
	char *const *env;   /* NULL: an empty environment */
	const int *fds;     /* inherited under the same numbers, all above 2 */
	size_t n_fds;
	int limit_ms;       /* -ETIME when it runs longer; it is killed */
	size_t limit_bytes; /* -EFBIG when it says more; it is killed */
};

/*
 * out and err may be the same, or NULL for what nobody reads. status is as waitpid(2) has it. The program starts
 * in "/". -errno of execve(2) if it cannot be started.
 */
int runprog(const struct runprog *what, struct buf *out, struct buf *err, int *status) must_check;

/*
 * What a child of ours says, to its end; from is closed here, before it is waited for: one that says more than limit bytes (-EFBIG) is not to
 * wait for a reader. *status is as waitpid(2) has it.
 */
int runprog_hear(pid_t pid, int from, size_t limit, struct buf *said, int *status) must_check;

/*
 * Ends a child of ours and its own children. A bwrap that is killed in its first milliseconds leaves one behind that
 * has not asked for --die-with-parent yet, and waits for its parent's word for ever. true: *status is as waitpid(2) has it.
 */
bool runprog_end(pid_t pid, int *status);

/* Ends and reaps all children of this process: of a PR_SET_CHILD_SUBREAPER also those that others left behind. */
void runprog_end_all(void);

#endif
