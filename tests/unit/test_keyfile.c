/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/keyfile.h"

#include <cmocka.h>

struct seen {
	struct strv keys, fields;
	int stop; /* result of the second line */
};

static int remember(void *ctx, const char *key, const struct strv *fields)
{
	struct seen *seen = ctx;

	if (seen->stop != 0 && seen->keys.n == 1)
		return seen->stop;
	if (strv_add(&seen->keys, key) < 0)
		return -ENOMEM;
	return strv_add_all(&seen->fields, fields);
}

static void seen_release(struct seen *seen)
{
	strv_release(&seen->keys);
	strv_release(&seen->fields);
}

static void any_bytes_come_back(void **state)
{
	cleanup(seen_release) struct seen seen = { 0 };
	cleanup_buf struct buf out = { 0 };
	char all[256];
	const char *fields[] = { all, "", "\ttab\n", "\\n", "\xff\x7f\x1b" };
	unsigned line;

	(void) state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char) i;
	all[255] = '\0';
	keyfile_put(&out, "many-1.x_Y", fields, 5);
	keyfile_put1(&out, "one", "key=value");
	keyfile_put(&out, "none", NULL, 0);
	assert_false(out.failed);
	assert_int_equal(keyfile_parse(out.data, out.len, remember, &seen, &line), 0);
	assert_int_equal(line, 3);
	assert_int_equal(seen.keys.n, 3);
	assert_int_equal(seen.fields.n, 7);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(seen.fields.v[i], fields[i]);
	assert_string_equal(seen.fields.v[5], "key=value");
	assert_string_equal(seen.fields.v[6], "");
}

static void the_text_is_as_documented(void **state)
{
	cleanup_buf struct buf out = { 0 };

	(void) state;
	keyfile_put(&out, "k", (const char *const[]) { "a\tb\r", "c\\d\ne\x01" }, 2);
	assert_string_equal(out.data, "k=a\\tb\\r\tc\\\\d\\ne\\x01\n");
}

static void a_key_that_would_not_read_back_is_refused(void **state)
{
	static const char *const bad[] = { "", "a=b", "a b", "a\n", "\xc3\xbc" };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		keyfile_put1(&out, bad[i], "x");
		assert_true(out.failed);
	}
}

static void bad_lines_are_named(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
#define ROW(text) { text, sizeof(text) - 1 }
		ROW("ok=1\nno equals\n"), ROW("ok=1\n=value\n"), ROW("ok=1\n\n"), ROW("ok=1\ntorn=1"), ROW("ok=1\na b=1\n"),
		ROW("ok=1\nx=\\q\n"), ROW("ok=1\nx=\\\n"), ROW("ok=1\nx=\\x4\n"), ROW("ok=1\nx=\\xg0\n"), ROW("ok=1\nx=\\x00\n"),
		ROW("ok=1\nx=a\0b\n"), ROW("ok=1\nx=\r\n"), ROW("ok=1\nx=\x1b\n"), ROW("ok=1\nx\0=1\n"),
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup(seen_release) struct seen seen = { 0 };
		unsigned line = 0;

		assert_int_equal(keyfile_parse(rows[i].text, rows[i].len, remember, &seen, &line), -EBADMSG);
		assert_int_equal(line, 2);
		assert_int_equal(seen.keys.n, 1);
	}
}

static void no_lines_are_no_error(void **state)
{
	unsigned line = 7;

	(void) state;
	assert_int_equal(keyfile_parse("", 0, remember, NULL, &line), 0);
	assert_int_equal(line, 0);
}

static void the_reader_can_stop(void **state)
{
	cleanup(seen_release) struct seen seen = { .stop = 42 };
	static const char text[] = "a=1\nb=2\nc=3\n";
	unsigned line;

	(void) state;
	assert_int_equal(keyfile_parse(text, sizeof(text) - 1, remember, &seen, &line), 42);
	assert_int_equal(line, 2);
	assert_int_equal(seen.keys.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(the_text_is_as_documented),
		cmocka_unit_test(a_key_that_would_not_read_back_is_refused),
		cmocka_unit_test(bad_lines_are_named),
		cmocka_unit_test(no_lines_are_no_error),
		cmocka_unit_test(the_reader_can_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
