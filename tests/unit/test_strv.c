/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/strv.h"

#include <cmocka.h>

static void assert_words(const struct strv *s, const char *const words[])
{
	size_t n = 0;

	for (; words[n] != NULL; n++) {
		assert_true(n < s->n);
		assert_string_equal(s->v[n], words[n]);
	}
	assert_int_equal(s->n, n);
	assert_true(n == 0 || s->v[n] == NULL);
}

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void words_are_copied_and_end_with_null(void **state)
{
	cleanup_strv struct strv s = { 0 };
	char word[] = "mine";

	(void) state;
	assert_int_equal(strv_add(&s, word), 0);
	word[0] = 'X';
	assert_int_equal(strv_addf(&s, "%d%%", 7), 0);
	assert_int_equal(strv_take(&s, strdup("taken")), 0);
	assert_words(&s, WORDS("mine", "7%", "taken"));
}

static void a_null_to_take_is_no_memory(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	assert_int_equal(strv_take(&s, NULL), -ENOMEM);
	assert_int_equal(s.n, 0);
}

static void an_empty_one_has_an_argv(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	assert_null(strv_argv(&s)[0]);
	assert_int_equal(strv_add(&s, "a"), 0);
	assert_ptr_equal(strv_argv(&s), s.v);
}

static void removal_closes_the_gap(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	for (const char *const *w = WORDS("c", "a", "b"); *w != NULL; w++)
		assert_int_equal(strv_add(&s, *w), 0);
	strv_remove(&s, 3); /* none there */
	strv_remove(&s, 1);
	assert_words(&s, WORDS("c", "b"));
	strv_sort(&s);
	assert_words(&s, WORDS("b", "c"));
	assert_true(strv_contains(&s, "c"));
	assert_false(strv_contains(&s, "a"));
	strv_remove(&s, 1);
	strv_remove(&s, 0);
	assert_int_equal(s.n, 0);
	assert_null(strv_argv(&s)[0]);
}

static void two_are_equal_word_by_word(void **state)
{
	cleanup_strv struct strv a = { 0 }, b = { 0 };

	(void) state;
	assert_true(strv_equal(&a, &b));
	assert_int_equal(strv_add(&a, "x") + strv_add(&b, "x"), 0);
	assert_true(strv_equal(&a, &b));
	assert_int_equal(strv_add(&b, "y"), 0);
	assert_false(strv_equal(&a, &b) || strv_equal(&b, &a));
	assert_int_equal(strv_add(&a, "z"), 0);
	assert_false(strv_equal(&a, &b));
}

static void a_vector_can_be_added_to_itself(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(strv_addf(&s, "%d", i), 0);
	assert_int_equal(strv_add_all(&s, &s), 0);
	assert_int_equal(s.n, 200);
	assert_string_equal(s.v[199], "99");
}

static void a_name_is_found_whole(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	for (const char *const *w = WORDS("PATHS=x", "PATH=/bin", "EMPTY=", "PATH"); *w != NULL; w++)
		assert_int_equal(strv_add(&s, *w), 0);
	assert_string_equal(strv_getenv(&s, "PATH"), "/bin");
	assert_string_equal(strv_getenv(&s, "EMPTY"), "");
	assert_null(strv_getenv(&s, "PAT"));
}

static void setting_leaves_a_name_there_once(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	for (const char *const *w = WORDS("A=1", "B=2", "A=3"); *w != NULL; w++)
		assert_int_equal(strv_add(&s, *w), 0);
	assert_int_equal(strv_setenv(&s, "A", "new=value"), 0);
	assert_int_equal(strv_setenv(&s, "C", ""), 0);
	assert_words(&s, WORDS("A=new=value", "B=2", "C="));
	assert_int_equal(strv_setenv(&s, "A", NULL), 0);
	assert_int_equal(strv_setenv(&s, "NONE", NULL), 0);
	assert_words(&s, WORDS("B=2", "C="));
}

static void a_name_with_an_equals_sign_is_refused(void **state)
{
	cleanup_strv struct strv s = { 0 };

	(void) state;
	assert_int_equal(strv_setenv(&s, "A=B", "x"), -EINVAL);
	assert_int_equal(strv_setenv(&s, "", "x"), -EINVAL);
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_copied_and_end_with_null),
		cmocka_unit_test(a_null_to_take_is_no_memory),
		cmocka_unit_test(an_empty_one_has_an_argv),
		cmocka_unit_test(removal_closes_the_gap),
		cmocka_unit_test(two_are_equal_word_by_word),
		cmocka_unit_test(a_vector_can_be_added_to_itself),
		cmocka_unit_test(a_name_is_found_whole),
		cmocka_unit_test(setting_leaves_a_name_there_once),
		cmocka_unit_test(a_name_with_an_equals_sign_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
