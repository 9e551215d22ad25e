/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What callbpf.c makes of a filter, and says of it, against the walk of bpf.h, which test_filter.c holds against the kernel: of each call,
 * and of arguments that each rule about arguments refuses.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "common/callids.h"
#include "common/names.h"
#include "host/callbpf.h"
#include "host/watchcall.h"
#include "install/argrules.h"
#include "install/filter.h"
#include "tests/unit/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CALLS_MAX 600
#define HIGH (UINT64_C(1) << 32)
#define OTHER_ARCH (seccomp_arch_native() == AUDIT_ARCH_X86_64 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64)

enum mode { TABLE, LIST, EMPTY, MODES };

struct asked {
	struct buf program, watching;
	int numbers[128];
	size_t n_numbers;
};

static void compile(enum mode mode, struct buf *program)
{
	cleanup_strv struct strv allow = { 0 };
	struct failure f = { 0 };
	unsigned calls;

	if (mode == LIST) {
		assert_int_equal(strv_add(&allow, "getrusage"), 0);
		assert_int_equal(strv_add(&allow, "socket"), 0);
		assert_int_equal(strv_add(&allow, "mknodat"), 0);
	}
	assert_int_equal(filter_compile(mode == TABLE ? NULL : &allow, program, &calls, &f), 0);
}

static const struct sock_filter *insns(const struct buf *program)
{
	return (const struct sock_filter *) (const void *) program->data;
}

static size_t length(const struct buf *program)
{
	return program->len / sizeof(struct sock_filter);
}

static void prepare(enum mode mode, struct asked *a)
{
	*a = (struct asked) { 0 };
	assert_true(n_watchcalls <= sizeof(a->numbers) / sizeof(a->numbers[0]));
	a->n_numbers = watchcall_numbers(false, a->numbers);
	compile(mode, &a->program);
	assert_int_equal(callbpf_watch(insns(&a->program), length(&a->program), a->numbers, a->n_numbers, &a->watching), 0);
}

static void release(struct asked *a)
{
	buf_release(&a->program);
	buf_release(&a->watching);
}

static bool is_watched(const struct asked *a, int nr)
{
	for (size_t i = 0; i < a->n_numbers; i++)
		if (a->numbers[i] == nr)
			return true;
	return false;
}

static uint32_t watched_action(const struct asked *a, int nr, uint32_t plain)
{
	if (plain == SECCOMP_RET_ALLOW)
		return is_watched(a, nr) ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
	if ((plain & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && plain != (SECCOMP_RET_ERRNO | VB_ERRNO_SEALED))
		return SECCOMP_RET_USER_NOTIF;
	return plain;
}

/* What the filter says of one call; the two that callbpf.c is asked for agree with it. */
static uint32_t ask(const struct asked *a, uint32_t arch, int nr, const uint64_t *args)
{
	struct seccomp_data data = { .nr = nr, .arch = arch };
	struct bpf_run run;
	uint32_t plain = bpf_ask(&a->program, arch, nr, args, &run);
	uint32_t watching = bpf_ask(&a->watching, arch, nr, args, &run);

	assert_int_not_equal(plain, BPF_BROKEN);
	memcpy(data.args, args, sizeof(data.args));
	if (callbpf_run(insns(&a->program), length(&a->program), &data) != plain)
		fail_msg("call %d: not %#x", nr, plain);
	if (watching != watched_action(a, nr, plain) || callbpf_run(insns(&a->watching), length(&a->watching), &data) != watching)
		fail_msg("call %d: %#x, watched %#x", nr, plain, watching);
	return plain;
}

static void every_number_has_its_answer(void **state)
{
	static const uint64_t none[6] = { 0 };

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		size_t allowed = 0, refused = 0;
		struct asked a;

		prepare((enum mode) mode, &a);
		for (int nr = -1; nr < CALLS_MAX; nr++) {
			uint32_t action = ask(&a, seccomp_arch_native(), nr, none);

			allowed += action == SECCOMP_RET_ALLOW;
			refused += (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
		}
		assert_true(allowed > 30 && refused > 1); /* neither of them says one thing only */
		release(&a);
	}
}

static void strangers_are_killed(void **state)
{
	static const uint64_t none[6] = { 0 };

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		struct asked a;

		prepare((enum mode) mode, &a);
		for (int nr = 0; nr < CALLS_MAX; nr++)
			assert_int_equal(ask(&a, OTHER_ARCH, nr, none), SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
		for (int nr = 0; nr < CALLS_MAX; nr++) /* x32 */
			assert_int_equal(ask(&a, seccomp_arch_native(), 0x40000000 | nr, none), SECCOMP_RET_KILL_PROCESS);
#endif
		release(&a);
	}
}

/* --- arguments ------------------------------------------------------------------------ */

static bool is_listed(const struct cond *cond, uint32_t value)
{
	for (size_t i = 0; i < cond->n_list; i++)
		if ((value & cond->mask) == cond->list[i])
			return true;
	return false;
}

/* A value for which the condition holds. */
static uint64_t fulfil(const struct cond *cond)
{
	uint32_t value = 0;

	switch (cond->op) {
	case COND_HAS:
		return cond->value & -cond->value; /* one bit is enough */
	case COND_BEYOND:
		return ~cond->value & -~cond->value;
	case COND_IS:
		return cond->value;
	case COND_OTHER:
		while (is_listed(cond, value))
			value++;
		return value;
	default:
		return 0;
	}
}

static void a_rule_about_arguments_refuses_watched_too(void **state)
{
	struct asked a;
	size_t tried = 0;

	(void) state;
	prepare(TABLE, &a);
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++) {
		uint64_t args[6] = { 0 };
		int nr = filter_call_number(rule->call);

		if (nr < 0)
			continue;
		for (size_t i = 0; i < ARGRULE_CONDS && rule->conds[i].op != COND_NONE; i++)
			args[rule->conds[i].arg] = fulfil(&rule->conds[i]);
		if (ask(&a, seccomp_arch_native(), nr, args) != (SECCOMP_RET_ERRNO | (uint32_t) rule->err))
			fail_msg("%s, rule %zu: not refused with %d", rule->call, (size_t) (rule - argrules), rule->err);
		for (size_t i = 0; i < 6; i++)
			args[i] |= HIGH; /* what the kernel does not look at */
		assert_int_equal(ask(&a, seccomp_arch_native(), nr, args), SECCOMP_RET_ERRNO | (uint32_t) rule->err);
		tried++;
	}
	assert_true(tried > 20);
	release(&a);
}

