/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/grow.h"

#include <cmocka.h>

/* What is written behind the end of the room the sanitizers see. */
static void test_there_is_room_for_each(void **state)
{
	size_t *v = NULL;

	(void) state;
	for (size_t n = 0; n < 1000; n++) {
		size_t *grown = grow(v, n, sizeof(*v));

		assert_non_null(grown);
		/* Room is asked for at the beginning, and at 16, 32 ... */
		if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
			assert_ptr_equal(grown, v);
		v = grown;
		v[n] = n;
	}
	for (size_t n = 0; n < 1000; n++)
		assert_int_equal(v[n], n);
	/* Fewer, and more again. */
	for (size_t n = 3; n < 40; n++) {
		v = grow(v, n, sizeof(*v));
		v[n] = 2 * n;
	}
	assert_int_equal(v[2] + v[39], 80);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_is_room_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
