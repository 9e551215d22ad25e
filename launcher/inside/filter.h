/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h - loads the seccomp program that venvbox-install compiled. Knows
 * nothing of calls and rules, and needs no libseccomp (design.md, Filter).
 */
#ifndef VB_FILTER_H
#define VB_FILTER_H

#include <sys/types.h>

#include "common/cleanup.h"

/*
 * fd: a file whose whole content is a struct sock_filter[]. -EBADMSG if its size cannot be that of
 * a program (empty, torn, above BPF_MAXINSNS). uid, gid: those of the box, for callids.h. Needs no_new_privs. listener: NULL, or where the
 * descriptor goes that tells of calls (seccomp_unotify(2)), the caller's; it is O_CLOEXEC. A program that tells has its numbers already: who answers
 * must know them.
 */
int filter_load(int fd, uid_t uid, gid_t gid, int *listener) must_check;

#endif
