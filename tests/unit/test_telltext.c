/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "host/callname.h"
#include "host/telltext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define VENV "/p/.venv"

static const struct strv none = { 0 };
static const struct remedy_of of = { .venv = VENV, .project = "/p", .box_home = VENV "/home", .real_home = "/home/u", .nested = &none };

static void assert_line(const struct denial *d, bool color, const char *text)
{
	cleanup_buf struct buf out = { 0 };

	telltext_denied(&out, d, color);
	assert_string_equal(out.data, text);
}

#define CALLED(name, number, e) { .kind = DENIED_CALL, .what = name, .call = (number), .err = (e), .program = "python a.py", .count = 1 }
#define PATH(k, p, path) { .kind = DENIED_##k, .purpose = PURPOSE_##p, .what = path, .real = path, .program = "python a.py", .count = 1 }

static void each_kind_has_its_line(void **state)
{
	static const struct {
		struct denial d;
		const char *line;
	} rows[] = {
		{ CALLED("ptrace", SYS_ptrace, EPERM), "venvbox: refused: ptrace (Operation not permitted), to python a.py\n" },
		{ PATH(HIDDEN, READ, "/data/x"), "venvbox: hidden: /data/x (read), from python a.py\n" },
		{ PATH(HIDDEN, LOOK, "/data/x"), "venvbox: hidden: /data/x (looked for), from python a.py\n" },
		{ PATH(HIDDEN, SOCKET, "/data/x"), "venvbox: hidden: /data/x (listen), from python a.py\n" },
		{ PATH(WRITE, PUT, "/data/x"), "venvbox: read-only: /data/x (write), from python a.py\n" },
		{ PATH(WRITE, MAKE, "/data/x"), "venvbox: read-only: /data/x (make), from python a.py\n" },
		{ { .kind = DENIED_WRITE, .purpose = PURPOSE_MAKE, .what = "/v/__pycache__", .real = "/v", .is_bytecode = true, .program = "python a.py", .count = 9 },
		  "venvbox: read-only: /v/__pycache__ (what Python compiles), from python a.py, 9 times\n" },
		{ PATH(PROGRAM, EXECUTE, "/opt/x"), "venvbox: program: /opt/x, from python a.py\n" },
		{ PATH(SOCKET, LOOK, "/run/x"), "venvbox: socket: /run/x, from python a.py\n" },
		{ { .kind = DENIED_NETWORK, .what = "::1 port 80", .program = "sh", .count = 1 },
		  "venvbox: network: ::1 port 80 (the box has no network), from sh\n" },
		{ { .kind = DENIED_PORT, .what = "80", .program = "sh", .count = 1 },
		  "venvbox: port: 80 (below those that anybody may listen on), from sh\n" },
		{ { .kind = DENIED_LIMIT, .what = "cpu", .program = "sh", .count = 12 },
		  "venvbox: limit: cpu (to be raised above the limit of the box), from sh, 12 times\n" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_line(&rows[i].d, false, rows[i].line);
	assert_line(&rows[0].d, true, "venvbox: \033[1mrefused\033[0m: ptrace (Operation not permitted), to python a.py\n");
}

/* Programs choose their names, and those of files. */
static void no_terminal_is_driven(void **state)
{
	struct denial d = PATH(HIDDEN, READ, "/d/\033[2J\n\xff\u202e");
	cleanup_buf struct buf out = { 0 };

	(void) state;
	d.program = "py\033[1m\nvenvbox: refused: nothing\x80";
	assert_line(&d, false, "venvbox: hidden: $'/d/\\033[2J\\n\\377\\342\\200\\256' (read), "
			       "from py\\x1b[1m\\nvenvbox: refused: nothing\\x80\n");
	telltext_summary(&out, &of, &(struct denials) { .v = &d, .n = 1 }, false, false);
	assert_null(strchr(out.data, '\033'));
}

static void long_words_are_whole(void **state)
{
	struct denial d = PATH(HIDDEN, READ, "/x");
	cleanup_buf struct buf out = { 0 };
	char path[20000];

	(void) state;
	memset(path, 'y', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	d.what = d.real = path;
	telltext_denied(&out, &d, false);
	assert_non_null(strstr(out.data, path));
	assert_int_equal(out.data[out.len - 1], '\n');
}

/* --- the summary ------------------------------------------------------------------- */

/* The end of each. */
#define LOOKS "  not seen   what was only looked for, stat(2): venvbox-install /p/.venv --learn -- COMMAND\n"

static void assert_summary(struct denial *v, size_t n, bool full, bool blind, const char *text)
{
	const struct denials all = { .v = v, .n = n, .full = full };
	cleanup_buf struct buf out = { 0 };
	cleanup_buf struct buf whole = { 0 };

	telltext_summary(&out, &of, &all, false, blind);
	buf_printf(&whole, "%s" LOOKS, text);
	assert_false(out.failed);
	assert_string_equal(out.data, whole.data);
}

static void nothing_was_denied(void **state)
{
	(void) state;
	assert_summary(NULL, 0, false, false, "venvbox: nothing was denied\n");
}

static void each_has_its_remedy(void **state)
{
	struct denial v[] = {
		PATH(HIDDEN, READ, "/data/x"),
		PATH(HIDDEN, READ, "/home/u/.ssh/x"),
		{ .kind = DENIED_PORT, .what = "80", .program = "sh", .count = 3 },
	};

	(void) state;
	assert_summary(v, 3, false, false,
		"venvbox: denied\n"
		"  hidden     /data/x (read), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --ro /data/x\n"
		"  hidden     /home/u/.ssh/x (read), from python a.py\n"
		"    deliberate  keys of ssh: whatever runs in the box could read it and send it away\n"
		"  port       80 (below those that anybody may listen on), from sh, 3 times\n"
		"    careful     a box has no rights over the host's network, as no program of yours has: take a port from 1024 on, or open them to all\n"
		"    to allow it sudo sysctl net.ipv4.ip_unprivileged_port_start=80\n");
}

static void what_a_line_covers_has_none(void **state)
{
	struct denial v[] = {
		PATH(HIDDEN, READ, "/data"), PATH(HIDDEN, READ, "/data/x"), PATH(HIDDEN, WRITE, "/data/y"), PATH(HIDDEN, READ, "/database"),
	};

	(void) state;
	assert_summary(v, 4, false, false,
		"venvbox: denied\n"
		"  hidden     /data (read), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --ro /data\n"
		"  hidden     /data/x (read), from python a.py\n"
		"    as above\n"
		"  hidden     /data/y (write), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --rw /data/y\n"
		"  hidden     /database (read), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --ro /database\n");
}

/* ENOSYS: libraries ask for what newer kernels have. */
static void what_is_not_there_is_no_trouble(void **state)
{
	struct denial v[] = {
		CALLED("clone3", SYS_clone3, ENOSYS), CALLED("openat2", SYS_openat2, ENOSYS), CALLED("clone3", SYS_clone3, ENOSYS),
	};

	(void) state;
	v[2].program = "sh";
	assert_summary(v, 3, false, false, "venvbox: nothing was denied\n"
					   "  not there  clone3, openat2 (no harm: libraries use what came before)\n");
}

static void many_of_usr_are_the_profile(void **state)
{
	struct denial v[] = { PATH(HIDDEN, READ, "/usr/a"), PATH(HIDDEN, READ, "/usr/b"), PATH(HIDDEN, READ, "/usr/c") };
	const char *words = "  all of /usr, read-only: venvbox-install /p/.venv --profile system\n";
	const struct denials two = { .v = v, .n = 2 }, three = { .v = v, .n = 3 };
	cleanup_buf struct buf few = { 0 }, many = { 0 };

	(void) state;
	telltext_summary(&few, &of, &two, false, false);
	assert_null(strstr(few.data, words));
	telltext_summary(&many, &of, &three, false, false);
	assert_non_null(strstr(many.data, words));
}

static void what_was_not_seen_is_said(void **state)
{
	(void) state;
	assert_summary(NULL, 0, true, true, "venvbox: nothing was denied\n"
					    "  and more than can be remembered\n"
					    "  not seen   paths: that needs openat2(2), Linux 5.6, and kernel.yama.ptrace_scope below 3\n");
}

/* A program that plants a link in its home does not take the report away. */
static void a_planted_link_hides_nothing(void **state)
{
	struct denial v[] = { PATH(HIDDEN, READ, VENV "/home/link"), PATH(HIDDEN, READ, "/data/x") };

	(void) state;
	v[0].real = "/data/y";
	assert_summary(v, 2, false, false,
		"venvbox: denied\n"
		"  hidden     /p/.venv/home/link (read), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --ro /data/y\n"
		"  hidden     /data/x (read), from python a.py\n"
		"    to allow it venvbox-install /p/.venv --ro /data/x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_line),
		cmocka_unit_test(no_terminal_is_driven),
		cmocka_unit_test(long_words_are_whole),
		cmocka_unit_test(nothing_was_denied),
		cmocka_unit_test(each_has_its_remedy),
		cmocka_unit_test(what_a_line_covers_has_none),
		cmocka_unit_test(what_is_not_there_is_no_trouble),
		cmocka_unit_test(many_of_usr_are_the_profile),
		cmocka_unit_test(what_was_not_seen_is_said),
		cmocka_unit_test(a_planted_link_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
