/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"

#include <cmocka.h>

static void an_empty_one_is_the_empty_string(void **state)
{
	cleanup_buf struct buf b = { 0 };
	cleanup_free char *text = buf_take(&b);

	(void) state;
	assert_string_equal(text, "");
}

static void additions_are_kept_with_their_nul(void **state)
{
	cleanup_buf struct buf b = { 0 };

	(void) state;
	buf_puts(&b, "one");
	buf_putc(&b, ' ');
	buf_add(&b, "a\0b", 3);
	buf_printf(&b, "%s-%05d", "n", 42);
	assert_int_equal(b.len, 14);
	assert_memory_equal(b.data, "one a\0bn-00042", 15);
}

static void it_grows_past_any_first_room(void **state)
{
	cleanup_buf struct buf b = { 0 };

	(void) state;
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%04d", i);
	assert_int_equal(b.len, 20000);
	assert_memory_equal(b.data + 19996, "4999", 5);
}

static void taking_leaves_it_empty(void **state)
{
	cleanup_buf struct buf b = { 0 };
	cleanup_free char *first = NULL, *second = NULL;

	(void) state;
	buf_puts(&b, "first");
	first = buf_take(&b);
	buf_puts(&b, "second");
	second = buf_take(&b);
	assert_string_equal(first, "first");
	assert_string_equal(second, "second");
}

/* The array is the first room and never freed; what is taken is the caller's own. */
static void one_may_begin_in_an_array(void **state)
{
	char room[16];
	cleanup_buf struct buf b = BUF_ON(room), small = BUF_ON(room);
	cleanup_free char *taken = NULL;

	(void) state;
	buf_puts(&b, "fifteen letters");
	assert_ptr_equal(b.data, room);
	buf_putc(&b, '!');
	assert_ptr_not_equal(b.data, room);
	assert_string_equal(b.data, "fifteen letters!");
	buf_puts(&small, "small");
	taken = buf_take(&small);
	assert_ptr_not_equal(taken, room);
	assert_string_equal(taken, "small");
}

static void a_failure_is_remembered(void **state)
{
	cleanup_buf struct buf b = { 0 };

	(void) state;
	buf_puts(&b, "text");
	buf_add(&b, "x", SIZE_MAX - 2); /* more than there is memory; nothing is read */
	assert_true(b.failed);
	buf_puts(&b, "more");
	assert_string_equal(b.data, "text");
	assert_null(buf_take(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_the_empty_string),
		cmocka_unit_test(additions_are_kept_with_their_nul),
		cmocka_unit_test(it_grows_past_any_first_room),
		cmocka_unit_test(taking_leaves_it_empty),
		cmocka_unit_test(one_may_begin_in_an_array),
		cmocka_unit_test(a_failure_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
