/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "common/limits.h"

static void refused(void **state)
{
	static const struct {
		const char *text;
		enum limit_unit unit;
		int r;
	} rows[] = {
		{ "", UNIT_COUNT, -EINVAL }, { "x", UNIT_COUNT, -EINVAL }, { "-1", UNIT_COUNT, -EINVAL }, { "+1", UNIT_COUNT, -EINVAL },
		{ " 1", UNIT_COUNT, -EINVAL }, { "1 ", UNIT_COUNT, -EINVAL }, { "1K", UNIT_COUNT, -EINVAL }, { "0x10", UNIT_COUNT, -EINVAL },
		{ "1.5G", UNIT_BYTES, -EINVAL }, { "G", UNIT_BYTES, -EINVAL }, { "1GB", UNIT_BYTES, -EINVAL }, { "1h", UNIT_BYTES, -EINVAL },
		{ "1G", UNIT_SECONDS, -EINVAL }, { "1ms", UNIT_SECONDS, -EINVAL }, { "None", UNIT_COUNT, -EINVAL },
		{ "0", UNIT_COUNT, -ERANGE }, { "000", UNIT_BYTES, -ERANGE }, { "0G", UNIT_BYTES, -ERANGE },
		{ "9223372036854775808", UNIT_COUNT, -ERANGE }, { "18446744073709551617", UNIT_COUNT, -ERANGE },
		{ "8388608T", UNIT_BYTES, -ERANGE }, { "99999999999999999999999999999999999999", UNIT_SECONDS, -ERANGE },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 42;

		assert_int_equal(limit_parse(rows[i].text, rows[i].unit, &value), rows[i].r);
		assert_int_equal(value, 42);
	}
}

static void read_and_written(void **state)
{
	static const struct {
		const char *text;
		enum limit_unit unit;
		uint64_t value;
		const char *written;
	} rows[] = {
		{ "none", UNIT_COUNT, LIMIT_NONE, "none" }, { "default", UNIT_BYTES, LIMIT_DEFAULT, "default" },
		{ "1", UNIT_COUNT, 1, "1" }, { "0042", UNIT_COUNT, 42, "42" },
		{ "512M", UNIT_BYTES, 512u << 20, "512M" }, { "512m", UNIT_BYTES, 512u << 20, "512M" },
		{ "1024K", UNIT_BYTES, 1u << 20, "1M" }, { "1000", UNIT_BYTES, 1000, "1000" },
		{ "3T", UNIT_BYTES, UINT64_C(3) << 40, "3T" },
		{ "8388607T", UNIT_BYTES, UINT64_C(8388607) << 40, "8388607T" },
		{ "90", UNIT_SECONDS, 90, "90" }, { "90s", UNIT_SECONDS, 90, "90" }, { "10m", UNIT_SECONDS, 600, "10m" },
		{ "2h", UNIT_SECONDS, 7200, "2h" }, { "1d", UNIT_SECONDS, 86400, "1d" }, { "24h", UNIT_SECONDS, 86400, "1d" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_buf struct buf out = { 0 };
		uint64_t value;

		assert_int_equal(limit_parse(rows[i].text, rows[i].unit, &value), 0);
		assert_true(value == rows[i].value);
		limit_put(&out, rows[i].unit, value);
		assert_string_equal(out.data, rows[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
