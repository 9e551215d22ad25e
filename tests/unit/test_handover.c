/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>

#undef fail_msg /* cmocka has one too */
#include "inside/handover.h"

static int check(const struct order_fd *fds, size_t n, size_t passed)
{
	const struct orders o = { .fds = (struct order_fd *) (uintptr_t) fds, .n_fds = n };

	return handover_check_orders(&o, passed);
}

static void test_sound_orders_pass(void **state)
{
	static const struct order_fd fds[] = {
		{ .target = 0, .how = FD_REOPEN, .flags = O_RDONLY | O_NONBLOCK | O_APPEND | O_NOATIME },
		{ .target = 1, .how = FD_PASS },
		{ .target = 2, .how = FD_PASS },
	};

	(void) state;
	assert_int_equal(check(fds, 3, 2), 0);
	assert_int_equal(check(fds, 0, 0), 0);
}

static void test_count_of_descriptors_must_match(void **state)
{
	static const struct order_fd fds[] = { { .target = 1, .how = FD_PASS }, { .target = 2, .how = FD_PASS } };

	(void) state;
	assert_int_equal(check(fds, 2, 1), -EBADMSG);
	assert_int_equal(check(fds, 2, 3), -EBADMSG);
}

static void test_two_for_one_target_are_refused(void **state)
{
	static const struct order_fd fds[] = { { .target = 5, .how = FD_PASS }, { .target = 1, .how = FD_PASS }, { .target = 5, .how = FD_REOPEN } };

	(void) state;
	assert_int_equal(check(fds, 3, 2), -EBADMSG);
}

static void test_reopening_must_not_be_able_to_write(void **state)
{
	static const int bad[] = { O_WRONLY, O_RDWR, O_ACCMODE, O_CREAT, O_TRUNC, O_EXCL, O_TMPFILE, O_PATH, O_DIRECTORY };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct order_fd fd = { .target = 0, .how = FD_REOPEN, .flags = bad[i] };

		assert_int_equal(check(&fd, 1, 0), -EBADMSG);
	}
}

static void test_outside_a_box_it_does_not_start(void **state)
{
	struct box b = { 0 };
	cleanup(failure_release) struct failure f = { 0 };

	(void) state;
	assert_int_equal(handover_settle(&b, &f), -EINVAL);
	assert_non_null(f.what);
	assert_non_null(f.hint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_orders_pass),
		cmocka_unit_test(test_count_of_descriptors_must_match),
		cmocka_unit_test(test_two_for_one_target_are_refused),
		cmocka_unit_test(test_reopening_must_not_be_able_to_write),
		cmocka_unit_test(test_outside_a_box_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
