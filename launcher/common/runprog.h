/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runprog.h - asks a program something: runs it with an empty standard input, no
 * descriptor of ours but those named, and gathers what it says. No shell, no PATH.
 */
#ifndef VB_RUNPROG_H
#define VB_RUNPROG_H

#include <stddef.h>

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

#endif
