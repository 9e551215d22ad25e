/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/path.h"

#include <cmocka.h>

static void only_plain_absolute_paths_are_clean(void **state)
{
	static const char *const dirty[] = { "", "a", "a/b", "//", "/a/", "/a//b", "/.", "/..", "/a/..", "/./a", "/a/./b", "/a/../b" };
	static const char *const clean[] = { "/", "/a", "/a/b c", "/...", "/.a", "/a/..b", "/a\n/\xff" };

	(void) state;
	for (size_t i = 0; i < sizeof(dirty) / sizeof(dirty[0]); i++)
		assert_false(path_is_clean(dirty[i]));
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		assert_true(path_is_clean(clean[i]));
}

static void cleaning(void **state)
{
	static const struct {
		const char *base, *path, *result;
	} rows[] = {
		{ "/base", "a", "/base/a" },     { "/base", "", "/base" },        { "/base", ".", "/base" },
		{ "/base", "..", "/" },          { "/base/x", "../y/", "/base/y" }, { "/", "a", "/a" },
		{ "/base", "/a//b/./c/", "/a/b/c" }, { "/base", "/", "/" },       { "/base", "/..", "/" },
		{ "/base", "../../../a", "/a" }, { "/base", "/a/b/../../c", "/c" }, { "/base", "/a/...", "/a/..." },
		{ "/ba//se/.", "x", "/ba/se/x" }, { "/base", "/a/..", "/" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_free char *result = path_clean(rows[i].base, rows[i].path);

		assert_string_equal(result, rows[i].result);
		assert_true(path_is_clean(result));
	}
}

static void below_is_by_whole_components(void **state)
{
	(void) state;
	assert_string_equal(path_below("/a/b/c", "/a"), "b/c");
	assert_string_equal(path_below("/a", "/a"), "");
	assert_string_equal(path_below("/a", "/"), "a");
	assert_string_equal(path_below("/", "/"), "");
	assert_null(path_below("/ab", "/a"));
	assert_null(path_below("/", "/a"));
	assert_true(path_is_within("/a/b", "/a/b"));
	assert_true(path_is_within("/x", "/"));
	assert_false(path_is_within("/a", "/a/b"));
	assert_false(path_is_within("/abc", "/ab"));
}

static void joining_makes_one_slash(void **state)
{
	static const struct {
		const char *dir, *name, *result;
	} rows[] = { { "/a", "b", "/a/b" }, { "/", "b", "/b" }, { "/a/", "b", "/a/b" }, { "/a", "/b", "/a/b" }, { "/a", "b/c", "/a/b/c" } };

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_free char *result = path_join(rows[i].dir, rows[i].name);

		assert_string_equal(result, rows[i].result);
	}
}

static void the_way_below(void **state)
{
	static const char *const bad[] = { "", ".", "..", "/", "/a", "a/", "a//b", "a/./b", "../a", "a/..", "a/../../b" };
	static const char *const good[] = { "a", "a/b", ".git", "sub/.git", "...", "a b/\n" };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(path_is_clean_relative(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(path_is_clean_relative(good[i]));
}

static void names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "a/" };
	static const char *const good[] = { "a", "...", ".git", "a b", "\n" };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(path_is_name(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(path_is_name(good[i]));
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("/"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_plain_absolute_paths_are_clean),
		cmocka_unit_test(cleaning),
		cmocka_unit_test(below_is_by_whole_components),
		cmocka_unit_test(joining_makes_one_slash),
		cmocka_unit_test(the_way_below),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
