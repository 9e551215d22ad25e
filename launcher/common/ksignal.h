/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ksignal.h - signals as the kernel knows them, all 64. A libc keeps some for itself and does not let its callers touch them: glibc 32
 * and 33, musl also 34, which to every other program is SIGRTMIN (signal(7)). Bit n-1 of a set is signal n.
 */
#ifndef VB_KSIGNAL_H
#define VB_KSIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define KSIGNAL_MAX 64
#define KSIGNAL_ALL UINT64_MAX

static inline uint64_t ksignal_bit(int sig)
{
	return UINT64_C(1) << (sig - 1);
}

/* sigprocmask(2); how is its. before: what was blocked, or NULL. 0 or -errno. */
int ksignal_mask(int how, uint64_t set, uint64_t *before) must_check;

/* A signalfd(2), close-on-exec and non-blocking; -errno. */
int ksignal_fd(uint64_t set) must_check;

bool ksignal_is_ignored(int sig);

/* The default action again. 0 or -errno; -EINVAL for SIGKILL and SIGSTOP, which have no other. */
int ksignal_default(int sig) must_check;

#endif
