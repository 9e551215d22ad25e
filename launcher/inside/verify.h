/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify.h - is this process sealed? Asked of the kernel, never of our own
 * memory of what we did.
 */
#ifndef VB_VERIFY_H
#define VB_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

/*
 * All of it, for PID 1. status_fd: /proc/self/status, opened before the process became
 * non-dumpable. 0, or -EPROTO with the fact that does not hold in *fact.
 */
int verify_seal(int status_fd, uint64_t keep_caps, const char **fact) must_check;

/* The part that is read from the text of /proc/self/status: five capability sets, NoNewPrivs, Seccomp. */
int verify_status(const char *text, uint64_t keep_caps, const char **fact) must_check;

/*
 * For a program inside: held by our filter, no way to privileges, no
 * capability but ambient ones. Uses system calls only.
 */
int verify_inside(const char **fact) must_check;

#endif
