/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>

#include "inside/credit.h"

#define T0 1000000

static void test_no_credit_without_a_copy(void **state)
{
	struct credits c = { 0 };

	(void) state;
	assert_false(credit_take(&c, SIGTERM, T0));
}

static void test_credit_pays_once_and_for_its_signal_only(void **state)
{
	struct credits c = { 0 };

	(void) state;
	credit_note(&c, SIGTERM, T0);
	credit_note(&c, SIGTERM, T0 + 1);
	assert_false(credit_take(&c, SIGINT, T0 + 2));
	assert_true(credit_take(&c, SIGTERM, T0 + 2));
	assert_false(credit_take(&c, SIGTERM, T0 + 2));
}

static void test_credit_expires(void **state)
{
	struct credits c = { 0 };

	(void) state;
	credit_note(&c, SIGTERM, T0);
	assert_false(credit_take(&c, SIGTERM, T0 + CREDIT_LIFE_MS));
	credit_note(&c, SIGTERM, T0);
	assert_true(credit_take(&c, SIGTERM, T0 + CREDIT_LIFE_MS - 1));
}

static void test_numbers_that_are_no_signal_touch_nothing(void **state)
{
	static const int odd[] = { 0, -1, CREDIT_SIGNALS, INT32_MAX, INT32_MIN };
	struct credits c = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		credit_note(&c, odd[i], T0);
		assert_false(credit_take(&c, odd[i], T0));
	}
}

static void test_who_earns_a_credit(void **state)
{
	static const struct {
		uint32_t signo;
		int32_t code;
		uint32_t pid;
		bool due;
	} rows[] = {
		{ SIGTERM, SI_USER, 0, true },    /* kill(-pgrp) from outside */
		{ SIGTERM, SI_USER, 7, false },   /* a process inside */
		{ SIGTERM, SI_QUEUE, 0, false },  /* sigqueue() with a forged pid */
		{ SIGTERM, SI_TKILL, 0, false },
		{ SIGINT, SI_KERNEL, 0, false },  /* Ctrl-C: never relayed */
		{ SIGQUIT, SI_KERNEL, 0, false },
		{ SIGWINCH, SI_KERNEL, 0, false },
		{ SIGINT, SI_USER, 0, true },
		{ SIGHUP, SI_KERNEL, 0, true },   /* the terminal is gone: the launcher relays it always */
		{ SIGTSTP, SI_KERNEL, 0, true },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(credit_is_due(rows[i].signo, rows[i].code, rows[i].pid), rows[i].due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_credit_without_a_copy),
		cmocka_unit_test(test_credit_pays_once_and_for_its_signal_only),
		cmocka_unit_test(test_credit_expires),
		cmocka_unit_test(test_numbers_that_are_no_signal_touch_nothing),
		cmocka_unit_test(test_who_earns_a_credit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
