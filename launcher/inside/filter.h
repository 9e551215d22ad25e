/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h - loads the seccomp program that venvbox-install compiled. Knows
 * nothing of calls and rules, and needs no libseccomp (design.md, Filter).
 */
#ifndef VB_FILTER_H
#define VB_FILTER_H

#include "common/cleanup.h"

/*
 * fd: a file whose whole content is a struct sock_filter[]. -EBADMSG if its size cannot be that of
 * a program (empty, torn, above BPF_MAXINSNS). Needs no_new_privs.
 */
int filter_load(int fd) must_check;

#endif
