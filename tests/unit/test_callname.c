/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/syscall.h>

#include "host/callname.h"
#include "install/argrules.h"
#include "install/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
	const char *name, *action, *why;
} rows[] = {
#define CALL(name, action, why) { #name, #action, why },
#include "inside/calls.def"
};

static bool is_allowed(const char *action)
{
	return strcmp(action, "START") == 0 || strcmp(action, "ALLOW") == 0;
}

static void every_row_is_found_by_its_number(void **state)
{
	size_t found = 0;

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int number = filter_call_number(rows[i].name);
		const struct callname *name = number >= 0 ? callname_find(number) : NULL;

		if (number < 0)
			continue; /* another architecture's */
		if (name == NULL || strcmp(name->name, rows[i].name) != 0)
			fail_msg("%s: found '%s'", rows[i].name, name != NULL ? name->name : "nothing");
		assert_int_equal(name->number, number);
		assert_string_equal(name->why, rows[i].why);
		assert_int_equal(name->allowed, is_allowed(rows[i].action));
		found++;
	}
	assert_true(found > 300);
}

static void other_numbers_have_no_name(void **state)
{
	(void) state;
	assert_null(callname_find(-1));
	assert_null(callname_find(99999));
	assert_string_equal(callname_find(SYS_ptrace)->name, "ptrace");
}

/* Of what the table refuses, the row has the reason. */
static void every_rule_about_arguments_has_words(void **state)
{
	(void) state;
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++) {
		int number = filter_call_number(rule->call);

		if (number < 0 || !callname_find(number)->allowed)
			continue;
		if (callname_arguments(rule->call) == NULL)
			fail_msg("%s: refused without a reason", rule->call);
	}
}

static void every_call_of_numbers_has_words(void **state)
{
	static const char *const names[] = { "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "chown", "fchown", "lchown", "fchownat" };

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(callname_arguments(names[i]), "another user or group"));
}

static void names_are_compared_whole(void **state)
{
	(void) state;
	assert_non_null(callname_arguments("socketpair"));
	assert_ptr_equal(callname_arguments("socketpair"), callname_arguments("socket"));
	assert_null(callname_arguments("sock"));
	assert_null(callname_arguments("socketpai"));
	assert_null(callname_arguments("read"));
	assert_null(callname_arguments(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_its_number),
		cmocka_unit_test(other_numbers_have_no_name),
		cmocka_unit_test(every_rule_about_arguments_has_words),
		cmocka_unit_test(every_call_of_numbers_has_words),
		cmocka_unit_test(names_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
