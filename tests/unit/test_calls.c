/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of calls as a whole: complete, and the program says of each number what it says. */
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "install/argrules.h"
#include "install/filter.h"
#include "tests/unit/bpf.h"

/* Last: its fail_msg() is a macro, ours in failure.h a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NUMBERS 1024 /* no architecture of ours is near it */
#define X32_BIT 0x40000000
#define ERRNO(e) (SECCOMP_RET_ERRNO | (uint32_t) (e))

static const struct sorted {
	const char *name, *action;
} sorted[] = {
#define CALL(name, action, why) { #name, #action },
#include "inside/calls.def"
};

#define N_SORTED (sizeof(sorted) / sizeof(sorted[0]))

static const struct sorted *find(const char *name)
{
	for (size_t i = 0; i < N_SORTED; i++)
		if (strcmp(sorted[i].name, name) == 0)
			return &sorted[i];
	return NULL;
}

static bool has_rules(const char *name)
{
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++)
		if (strcmp(rule->call, name) == 0)
			return true;
	return false;
}

static bool is_allowed(const struct sorted *row)
{
	return row != NULL && (strcmp(row->action, "ALLOW") == 0 || strcmp(row->action, "START") == 0);
}

static unsigned compile_with(const struct strv *allow, struct buf *program)
{
	struct failure f = { 0 };
	unsigned calls = 0;

	assert_int_equal(filter_compile(allow, program, &calls, &f), 0);
	assert_null(f.what);
	return calls;
}

/* CVE-2021-41133: calls that nobody had sorted. */
static void test_every_known_call_is_sorted(void **state)
{
	static const uint32_t archs[] = { SCMP_ARCH_NATIVE, SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64 };
	unsigned seen = 0, missing = 0;

	(void) state;
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
		for (int nr = 0; nr < NUMBERS; nr++) {
			cleanup_free char *name = seccomp_syscall_resolve_num_arch(archs[i], nr);

			if (name == NULL)
				continue;
			seen++;
			if (find(name) == NULL) {
				print_error("%s has no row in calls.def\n", name);
				missing++;
			}
		}
	assert_true(seen > 900);
	assert_int_equal(missing, 0);
}

static void test_no_call_has_two_rows(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_SORTED; i++)
		assert_ptr_equal(find(sorted[i].name), &sorted[i]);
}

static void test_every_rule_is_about_a_sorted_call(void **state)
{
	(void) state;
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++) {
		const struct sorted *row = find(rule->call);

		assert_non_null(row);
		/* A rule that narrows what the table refuses anyway would be dead. */
		assert_true(is_allowed(row) == (rule->conds[0].op != COND_NONE));
	}
}

/* Rules of one call that do not stand together: the first block ends the walk, the second is never reached. */
static void test_rules_of_a_call_stand_together(void **state)
{
	(void) state;
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++)
		for (const struct argrule *later = rule + 1; later->call != NULL; later++)
			if (strcmp(rule->call, later->call) == 0)
				assert_string_equal(later->call, later[-1].call);
}

static void test_the_table_is_what_the_program_says(void **state)
{
	static const struct {
		const char *action;
		uint32_t answer;
	} answers[] = {
		{ "START", SECCOMP_RET_ALLOW }, { "ALLOW", SECCOMP_RET_ALLOW }, { "REFUSE", ERRNO(EPERM) }, { "NOSYS", ERRNO(ENOSYS) },
	};
	cleanup_buf struct buf program = { 0 };
	unsigned allowed = 0, calls = compile_with(NULL, &program);

	(void) state;
	for (size_t i = 0; i < N_SORTED; i++) {
		int nr = filter_call_number(sorted[i].name);
		struct bpf_run run;
		size_t a = 0;

		if (nr == -ENOSYS)
			continue; /* of another architecture */
		assert_true(nr >= 0);
		allowed += is_allowed(&sorted[i]);
		while (strcmp(answers[a].action, sorted[i].action) != 0)
			assert_true(++a < sizeof(answers) / sizeof(answers[0]));
		if (!has_rules(sorted[i].name))
			assert_int_equal(bpf_ask(&program, seccomp_arch_native(), nr, NULL, &run), answers[a].answer);
	}
	assert_int_equal(calls, allowed);
}

/* Linux 5.11 keeps a bitmap of calls that are allowed whatever their arguments: for these no filter runs. */
static void test_allowed_calls_need_no_look_at_arguments(void **state)
{
	cleanup_buf struct buf program = { 0 };
	struct bpf_run run;

	(void) state;
	(void) compile_with(NULL, &program);
	for (size_t i = 0; i < N_SORTED; i++) {
		int nr = filter_call_number(sorted[i].name);

		if (nr < 0 || has_rules(sorted[i].name))
			continue;
		(void) bpf_ask(&program, seccomp_arch_native(), nr, NULL, &run);
		assert_false(run.read_args);
	}
	(void) bpf_ask(&program, seccomp_arch_native(), filter_call_number("socket"), NULL, &run);
	assert_true(run.read_args);
}

