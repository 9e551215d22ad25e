/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callbpf.h - the seccomp program of a box, seen from outside of it: made to tell of what it refuses, and asked what it would have said.
 * Pure. The program is the one that venvbox-install compiled; so there is no second list of what is refused.
 */
#ifndef VB_CALLBPF_H
#define VB_CALLBPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/cleanup.h"

/*
 * Appends to out the program that notifies (SECCOMP_RET_USER_NOTIF) of each call that program refuses with an errno, and of those of
 * numbers that it allows; what it kills is killed, and "am I inside?" (names.h) is answered as ever. -E2BIG: too long for the kernel. -EINVAL: it
 * is none that the kernel would load, it leads beyond its end.
 */
int callbpf_watch(const struct sock_filter *program, size_t n, const int *numbers, size_t n_numbers, struct buf *out) must_check;

/*
 * What program says of a call: SECCOMP_RET_*. An instruction that no program of ours has, and one that leads nowhere, is a refusal
 * (EPERM): who asks lets pass what is allowed, and nothing else.
 */
uint32_t callbpf_run(const struct sock_filter *program, size_t n, const struct seccomp_data *data);

#endif
