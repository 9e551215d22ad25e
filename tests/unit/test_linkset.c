/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/linkset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct stat inode(unsigned long ino, unsigned links)
{
	return (struct stat) { .st_ino = ino, .st_nlink = links, .st_blocks = 2 };
}

static void see(struct linkset *s, const struct stat *st, unsigned part, int times)
{
	while (times-- > 0)
		assert_int_equal(linkset_see(s, st, part, 100000), 0);
}

static void a_name_that_was_not_seen_is_elsewhere(void **state)
{
	cleanup(linkset_release) struct linkset s = { 0 };
	const struct stat one = inode(7, 3), other = inode(8, 2), never = inode(9, 2);
	unsigned long long bytes;

	(void) state;
	see(&s, &one, 1, 2);
	see(&s, &other, 1, 2);
	assert_true(linkset_leaves(&s, &one));
	assert_false(linkset_leaves(&s, &other));
	assert_false(linkset_leaves(&s, &never));
	assert_true(linkset_any_leaves(&s, &bytes));
	assert_int_equal(bytes, 2 * 1024);
	see(&s, &one, 1, 1);
	assert_false(linkset_any_leaves(&s, &bytes));
	assert_int_equal(bytes, 0);
}

static void names_in_two_parts_leave_each(void **state)
{
	cleanup(linkset_release) struct linkset s = { 0 };
	const struct stat st = inode(7, 2);

	(void) state;
	see(&s, &st, 1, 1);
	see(&s, &st, 2, 1);
	assert_true(linkset_leaves(&s, &st));
}

static void many_are_told_apart(void **state)
{
	cleanup(linkset_release) struct linkset s = { 0 };
	unsigned long long bytes;

	(void) state;
	assert_false(linkset_any_leaves(&s, &bytes)); /* empty */
	for (unsigned long i = 0; i < 20000; i++) {
		const struct stat st = inode(i << 12, 2);

		see(&s, &st, 1, i == 4321 ? 1 : 2);
	}
	assert_int_equal(s.n, 20000);
	assert_true(linkset_any_leaves(&s, &bytes));
	assert_int_equal(bytes, 1024);
	assert_true(linkset_leaves(&s, &(struct stat) { .st_ino = 4321UL << 12 }));
}

static void there_is_a_limit(void **state)
{
	cleanup(linkset_release) struct linkset s = { 0 };
	const struct stat a = inode(1, 2), b = inode(2, 2), c = inode(3, 2);

	(void) state;
	assert_int_equal(linkset_see(&s, &a, 1, 2), 0);
	assert_int_equal(linkset_see(&s, &b, 1, 2), 0);
	assert_int_equal(linkset_see(&s, &c, 1, 2), -E2BIG);
	assert_int_equal(linkset_see(&s, &b, 1, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_was_not_seen_is_elsewhere),
		cmocka_unit_test(names_in_two_parts_leave_each),
		cmocka_unit_test(many_are_told_apart),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
