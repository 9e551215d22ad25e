/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/env.h"

#include <cmocka.h>

#define MAX 64

/* Entries are separated by blanks in these tests. */
static void words(const char *text, struct strv *v)
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			assert_int_equal(strv_add(v, word), 0);
}

static void joined(const struct strv *v, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < v->n; i++)
		len += (size_t) snprintf(out + len, size - len, "%s%s", i > 0 ? " " : "", v->v[i]);
	assert_true(len < size);
}

struct row {
	const char *own, *parent, *env, *withheld; /* parent NULL: unreadable */
};

static void check_row(const struct row *row, const char *allow_names, const char *dotenv_text, bool pip_run)
{
	cleanup_strv struct strv own = { 0 }, parent = { 0 }, allow = { 0 }, dotenv = { 0 }, env = { 0 }, withheld = { 0 };
	struct env_input in = { .parent = row->parent ? &parent : NULL, .allow = &allow, .dotenv = &dotenv, .pip_run = pip_run };
	char text[4096];

	words(row->own, &own);
	words(row->parent ? row->parent : "", &parent);
	words(allow_names, &allow);
	words(dotenv_text, &dotenv);
	in.own = strv_argv(&own);
	assert_int_equal(env_build(&in, &env, &withheld), 0);
	joined(&env, text, sizeof(text));
	assert_string_equal(text, row->env);
	joined(&withheld, text, sizeof(text));
	assert_string_equal(text, row->withheld);
}

static void check(const struct row *rows, size_t n, const char *allow, const char *dotenv, bool pip_run)
{
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i], allow, dotenv, pip_run);
}

#define CHECK(rows, allow, dotenv, pip_run) check(rows, sizeof(rows) / sizeof((rows)[0]), allow, dotenv, pip_run)

/* --- spec S12 -------------------------------------------------------------------- */

static const char *const listed[] = {
	"USER", "LOGNAME", "UID", "PATH", "TERM", "HOSTNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_X_Y", "TZ",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
	"CC", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "MAKEFLAGS", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUTF8", "PYTHON",
	"NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "CI", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
};

static const char *const not_listed[] = {
	"LC", "LCX", "USERNAME", "PATHS", "XPATH", "Http_Proxy", "http_proxies", "CCX", "python", "Path", "CIX", "LANGX", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT", "GIT_SSL_CAINFO",
	"SSH_AUTH_SOCK", "DISPLAY", "XDG_RUNTIME_DIR", "LD_PRELOAD", "EDITOR", "OLDPWD",
};

/* A variable that the parent started with, if its environment is readable. */
static void judge_name(const char *name, bool readable, bool pip_run, bool expected)
{
	char entry[MAX];
	struct row row = { .own = entry, .parent = readable ? entry : NULL, .env = expected ? entry : "", .withheld = "" };

	(void) snprintf(entry, sizeof(entry), "%s=v", name);
	check_row(&row, "", "", pip_run);
}

static void the_list_is_that_of_the_specification(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		judge_name(listed[i], true, false, true);
		judge_name(listed[i], false, false, true);
	}
	for (size_t i = 0; i < sizeof(not_listed) / sizeof(not_listed[0]); i++) {
		judge_name(not_listed[i], true, false, false);
		judge_name(not_listed[i], false, false, false);
	}
}

