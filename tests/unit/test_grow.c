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

/* Nothing is asked for until so many are in it. */
static void test_there_is_the_least_room_at_once(void **state)
{
	size_t *v = grow_from(64, NULL, 0, sizeof(*v)), *grown;

	(void) state;
	for (size_t n = 0; n < 64; n++) {
		assert_ptr_equal(grow_from(64, v, n, sizeof(*v)), v);
		v[n] = n;
	}
	grown = grow_from(64, v, 64, sizeof(*v));
	assert_non_null(grown);
	grown[64] = grown[127] = 64;
	assert_int_equal(grown[63], 63);
	free(grown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_is_room_for_each),
		cmocka_unit_test(test_there_is_the_least_room_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
