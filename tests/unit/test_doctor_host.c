/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "canary/canary.h"
#include "common/names.h"
#include "install/doctor_host.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "place.h"

static const struct check *find(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].id, id) == 0)
			return &r->v[i];
	return NULL;
}

static void judges_landlock(void **state)
{
	static const struct {
		int abi;
		enum result result;
		const char *detail;
	} rows[] = { { 0, RESULT_NOT_HELD, "no Landlock" }, { 5, RESULT_NOT_HELD, "ABI 5" }, { 6, RESULT_HELD, "ABI 6" }, { 7, RESULT_HELD, "ABI 7" } };

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_report struct report r = { 0 };

		host_judge_landlock(rows[i].abi, &r);
		assert_int_equal(r.n, 1);
		assert_int_equal(r.v[0].result, rows[i].result);
		assert_non_null(strstr(r.v[0].detail, rows[i].detail));
		if (rows[i].result == RESULT_NOT_HELD) {
			assert_non_null(strstr(r.v[0].remedy, "6.12"));
			assert_non_null(strstr(r.v[0].remedy, "process group"));
		}
	}
}

/* A directory of programs like ours. */
static void put_programs(const struct place *p)
{
	static const char *const names[] = { VB_LAUNCHER, VB_INIT, VB_PYTHON, VB_PYTHON_EXEC, VB_HINTS, VB_FILTER_HELPER, CANARY_NAME };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(p, names[i], "x");
}

static void expect_programs(const struct place *p, enum result result, const char *detail)
{
	cleanup_report struct report r = { 0 };
	const struct check *c;

	host_check("/proc", p->dir, &r);
	c = find(&r, "programs");
	assert_non_null(c);
	assert_int_equal(c->result, result);
	if (strstr(c->detail, detail) == NULL)
		fail_msg("'%s' lacks '%s'", c->detail, detail);
}

static void looks_who_may_change_our_programs(void **state)
{
	const struct place *p = *state;

	put_programs(p);
	assert_int_equal(fchmodat(p->fd, VB_INIT, 0775, 0), 0);
	expect_programs(p, RESULT_NOT_HELD, VB_INIT "' is writable by others");
	assert_int_equal(fchmodat(p->fd, VB_INIT, 04755, 0), 0);
	expect_programs(p, RESULT_NOT_HELD, "set-user-ID");
	assert_int_equal(fchmodat(p->fd, VB_INIT, 0755, 0), 0);
	assert_int_equal(fchmod(p->fd, 0777), 0);
	expect_programs(p, RESULT_NOT_HELD, "writable by others");
	assert_int_equal(fchmod(p->fd, 0700), 0);
	expect_programs(p, RESULT_HELD, p->dir);
	assert_int_equal(unlinkat(p->fd, CANARY_NAME, 0), 0);
	expect_programs(p, RESULT_NOT_HELD, "is missing");
}

/* For information: what there is, and nothing about what this kernel does not know. */
static void tells_what_the_kernel_says(void **state)
{
	const struct place *p = *state;
	cleanup_report struct report r = { 0 };

	assert_int_equal(mkdirat(p->fd, "sys", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "sys/user", 0755), 0);
	put(p, "sys/user/max_user_namespaces", "17\n");
	host_check(p->dir, "/nonexistent", &r);
	assert_string_equal(find(&r, "userns-max")->detail, "17");
	assert_int_equal(find(&r, "userns-max")->result, RESULT_INFO);
	assert_null(find(&r, "yama"));
	assert_null(find(&r, "userns-apparmor"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_landlock),
		cmocka_unit_test_setup_teardown(looks_who_may_change_our_programs, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_what_the_kernel_says, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