static void test_numbers_nobody_knows_are_nosys(void **state)
{
	cleanup_buf struct buf program = { 0 };
	unsigned unknown = 0;

	(void) state;
	(void) compile_with(NULL, &program);
	for (int nr = 0; nr < NUMBERS; nr++) {
		bool known = false;
		struct bpf_run run;

		for (size_t i = 0; i < N_SORTED && !known; i++)
			known = filter_call_number(sorted[i].name) == nr;
		if (known)
			continue;
		unknown++;
		assert_int_equal(bpf_ask(&program, seccomp_arch_native(), nr, NULL, &run), ERRNO(ENOSYS));
	}
	assert_true(unknown > 500);
}

/* Other numbers for the same calls: TIOCSTI is ioctl 54 of i386. In every mode. */
static void test_foreign_architectures_are_killed(void **state)
{
	static const uint32_t archs[] = { SCMP_ARCH_X86, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_X86_64, 0 };
	struct strv none = { 0 };
	const struct strv *const modes[] = { NULL, &none };

	(void) state;
	for (size_t mode = 0; mode < 2; mode++) {
		cleanup_buf struct buf program = { 0 };

		(void) compile_with(modes[mode], &program);
		for (int nr = 0; nr < NUMBERS; nr++) {
			struct bpf_run run;

			for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++)
				if (archs[i] != seccomp_arch_native())
					assert_int_equal(bpf_ask(&program, archs[i], nr, NULL, &run), SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
			assert_int_equal(bpf_ask(&program, seccomp_arch_native(), X32_BIT | nr, NULL, &run), SECCOMP_RET_KILL_PROCESS);
#endif
		}
	}
}

/* A list is what the user named and what a start needs; the count says so. */
static void test_a_list_replaces_the_allow_rows(void **state)
{
	cleanup_strv struct strv allow = { 0 };
	cleanup_buf struct buf program = { 0 };
	unsigned expected = 1, calls;

	(void) state;
	assert_int_equal(strv_add(&allow, "connect"), 0);
	assert_int_equal(strv_add(&allow, "read"), 0);       /* needed anyway */
	assert_int_equal(strv_add(&allow, "connect"), 0);    /* twice */
	assert_int_equal(strv_add(&allow, "socketcall"), 0); /* of other architectures: no mistake, no effect */
	calls = compile_with(&allow, &program);
	for (size_t i = 0; i < N_SORTED; i++) {
		int nr = filter_call_number(sorted[i].name);
		bool start = strcmp(sorted[i].action, "START") == 0;
		bool named = strcmp(sorted[i].name, "connect") == 0;
		struct bpf_run run;
		uint32_t answer;

		if (nr < 0)
			continue;
		expected += start;
		if (has_rules(sorted[i].name))
			continue;
		answer = bpf_ask(&program, seccomp_arch_native(), nr, NULL, &run);
		assert_true((answer == SECCOMP_RET_ALLOW) == (start || named));
	}
	assert_int_equal(calls, expected);
}

static void test_an_unknown_name_is_an_error_that_names_it(void **state)
{
	static const char *const names[] = { "raed", "", "-x", "READ", "0", "read " };

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_strv struct strv allow = { 0 };
		cleanup_buf struct buf program = { 0 };
		cleanup(failure_release) struct failure f = { 0 };
		unsigned calls;

		assert_int_equal(strv_add(&allow, "read"), 0);
		assert_int_equal(strv_add(&allow, names[i]), 0);
		assert_int_equal(filter_compile(&allow, &program, &calls, &f), -EINVAL);
		assert_int_equal(program.len, 0);
		assert_non_null(f.what);
		assert_non_null(strstr(f.what, names[i]));
		assert_non_null(f.hint);
	}
}

static void test_numbers_of_calls(void **state)
{
	(void) state;
	assert_int_equal(filter_call_number("read"), SYS_read);
	assert_int_equal(filter_call_number("mseal"), 462);
	assert_int_equal(filter_call_number("socketcall"), -ENOSYS);
	assert_int_equal(filter_call_number("no_such_call"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_known_call_is_sorted),
		cmocka_unit_test(test_no_call_has_two_rows),
		cmocka_unit_test(test_every_rule_is_about_a_sorted_call),
		cmocka_unit_test(test_rules_of_a_call_stand_together),
		cmocka_unit_test(test_the_table_is_what_the_program_says),
		cmocka_unit_test(test_allowed_calls_need_no_look_at_arguments),
		cmocka_unit_test(test_numbers_nobody_knows_are_nosys),
		cmocka_unit_test(test_foreign_architectures_are_killed),
		cmocka_unit_test(test_a_list_replaces_the_allow_rows),
		cmocka_unit_test(test_an_unknown_name_is_an_error_that_names_it),
		cmocka_unit_test(test_numbers_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