/* Each argument with each bit of the low half, alone: whatever it is, all say the same. */
static void single_bits_agree(void **state)
{
	struct asked a;

	(void) state;
	prepare(TABLE, &a);
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++)
		for (int bit = 0; bit < 6 * 33; bit++) {
			uint64_t args[6] = { 0 };
			int nr = filter_call_number(rule->call);

			args[bit / 33] = UINT64_C(1) << bit % 33;
			if (nr >= 0)
				(void) ask(&a, seccomp_arch_native(), nr, args);
		}
	release(&a);
}

static void am_i_inside_is_answered_by_the_kernel(void **state)
{
	static const uint64_t args[6] = { VB_PRCTL_SEALED };

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		struct bpf_run run;
		struct asked a;

		prepare((enum mode) mode, &a);
		assert_int_equal(bpf_ask(&a.watching, seccomp_arch_native(), SYS_prctl, args, &run), SECCOMP_RET_ERRNO | VB_ERRNO_SEALED);
		release(&a);
	}
}

/* Else the kernel runs the filter for each call that is not watched, and a watched box is slow. */
static void what_is_put_behind_reads_the_number_alone(void **state)
{
	struct asked a;
	size_t n;

	(void) state;
	prepare(TABLE, &a);
	n = length(&a.watching);
	for (size_t i = length(&a.program); i < n; i++) {
		const struct sock_filter *insn = &insns(&a.watching)[i];

		if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
			assert_int_equal(insn->k, offsetof(struct seccomp_data, nr));
	}
	assert_true(n > length(&a.program));
	release(&a);
}

/* --- numbers of users and groups ---------------------------------------------------------- */

#define UID  UINT64_C(1234)
#define GID  UINT64_C(5678)

