/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/syscall.h>

#include "host/callname.h"
#include "host/watchcall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool is_in(int number, const int *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* A refused one is told of by the filter. */
static void each_is_a_call_that_is_allowed(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_watchcalls; i++) {
		const struct callname *name = callname_find(watchcalls[i].number);

		assert_non_null(name);
		if (!name->allowed)
			fail_msg("%s is refused", name->name);
	}
}

/* watcher.c reads them so. */
static void the_rows_of_a_call_stand_together(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_watchcalls; i++) {
		const struct watchcall *first = watchcall_find(watchcalls[i].number);

		assert_non_null(first);
		for (const struct watchcall *row = first; row <= &watchcalls[i]; row++)
			assert_int_equal(row->number, watchcalls[i].number);
	}
	assert_null(watchcall_find(SYS_read));
	assert_null(watchcall_find(-1));
}

static void each_names_arguments_that_there_are(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_watchcalls; i++) {
		const struct watchcall *w = &watchcalls[i];
		bool flags = w->use == WATCH_OPEN || w->use == WATCH_CONNECT || w->use == WATCH_BIND || w->use == WATCH_LIMIT;

		assert_true(w->path >= 0 && w->path < 6);
		assert_true(w->dir >= WATCH_NONE && w->dir < 6);
		assert_true(flags ? w->flags >= 0 && w->flags < 6 : w->flags == WATCH_NONE);
	}
}

static void each_number_is_watched_once(void **state)
{
	int numbers[128];

	(void) state;
	assert_true(n_watchcalls <= sizeof(numbers) / sizeof(numbers[0]));
	for (int looks = 0; looks < 2; looks++) {
		size_t n = watchcall_numbers(looks, numbers);

		for (size_t i = 0; i < n; i++)
			assert_false(is_in(numbers[i], numbers, i));
	}
}

static void looking_is_watched_on_request(void **state)
{
	int without[128], with[128];
	size_t n = watchcall_numbers(false, without);
	size_t more = watchcall_numbers(true, with);

	(void) state;
	assert_true(more > n);
	assert_false(is_in(SYS_statx, without, n));
	assert_true(is_in(SYS_statx, with, more));
	for (size_t i = 0; i < n; i++)
		assert_true(is_in(without[i], with, more));
	assert_true(is_in(SYS_openat, without, n));
	assert_true(is_in(SYS_linkat, without, n)); /* it looks at one path and makes the other */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_a_call_that_is_allowed),
		cmocka_unit_test(the_rows_of_a_call_stand_together),
		cmocka_unit_test(each_names_arguments_that_there_are),
		cmocka_unit_test(each_number_is_watched_once),
		cmocka_unit_test(looking_is_watched_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
