/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "host/pipcmd.h"
#include "host/pipopt.h"

#include <cmocka.h>

#define CWD "/cwd"
#define MAX_ARGS 8

static void assert_paths(const struct strv *v, const char *expected, const char *what)
{
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, "");
	for (size_t i = 0; i < v->n; i++)
		buf_printf(&out, "%s%s", i > 0 ? "|" : "", v->v[i]);
	if (strcmp(out.data ? out.data : "", expected) != 0)
		print_error("%s\n", what);
	assert_string_equal(out.data ? out.data : "", expected);
}

struct args_row {
	const char *args[MAX_ARGS];
	const char *paths;
};

/* --- is it pip? ------------------------------------------------------------------ */

static void names_of_pip(void **state)
{
	static const char *const yes[] = { "pip", "pip3", "pip3.8", "pip3.14" };
	static const char *const no[] = { "", "p", "pi", "pip2", "pip33", "pip3.", "pip3.x", "pip3.1x", "pip.3", "pip-3", "pipx", "pip3 ", "Pip", "xpip", "pipenv", "pip3.11.4", "pip/x" };

	(void) state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(pipcmd_is_pip_name(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(pipcmd_is_pip_name(no[i]));
}

static void runs_of_pip(void **state)
{
	static const struct {
		enum pycmd_kind kind;
		const char *target;
		bool pip;
	} rows[] = {
		{ PYCMD_MODULE, "pip", true }, { PYCMD_MODULE, "pip.__main__", true }, { PYCMD_MODULE, "ensurepip", true }, { PYCMD_MODULE, "ensurepip.__main__", true },
		{ PYCMD_MODULE, "pip3", false }, { PYCMD_MODULE, "pip._internal", false }, { PYCMD_MODULE, "pipx", false }, { PYCMD_MODULE, "", false }, { PYCMD_MODULE, "Pip", false },
		{ PYCMD_SCRIPT, "/p/.venv/bin/pip", true }, { PYCMD_SCRIPT, "/p/.venv/bin/pip3.11", true }, { PYCMD_SCRIPT, "../p/.venv/bin/pip3", true },
		{ PYCMD_SCRIPT, "/p/x/../.venv//bin/./pip", true }, { PYCMD_SCRIPT, "/p/.venv/bin/pytest", false }, { PYCMD_SCRIPT, "/usr/bin/pip", false },
		{ PYCMD_SCRIPT, "pip", false }, { PYCMD_SCRIPT, "/p/.venv/bin/sub/pip", false }, { PYCMD_SCRIPT, "/p/.venv/bin", false }, { PYCMD_SCRIPT, "/p/.venv/bin/pip/", true },
		{ PYCMD_CODE, "pip", false }, { PYCMD_CODE, "/p/.venv/bin/pip", false }, { PYCMD_STDIN, NULL, false }, { PYCMD_INFO, NULL, false },
	};

	static char *const no_args[] = { NULL };

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pycmd cmd = { .kind = rows[i].kind, .target = rows[i].target };

		if (pipcmd_is_pip_run(&cmd, no_args, "/p/.venv/bin", CWD) != rows[i].pip)
			print_error("%s\n", rows[i].target ? rows[i].target : "");
		assert_int_equal(pipcmd_is_pip_run(&cmd, no_args, "/p/.venv/bin", CWD), rows[i].pip);
	}
}

static void editables(void **state)
{
	static const struct args_row rows[] = {
		{ { "install", "-e", "../lib" }, "/lib" }, { { "pip", "install", "-qe", "/x[a]", "six" }, "/x" }, { { "install", "--editable=/x", "-e", "./y" }, "/x|/cwd/y" },
		{ { "install", "-r", "/r.txt", "./z" }, "" }, { { "list", "-e", "/x" }, "" }, { { "install", "-e" }, "" }, { { "install", "-e", "git+https://h/x" }, "" },
		{ { "install", "--", "-e", "/x" }, "" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv paths = { 0 };

		assert_int_equal(pipcmd_editables_from_args((char *const *) (uintptr_t) rows[i].args, CWD, &paths), 0);
		assert_paths(&paths, rows[i].paths, rows[i].args[0]);
	}
}

static void runs_of_other_installers(void **state)
{
	static const struct {
		const char *name;
		const char *args[MAX_ARGS];
		bool installs;
	} rows[] = {
		{ "uv", { "pip", "install", "six" }, true }, { "uv", { "-q", "pip", "--quiet", "sync", "r.txt" }, true }, { "uv", { "pip", "uninstall", "x" }, true },
		{ "uv", { "--directory", "x", "sync" }, true }, { "uv", { "add", "six" }, true }, { "uv", { "remove", "six" }, true },
		{ "uv", { "pip", "list" }, false }, { "uv", { "pip" }, false }, { "uv", { NULL }, false }, { "uv", { "run", "pip", "install" }, false },
		{ "uv", { "--directory", "sync" }, false }, { "uv", { "--directory" }, false }, { "uv", { "install" }, false }, { "uv", { "syncs" }, false }, { "uv", { "syn" }, false },
		{ "poetry", { "install" }, true }, { "poetry", { "-n", "-C", "x", "update" }, true }, { "poetry", { "run", "install" }, false }, { "poetry", { "" }, false },
		{ "pip-sync", { NULL }, true }, { "pip-sync", { "r.txt" }, true }, { "pip-compile", { NULL }, false }, { "", { "install" }, false }, { "uvx", { "sync" }, false },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pycmd module = { .kind = PYCMD_MODULE, .target = rows[i].name };
		char *const *args = (char *const *) (uintptr_t) rows[i].args;

		if (pipcmd_is_installer_run(rows[i].name, args) != rows[i].installs)
			print_error("%zu: %s\n", i, rows[i].name);
		assert_int_equal(pipcmd_is_installer_run(rows[i].name, args), rows[i].installs);
		assert_int_equal(pipcmd_is_pip_run(&module, args, "/p/.venv/bin", CWD), rows[i].installs);
	}
}

/* --- command line ------------------------------------------------------------------- */

static void check_args(const struct args_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_strv struct strv paths = { 0 };
		char *argv[MAX_ARGS + 2] = { (char *) "install" };

		for (size_t k = 0; k < MAX_ARGS && rows[i].args[k] != NULL; k++)
			argv[k + 1] = (char *) (uintptr_t) rows[i].args[k];
		assert_int_equal(pipcmd_paths_from_args(argv, CWD, &paths), 0);
		assert_paths(&paths, rows[i].paths, rows[i].args[0] ? rows[i].args[0] : "");
	}
}

#define CHECK_ARGS(rows) check_args(rows, sizeof(rows) / sizeof((rows)[0]))

static void options_that_name_files(void **state)
{
	static const struct args_row rows[] = {
		{ { NULL }, "" },
		{ { "-r", "reqs.txt" }, "/cwd/reqs.txt" }, { { "-rreqs.txt" }, "/cwd/reqs.txt" }, { { "-r", "../a/reqs.txt" }, "/a/reqs.txt" }, { { "--requirement=/x/r" }, "/x/r" },
		{ { "--requirement", "r", "-r", "./r", "-r", "s" }, "/cwd/r|/cwd/s" },
		{ { "-c", "limits" }, "/cwd/limits" }, { { "--constraint", "/l" }, "/l" }, { { "--build-constraint=l" }, "/cwd/l" },
		{ { "-r", "pylock.toml[dev]" }, "/cwd/pylock.toml[dev]|/cwd/pylock.toml" },
		{ { "-f", "dist" }, "/cwd/dist" }, { { "-f/w" }, "/w" }, { { "--find-links", "/w" }, "/w" }, { { "--find-links=file:///w" }, "/w" }, { { "-f", "file:///w%20x/%2f" }, "/w x" },
		{ { "-i", "file:///srv/simple" }, "/srv/simple" }, { { "--index-url=/srv/simple/" }, "/srv/simple" }, { { "--extra-index-url", "file://localhost/s" }, "/s" },
		{ { "--cert", "ca.pem", "--client-cert=/c.pem" }, "/cwd/ca.pem|/c.pem" },
		{ { "--requirements-from-script", "s.py" }, "/cwd/s.py" },
		{ { "--group", "dev" }, "/cwd/pyproject.toml" }, { { "--group", "../p/pyproject.toml:dev" }, "/p/pyproject.toml" },
		{ { "-e", "." }, "/cwd" }, { { "-e", ".[dev]" }, "/cwd" }, { { "-e", "lib" }, "/cwd/lib" }, { { "--editable=../lib[a,b]" }, "/lib" }, { { "-e", "git+file:///r/repo@v1.0#egg=x" }, "/r/repo" },
		{ { "list", "--path", "/site" }, "/site" },
		/* bundled */
		{ { "-qr", "reqs.txt" }, "/cwd/reqs.txt" }, { { "-qqUrreqs.txt" }, "/cwd/reqs.txt" }, { { "-qUf", "dist", "-r", "x" }, "/cwd/dist|/cwd/x" },
		/* abbreviated, as optparse allows */
		{ { "--find-link=/w" }, "/w" }, { { "--find", "/w" }, "/w" }, { { "--requirem", "r" }, "/cwd/r" }, { { "--constr=l" }, "/cwd/l" }, { { "--extra-i", "file:///s" }, "/s" }, { { "--index-u", "/s" }, "/s" },
		{ { "--edit", "lib" }, "/cwd/lib" },
		/* the argument is missing */
		{ { "-r" }, "" }, { { "--find-links" }, "" }, { { "-f", "" }, "" },
		/* an option's argument may look like an option */
		{ { "-r", "-x" }, "/cwd/-x" },
	};

	(void) state;
	CHECK_ARGS(rows);
}

static void what_is_elsewhere_or_written_is_left_out(void **state)
{
	static const struct args_row rows[] = {
		{ { "-i", "https://pypi.org/simple" }, "" }, { { "-f", "http://h/x" }, "" }, { { "-r", "https://h/r.txt" }, "" }, { { "-e", "git+https://h/x.git#egg=x" }, "" }, { { "-e", "git+ssh://git@h/x" }, "" },
		{ { "-f", "file://other.host/w" }, "" }, { { "-f", "file:///a%00b" }, "" }, { { "-f", "file://" }, "" }, { { "-f", "file:" }, "" },
		{ { "--target", "./out" }, "" }, { { "-t", "./out" }, "" }, { { "-t./out" }, "" }, { { "--targ=./out" }, "" }, { { "--log", "/l.txt", "--cache-dir", "/c" }, "" }, { { "-d", "./d", "-w", "./w" }, "" },
		{ { "--prefix", "./x", "--root", "/r", "--src", "./s", "--report", "./r.json" }, "" }, { { "--python", "/usr/bin/python3" }, "" },
		{ { "-C", "a=./b", "--config-settings=x=/y" }, "" }, { { "--proxy", "http://h/" }, "" }, { { "--no-index", "--pre", "-U" }, "" }, { { "--no-such=./x" }, "" },
		/* a flag has no argument */
		{ { "--no-index", "./x.whl" }, "/cwd/x.whl" }, { { "-U", "./x.whl" }, "/cwd/x.whl" }, { { "--pre=./x" }, "" },
	};

	(void) state;
	CHECK_ARGS(rows);
}

static void words_that_are_paths(void **state)
{
	static const struct args_row rows[] = {
		{ { "." }, "/cwd" }, { { ".." }, "/" }, { { "./x" }, "/cwd/x" }, { { "sub/x" }, "/cwd/sub/x" }, { { "/x/y.whl" }, "/x/y.whl" }, { { ".[dev]" }, "/cwd" },
		{ { "./dist/x.whl[extra]" }, "/cwd/dist/x.whl" }, { { "./x[a,b]" }, "/cwd/x" }, { { "x-1.0.tar.gz" }, "/cwd/x-1.0.tar.gz" }, { { "x.WHL" }, "/cwd/x.WHL" }, { { "x.zip", "y.tgz", "z.tar.bz2" }, "/cwd/x.zip|/cwd/y.tgz|/cwd/z.tar.bz2" },
		{ { "pkg @ file:///x/y.whl" }, "/x/y.whl" }, { { "pkg@file:///x/y.whl" }, "/x/y.whl" }, { { "pkg[a,b] @ file://localhost/x/y%2B1.whl#sha256=0" }, "/x/y+1.whl" }, { { "file:///x/y.whl?q#f" }, "/x/y.whl" },
		{ { "file:x.whl" }, "/cwd/x.whl" }, { { "FILE:///x" }, "/x" }, { { "git+file:///r@main" }, "/r" }, { { "./a@b/x.whl" }, "/cwd/a@b/x.whl" }, { { "a@b/x.whl" }, "/cwd/a@b/x.whl" },
		{ { "./x.whl; python_version > '3'" }, "/cwd/x.whl" }, { { "./x.whl[e] ; python_version>'3'" }, "/cwd/x.whl" }, { { "pkg @ file:///x;y/z.whl ; python_version>'3'" }, "/x;y/z.whl" },
		{ { "./a b" }, "/cwd/a b" }, { { "--", "-x/y" }, "/cwd/-x/y" }, { { "--", "-r", "./z" }, "/cwd/z" }, { { "./\xff" }, "/cwd/\xff" },
		/* are not */
		{ { "flask" }, "" }, { { "flask>=2,<3" }, "" }, { { "requests[security]" }, "" }, { { "https://h/x.whl" }, "" }, { { "pkg @ https://h/x.whl" }, "" }, { { "git+https://h/x.git@v1" }, "" }, { { "-" }, "" }, { { "" }, "" },
		{ { "name @ git+ssh://git@github.com/x/y" }, "" }, { { ".whl" }, "/cwd/.whl" }, { { "whl" }, "" },
	};

	(void) state;
	CHECK_ARGS(rows);
}

/* Each way to abbreviate leads to one that optparse would take as well, and an exact name is never an abbreviation. */
static void abbreviations(void **state)
{
	static const struct {
		const char *word, *name;
	} rows[] = {
		{ "pre", "pre" }, { "prefix", "prefix" }, { "python", "python" }, { "python-v", "python-version" }, { "index", "index" }, { "index-url", "index-url" }, { "log", "log" }, { "root", "root" },
		{ "require-h", "require-hashes" }, { "find", "find-links" }, { "no-ind", "no-index" }, { "isol", "isolated" }, { "cert", "cert" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(pipopt_find(rows[i].word, strlen(rows[i].word))->name, rows[i].name);
	assert_null(pipopt_find("no-such", 7));
	assert_null(pipopt_find("", 0));
	assert_null(pipopt_find("requirements-x", 14));
	assert_null(pipopt_exact("requiremen", 10));
	assert_null(pipopt_letter('\0'));
	assert_null(pipopt_letter('='));
}

/* --- environment ------------------------------------------------------------------------ */

static void variables(void **state)
{
	static const struct {
		const char *entry, *paths;
	} rows[] = {
		{ "PIP_FIND_LINKS=/a ./b  file:///c https://h/", "/a|/cwd/b|/c" }, { "PIP_REQUIREMENT=r.txt", "/cwd/r.txt" }, { "PIP_CONSTRAINT=a\n\tb", "/cwd/a|/cwd/b" },
		{ "PIP_INDEX_URL=file:///srv/simple", "/srv/simple" }, { "PIP_EXTRA_INDEX_URL=file:///a file:///b", "/a|/b" }, { "PIP_CERT=/with blank/ca", "/with blank/ca" }, { "PIP_CLIENT_CERT=c", "/cwd/c" },
		{ "PIP_Find_Links=/a", "/a" }, { "PIP_BUILD_CONSTRAINT=/b", "/b" }, { "PIP_EDITABLE=./x[dev]", "/cwd/x" },
		{ "SSL_CERT_FILE=/ca", "/ca" }, { "SSL_CERT_DIR=certs", "/cwd/certs" }, { "REQUESTS_CA_BUNDLE=/b c", "/b c" }, { "CURL_CA_BUNDLE=/d", "/d" },
		{ "PIP_TARGET=/t", "" }, { "PIP_LOG=/l", "" }, { "PIP_NO_INDEX=1", "" }, { "PIP_FIND=/x", "" }, { "PIP_FIND_LINKS=", "" }, { "PIP_=/x", "" }, { "XPIP_CERT=/x", "" }, { "FIND_LINKS=/x", "" },
		{ "SSL_CERT_FILE=", "" }, { "PIP_INDEX_URL=https://h/simple", "" }, { "PIP_CERT", "" }, { "PIP_A_VERY_LONG_NAME_THAT_IS_LONGER_THAN_ANY_OPTION_OF_PIP_COULD_EVER_BE=/x", "" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv env = { 0 }, paths = { 0 };

		assert_int_equal(strv_add(&env, rows[i].entry), 0);
		assert_int_equal(pipcmd_paths_from_env(&env, CWD, &paths), 0);
		assert_int_equal(pipcmd_certificates_from_env(&env, CWD, &paths), 0);
		assert_paths(&paths, rows[i].paths, rows[i].entry);
	}
}

/* --- files ---------------------------------------------------------------------------------- */

static void pip_conf(void **state)
{
	static const struct {
		const char *text, *paths;
	} rows[] = {
		{ "", "" },
		{ "[global]\nfind-links = /a\n", "/a" },
		{ "[install]\nfind-links =\n    /a\n    ./b\n    https://h/\nno-index = true\n", "/a|/cwd/b" },
		{ "[global]\nindex-url = file:///srv/simple\nextra-index-url: file:///x\n\tfile:///y\n", "/srv/simple|/x|/y" },
		{ "[install]\nfind_links=/a\n[download]\nFIND-LINKS = /b\n--find-links = /c\n", "/a|/b|/c" },
		{ "[global]\ncert = /with blank/ca.pem  \r\nclient-cert=c\r\n", "/with blank/ca.pem|/cwd/c" },
		{ "# find-links = /x\n; cert = /y\n[global]\nfind-links = /a\n  # comment\n\n  /b\n", "/a|/b" },
		{ "[global]\n  find-links = /a\n  cert = /b\n", "/a|/b" }, /* further in than the section, but not than each other */
		{ "[global]\ntimeout = 60\n  /x\nlog = /l\nproxy = http://h/\n", "" },
		{ "[global]\nfind-links = /a\n[other]\n  /b\n", "/a" },
		{ "find-links", "" }, { "= /x\n: /y\n", "" }, { "[", "" }, { "find-links = /a", "/a" }, { "[install]\nconstraint = c.txt\nrequirement = r.txt", "/cwd/c.txt|/cwd/r.txt" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv paths = { 0 };

		assert_int_equal(pipcmd_paths_from_conf(rows[i].text, strlen(rows[i].text), CWD, &paths), 0);
		assert_paths(&paths, rows[i].paths, rows[i].text);
	}
}

static void requirements_files(void **state)
{
	static const struct {
		const char *text, *paths, *nested;
	} rows[] = {
		{ "", "", "" },
		{ "flask>=2\n# ./x\nrequests[socks]==2.0 ; python_version > '3'\n", "", "" },
		{ "-r more.txt\n-c ../limits\n", "/d/more.txt|/limits", "/d/more.txt|/limits" },
		{ "-rmore.txt\n--requirement=a b.txt\n--constraint 'c d.txt'\n", "/d/more.txt|/d/a b.txt|/d/c d.txt", "/d/more.txt|/d/a b.txt|/d/c d.txt" },
		{ "-r https://h/x\n-r file:///f/x\n", "/f/x", "/f/x" },
		{ "-f dist\n--find-links ./w\n--find-links=file:///x # here\n", "/d/dist|/d/w|/x", "" },
		{ "-i file:///s\n--extra-index-url https://h/\n--index-url=/t\n--no-index\n--pre\n--trusted-host h/\n", "/s|/t", "" },
		{ "-e .\n-e ./lib[dev]\n--editable=git+https://h/x\n-e git+file:///r@v1#egg=x\n", "/d|/d/lib|/r", "" },
		{ "./x.whl --hash=sha256:0\n./y[e]\nz.tar.gz\nname @ file:///w/n.whl --hash=sha256:1\n", "/d/x.whl|/d/y|/d/z.tar.gz|/w/n.whl", "" },
		{ "./x.whl \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\n-f \\\n./w\n", "/d/x.whl|/d/w", "" },
		{ "./x.whl \\\r\n  --hash=sha256:0\r\n-f w\r\n", "/d/x.whl|/d/w", "" },
		{ "# a comment does not go on \\\n./x\nflask \\\n# nor is it gone into \\\n./y\n", "/d/x|/d/y", "" },
		{ "./x\\\n# c\n./y\n", "/d/x|/d/y", "" },
		{ "./x#y\n./z #c\n", "/d/x#y|/d/z", "" },
		{ "  -f   w  \n-\n--\n-f\n-r\n\\\n", "/d/w", "" },
		{ "-f w\\", "/d/w\\", "" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv paths = { 0 }, nested = { 0 };

		assert_int_equal(pipcmd_paths_from_requirements(rows[i].text, strlen(rows[i].text), "/d", &paths, &nested), 0);
		assert_paths(&paths, rows[i].paths, rows[i].text);
		assert_paths(&nested, rows[i].nested, rows[i].text);
	}
}

/* Each is sought among the others: without an end a long list holds the start for minutes. */
static void there_is_an_end_to_paths(void **state)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_strv struct strv paths = { 0 }, nested = { 0 };

	(void) state;
	for (unsigned i = 0; i < 3000; i++)
		buf_printf(&text, "-r ./%u\n", i);
	assert_int_equal(pipcmd_paths_from_requirements(text.data, text.len, "/d", &paths, &nested), 0);
	assert_int_equal(paths.n, 1024);
	assert_int_equal(nested.n, 1024);
	assert_string_equal(paths.v[1023], "/d/1023");
}

static void configuration_files(void **state)
{
	static const struct {
		const char *entry[3], *home, *files;
	} rows[] = {
		{ { NULL }, "/h", "/etc/xdg/pip/pip.conf|/etc/pip.conf|/h/.pip/pip.conf|/h/.config/pip/pip.conf" },
		{ { NULL }, NULL, "/etc/xdg/pip/pip.conf|/etc/pip.conf" },
		{ { "XDG_CONFIG_DIRS=/a:relative:/b:" }, "/h", "/a/pip/pip.conf|/b/pip/pip.conf|/etc/pip.conf|/h/.pip/pip.conf|/h/.config/pip/pip.conf" },
		{ { "XDG_CONFIG_DIRS=", "XDG_CONFIG_HOME=/x" }, "/h", "/etc/xdg/pip/pip.conf|/etc/pip.conf|/h/.pip/pip.conf|/x/pip/pip.conf" },
		{ { "XDG_CONFIG_HOME=x" }, "/h", "/etc/xdg/pip/pip.conf|/etc/pip.conf|/h/.pip/pip.conf|/h/.config/pip/pip.conf" },
		{ { "PIP_CONFIG_FILE=/p//c.conf" }, NULL, "/etc/xdg/pip/pip.conf|/etc/pip.conf|/p/c.conf" },
		{ { "PIP_CONFIG_FILE=/etc/pip.conf" }, NULL, "/etc/xdg/pip/pip.conf|/etc/pip.conf" },
		{ { "PIP_CONFIG_FILE=/dev/null" }, "/h", "" },
		{ { "PIP_CONFIG_FILE=" }, NULL, "/etc/xdg/pip/pip.conf|/etc/pip.conf" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_strv struct strv env = { 0 }, files = { 0 };

		for (size_t k = 0; k < 3 && rows[i].entry[k] != NULL; k++)
			assert_int_equal(strv_add(&env, rows[i].entry[k]), 0);
		assert_int_equal(pipcmd_config_files(&env, rows[i].home, &files), 0);
		assert_paths(&files, rows[i].files, rows[i].entry[0] ? rows[i].entry[0] : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_pip),
		cmocka_unit_test(runs_of_pip),
		cmocka_unit_test(runs_of_other_installers),
		cmocka_unit_test(editables),
		cmocka_unit_test(options_that_name_files),
		cmocka_unit_test(what_is_elsewhere_or_written_is_left_out),
		cmocka_unit_test(words_that_are_paths),
		cmocka_unit_test(abbreviations),
		cmocka_unit_test(variables),
		cmocka_unit_test(pip_conf),
		cmocka_unit_test(requirements_files),
		cmocka_unit_test(there_is_an_end_to_paths),
		cmocka_unit_test(configuration_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
