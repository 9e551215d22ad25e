/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/denial.h"

#include <cmocka.h>

static const struct denial model = {
	.kind = DENIED_HIDDEN, .purpose = PURPOSE_READ, .what = "/x", .real = "/y", .program = "python", .call = 2, .err = 1, .count = 1,
};

static bool add(struct denials *all, struct denial d)
{
	bool fresh;

	assert_int_equal(denials_add(all, &d, &fresh), 0);
	return fresh;
}

static void the_same_is_counted(void **state)
{
	struct denials all = { 0 };
	struct denial many = model;

	(void) state;
	many.count = 5;
	assert_true(add(&all, model));
	assert_false(add(&all, model));
	assert_false(add(&all, many));
	assert_int_equal(all.n, 1);
	assert_int_equal(all.v[0].count, 7);
	assert_false(all.full);
	denials_release(&all);
	assert_null(all.v);
}

static void what_differs_in_anything_is_another(void **state)
{
	struct denial others[7];
	struct denials all = { 0 };
	char what[] = "/z", program[] = "sh";

	(void) state;
	for (size_t i = 0; i < 7; i++)
		others[i] = model;
	others[0].kind = DENIED_WRITE;
	others[1].purpose = PURPOSE_LOOK;
	others[2].what = what;
	others[3].program = program;
	others[4].call = 3;
	others[5].err = 2;
	others[6].detail = "a reason";
	assert_true(add(&all, model));
	for (size_t i = 0; i < 7; i++)
		assert_true(add(&all, others[i]));
	assert_int_equal(all.n, 8);
	for (size_t i = 0; i < 7; i++)
		assert_false(add(&all, others[i]));
	what[1] = program[0] = '!'; /* they are copied */
	assert_string_equal(all.v[3].what, "/z");
	assert_string_equal(all.v[4].program, "sh");
	assert_string_equal(all.v[4].real, "/y");
	assert_true(all.v[3].what != what);
	denials_release(&all);
}

/* A package that is not compiled has a hundred modules. */
static void bytecode_is_one_for_each_program(void **state)
{
	struct denials all = { 0 };
	struct denial first = model, second = model, plain = model, other = model;

	(void) state;
	first.is_bytecode = second.is_bytecode = other.is_bytecode = true;
	second.what = "/z";
	second.purpose = PURPOSE_MAKE;
	second.call = 3;
	other.program = "sh";
	assert_true(add(&all, first));
	assert_false(add(&all, second));
	assert_true(add(&all, other));
	assert_true(add(&all, plain));
	assert_int_equal(all.n, 3);
	assert_int_equal(all.v[0].count, 2);
	assert_string_equal(all.v[0].what, "/x");
	denials_release(&all);
}

/* A program that asks for endless names does not fill the memory of its launcher. */
static void there_is_an_end_to_it(void **state)
{
	struct denials all = { 0 };
	char what[32];

	(void) state;
	for (int i = 0; i < DENIALS_MAX + 10; i++) {
		struct denial d = model;

		(void) snprintf(what, sizeof(what), "/%d", i);
		d.what = what;
		assert_int_equal(add(&all, d), i < DENIALS_MAX);
		assert_int_equal(all.full, i >= DENIALS_MAX);
	}
	assert_int_equal(all.n, DENIALS_MAX);
	(void) snprintf(what, sizeof(what), "/%d", 3);
	assert_false(add(&all, (struct denial) { .kind = DENIED_HIDDEN, .what = what, .program = "python", .call = 2, .err = 1, .count = 1 }));
	assert_int_equal(all.v[3].count, 2); /* known ones are counted on */
	denials_release(&all);
}

static void without_a_real_path(void **state)
{
	struct denials all = { 0 };
	struct denial d = model;

	(void) state;
	d.real = NULL;
	assert_true(add(&all, d));
	assert_null(all.v[0].real);
	denials_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_counted),
		cmocka_unit_test(what_differs_in_anything_is_another),
		cmocka_unit_test(bytecode_is_one_for_each_program),
		cmocka_unit_test(there_is_an_end_to_it),
		cmocka_unit_test(without_a_real_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
