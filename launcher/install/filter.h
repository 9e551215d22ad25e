/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h - compiles the table of calls (inside/calls.def) and the argument
 * rules to the program that PID 1 of the box loads, with callids.h filled in. The only user of seccomp.h.
 */
#ifndef VB_INSTALL_FILTER_H
#define VB_INSTALL_FILTER_H

#include "common/buf.h"
#include "common/failure.h"
#include "common/strv.h"

/*
 * Appends struct sock_filter[] to program, which is empty or holds whole instructions.
 *
 * allow NULL: the default table. A list: only these names and the START rows are allowed, all argument
 * rules stay. An empty vector (SANDBOX_SECCOMP_ALLOW is set but empty): everything is
 * allowed but foreign architectures and the argument rules marked always.
 *
 * *allowed_calls: how many calls may be made, with or without a rule about arguments.
 * -EINVAL, with words and hint in f: a name that is no system call.
 */
int filter_compile(const struct strv *allow, struct buf *program, unsigned *allowed_calls, struct failure *f) must_check;

/* The number of a call here; -ENOSYS: it is another architecture's; -ENOENT: there is none of this name. */
int filter_call_number(const char *name) must_check;

#endif
