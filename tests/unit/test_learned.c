/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/learned.h"

#include <errno.h>

#include <cmocka.h>

static void is_read_back_as_it_was_packed(void **state)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_learned struct learned_list list = { 0 };

	(void) state;
	learned_pack(&text, false, "hidden: /x\n(read)", "ro", "/a \xff\t", "line", NULL);
	learned_pack(&text, true, "refused: mount", NULL, NULL, NULL, "why");
	assert_int_equal(learned_unpack(text.data, text.len, &list), 0);
	assert_int_equal(list.n, 2);
	assert_false(list.v[0].unwise);
	assert_string_equal(list.v[0].what, "hidden: /x\n(read)");
	assert_string_equal(list.v[0].setting, "ro");
	assert_string_equal(list.v[0].value, "/a \xff\t");
	assert_string_equal(list.v[0].line, "line");
	assert_string_equal(list.v[0].why, "");
	assert_true(list.v[1].unwise);
	assert_string_equal(list.v[1].setting, "");
	assert_string_equal(list.v[1].why, "why");
}

static void nothing_is_an_empty_list(void **state)
{
	cleanup_learned struct learned_list list = { 0 };

	(void) state;
	assert_int_equal(learned_unpack(NULL, 0, &list), 0);
	assert_int_equal(list.n, 0);
}

/* A launcher that was killed while it wrote. */
static void what_is_cut_is_refused_wherever(void **state)
{
	cleanup_buf struct buf text = { 0 };

	(void) state;
	learned_pack(&text, false, "a", "b", "c", "d", "e");
	for (size_t len = 1; len < text.len; len++) {
		struct learned_list list;

		assert_int_equal(learned_unpack(text.data, len, &list), -EBADMSG);
		assert_int_equal(list.n, 0);
		assert_null(list.v);
	}
}

/* What is neither wise nor unwise is not taken for wise. */
static void another_verdict_is_refused(void **state)
{
	static const char text[] = "perhaps\0a\0ro\0/x\0\0\0";
	struct learned_list list;

	(void) state;
	assert_int_equal(learned_unpack(text, sizeof(text) - 1, &list), -EBADMSG);
	assert_int_equal(list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_back_as_it_was_packed),
		cmocka_unit_test(nothing_is_an_empty_list),
		cmocka_unit_test(what_is_cut_is_refused_wherever),
		cmocka_unit_test(another_verdict_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
