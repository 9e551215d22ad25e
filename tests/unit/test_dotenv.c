/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "host/dotenv.h"

#include <cmocka.h>

struct row {
	const char *text;
	const char *env;      /* entries, separated by '|' */
	const char *warnings; /* the same */
};

static void assert_joined(const struct strv *v, const char *expected, const char *text)
{
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, "");
	for (size_t i = 0; i < v->n; i++) {
		buf_puts(&out, i > 0 ? "|" : "");
		buf_puts(&out, v->v[i]);
	}
	if (strcmp(out.data ? out.data : "", expected) != 0)
		print_error("%s\n", text);
	assert_string_equal(out.data ? out.data : "", expected);
}

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_strv struct strv env = { 0 }, warnings = { 0 };
		size_t len = strlen(rows[i].text);
		char *exact = malloc(len + 1); /* so that a byte too far is seen */

		assert_non_null(exact);
		memcpy(exact, rows[i].text, len);
		exact = realloc(exact, len > 0 ? len : 1);
		assert_int_equal(dotenv_parse(exact, len, &env, &warnings), 0);
		free(exact);
		assert_joined(&env, rows[i].env, rows[i].text);
		assert_joined(&warnings, rows[i].warnings, rows[i].text);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void values(void **state)
{
	static const struct row rows[] = {
		{ "", "", "" },
		{ "A=1", "A=1", "" },
		{ "A=1\n", "A=1", "" },
		{ "A=1\nB=2\n", "A=1|B=2", "" },
		{ "A=\nB=", "A=|B=", "" },
		{ "A=1\r\nB=2\r\n\r\n", "A=1|B=2", "" },
		{ "\xef\xbb\xbf" "A=1", "A=1", "" },
		{ "export A=1\n export\tB=2", "A=1|B=2", "" },
		{ "export=1", "export=1", "" },
		{ "  A = 1 \nB\t=\t2\t", "A=1|B=2", "" },
		{ "A=1\nA=2", "A=2", "" },
		{ "a.b-c_9=1\n_=2", "a.b-c_9=1|_=2", "" },
		{ "A=b=c==", "A=b=c==", "" },
		{ "A=two words", "A=two words", "" },
		{ "A=\xff\xc3\xa4", "A=\xff\xc3\xa4", "" },
		{ "A=a\rb", "A=a\rb", "" },
	};

	(void) state;
	CHECK(rows);
}

static void comments(void **state)
{
	static const struct row rows[] = {
		{ "# x\n\n   # y\nA=1", "A=1", "" },
		{ "A=1 # x", "A=1", "" },
		{ "A=1\t# x", "A=1", "" },
		{ "A=1#x", "A=1#x", "" },
		{ "A=#x", "A=#x", "" },
		{ "A= #x", "A=", "" },
		{ "A='1' # x\nB=\"2\"#y", "A=1|B=2", "" },
		{ "A='1 # 2'", "A=1 # 2", "" },
		{ "A=http://h/#frag", "A=http://h/#frag", "" },
		{ "#A=1", "", "" },
	};

	(void) state;
	CHECK(rows);
}

static void quotes(void **state)
{
	static const struct row rows[] = {
		{ "A='b c'", "A=b c", "" },
		{ "A=\"b c\"", "A=b c", "" },
		{ "A=''\nB=\"\"", "A=|B=", "" },
		{ "A='\\n\\t\\\\\"$'", "A=\\n\\t\\\\\"$", "" },
		{ "A=\"\\n|\\t|\\\\|\\\"|\\$\"", "A=\n|\t|\\|\"|$", "" },
		{ "A=\"\\x\\'\\r\"", "A=\\x\\'\\r", "" },
		{ "A='one\ntwo'\nB=1", "A=one\ntwo|B=1", "" },
		{ "A=\"one\ntwo\\nthree\"\nB=1", "A=one\ntwo\nthree|B=1", "" },
		{ "A='it\"s'\nB=\"it's\"", "A=it\"s|B=it's", "" },
		{ "A=it's", "A=it's", "" },
		{ "A= 'x' \n", "A=x", "" },
		{ "A='x'\r\nB=1", "A=x|B=1", "" },
	};

	(void) state;
	CHECK(rows);
}

/* The predecessor sourced the file. */
static void nothing_is_expanded(void **state)
{
	static const struct row rows[] = {
		{ "A=$HOME\nB=${HOME}\nC=$(id)\nD=`id`\nE=~\nF=*", "A=$HOME|B=${HOME}|C=$(id)|D=`id`|E=~|F=*", "" },
		{ "A=\"$HOME $(id)\"", "A=$HOME $(id)", "" },
		{ "A=1; id", "A=1; id", "" },
		{ "A=\\\nB=1", "A=\\|B=1", "" },
	};

	(void) state;
	CHECK(rows);
}

