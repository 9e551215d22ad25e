/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prologue.h - the argument rules as BPF, to stand before what libseccomp makes.
 *
 * Written by hand because libseccomp compares 64 bits unless masked, cannot say "one of these
 * bits" or "none of these values" in one rule, and takes a call's default from the filter's.
 */
#ifndef VB_PROLOGUE_H
#define VB_PROLOGUE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/*
 * Appends struct sock_filter[] that ends by running into what is appended next: for a
 * foreign architecture at once, for a call without rules or with none that refuses after them.
 * all: every rule, not only those that are always in force. -E2BIG: a rule too long for a BPF jump.
 */
int prologue_emit(uint32_t audit_arch, bool all, struct buf *program) must_check;

#endif
