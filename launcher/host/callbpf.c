/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/callbpf.h"

#include <errno.h>
#include <string.h>

#include "common/names.h"

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

static bool is_return(const struct sock_filter *insn)
{
	return insn->code == (BPF_RET | BPF_K);
}

static uint32_t action(const struct sock_filter *insn)
{
	return insn->k & SECCOMP_RET_ACTION_FULL;
}

static void add(struct buf *out, struct sock_filter insn)
{
	buf_add(out, &insn, sizeof(insn));
}

/*
 * Behind the program: which of the calls that it allows are told of. Only the number is read here, so the kernel still never
 * runs the filter for the others (its bitmap, Linux 5.11, 8e01b51a31a1).
 */
static void add_tail(const int *numbers, size_t n, struct buf *out)
{
	add(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < n; i++) {
		add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) numbers[i], 0, 1));
		add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
	}
	add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/* How many instructions must stand behind the next one; -1: not even that one; INT64_MAX: no program of ours has it. */
static int64_t reach(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_RET | BPF_K:
		return -1;
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_ALU | BPF_AND | BPF_K:
		return 0;
	case BPF_JMP | BPF_JA:
		return insn->k;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		return insn->jt > insn->jf ? insn->jt : insn->jf;
	default:
		return INT64_MAX;
	}
}

/* What the kernel would not load must not become a program by what is put behind it. */
static bool is_sound(const struct sock_filter *program, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (reach(&program[i]) >= (int64_t) (n - i) - 1)
			return false;
	return n > 0;
}

/* insn, which has rest behind it in its program; what that would allow goes on at its end. */
static struct sock_filter going_on(const struct sock_filter *insn, size_t rest)
{
	if (is_return(insn) && action(insn) == SECCOMP_RET_ALLOW)
		return (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) rest, 0, 0);
	return *insn;
}

int callbpf_watch(const struct sock_filter *program, size_t n, const int *numbers, size_t n_numbers, struct buf *out)
{
	if (n + 2 * n_numbers + 2 > BPF_MAXINSNS)
		return -E2BIG;
	if (!is_sound(program, n))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct sock_filter insn = going_on(&program[i], n - i - 1);

		if (is_return(&insn) && action(&insn) == SECCOMP_RET_ERRNO && (insn.k & SECCOMP_RET_DATA) != VB_ERRNO_SEALED)
			insn.k = SECCOMP_RET_USER_NOTIF;
		add(out, insn);
	}
	add_tail(numbers, n_numbers, out);
	return out->failed ? -ENOMEM : 0;
}

static bool load(const struct seccomp_data *data, uint32_t offset, uint32_t *a)
{
	if (offset > sizeof(*data) - sizeof(*a) || offset % sizeof(*a) != 0)
		return false;
	memcpy(a, (const char *) data + offset, sizeof(*a));
	return true;
}

/* How far a jump goes from the instruction after it; -1: it is none that is known here. */
static int64_t distance(const struct sock_filter *insn, uint32_t a)
{
	switch (insn->code) {
	case BPF_JMP | BPF_JA:
		return insn->k;
	case BPF_JMP | BPF_JEQ | BPF_K:
		return a == insn->k ? insn->jt : insn->jf;
	case BPF_JMP | BPF_JGT | BPF_K:
		return a > insn->k ? insn->jt : insn->jf;
	case BPF_JMP | BPF_JGE | BPF_K:
		return a >= insn->k ? insn->jt : insn->jf;
	case BPF_JMP | BPF_JSET | BPF_K:
		return (a & insn->k) != 0 ? insn->jt : insn->jf;
	default:
		return -1;
	}
}

/* Jumps lead forward only, as the kernel demands: so this ends. */
uint32_t callbpf_run(const struct sock_filter *program, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;
	int64_t jump;

	for (size_t i = 0; i < n; i++) {
		const struct sock_filter *insn = &program[i];

		switch (insn->code) {
		case BPF_RET | BPF_K:
			return insn->k;
		case BPF_LD | BPF_W | BPF_ABS:
			if (!load(data, insn->k, &a))
				return REFUSED;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		default:
			jump = distance(insn, a);
			if (jump < 0 || jump >= (int64_t) (n - i) - 1)
				return REFUSED;
			i += (size_t) jump;
		}
	}
	return REFUSED;
}
