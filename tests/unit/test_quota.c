/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "host/quota.h"

/* The kernel that this test claims to run on; NULL: the real one (--wrap=uname). */
static const char *release;

int __real_uname(struct utsname *name);
int __wrap_uname(struct utsname *name);

int __wrap_uname(struct utsname *name)
{
	int r = __real_uname(name);

	if (release != NULL)
		(void) snprintf(name->release, sizeof(name->release), "%s", release);
	return r;
}

static const struct machine laptop = { .cpus = 8, .memory = UINT64_C(16) << 30, .least_pid_max = 301, .own_pid_max = true };

static void defaults(void **state)
{
	const uint64_t limits[LIMITS] = { 0 };
	struct quota q;

	(void) state;
	quota_make(limits, &laptop, false, &q);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		assert_int_equal(q.rlimits[i], i == RLIMIT_NPROC ? 2048 : 0);
	assert_true(q.tmp == UINT64_C(4) << 30 && q.shm == 0 && q.pid_max == 0);
}

static void many_processors_need_many_processes(void **state)
{
	const uint64_t limits[LIMITS] = { 0 };
	struct machine m = laptop;
	struct quota q;

	(void) state;
	m.cpus = 256;
	quota_make(limits, &m, false, &q);
	assert_int_equal(q.rlimits[RLIMIT_NPROC], 33792);
}

static void each_key_has_its_resource(void **state)
{
	static const struct {
		enum limit limit;
		int resource;
	} rows[] = {
		{ LIMIT_PROCESSES, RLIMIT_NPROC }, { LIMIT_MEMORY, RLIMIT_AS }, { LIMIT_CPU, RLIMIT_CPU },
		{ LIMIT_FILES, RLIMIT_NOFILE }, { LIMIT_FILE_SIZE, RLIMIT_FSIZE },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t limits[LIMITS] = { 0 };
		struct quota q;

		limits[LIMIT_PROCESSES] = LIMIT_NONE;
		limits[rows[i].limit] = 77;
		quota_make(limits, &laptop, false, &q);
		for (int k = 0; k < RLIM_NLIMITS; k++)
			assert_int_equal(q.rlimits[k], k == rows[i].resource ? 77 : 0);
	}
}

static void none_means_what_the_caller_has(void **state)
{
	uint64_t limits[LIMITS];
	struct quota q, nothing;

	(void) state;
	memset(&nothing, 0, sizeof(nothing));
	for (size_t i = 0; i < LIMITS; i++)
		limits[i] = LIMIT_NONE;
	quota_make(limits, &laptop, true, &q);
	assert_memory_equal(&q, &nothing, sizeof(q));
}

static void tmp_is_the_size_of_both(void **state)
{
	const uint64_t limits[LIMITS] = { [LIMIT_TMP] = 1u << 20 };
	struct quota q;

	(void) state;
	quota_make(limits, &laptop, false, &q);
	assert_true(q.tmp == 1u << 20 && q.shm == 1u << 20);
}

static void root_is_stopped_by_pid_max(void **state)
{
	static const struct {
		uint64_t processes;
		bool own;
		uint64_t pid_max;
	} rows[] = {
		{ LIMIT_DEFAULT, true, 2048 }, { 1000, true, 1000 },
		{ 5, true, 301 },             /* the kernel takes no less */
		{ 5000000, true, 0 },         /* nor more */
		{ LIMIT_NONE, true, 0 },
		{ 1000, false, 0 },           /* it would be the host's */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint64_t limits[LIMITS] = { [LIMIT_PROCESSES] = rows[i].processes };
		struct machine m = laptop;
		struct quota q;

		m.own_pid_max = rows[i].own;
		quota_make(limits, &m, true, &q);
		assert_int_equal(q.pid_max, rows[i].pid_max);
	}
}

static void the_hosts_pid_max_is_never_written(void **state)
{
	static const struct {
		const char *release;
		bool own;
	} rows[] = {
		{ "6.1.0-18-amd64", false }, { "6.13.12", false }, { "5.14.0-427.el9", false }, { "2.6.40", false }, { "garbage", false },
		{ "", false }, { "6", false }, { "6.14.0-rc1", true }, { "6.18.5", true }, { "7.0", true }, { "10.2", true },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine m;

		release = rows[i].release;
		assert_int_equal(machine_read(&m), 0);
		release = NULL;
		assert_int_equal(m.own_pid_max, rows[i].own);
	}
}

static void the_machine_is_read(void **state)
{
	struct machine m;

	(void) state;
	assert_int_equal(machine_read(&m), 0);
	assert_true(m.cpus > 0 && m.memory > 1u << 20 && m.least_pid_max >= 301);
}

static void said_in_words(void **state)
{
	const uint64_t limits[LIMITS] = { [LIMIT_MEMORY] = UINT64_C(4) << 30, [LIMIT_CPU] = 600 };
	struct machine m = laptop;
	struct quota q;
	cleanup_buf struct buf out = { 0 }, old = { 0 }, none = { 0 };

	(void) state;
	quota_make(limits, &m, true, &q);
	quota_put(&out, &q, true);
	assert_string_equal(out.data, "processes 2048, memory 4G, cpu 10m, /tmp 4G");
	m.own_pid_max = false;
	quota_make(limits, &m, true, &q);
	quota_put(&old, &q, true);
	assert_non_null(strstr(old.data, "does not hold for root"));
	memset(&q, 0, sizeof(q));
	quota_put(&none, &q, true);
	assert_string_equal(none.data, "none but the caller's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(many_processors_need_many_processes),
		cmocka_unit_test(each_key_has_its_resource),
		cmocka_unit_test(none_means_what_the_caller_has),
		cmocka_unit_test(tmp_is_the_size_of_both),
		cmocka_unit_test(root_is_stopped_by_pid_max),
		cmocka_unit_test(the_hosts_pid_max_is_never_written),
		cmocka_unit_test(the_machine_is_read),
		cmocka_unit_test(said_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