static void another_number_is_told_of_and_the_own_is_not(void **state)
{
	static const uint64_t other[6] = { 0, UID, GID + 1 }, own[6] = { 0, UID, GID };
	cleanup_buf struct buf watching = { 0 };
	struct bpf_run run;
	struct asked a;

	(void) state;
	prepare(TABLE, &a);
	callids_fill((void *) a.program.data, length(&a.program), UID, GID);
	assert_int_equal(callbpf_watch(insns(&a.program), length(&a.program), a.numbers, a.n_numbers, &watching), 0);
	assert_int_equal(bpf_ask(&a.program, seccomp_arch_native(), SYS_fchown, other, &run), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(bpf_ask(&watching, seccomp_arch_native(), SYS_fchown, other, &run), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(bpf_ask(&watching, seccomp_arch_native(), SYS_fchown, own, &run), SECCOMP_RET_ALLOW);
	assert_int_equal(bpf_ask(&watching, seccomp_arch_native(), SYS_openat, own, &run), SECCOMP_RET_USER_NOTIF);
	/* The kernel runs it for none of the calls that say nothing of numbers. */
	assert_int_equal(bpf_ask(&watching, seccomp_arch_native(), SYS_read, other, &run), SECCOMP_RET_ALLOW);
	assert_false(run.read_args);
	release(&a);
}

/* --- what is no program of ours ----------------------------------------------------------- */

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

static const struct {
	struct sock_filter insns[3];
	size_t n;
	const char *what;
} broken[] = {
	{ { LOAD(0) }, 1, "no return" },
	{ { LOAD(0), BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0) }, 2, "a jump to the end" },
	{ { BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0), ALLOW, ALLOW }, 3, "a jump beyond it" },
	{ { BPF_JUMP(BPF_JMP | BPF_JA, UINT32_MAX, 0, 0), ALLOW, ALLOW }, 3, "a jump far beyond it" },
	{ { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0), ALLOW, ALLOW }, 3, "if true" },
	{ { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 255), ALLOW, ALLOW }, 3, "if false" },
	{ { BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), ALLOW }, 2, "another load" },
	{ { BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1), ALLOW }, 2, "another sum" },
	{ { BPF_STMT(BPF_MISC | BPF_TAX, 0), ALLOW }, 2, "a second register" },
	{ { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0), ALLOW }, 2, "compared with it" },
	{ { BPF_STMT(BPF_RET | BPF_A, 0) }, 1, "a computed return" },
};

static void a_broken_program_refuses(void **state)
{
	static const struct seccomp_data data = { .nr = 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (callbpf_run(broken[i].insns, broken[i].n, &data) != REFUSED)
			fail_msg("%s", broken[i].what);
	assert_int_equal(callbpf_run(broken[0].insns, 0, &data), REFUSED);
}

/* The kernel would load none of them; with what is put behind it could. */
static void a_broken_program_is_not_watched(void **state)
{
	static const int numbers[] = { 1 };

	(void) state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		if (callbpf_watch(broken[i].insns, broken[i].n, numbers, 1, &out) != -EINVAL)
			fail_msg("%s", broken[i].what);
		assert_int_equal(out.len, 0);
	}
}

static void loads_beyond_the_call_refuse(void **state)
{
	static const uint32_t offsets[] = { sizeof(struct seccomp_data), sizeof(struct seccomp_data) - 3, 1, UINT32_MAX, UINT32_MAX - 3 };
	static const struct seccomp_data data = { .nr = 7 };
	struct sock_filter program[] = { LOAD(sizeof(struct seccomp_data) - 4), ALLOW };

	(void) state;
	assert_int_equal(callbpf_run(program, 2, &data), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		program[0].k = offsets[i];
		assert_int_equal(callbpf_run(program, 2, &data), REFUSED);
	}
}

static void what_is_too_long_is_not_watched(void **state)
{
	static struct sock_filter program[BPF_MAXINSNS];
	static const int numbers[] = { 1 };
	cleanup_buf struct buf fits = { 0 }, out = { 0 };

	(void) state;
	for (size_t i = 0; i < BPF_MAXINSNS; i++)
		program[i] = (struct sock_filter) ALLOW;
	assert_int_equal(callbpf_watch(program, BPF_MAXINSNS - 4, numbers, 1, &fits), 0);
	assert_int_equal(length(&fits), BPF_MAXINSNS);
	assert_int_equal(callbpf_watch(program, BPF_MAXINSNS - 3, numbers, 1, &out), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_has_its_answer),
		cmocka_unit_test(strangers_are_killed),
		cmocka_unit_test(a_rule_about_arguments_refuses_watched_too),
		cmocka_unit_test(single_bits_agree),
		cmocka_unit_test(am_i_inside_is_answered_by_the_kernel),
		cmocka_unit_test(what_is_put_behind_reads_the_number_alone),
		cmocka_unit_test(another_number_is_told_of_and_the_own_is_not),
		cmocka_unit_test(a_broken_program_refuses),
		cmocka_unit_test(a_broken_program_is_not_watched),
		cmocka_unit_test(loads_beyond_the_call_refuse),
		cmocka_unit_test(what_is_too_long_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
