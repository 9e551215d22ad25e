/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "install/args.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

/* words: separated by blanks, after the name of the program. */
static int parse(const char *words, struct args *a, struct failure *f)
{
	static char text[512];
	char *argv[32] = { (char *) "venvbox-install" }, *rest = text;
	int argc = 1;

	(void) snprintf(text, sizeof(text), "%s", words);
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	failure_release(f);
	args_release(a);
	return args_parse(argc, argv, a, f);
}

static void takes_an_action_and_a_venv(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args a = { 0 };

	(void) state;
	assert_int_equal(parse("", &a, &f), 0);
	assert_int_equal(a.action, ACTION_INSTALL);
	assert_string_equal(a.venv, ".venv");
	assert_int_equal(parse("--status /x/y", &a, &f), 0);
	assert_int_equal(a.action, ACTION_STATUS);
	assert_string_equal(a.venv, "/x/y");
	assert_int_equal(parse("x --remove", &a, &f), 0);
	assert_int_equal(a.action, ACTION_REMOVE);
	assert_int_equal(parse("-- --odd", &a, &f), 0);
	assert_string_equal(a.venv, "--odd");
	assert_int_equal(parse("--status --remove x", &a, &f), -EINVAL);
	assert_int_equal(parse("x y", &a, &f), -EINVAL);
	assert_int_equal(parse("-h", &a, &f), -EINVAL);
	assert_int_equal(parse("--json x", &a, &f), -EINVAL);
	assert_int_equal(parse("--status --json x", &a, &f), -EINVAL);
	assert_int_equal(parse("--doctor", &a, &f), 0);
	assert_int_equal(a.action, ACTION_DOCTOR);
	assert_null(a.venv); /* not .venv: without one the doctor makes a box of its own */
	assert_false(a.json);
	assert_int_equal(parse("x --json --doctor", &a, &f), 0);
	assert_string_equal(a.venv, "x");
	assert_true(a.json);
}

static void takes_a_command_to_learn_from(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args a = { 0 };

	(void) state;
	assert_int_equal(parse("x --learn -- pytest -q --status -- y", &a, &f), 0);
	assert_int_equal(a.action, ACTION_LEARN);
	assert_string_equal(a.venv, "x");
	assert_false(a.yes);
	assert_int_equal(a.command.n, 5);
	assert_string_equal(a.command.v[0], "pytest");
	assert_string_equal(a.command.v[3], "--");
	assert_int_equal(parse("--learn --yes -- make", &a, &f), 0);
	assert_string_equal(a.venv, ".venv");
	assert_true(a.yes);
	assert_int_equal(parse("--learn", &a, &f), -EINVAL);
	assert_int_equal(parse("--learn --", &a, &f), -EINVAL);
	assert_int_equal(parse("--yes x", &a, &f), -EINVAL);
	assert_int_equal(parse("x --learn --network none -- make", &a, &f), -EINVAL);
	assert_int_equal(parse("x --learn --remove -- make", &a, &f), -EINVAL);
}

static void explains_a_venv_or_a_path(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args a = { 0 };

	(void) state;
	assert_int_equal(parse("--explain", &a, &f), 0);
	assert_int_equal(a.action, ACTION_EXPLAIN);
	assert_string_equal(a.venv, ".venv");
	assert_null(a.path);
	assert_int_equal(parse("x --explain y", &a, &f), 0);
	assert_string_equal(a.venv, "x");
	assert_string_equal(a.path, "y");
	assert_int_equal(parse("--explain y", &a, &f), 0); /* the word before a path is the venv */
	assert_string_equal(a.venv, "y");
	assert_null(a.path);
	assert_int_equal(parse("--explain=-y x", &a, &f), 0);
	assert_string_equal(a.venv, "x");
	assert_string_equal(a.path, "-y");
	assert_int_equal(parse("x --explain --", &a, &f), 0);
	assert_null(a.path);
	assert_int_equal(parse("x --explain=", &a, &f), -EINVAL);
	assert_int_equal(parse("x --explain=a --explain=b", &a, &f), -EINVAL);
	assert_int_equal(parse("x --explain a b", &a, &f), -EINVAL);
	assert_int_equal(parse("x --explained", &a, &f), -EINVAL);
	assert_int_equal(parse("x --status --explain", &a, &f), -EINVAL);
	assert_int_equal(parse("x --explain --ro /y", &a, &f), -EINVAL);
}

static void sorts_settings_and_bubblewrap_options(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args a = { 0 };

	(void) state;
	assert_int_equal(parse("--ro /a --network=none v --setenv --rw --status --rw=/b --hostname h", &a, &f), 0);
	assert_int_equal(a.action, ACTION_INSTALL);
	assert_int_equal(a.settings.n, 6);
	assert_string_equal(a.settings.v[0], "ro");
	assert_string_equal(a.settings.v[3], "none");
	assert_string_equal(a.settings.v[5], "/b");
	assert_int_equal(a.bwrap.n, 5);
	assert_string_equal(a.bwrap.v[2], "--status");
	assert_int_equal(parse("--hostname h v", &a, &f), -EINVAL);
	assert_non_null(strstr(f.hint, "after the venv"));
	assert_int_equal(parse("v --hostname", &a, &f), -EINVAL);
	assert_int_equal(parse("v --seccomp 3", &a, &f), -EINVAL);
	assert_int_equal(parse("v --ro", &a, &f), -EINVAL);
	assert_int_equal(parse("v --nonsense", &a, &f), -EINVAL);
	assert_int_equal(parse("--status v --hostname h", &a, &f), -EINVAL);
}

static void applies_to_the_policy(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args a = { 0 };
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	assert_int_equal(parse("--ro a/../b --profile system v --hostname h", &a, &f), 0);
	assert_int_equal(args_apply(&a, "/w", &c, &f), 0);
	assert_string_equal(c.ro.v[0], "/w/b");
	assert_int_equal(c.profile, PROFILE_SYSTEM);
	assert_int_equal(c.bwrap.n, 2);
	assert_int_equal(parse("--profile wide v", &a, &f), 0);
	assert_int_equal(args_apply(&a, "/w", &c, &f), -EINVAL);
}

static void help_names_every_setting(void **state)
{
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_int_equal(args_help(&out), 0);
	for (const struct setting *s = conf_settings; s->key != NULL; s++) {
		char option[64];

		(void) snprintf(option, sizeof(option), "--%s %s", s->key, s->metavar);
		assert_non_null(strstr(out.data, option));
		assert_non_null(strstr(out.data, s->help));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_an_action_and_a_venv),
		cmocka_unit_test(takes_a_command_to_learn_from),
		cmocka_unit_test(explains_a_venv_or_a_path),
		cmocka_unit_test(sorts_settings_and_bubblewrap_options),
		cmocka_unit_test(applies_to_the_policy),
		cmocka_unit_test(help_names_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
