/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/service.h"

#include <cmocka.h>

#define SELF 4711

static void check(const char *const *own, int n_fds, const char *const *expected)
{
	cleanup_strv struct strv mine = { 0 }, env = { 0 };
	size_t n = 0;

	for (; *own != NULL; own++)
		assert_int_equal(strv_add(&mine, *own), 0);
	assert_int_equal(service_listen_fds(&mine, SELF), n_fds);
	assert_int_equal(service_set_env(&mine, SELF, &env), 0);
	for (; *expected != NULL; expected++, n++)
		assert_true(strv_contains(&env, *expected));
	assert_int_equal(env.n, n);
}

#define LIST(...) ((const char *const[]) { __VA_ARGS__ })

static void what_is_said_to_us_is_said_to_the_program(void **state)
{
	(void) state;
	check(LIST("LISTEN_FDS=2", "LISTEN_PID=4711", "LISTEN_FDNAMES=a:b", NULL), 2, LIST("LISTEN_FDS=2", "LISTEN_PID=2", "LISTEN_FDNAMES=a:b", NULL));
	check(LIST("WATCHDOG_PID=4711", "WATCHDOG_USEC=9", "NOTIFY_SOCKET=/run/n", NULL), 0, LIST("WATCHDOG_PID=2", "WATCHDOG_USEC=9", "NOTIFY_SOCKET=/run/n", NULL));
	check(LIST("NOTIFY_SOCKET=@abstract", NULL), 0, LIST("NOTIFY_SOCKET=@abstract", NULL));
}

static void what_is_said_to_another_is_not(void **state)
{
	(void) state;
	check(LIST("LISTEN_FDS=2", "LISTEN_PID=47110", "LISTEN_FDNAMES=a", NULL), 0, LIST(NULL));
	check(LIST("LISTEN_FDS=2", "LISTEN_PID=", NULL), 0, LIST(NULL));
	check(LIST("LISTEN_FDS=2", NULL), 0, LIST(NULL));
	check(LIST("LISTEN_PID=4711", NULL), 0, LIST("LISTEN_PID=2", NULL));
	check(LIST("WATCHDOG_USEC=9", "WATCHDOG_PID=1", NULL), 0, LIST(NULL));
	check(LIST("X=1", NULL), 0, LIST(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_to_us_is_said_to_the_program),
		cmocka_unit_test(what_is_said_to_another_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
