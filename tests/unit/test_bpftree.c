/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shorter program against the one that it was made of, call by call: every number that a test of either can tell from
 * another, architectures, and in each argument every constant that either has. The plain program is filter.c's own: it is included.
 */
#include "install/filter.c"

#include <stdio.h>

#include "tests/unit/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NATIVE seccomp_arch_native()
#define NR     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARCH   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch))
#define ARG    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, k)
#define TEST(op, k, yes, no) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, yes, no)
#define JA(k)  BPF_JUMP(BPF_JMP | BPF_JA, k, 0, 0)

enum mode { TABLE, LIST, EMPTY };

static void compile(enum mode mode, struct buf *plain)
{
	static const char *const names[] = { "read", "openat", "ioctl", "clone", "setuid", "times" };
	enum verdict verdicts[CALLS_MAX] = { VERDICT_NONE };
	cleanup_strv struct strv allow = { 0 };

	for (size_t i = 0; mode == LIST && i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(strv_add(&allow, names[i]), 0);
	assert_int_equal(decide(mode == TABLE ? NULL : &allow, verdicts, NULL), 0);
	assert_int_equal(compile_plain(verdicts, mode == EMPTY, plain), 0);
}

static size_t length(const struct buf *program)
{
	return program->len / sizeof(struct sock_filter);
}

struct compared {
	const struct buf *plain, *made;
	uint32_t arch, number;
	size_t plain_steps, made_steps;
};

/* The same answer; and arguments are not read where they were not: the kernel's bitmap would lose that call. */
static void ask(struct compared *c, const uint64_t *args)
{
	struct bpf_run plain_run, made_run;
	uint32_t plain = bpf_ask(c->plain, c->arch, (int) c->number, args, &plain_run);
	uint32_t made = bpf_ask(c->made, c->arch, (int) c->number, args, &made_run);

	if (plain != made || (made_run.read_args && !plain_run.read_args))
		fail_msg("arch %#x, call %u, arguments %#jx %#jx %#jx ...: %#x, was %#x", c->arch, c->number, (uintmax_t) args[0],
			 (uintmax_t) args[1], (uintmax_t) args[2], made, plain);
	c->plain_steps += plain_run.steps;
	c->made_steps += made_run.steps;
}

/* Arguments only where they are read: in both halves of each, one at a time and with each other one full. */
static void ask_all_arguments(struct compared *c, const uint32_t *constants, size_t n)
{
	struct bpf_run run;
	uint64_t args[6] = { 0 };

	ask(c, args);
	(void) bpf_ask(c->plain, c->arch, (int) c->number, args, &run);
	for (size_t i = 0; run.read_args && i < n; i++)
		for (unsigned arg = 0; arg < 6; arg++)
			for (unsigned shift = 0; shift <= 32; shift += 32)
				for (unsigned full = 0; full < 2; full++) {
					memset(args, full != 0 ? 0xff : 0, sizeof(args));
					args[arg] = (uint64_t) constants[i] << shift;
					ask(c, args);
				}
}

static size_t constants_of(const struct buf *program, uint32_t *constants)
{
	const struct sock_filter *insns = (const void *) program->data;
	size_t n = 0;

	for (size_t i = 0; i < length(program); i++) {
		if (BPF_CLASS(insns[i].code) != BPF_JMP && BPF_CLASS(insns[i].code) != BPF_ALU)
			continue;
		constants[n++] = insns[i].k - 1;
		constants[n++] = insns[i].k;
		constants[n++] = insns[i].k + 1;
		constants[n++] = ~insns[i].k;
	}
	return n;
}

static void compare_all(struct compared *c)
{
	const uint32_t archs[] = { NATIVE, ~NATIVE, 0, UINT32_MAX, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64 };
	uint32_t *constants = calloc(4 * (length(c->plain) + length(c->made)), sizeof(*constants));
	size_t n = constants_of(c->plain, constants);

	n += constants_of(c->made, constants + n);
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		for (size_t k = 0; k < n; k++) {
			c->arch = archs[i];
			c->number = constants[k];
			ask(c, (const uint64_t[6]) { 0 });
		}
	c->arch = NATIVE;
	for (c->number = 0; c->number < CALLS_MAX; c->number++)
		ask_all_arguments(c, constants, n);
	free(constants);
}

static void test_every_call_is_answered_as_before(void **state)
{
	(void) state;
	for (enum mode mode = TABLE; mode <= EMPTY; mode++) {
		cleanup_buf struct buf plain = { 0 }, made = { 0 };
		struct compared c = { .plain = &plain, .made = &made };

		compile(mode, &plain);
		assert_int_equal(shorten(&plain, &made), 0);
		compare_all(&c);
		print_message("%zu instructions, were %zu; %zu steps, were %zu\n", length(&made), length(&plain), c.made_steps, c.plain_steps);
		assert_true(length(&made) < length(&plain) && c.made_steps < c.plain_steps);
	}
}

/* That is what bpftree.h speaks of. */
static void test_the_table_is_about_half_as_long(void **state)
{
	cleanup_buf struct buf plain = { 0 }, made = { 0 };

	(void) state;
	compile(TABLE, &plain);
	assert_int_equal(shorten(&plain, &made), 0);
	assert_true(length(&made) < length(&plain) * 6 / 10);
}

static void test_filter_compile_takes_it(void **state)
{
	cleanup_buf struct buf plain = { 0 }, made = { 0 }, program = { 0 };
	unsigned calls;

	(void) state;
	compile(TABLE, &plain);
	assert_int_equal(shorten(&plain, &made), 0);
	assert_int_equal(filter_compile(NULL, &program, &calls, NULL), 0);
	assert_int_equal(program.len, made.len);
	assert_memory_equal(program.data, made.data, made.len);
}

static void test_what_cannot_be_turned_stays_as_it_is(void **state)
{
	static struct sock_filter insns[] = { ARCH, TEST(BPF_JEQ, 1, 0, 1), RET(1), RET(2) };
	const struct buf plain = { .data = (char *) (void *) insns, .len = sizeof(insns) };
	cleanup_buf struct buf program = { 0 };

	(void) state;
	assert_int_equal(shorten(&plain, &program), 0);
	assert_int_equal(program.len, plain.len);
	assert_memory_equal(program.data, plain.data, plain.len);
}

#define OFTEN 3 /* of the numbers below */

static int turn(const struct sock_filter *insns, size_t n, struct buf *out)
{
	return bpftree_make(insns, n, NATIVE, OFTEN, out);
}

#define TURN(out, ...) turn((const struct sock_filter[]) { __VA_ARGS__ }, sizeof((const struct sock_filter[]) { __VA_ARGS__ }) / sizeof(struct sock_filter), out)

/* Each is long enough to be worth turning, but for the one thing. */
static void test_what_is_not_understood_is_left_alone(void **state)
{
	cleanup_buf struct buf out = { 0 };

	(void) state;
#define LONG TEST(BPF_JEQ, 1, 8, 0), TEST(BPF_JEQ, 2, 7, 0), TEST(BPF_JEQ, 3, 6, 0), TEST(BPF_JEQ, 4, 5, 0), TEST(BPF_JEQ, 5, 4, 0), \
	TEST(BPF_JEQ, 6, 3, 0), TEST(BPF_JEQ, 7, 2, 0), TEST(BPF_JEQ, 8, 1, 0), RET(1), RET(2)
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, LONG), 0);
	buf_release(&out);
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, ~NATIVE, 0, 1), RET(3), TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, LONG), -ENOTSUP); /* foreign ones differ */
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JGT, NATIVE - 1, 1, 0), RET(0), NR, LONG), -ENOTSUP); /* they differ again above it */
	assert_int_equal(TURN(&out, NR, LONG), -ENOTSUP); /* the number of a foreign call */
	assert_int_equal(TURN(&out, TEST(BPF_JEQ, 0, 0, 1), RET(3), ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, LONG), -ENOTSUP); /* nothing is loaded */
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 7), LONG), -ENOTSUP);
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, TEST(BPF_JSET, 4, 0, 0), LONG), -ENOTSUP);
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0), LONG), -ENOTSUP);
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, TEST(BPF_JEQ, 9, 0, 1), JA(UINT32_MAX), LONG), -ENOTSUP); /* beyond its end */
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, TEST(BPF_JEQ, 9, 200, 0), LONG), -ENOTSUP);
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, TEST(BPF_JEQ, 1, 0, 1), RET(1), RET(2)), -ENOTSUP); /* no shorter */
	assert_int_equal(TURN(&out, ARCH, TEST(BPF_JEQ, NATIVE, 1, 0), RET(0), NR, TEST(BPF_JEQ, 9, 0, 3), ARG, TEST(BPF_JEQ, 5, 0, 1), RET(3), NR, LONG), 0);
	assert_int_equal(bpftree_make(NULL, 0, NATIVE, OFTEN, &(struct buf) { 0 }), -ENOTSUP);
