/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of BPF that a seccomp filter uses (bpf_check_classic() and
 * seccomp_check_filter() in the kernel), strict: what the kernel would refuse to load, or an
 * endless walk, is BPF_BROKEN.
 */
#ifndef VB_TEST_BPF_H
#define VB_TEST_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/buf.h"

#define BPF_BROKEN 0xdeadbeefU /* no action of the kernel's */

struct bpf_run {
	const struct sock_filter *insns;
	size_t n;
	bool read_args; /* set by a run that looked beyond nr and arch */
	size_t steps;   /* of the last run */
};

static inline bool bpf_test(const struct sock_filter *in, uint32_t a)
{
	switch (BPF_OP(in->code)) {
	case BPF_JEQ:
		return a == in->k;
	case BPF_JGT:
		return a > in->k;
	case BPF_JGE:
		return a >= in->k;
	default:
		return (a & in->k) != 0; /* BPF_JSET */
	}
}

static inline bool bpf_load(struct bpf_run *run, const struct seccomp_data *data, uint32_t offset, uint32_t *a)
{
	if (offset % sizeof(*a) != 0 || offset > sizeof(*data) - sizeof(*a))
		return false;
	if (offset >= offsetof(struct seccomp_data, instruction_pointer))
		run->read_args = true;
	memcpy(a, (const char *) data + offset, sizeof(*a));
	return true;
}

static inline uint32_t bpf_run(struct bpf_run *run, const struct seccomp_data *data)
{
	uint32_t a = 0;

	run->read_args = false;
	run->steps = 0;
	for (size_t pc = 0; pc < run->n; pc++, run->steps++) {
		const struct sock_filter *in = &run->insns[pc];

		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (!bpf_load(run, data, in->k, &a))
				return BPF_BROKEN;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= in->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += in->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += bpf_test(in, a) ? in->jt : in->jf;
			break;
		case BPF_RET | BPF_K:
			return in->k;
		default:
			return BPF_BROKEN;
		}
	}
	return BPF_BROKEN;
}

/* The action for one call; args NULL: zeroes. */
static inline uint32_t bpf_ask(const struct buf *program, uint32_t arch, int nr, const uint64_t *args, struct bpf_run *run)
{
	struct seccomp_data data = { .nr = nr, .arch = arch };

	if (args != NULL)
		memcpy(data.args, args, sizeof(data.args));
	run->insns = (const struct sock_filter *) (const void *) program->data;
	run->n = program->len / sizeof(struct sock_filter);
	return bpf_run(run, &data);
}

/* Puts the calling process under it. */
static inline int bpf_load_program(const struct buf *program)
{
	const struct sock_fprog prog = { .len = (unsigned short) (program->len / sizeof(struct sock_filter)),
					 .filter = (struct sock_filter *) (void *) program->data };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

#endif