static void pip_gets_its_own_variables_too(void **state)
{
	static const char *const pips[] = { "PIP_INDEX_URL", "PIP_CERT", "PIP_X" };
	static const char *const others[] = { "NETRC", "PIPX_HOME", "SSL_CERT", "UV_INDEX_URL" };

	(void) state;
	for (size_t i = 0; i < sizeof(pips) / sizeof(pips[0]); i++) {
		judge_name(pips[i], true, true, true);
		judge_name(pips[i], true, false, false);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		judge_name(others[i], true, true, false);
}

/* --- what the parent did not start with ------------------------------------------------ */

static void what_the_parent_did_not_start_with(void **state)
{
	static const struct row rows[] = {
		{ "FOO=1", "", "FOO=1", "" },                /* FOO=1 python */
		{ "FOO=1", "FOO=1", "", "" },                /* inherited */
		{ "FOO=1", "FOO=2", "FOO=1", "" },           /* changed */
		{ "FOO=", "FOO=1", "FOO=", "" },
		{ "FOO=1", "FOOO=1 FO=1 XFOO=1", "FOO=1", "" },
		{ "FOO=1", NULL, "", "" },                   /* unreadable: the list only */
		{ "FOO=1 LANG=C", "written over", "LANG=C", "" },
		{ "A=1 LANG=C B=2 TERM=x", "B=2", "A=1 LANG=C TERM=x", "" },
		/* names of sockets are harmless: what they name is not there inside */
		{ "SSH_AUTH_SOCK=/x DBUS_SESSION_BUS_ADDRESS=unix:path=/y DISPLAY=:0 XAUTHORITY=/z", "", "SSH_AUTH_SOCK=/x DBUS_SESSION_BUS_ADDRESS=unix:path=/y DISPLAY=:0 XAUTHORITY=/z", "" },
		{ "LD_PRELOAD=/x.so", "", "LD_PRELOAD=/x.so", "" },
		{ "_=/p/.venv/bin/python SHLVL=2", "SHLVL=2", "_=/p/.venv/bin/python", "" },
	};

	(void) state;
	CHECK(rows, "", "", false);
}

static void credentials_are_withheld(void **state)
{
	static const struct row rows[] = {
		{ "GITHUB_TOKEN=x A=1", "", "A=1", "GITHUB_TOKEN" },
		{ "A=postgres://u:p@h/d B=2", "", "B=2", "A" },
		{ "GITHUB_TOKEN=x", "GITHUB_TOKEN=x", "", "" }, /* would not have come in anyway */
		{ "GITHUB_TOKEN=x", NULL, "", "" },
		{ "MONKEY=x", "", "MONKEY=x", "" },
		{ "GITHUB_TOKEN=x GITHUB_TOKEN=y", "", "", "GITHUB_TOKEN" },
		/* on the list: a proxy needs its password */
		{ "http_proxy=http://u:p@h:1", "", "http_proxy=http://u:p@h:1", "" },
	};

	(void) state;
	CHECK(rows, "", "", false);
}

static void env_lets_in_whatever_it_looks_like(void **state)
{
	static const struct row rows[] = {
		{ "GITHUB_TOKEN=x OTHER_TOKEN=y", "", "GITHUB_TOKEN=x", "OTHER_TOKEN" },
		{ "GITHUB_TOKEN=x", "GITHUB_TOKEN=x", "GITHUB_TOKEN=x", "" },
		{ "GITHUB_TOKEN=x", NULL, "GITHUB_TOKEN=x", "" },
		{ "GITHUB_TOKEN_X=x", "GITHUB_TOKEN_X=x", "", "" },
		{ "HOME=/x BWRAP_ARGS=y", "", "", "" }, /* never */
	};

	(void) state;
	CHECK(rows, "GITHUB_TOKEN HOME BWRAP_ARGS ABSENT", "", false);
}

/* --- never --------------------------------------------------------------------------------- */

static void what_is_replaced_or_steers_never_comes_in(void **state)
{
	static const struct row rows[] = {
		{ "HOME=/x VIRTUAL_ENV=/y TMPDIR=/z PWD=/w A=1", "", "A=1", "" },
		{ "BWRAP_ARGS=x VERBOSE=1 SANDBOX_SECCOMP_ALLOW= SANDBOX_X=1 VENVBOX_VERBOSE=1 VENVBOX_=1 A=1", "", "A=1", "" },
		{ "HOMES=/x VERBOSITY=1 BWRAP=1 XVENVBOX_A=1 VENVBOX=1", "", "HOMES=/x VERBOSITY=1 BWRAP=1 XVENVBOX_A=1 VENVBOX=1", "" },
	};

	(void) state;
	CHECK(rows, "", "", false);
	CHECK(rows, "", "HOME=/evil VENVBOX_X=1 VERBOSE=1 BWRAP_ARGS=y SANDBOX_A=1 PWD=/ TMPDIR=/ VIRTUAL_ENV=/", true);
}

static void steering_names(void **state)
{
	(void) state;
	assert_true(env_steers("BWRAP_ARGS", 10));
	assert_true(env_steers("VERBOSE", 7));
	assert_true(env_steers("SANDBOX_ANYTHING", 16));
	assert_true(env_steers("VENVBOX_ANYTHING=1", 16));
	assert_false(env_steers("VENVBOX", 7));
	assert_false(env_steers("VERBOSE_2", 9));
	assert_false(env_steers("", 0));
}

/* --- .env, odd entries ------------------------------------------------------------------------ */

static void dotenv_wins(void **state)
{
	static const struct row rows[] = {
		{ "LANG=C", "", "LANG=de A=1 API_TOKEN=x", "" },
		{ "A=0 B=2", "", "A=1 B=2 LANG=de API_TOKEN=x", "" },
		{ "B=2", "B=2", "LANG=de A=1 API_TOKEN=x", "" },
		{ "", NULL, "LANG=de A=1 API_TOKEN=x", "" },
	};

	(void) state;
	CHECK(rows, "", "LANG=de A=1 API_TOKEN=x =x nothing", false);
}

static void odd_entries(void **state)
{
	static const struct row rows[] = {
		{ "nothing =x A=1", "", "A=1", "" },
		{ "A=1 A=2", "", "A=1", "" },        /* getenv(3) finds the first */
		{ "A=1 A=2", "A=1", "A=2", "" },
		{ "A=b=c", "", "A=b=c", "" },
		{ "BASH_FUNC_f%%=(){:;}", "", "BASH_FUNC_f%%=(){:;}", "" },
		{ "\xff=\xfe", "", "\xff=\xfe", "" },
		{ "", "", "", "" },
	};

	(void) state;
	CHECK(rows, "", "", false);
}

static void without_allow_and_dotenv(void **state)
{
	cleanup_strv struct strv env = { 0 }, withheld = { 0 };
	char *own[] = { (char *) "LANG=C", NULL };
	struct env_input in = { .own = own };

	(void) state;
	assert_int_equal(env_build(&in, &env, &withheld), 0);
	assert_int_equal(env.n, 1);
}

static void what_is_left_out_is_named(void **state)
{
	static const struct {
		const char *own, *env, *withheld, *left_out;
	} rows[] = {
		{ "LANG=C DISPLAY=:0 SHLVL=1", "LANG=C", "", "DISPLAY SHLVL" },
		{ "DISPLAY=:0", "DISPLAY=:1", "", "" }, /* set anew */
		{ "TOKEN=x A=1", "", "TOKEN", "A" },
		{ "HOME=/x PWD=/x TMPDIR=/x VIRTUAL_ENV=/x VERBOSE=1 VENVBOX_LOG=3 BWRAP_ARGS= SANDBOX_X=1", "", "", "" },
		{ "A=1 A=2 AB=1", "AB=1", "", "A" },
		{ "nothing =x A=", "", "", "A" },
		{ "", "A=1", "", "" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv own = { 0 }, env = { 0 }, withheld = { 0 }, left_out = { 0 };
		char text[MAX];

		words(rows[i].own, &own);
		words(rows[i].env, &env);
		words(rows[i].withheld, &withheld);
		assert_int_equal(env_left_out(&own, &env, &withheld, &left_out), 0);
		joined(&left_out, text, sizeof(text));
		assert_string_equal(text, rows[i].left_out);
	}
}

static void splitting_environ(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *words;
	} rows[] = {
		{ "", 0, "" }, { "A=1\0B=2\0", 8, "A=1 B=2" }, { "A=1\0B=2", 7, "A=1 B=2" }, { "A=1\0\0\0B=2\0\0", 11, "A=1 B=2" }, { "A=1XXX", 3, "A=1" }, { "\0", 1, "" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv env = { 0 };
		char text[MAX];

		assert_int_equal(env_split(rows[i].text, rows[i].len, &env), 0);
		joined(&env, text, sizeof(text));
		assert_string_equal(text, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_that_of_the_specification),
		cmocka_unit_test(pip_gets_its_own_variables_too),
		cmocka_unit_test(what_the_parent_did_not_start_with),
		cmocka_unit_test(credentials_are_withheld),
		cmocka_unit_test(env_lets_in_whatever_it_looks_like),
		cmocka_unit_test(what_is_replaced_or_steers_never_comes_in),
		cmocka_unit_test(steering_names),
		cmocka_unit_test(dotenv_wins),
		cmocka_unit_test(odd_entries),
		cmocka_unit_test(without_allow_and_dotenv),
		cmocka_unit_test(what_is_left_out_is_named),
		cmocka_unit_test(splitting_environ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
