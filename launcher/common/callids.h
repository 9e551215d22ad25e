/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callids.h - the user and the group of a box in its seccomp program. venvbox-install, which compiles it, cannot know who will run (BWRAP_ARGS may
 * give the box numbers of its own): where a rule of argrules.c compares with them, it compares with these two instead, until the program is loaded:
 * by PID 1 (inside/filter.c), or, of a watched box, by the launcher before it is sent (host/watcher.c).
 */
#ifndef VB_CALLIDS_H
#define VB_CALLIDS_H

#include <linux/filter.h>
#include <stddef.h>
#include <sys/types.h>

/* No call, flag or number of the kernel's. A program that is loaded as it is refuses all numbers but these and -1. */
#define VB_CALLIDS_USER  0x76625549U
#define VB_CALLIDS_GROUP 0x76624749U

/* Compares with uid and gid what was to be compared with the two above. Pure. */
void callids_fill(struct sock_filter *program, size_t n, uid_t uid, gid_t gid);

#endif
