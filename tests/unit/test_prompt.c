/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "host/prompt.h"

#define WORDS 6

static const struct {
	const char *argv[WORDS];
	bool at_terminal, elsewhere;
} rows[] = {
	{ { "shell" }, true, false },
	{ { "shell", "-l" }, true, false },
	{ { "shell", "--norc", "-s" }, true, false },
	{ { "shell", "--rcfile", "f", "-o", "vi" }, true, false },
	{ { "shell", "--" }, true, false },
	{ { "shell", "-i" }, true, true },
	{ { "shell", "-li" }, true, true },
	{ { "shell", "-c", "true" }, false, false },
	{ { "shell", "-ec", "true" }, false, false },
	{ { "shell", "-o", "pipefail", "-c", "true" }, false, false },
	{ { "shell", "script" }, false, false },
	{ { "shell", "-x", "script", "-i" }, false, false },
	{ { "shell", "--", "script" }, false, false },
};

static void test_rows(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *const *argv = (char *const *) (uintptr_t) rows[i].argv;
		int argc = 0;

		while (argc < WORDS && argv[argc] != NULL)
			argc++;
		if (prompt_is_shown(argc, argv, true) != rows[i].at_terminal || prompt_is_shown(argc, argv, false) != rows[i].elsewhere)
			fail_msg("row %zu", i);
	}
}

static void check(bool is_bash, const char *own, const char *expected)
{
	cleanup_strv struct strv env = { 0 };

	assert_int_equal(strv_setenv(&env, "PS1", own), 0);
	assert_int_equal(prompt_set(is_bash, &env), 0);
	assert_string_equal(strv_getenv(&env, "PS1"), expected);
	assert_int_equal(strv_getenv(&env, "PROMPT_COMMAND") != NULL, is_bash);
}

static void test_a_prompt_of_ours(void **state)
{
	(void) state;
	check(true, NULL, "(boxed) \\w\\$ ");
	check(false, NULL, "(boxed) $ ");
	check(false, "\\u\\$ ", "(boxed) $ ");
}

static void test_the_users_own_is_kept_behind_the_word(void **state)
{
	(void) state;
	check(true, "(.venv) ${debian_chroot:+x}\\u\\$ ", "(boxed) (.venv) ${debian_chroot:+x}\\u\\$ ");
}

static void test_one_that_runs_commands_is_not_kept(void **state)
{
	(void) state;
	check(true, "$(__git_ps1)\\$ ", "(boxed) \\w\\$ ");
	check(true, "`date`\\$ ", "(boxed) \\w\\$ ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_a_prompt_of_ours),
		cmocka_unit_test(test_the_users_own_is_kept_behind_the_word),
		cmocka_unit_test(test_one_that_runs_commands_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
