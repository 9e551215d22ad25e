/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * idcalls.h - the system calls that take numbers of users and groups, as a seccomp program. Of a number that is not mapped in the box the
 * kernel says that it is invalid (EINVAL, user_namespaces(7)), where an ordinary user is used to hear that it is not permitted (EPERM): test
 * suites and installers look for that. It refuses nothing that the kernel would not.
 *
 * venvbox-install, which compiles all else, cannot know who will run. So PID 1 loads it (inside/ids.h); in a watched box the launcher puts it
 * behind the filter (host/watcher.h), for what a filter of its own refuses nobody is told of.
 */
#ifndef VB_IDCALLS_H
#define VB_IDCALLS_H

#include <sys/types.h>

#include "common/buf.h"

/* Appends a struct sock_filter[]: the set*id() and chown() families give EPERM for numbers other than uid, gid and -1 (no change). Pure. */
void idcalls_program(uid_t uid, gid_t gid, struct buf *out);

#endif
