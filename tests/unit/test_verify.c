/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "inside/verify.h"

#define HEAD "Name:\tx\nUid:\t0\t0\t0\t0\n"
#define ZERO "0000000000000000"

enum { INH, PRM, EFF, BND, AMB, NNP, SECCOMP, FACTS };

static const char *const names[FACTS] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp" };
static const char *const sealed[FACTS] = { ZERO, ZERO, ZERO, ZERO, ZERO, "1", "2" };

static int check(const char *const values[FACTS], uint64_t keep, const char **fact)
{
	char text[1024] = HEAD;

	for (size_t i = 0; i < FACTS; i++) {
		size_t len = strlen(text);

		(void) snprintf(text + len, sizeof(text) - len, "%s:\t%s\n", names[i], values[i]);
	}
	return verify_status(text, keep, fact);
}

static void test_sealed_status_passes(void **state)
{
	const char *kept = "0000000000000400";
	const char *const with[FACTS] = { kept, kept, kept, ZERO, kept, "1", "2" };
	const char *fact;

	(void) state;
	assert_int_equal(check(sealed, 0, &fact), 0);
	assert_int_equal(check(with, 0x400, &fact), 0);
}

static void test_each_fact_is_looked_at(void **state)
{
	static const char *const wrong[FACTS] = { "0000000000000400", "0000000000000001", "8000000000000000", "0000000000000100",
						  "0000000000000400", "0", "1" };
	const char *fact;

	(void) state;
	for (size_t i = 0; i < FACTS; i++) {
		const char *values[FACTS];

		memcpy(values, sealed, sizeof(sealed));
		values[i] = wrong[i];
		fact = NULL;
		assert_int_equal(check(values, 0, &fact), -EPROTO);
		assert_string_equal(fact, names[i]);
	}
}

static void test_kept_capability_must_be_there_and_not_in_the_bounding_set(void **state)
{
	const char *kept = "0000000000000400";
	const char *const bounded[FACTS] = { kept, kept, kept, kept, kept, "1", "2" };
	const char *fact;

	(void) state;
	assert_int_equal(check(sealed, 0x400, &fact), -EPROTO);
	assert_int_equal(check(bounded, 0x400, &fact), -EPROTO);
	assert_string_equal(fact, "CapBnd");
}

static void test_missing_torn_and_odd_lines_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "CapInh:\t", HEAD "CapInh:\t" ZERO,
		/* The last line without newline, a name that only ends in the one looked for, garbage after the number. */
		HEAD "CapInh:\t" ZERO "\nCapPrm:\t" ZERO "\nCapEff:\t" ZERO "\nCapBnd:\t" ZERO "\nCapAmb:\t" ZERO "\nNoNewPrivs:\t1\nSeccomp:\t2",
		HEAD "CapInh:\t" ZERO "\nCapPrm:\t" ZERO "\nCapEff:\t" ZERO "\nCapBnd:\t" ZERO "\nCapAmb:\t" ZERO "\nNoNewPrivs:\t1\nxSeccomp:\t2\n",
		HEAD "CapInh:\t" ZERO "\nCapPrm:\t" ZERO "\nCapEff:\t" ZERO "\nCapBnd:\t" ZERO "\nCapAmb:\t" ZERO "\nNoNewPrivs:\t1\nSeccomp:\t2 2\n",
		HEAD "CapInh:\t\nCapPrm:\t" ZERO "\nCapEff:\t" ZERO "\nCapBnd:\t" ZERO "\nCapAmb:\t" ZERO "\nNoNewPrivs:\t1\nSeccomp:\t2\n",
	};
	const char *fact;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(verify_status(texts[i], 0, &fact), -EPROTO);
}

static void test_this_process_is_not_inside(void **state)
{
	const char *fact = NULL;

	(void) state;
	assert_int_equal(verify_inside(&fact), -EPROTO);
	assert_string_equal(fact, "the seccomp filter of venvbox is not in force");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_status_passes),
		cmocka_unit_test(test_each_fact_is_looked_at),
		cmocka_unit_test(test_kept_capability_must_be_there_and_not_in_the_bounding_set),
		cmocka_unit_test(test_missing_torn_and_odd_lines_are_refused),
		cmocka_unit_test(test_this_process_is_not_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
