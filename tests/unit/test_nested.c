/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include "common/names.h"
#include "host/nested.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "place.h"

static void learn(const struct place *p, const char *name)
{
	cleanup_strv struct strv found = { 0 };

	assert_int_equal(strv_add(&found, name), 0);
	assert_int_equal(nested_learn(p->fd, &found), 0);
}

static int known(const struct place *p, struct strv *all)
{
	cleanup_manifest struct manifest m = { 0 };

	assert_int_equal(strv_add(&m.nested, "lib/.git"), 0);
	strv_release(all);
	return nested_known(p->fd, &m, all);
}

static void test_what_is_learned_is_known(void **state)
{
	struct place *p = *state;
	cleanup_strv struct strv all = { 0 };

	assert_int_equal(known(p, &all), 0);
	assert_int_equal(all.n, 1);
	learn(p, "b\nc/.git");
	learn(p, "a/.git");
	assert_int_equal(known(p, &all), 0);
	assert_int_equal(all.n, 3);
	assert_string_equal(all.v[0], "a/.git");
	assert_string_equal(all.v[1], "b\nc/.git");
}

static void test_nothing_found_writes_nothing(void **state)
{
	struct place *p = *state;
	struct strv none = { 0 };

	assert_int_equal(nested_learn(p->fd, &none), 0);
	assert_false(there(p, VB_NESTED));
}

/* A file that protects and cannot be read is an error: so it must not become one by a full disk. */
static void test_a_torn_line_is_mended(void **state)
{
	struct place *p = *state;
	cleanup_strv struct strv all = { 0 };

	put(p, VB_NESTED, "nested=a/.git\nnested=b/.g");
	assert_int_equal(known(p, &all), -EBADMSG);
	learn(p, "c/.git");
	assert_int_equal(known(p, &all), 0);
	assert_true(strv_contains(&all, "a/.git") && strv_contains(&all, "c/.git"));
	assert_int_equal(all.n, 3);
}

static void test_no_path_leads_out(void **state)
{
	struct place *p = *state;
	cleanup_strv struct strv all = { 0 };

	put(p, VB_NESTED, "nested=../../.ssh\n");
	assert_int_equal(known(p, &all), -EBADMSG);
}

/* An empty one would be the project itself, read-only. */
static void test_only_what_is_below_is_taken(void **state)
{
	static const char *const rows[] = { "nested=\n", "nested=/\n", "nested=/etc\n" };
	struct place *p = *state;
	cleanup_strv struct strv all = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(p, VB_NESTED, rows[i]);
		assert_int_equal(known(p, &all), -EBADMSG);
	}
	put(p, VB_NESTED, "nested=etc\n");
	assert_int_equal(known(p, &all), 0);
	assert_true(strv_contains(&all, "etc"));
}

/* A box makes repositories, with names as long as can be. */
static void test_no_number_of_them_ends_the_venv(void **state)
{
	struct place *p = *state;
	cleanup_strv struct strv all = { 0 };
	cleanup_strv struct strv found = { 0 };
	char name[3000];

	memset(name, '\x01', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int round = 0; round < 3; round++) {
		strv_release(&found);
		for (int i = 0; i < 300; i++)
			assert_int_equal(strv_addf(&found, "%s%d.%d/.git", round == 0 ? name : "", round, i), 0);
		assert_int_equal(nested_learn(p->fd, &found), 0);
		assert_int_equal(known(p, &all), 0);
		assert_true(all.n > 10 && all.n < 100);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_learned_is_known),
		TEST(test_nothing_found_writes_nothing),
		TEST(test_a_torn_line_is_mended),
		TEST(test_no_path_leads_out),
		TEST(test_only_what_is_below_is_taken),
		TEST(test_no_number_of_them_ends_the_venv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