#undef LONG
}

/* Of numbers 0 to 3, and 5, the arguments are read. */
#define READS TEST(BPF_JGE, 3, 0, 17), TEST(BPF_JEQ, 3, 12, 0), TEST(BPF_JEQ, 5, 15, 0), TEST(BPF_JEQ, 4, 18, 0), TEST(BPF_JEQ, 8, 17, 0), \
	TEST(BPF_JEQ, 20, 16, 0), TEST(BPF_JEQ, 21, 15, 0), TEST(BPF_JEQ, 22, 14, 0), TEST(BPF_JEQ, 23, 13, 0), TEST(BPF_JEQ, 24, 12, 0), \
	TEST(BPF_JEQ, 25, 11, 0), TEST(BPF_JEQ, 26, 10, 0), TEST(BPF_JEQ, 27, 9, 0), RET(1), \
	ARG, TEST(BPF_JEQ, 7, 0, 1), RET(2), RET(1), ARG, TEST(BPF_JEQ, 7, 0, 1), RET(1), RET(3), RET(4), \
	RET(4), RET(4), RET(4), RET(4), RET(4), RET(4) /* nothing leads there: it is worth turning */

/* Whichever it is, in the program or not: all are answered as before, and it with no more than one test of numbers before it. */
static void test_one_is_asked_about_first(void **state)
{
	static struct sock_filter insns[] = { ARCH, TEST(BPF_JEQ, 0, 1, 0), RET(0), NR, READS };
	const struct buf plain = { .data = (char *) (void *) insns, .len = sizeof(insns) };
	const uint32_t often[] = { 0, 1, 2, 3, 4, 5, 6, 8, 9, NATIVE, UINT32_MAX };

	(void) state;
	insns[1].k = NATIVE;
	for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++) {
		cleanup_buf struct buf made = { 0 };
		struct compared c = { .plain = &plain, .made = &made, .arch = NATIVE };
		bool reads = often[i] <= 3 || often[i] == 5;

		assert_int_equal(bpftree_make(insns, sizeof(insns) / sizeof(insns[0]), NATIVE, often[i], &made), 0);
		compare_all(&c);
		c = (struct compared) { .plain = &plain, .made = &made, .arch = NATIVE, .number = often[i] };
		ask(&c, (const uint64_t[6]) { 7 });
		assert_true(!reads || c.made_steps == 6);
	}
}

/* open(2) for reading: nothing but the architecture, the number and the flags. */
static void test_it_is_openat(void **state)
{
	cleanup_buf struct buf program = { 0 };
	struct bpf_run run;
	unsigned calls;

	(void) state;
	assert_int_equal(filter_compile(NULL, &program, &calls, NULL), 0);
	assert_int_equal(bpf_ask(&program, NATIVE, filter_call_number("openat"), (const uint64_t[6]) { 0 }, &run), SECCOMP_RET_ALLOW);
	assert_int_equal(run.steps, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call_is_answered_as_before),
		cmocka_unit_test(test_the_table_is_about_half_as_long),
		cmocka_unit_test(test_filter_compile_takes_it),
		cmocka_unit_test(test_what_cannot_be_turned_stays_as_it_is),
		cmocka_unit_test(test_what_is_not_understood_is_left_alone),
		cmocka_unit_test(test_one_is_asked_about_first),
		cmocka_unit_test(test_it_is_openat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