static void bad_lines_are_skipped_and_named(void **state)
{
	static const struct row rows[] = {
		{ "A=1\ntouch x\nB=2", "A=1|B=2", "line 2 is not NAME=value" },
		{ "A", "", "line 1 is not NAME=value" },
		{ "export A", "", "line 1 is not NAME=value" },
		{ "export export A=1", "", "line 1 is not NAME=value" },
		{ "local A=1", "", "line 1 is not NAME=value" },
		{ "=1", "", "line 1 is not NAME=value" },
		{ "1A=1\nA B=1\nA+=1\n-A=1\n\xc3\xa4=1", "", "line 1 is not NAME=value|line 2 is not NAME=value|line 3 is not NAME=value|line 4 is not NAME=value|line 5 is not NAME=value" },
		{ ". ./evil\neval x=1\nif true; then", "", "line 1 is not NAME=value|line 2 is not NAME=value|line 3 is not NAME=value" },
		/* a quote that does not end swallows nothing */
		{ "A='x\nB=1\nC=2", "B=1|C=2", "line 1 is not NAME=value" },
		{ "A=\"x\nB=1", "B=1", "line 1 is not NAME=value" },
		{ "A=\"x\\", "", "line 1 is not NAME=value" },
		{ "A='x'y\nB=1", "B=1", "line 1 is not NAME=value" },
		{ "A='x\ny'z\nB=1", "B=1", "line 1 is not NAME=value|line 2 is not NAME=value" },
		{ "A='one\ntwo'\nbad", "A=one\ntwo", "line 3 is not NAME=value" },
		{ "A=\"one\\\ntwo\"\nbad", "A=one\\\ntwo", "line 3 is not NAME=value" },
		{ "\r\nbad\r\n", "", "line 2 is not NAME=value" },
	};

	(void) state;
	CHECK(rows);
}

static void what_steers_venvbox_cannot_be_set(void **state)
{
	static const struct row rows[] = {
		{ "BWRAP_ARGS=--bind / /\nA=1", "A=1", "line 1: BWRAP_ARGS steers venvbox and cannot be set here" },
		{ "A=1\nexport VENVBOX_VERBOSE='1'", "A=1", "line 2: VENVBOX_VERBOSE steers venvbox and cannot be set here" },
		{ "VERBOSE=\nSANDBOX_SECCOMP_ALLOW=", "", "line 1: VERBOSE steers venvbox and cannot be set here|line 2: SANDBOX_SECCOMP_ALLOW steers venvbox and cannot be set here" },
		{ "VERBOSE_A=1\nXSANDBOX_A=1\nBWRAP=1", "VERBOSE_A=1|XSANDBOX_A=1|BWRAP=1", "" },
	};

	(void) state;
	CHECK(rows);
}

static void a_nul_is_in_no_variable(void **state)
{
	static const char text[] = "A=1\0 2\nB='\0'\nC=3\nD\0=4";
	cleanup_strv struct strv env = { 0 }, warnings = { 0 };

	(void) state;
	assert_int_equal(dotenv_parse(text, sizeof(text) - 1, &env, &warnings), 0);
	assert_joined(&env, "C=3", text);
	assert_joined(&warnings, "line 1 is not NAME=value|line 2 is not NAME=value|line 4 is not NAME=value", text);
}

/* A cloned repository may hold any .env. */
static void there_is_an_end_to_it(void **state)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_strv struct strv env = { 0 }, warnings = { 0 };

	(void) state;
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&text, "V%u=1\nbad line\n", i);
	assert_int_equal(dotenv_parse(text.data, text.len, &env, &warnings), 0);
	assert_int_equal(env.n, 4096);
	assert_int_equal(warnings.n, 9);
	assert_string_equal(warnings.v[8], "35896 more lines like these");
}

/* Also where it is one name over and over: each is sought among those before. */
static void there_is_an_end_to_repetition(void **state)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_strv struct strv env = { 0 }, warnings = { 0 };

	(void) state;
	for (unsigned i = 1; i <= 5000; i++)
		buf_printf(&text, "A=%u\n", i);
	assert_int_equal(dotenv_parse(text.data, text.len, &env, &warnings), 0);
	assert_joined(&env, "A=4096", "");
	assert_string_equal(warnings.v[0], "line 4097 is not NAME=value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(comments),
		cmocka_unit_test(quotes),
		cmocka_unit_test(nothing_is_expanded),
		cmocka_unit_test(bad_lines_are_skipped_and_named),
		cmocka_unit_test(what_steers_venvbox_cannot_be_set),
		cmocka_unit_test(a_nul_is_in_no_variable),
		cmocka_unit_test(there_is_an_end_to_it),
		cmocka_unit_test(there_is_an_end_to_repetition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
