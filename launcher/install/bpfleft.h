/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfleft.h - what is left of a seccomp program when it is known which call is asked about: an answer, or the instructions that read its
 * arguments. Pure. Of programs with other instructions than libseccomp and prologue.c make nothing is said (-ENOTSUP).
 */
#ifndef VB_INSTALL_BPFLEFT_H
#define VB_INSTALL_BPFLEFT_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* Borrowed. */
struct bpfleft_program {
	const struct sock_filter *v;
	size_t n;
};

/* What is known of a call. */
struct bpfleft_call {
	uint32_t arch; /* AUDIT_ARCH_* */
	uint32_t number;
	bool has_number;
};

/* Where a path leads: to an answer, or to the next instruction that what is known does not decide. */
struct bpfleft_way {
	bool is_answer;
	uint32_t answer; /* SECCOMP_RET_* */
	size_t at;
};

/* The answers that a piece of program leads to, each once: they stand behind it. */
struct bpfleft_answers {
	uint32_t v[8];
	size_t n;
};

/* Appends an instruction. */
void bpfleft_put(struct buf *out, struct sock_filter insn);

/* Its place among them, 0 or more. -ENOTSUP: they are too many. */
int bpfleft_add_answer(struct bpfleft_answers *answers, uint32_t answer) must_check;

/* Appends them, as instructions. */
void bpfleft_put_answers(const struct bpfleft_answers *answers, struct buf *out);

/* Goes on from instruction `at` as far as the call decides. -ENOTSUP. */
int bpfleft_go(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t at, struct bpfleft_way *way) must_check;

/* Appends what is left from instruction `first` on, to which bpfleft_go() led: it ends in its answers. -ENOTSUP, -ENOMEM: out is spoilt. */
int bpfleft_make(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t first, struct buf *out) must_check;

#endif
