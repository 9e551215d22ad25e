/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpftree.h - the same seccomp program, shorter: what the number of a call alone decides is decided by a binary tree over ranges
 * of numbers; behind it stands, for the numbers whose arguments are read, what is left of the program when the number is known. One of them may
 * stand before it: the call that is made most often of those for which the filter runs.
 *
 * The kernel compiles the program at every start of a box, and walks it once for each call to learn which it need not be asked for
 * (its bitmap, Linux 5.11): half the instructions are 0.2 ms (docs/performance.md).
 */
#ifndef VB_INSTALL_BPFTREE_H
#define VB_INSTALL_BPFTREE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/*
 * Appends to out the program that answers each call as this one does. arch: AUDIT_ARCH_*, of which calls are looked at; another one must
 * have one answer for all its calls. often: the number of a call that is asked about before all others, if its arguments decide. -ENOTSUP: out is as
 * it was; program is none that can be turned, or would not become shorter.
 */
int bpftree_make(const struct sock_filter *program, size_t n, uint32_t arch, uint32_t often, struct buf *out) must_check;

#endif
