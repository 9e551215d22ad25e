/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "install/doctor_report.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

static void add(struct report *r, enum result result)
{
	report_add(r, "id", "group", "does something", result, "because", "do that");
}

static void only_what_held_is_ok(void **state)
{
	static const struct {
		enum result result;
		bool ok;
	} rows[] = {
		{ RESULT_NOT_HELD, false }, { RESULT_NOT_CHECKED, false }, { RESULT_HELD, true }, { RESULT_OPEN, true }, { RESULT_INFO, true },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_report struct report r = { 0 };

		add(&r, RESULT_HELD);
		add(&r, rows[i].result);
		add(&r, RESULT_HELD);
		assert_int_equal(report_ok(&r), rows[i].ok);
	}
}

static void a_report_that_is_not_whole_is_not_ok(void **state)
{
	cleanup_report struct report r = { .failed = true };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	assert_false(report_ok(&r));
	assert_int_equal(report_text(&r, &out), -ENOMEM);
	assert_int_equal(report_json(&r, "6", &out), -ENOMEM);
}

static void says_one_line_each_and_the_sum(void **state)
{
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	add(&r, RESULT_HELD);
	add(&r, RESULT_NOT_HELD);
	add(&r, RESULT_OPEN);
	add(&r, RESULT_NOT_CHECKED);
	add(&r, RESULT_INFO);
	report_add(&r, "id", "group", "has nothing to say", RESULT_HELD, NULL, NULL);
	assert_int_equal(report_text(&r, &out), 0);
	assert_string_equal(out.data, "held        does something: because\n"
				      "NOT HELD    does something: because (hint: do that)\n"
				      "opened      does something: because\n"
				      "NOT CHECKED does something: because (hint: do that)\n"
				      "info        does something: because\n"
				      "held        has nothing to say\n"
				      "2 held, 1 not held, 1 opened by the policy, 1 not checked\n");
}

static void no_word_steers_the_terminal(void **state)
{
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	report_add(&r, "id", "group", "a\x1b[31m", RESULT_NOT_HELD, "two\nlines", "\xff");
	assert_int_equal(report_text(&r, &out), 0);
	assert_string_equal(out.data, "NOT HELD    a\\x1b[31m: two\\nlines (hint: \\xff)\n0 held, 1 not held\n");
}

static void writes_json(void **state)
{
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	report_add(&r, "a", "g", "\"quoted\" \\ \n \x01 \xc3\xa9 \xff", RESULT_NOT_HELD, "", "r");
	report_add(&r, "b", "g", "t", RESULT_OPEN, "d", NULL);
	assert_int_equal(report_json(&r, "6.1", &out), 0);
	assert_string_equal(out.data, "{\"version\": \"" PACKAGE_VERSION "\", \"kernel\": \"6.1\", \"checks\": [\n"
				      "{\"id\": \"a\", \"group\": \"g\", \"title\": \"\\\"quoted\\\" \\\\ \\\\n \\\\x01 \xc3\xa9 \\\\xff\", "
				      "\"result\": \"not-held\", \"detail\": \"\", \"remedy\": \"r\"},\n"
				      "{\"id\": \"b\", \"group\": \"g\", \"title\": \"t\", \"result\": \"open\", \"detail\": \"d\", \"remedy\": \"\"}], "
				      "\"ok\": false}\n");
}

static void json_says_when_all_held(void **state)
{
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	add(&r, RESULT_HELD);
	assert_int_equal(report_json(&r, "6.1", &out), 0);
	assert_non_null(strstr(out.data, "\"ok\": true}\n"));
	assert_non_null(strstr(out.data, "\"result\": \"held\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_held_is_ok),
		cmocka_unit_test(a_report_that_is_not_whole_is_not_ok),
		cmocka_unit_test(says_one_line_each_and_the_sum),
		cmocka_unit_test(no_word_steers_the_terminal),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(json_says_when_all_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
