/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/failure.h"
#include "common/names.h"
#include "capture.h"

#include <cmocka.h> /* last: its fail_msg() is a macro, hence our (fail_msg) */

static void words_and_result(void **state)
{
	struct failure f = { 0 };

	(void) state;
	assert_int_equal((fail_msg)(&f, EPERM, "do this", "no %s", "way"), -EPERM);
	assert_string_equal(f.what, "no way");
	assert_string_equal(f.hint, "do this");
	assert_int_equal(fail_errno(&f, ENOENT, NULL, "cannot open '%s'", "/x"), -ENOENT);
	assert_string_equal(f.what, "cannot open '/x': No such file or directory");
	assert_null(f.hint);
	fail_hint(&f, "try %d", 2);
	assert_string_equal(f.hint, "try 2");
	failure_release(&f);
	assert_null(f.what);
	assert_null(f.hint);
}

static void what_ran_out_is_the_hint(void **state)
{
	struct failure f = { 0 };

	(void) state;
	assert_int_equal(fail_errno(&f, EMFILE, "install it again", "cannot open '%s'", "/x"), -EMFILE);
	assert_non_null(strstr(f.hint, "ulimit -n"));
	assert_int_equal(fail_errno(&f, ENOMEM, NULL, "cannot start"), -ENOMEM);
	assert_non_null(strstr(f.hint, "memory"));
	assert_int_equal(fail_errno(&f, ENOSPC, "make room", "cannot write"), -ENOSPC);
	assert_string_equal(f.hint, "make room");
	failure_release(&f);
}

static void new_words_may_quote_the_old(void **state)
{
	struct failure f = { 0 };

	(void) state;
	(void) (fail_msg)(&f, EINVAL, "the hint", "inner");
	(void) (fail_msg)(&f, EINVAL, f.hint, "outer: %s", f.what);
	assert_string_equal(f.what, "outer: inner");
	assert_string_equal(f.hint, "the hint");
	failure_release(&f);
}

static void nobody_need_listen(void **state)
{
	(void) state;
	assert_int_equal((fail_msg)(NULL, EPERM, "h", "w"), -EPERM);
	assert_int_equal(fail_errno(NULL, EPERM, "h", "w"), -EPERM);
	fail_hint(NULL, "h");
}

static int printed(const struct failure *f, int err, char *text, size_t room)
{
	struct capture c;

	assert_true(capture_begin(&c) >= 0);
	assert_int_equal(failure_print(f, err), VB_EXIT_FAILURE);
	return capture_end(&c, text, room);
}

static void it_prints_two_lines_in_one_write(void **state)
{
	struct failure f = { .what = (char *) (uintptr_t) "cannot", .hint = (char *) (uintptr_t) "can" };
	char text[256];

	(void) state;
	assert_int_equal(printed(&f, -EPERM, text, sizeof(text)), 1);
	assert_string_equal(text, "venvbox: cannot\nhint: can\n");
	f.hint = NULL;
	(void) printed(&f, -EPERM, text, sizeof(text));
	assert_string_equal(text, "venvbox: cannot\n");
}

static void a_file_name_cannot_drive_the_terminal(void **state)
{
	struct failure f = { .what = (char *) (uintptr_t) "'a\nvenvbox: forged\x1b[2J'", .hint = (char *) (uintptr_t) "rm \x9b\r" };
	char text[256];

	(void) state;
	(void) printed(&f, -EPERM, text, sizeof(text));
	assert_string_equal(text, "venvbox: 'a\\nvenvbox: forged\\x1b[2J'\nhint: rm \\x9b\\x0d\n");
}

static void with_nothing_said_it_gives_the_errno(void **state)
{
	struct failure f = { 0 };
	char text[256];

	(void) state;
	(void) printed(&f, -ENOSPC, text, sizeof(text));
	assert_string_equal(text, "venvbox: No space left on device\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_result),
		cmocka_unit_test(what_ran_out_is_the_hint),
		cmocka_unit_test(new_words_may_quote_the_old),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(it_prints_two_lines_in_one_write),
		cmocka_unit_test(a_file_name_cannot_drive_the_terminal),
		cmocka_unit_test(with_nothing_said_it_gives_the_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
