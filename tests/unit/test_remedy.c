/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "host/advice.h"
#include "host/callname.h"
#include "host/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define VENV "/home/u/p/.venv"
#define SET "venvbox-install " VENV " "
#define VENV_WHY "programs do not write the venv; pip does, run from it"
#define PROTECTED_WHY "what is written there is run, or obeyed, by programs outside of the box"

static char *nested_names[] = { (char *) (uintptr_t) "sub/.git", (char *) (uintptr_t) "deep/env", NULL };
static const struct strv nested = { .v = nested_names, .n = 2 };

static const struct remedy_of of = {
	.venv = VENV, .project = "/home/u/p", .box_home = VENV "/home", .real_home = "/home/u", .nested = &nested,
};

struct row {
	struct denial d;
	const char *line, *setting, *value;
	const char *why; /* a part of it; "" any; NULL none */
	bool unwise;
};

#define HIDDEN(p, path)     .kind = DENIED_HIDDEN, .purpose = PURPOSE_##p, .what = path, .real = path
#define HIDDEN_AT(p, w, r)  .kind = DENIED_HIDDEN, .purpose = PURPOSE_##p, .what = w, .real = r
#define READ_ONLY(p, path)  .kind = DENIED_WRITE, .purpose = PURPOSE_##p, .what = path, .real = path
#define PROGRAM(path)       .kind = DENIED_PROGRAM, .purpose = PURPOSE_EXECUTE, .what = path, .real = path
#define SOCKET(w, r)        .kind = DENIED_SOCKET, .purpose = PURPOSE_LOOK, .what = w, .real = r

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		cleanup_remedy struct remedy r = { 0 };

		assert_int_equal(remedy_find(&of, &row->d, &r), 0);
		if ((row->line == NULL) != (r.line == NULL) || (r.line != NULL && strcmp(row->line, r.line) != 0))
			fail_msg("row %zu (%s): line %s", i, row->d.what, r.line != NULL ? r.line : "none");
		if ((row->setting == NULL) != (r.setting == NULL) || (r.setting != NULL && strcmp(row->setting, r.setting) != 0)
		    || (row->value == NULL) != (r.value == NULL) || (r.value != NULL && strcmp(row->value, r.value) != 0))
			fail_msg("row %zu (%s): %s = %s", i, row->d.what, r.setting ? r.setting : "none", r.value ? r.value : "none");
		if ((row->why == NULL) != (r.why == NULL) || (r.why != NULL && strstr(r.why, row->why) == NULL))
			fail_msg("row %zu (%s): why %s", i, row->d.what, r.why != NULL ? r.why : "none");
		if (row->unwise != r.unwise)
			fail_msg("row %zu (%s): unwise %d", i, row->d.what, r.unwise);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void a_path_has_its_setting(void **state)
{
	static const struct row rows[] = {
		{ { HIDDEN(READ, "/data/set.csv") }, SET "--ro /data/set.csv", "ro", "/data/set.csv", NULL, false },
		{ { HIDDEN(LOOK, "/data/set.csv") }, SET "--ro /data/set.csv", "ro", "/data/set.csv", NULL, false },
		{ { HIDDEN(WRITE, "/data/out.csv") }, SET "--rw /data/out.csv", "rw", "/data/out.csv", NULL, false },
		{ { HIDDEN_AT(PUT, "/data/new", "/data"), .is_dir = true }, SET "--rw /data", "rw", "/data", NULL, false },
		{ { READ_ONLY(WRITE, "/data/x") }, SET "--rw /data/x", "rw", "/data/x", NULL, false },
		{ { PROGRAM("/opt/tool/ffmpeg") }, SET "--ro /opt/tool/ffmpeg", "ro", "/opt/tool/ffmpeg", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

static void odd_paths_are_quoted(void **state)
{
	static const struct row rows[] = {
		{ { HIDDEN(READ, "/data/a b") }, SET "--ro '/data/a b'", "ro", "/data/a b", NULL, false },
		{ { HIDDEN(READ, "/data/$(id)") }, SET "--ro '/data/$(id)'", "ro", "/data/$(id)", NULL, false },
		{ { HIDDEN(READ, "/data/it's") }, SET "--ro '/data/it'\\''s'", "ro", "/data/it's", NULL, false },
		{ { HIDDEN(READ, "/data/a\nb") }, SET "--ro $'/data/a\\nb'", "ro", "/data/a\nb", NULL, false },
		{ { HIDDEN(READ, "/data/\033[2J") }, SET "--ro $'/data/\\033[2J'", "ro", "/data/\033[2J", NULL, false },
		{ { HIDDEN(READ, "/data/\xff") }, SET "--ro $'/data/\\377'", "ro", "/data/\xff", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

/* What is kept from people's boxes has no line. */
static void what_is_unwise_has_a_reason_and_no_line(void **state)
{
	static const struct row rows[] = {
		{ { HIDDEN(READ, "/home/u/.ssh/id_rsa") }, NULL, NULL, NULL, "keys of ssh", true },
		{ { HIDDEN_AT(READ, VENV "/home/.ssh/config", "/home/u/.ssh/config") }, NULL, NULL, NULL, "keys of ssh", true },
		{ { HIDDEN(READ, "/home/v/x") }, NULL, NULL, NULL, "", true },
		{ { READ_ONLY(WRITE, "/usr/bin/x") }, NULL, NULL, NULL, "", true },
		{ { HIDDEN_AT(PUT, "/etc/x", "/etc"), .is_dir = true }, NULL, NULL, NULL, "", true },
		{ { HIDDEN(READ, "/dev/sda") }, NULL, NULL, NULL, "hardware", true },
		{ { HIDDEN(READ, "/dev/video0") }, SET "--dev-bind-try /dev/video0 /dev/video0", NULL, NULL, "hardware", true },
		{ { PROGRAM("/usr/bin/sudo") }, NULL, NULL, NULL, "set-user-ID", true },
		{ { PROGRAM("/usr/bin/gdb") }, NULL, NULL, NULL, "ptrace", true },
		{ { PROGRAM("/usr/bin/docker") }, NULL, NULL, NULL, "service of the host", true },
		{ { PROGRAM("/opt/x/docker-nothing") }, SET "--ro /opt/x/docker-nothing", "ro", "/opt/x/docker-nothing", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

static void what_is_protected_has_unprotect(void **state)
{
	static const struct row rows[] = {
		{ { READ_ONLY(WRITE, "/home/u/p/.git/config") }, SET "--unprotect .git", "unprotect", ".git", PROTECTED_WHY, true },
		{ { READ_ONLY(WRITE, "/home/u/p/.env") }, SET "--unprotect .env", "unprotect", ".env", PROTECTED_WHY, true },
		{ { READ_ONLY(WRITE, "/home/u/p/sub/.git/HEAD") }, SET "--unprotect sub/.git", "unprotect", "sub/.git", PROTECTED_WHY, true },
		{ { READ_ONLY(MAKE, "/home/u/p/deep/env") }, SET "--unprotect deep/env", "unprotect", "deep/env", PROTECTED_WHY, true },
		{ { READ_ONLY(WRITE, "/home/u/p/deep/envelope") }, SET "--rw /home/u/p/deep/envelope", "rw", "/home/u/p/deep/envelope", NULL, false },
		{ { READ_ONLY(WRITE, VENV "/lib/x.py") }, NULL, NULL, NULL, VENV_WHY, false },
		{ { READ_ONLY(MAKE, VENV "/lib/__pycache__"), .is_bytecode = true }, NULL, NULL, NULL, "pip compiles what it installs", false },
		{ { READ_ONLY(PUT, "/usr/lib/__pycache__/x.pyc.1"), .is_bytecode = true }, NULL, NULL, NULL, "pip compiles what it installs", false },
	};

	(void) state;
	CHECK(rows);
}

/* --- HOME ---------------------------------------------------------------------------- */

#define LINK VENV "/bin/python -c 'import os, sys; at, link = sys.argv[1:]; os.makedirs(os.path.dirname(link), exist_ok=True); " \
	"os.path.lexists(link) and os.rename(link, link + \"~\"); os.symlink(at, link)' "

/* The link is made in the box, where a planted one leads nowhere else. */
static void below_home_a_link_leads_to_its_own_path(void **state)
{
	static const struct row rows[] = {
		{ { HIDDEN_AT(READ, VENV "/home/data/f", "/home/u/data/f") },
		  LINK "/home/u/data/f " VENV "/home/data/f && " SET "--ro /home/u/data/f", NULL, NULL, NULL, false },
		{ { HIDDEN_AT(READ, VENV "/home/data", "/home/u/data"), .is_dir = true },
		  LINK "/home/u/data " VENV "/home/data && " SET "--ro /home/u/data", NULL, NULL, NULL, false },
		{ { HIDDEN_AT(PUT, VENV "/home/data/new", "/home/u/data"), .is_dir = true },
		  LINK "/home/u/data " VENV "/home/data && " SET "--rw /home/u/data", NULL, NULL, NULL, false },
		/* Named by the caller's own path: it is shown there. */
		{ { HIDDEN(READ, "/home/u/data/f") }, SET "--ro /home/u/data/f", "ro", "/home/u/data/f", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

/* A link that a program planted in its home: the report is not lost with it. */
static void a_link_out_of_the_home_is_shown_where_it_leads(void **state)
{
	static const struct row rows[] = {
		{ { HIDDEN_AT(READ, VENV "/home/link", "/data/f") }, SET "--ro /data/f", "ro", "/data/f", NULL, false },
		{ { HIDDEN_AT(READ, VENV "/home/a/link", "/home/u/b/f") }, SET "--ro /home/u/b/f", "ro", "/home/u/b/f", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

static void without_a_home_of_the_caller(void **state)
{
	struct remedy_of homeless = of;
	const struct denial d = { HIDDEN_AT(READ, VENV "/home/link", "/data/f") };
	cleanup_remedy struct remedy r = { 0 };

	(void) state;
	homeless.real_home = NULL;
	assert_int_equal(remedy_find(&homeless, &d, &r), 0);
	assert_string_equal(r.line, SET "--ro /data/f");
}

/* --- what is no path ------------------------------------------------------------------- */

static void a_socket_is_shown_with_its_directory(void **state)
{
	static const struct row rows[] = {
		{ { SOCKET("/srv/db/s.sock", "/srv/db/s.sock") }, SET "--ro /srv/db", "ro", "/srv/db", NULL, false },
		{ { SOCKET("/run/s.sock", "/run/s.sock") }, SET "--ro /run/s.sock", "ro", "/run/s.sock", NULL, false },
		{ { SOCKET(VENV "/home/.db/s.sock", "/home/u/.db/s.sock") },
		  LINK "/home/u/.db " VENV "/home/.db && " SET "--ro /home/u/.db", NULL, NULL, NULL, false },
		{ { SOCKET("/run/docker.sock", "/run/docker.sock") }, NULL, NULL, NULL, "root", true },
		{ { SOCKET("/run/user/1000/bus", "/run/user/1000/bus") }, NULL, NULL, NULL, "acts outside", true },
	};

	(void) state;
	CHECK(rows);
}

static void network_ports_and_limits(void **state)
{
	static const struct row rows[] = {
		{ { .kind = DENIED_NETWORK, .what = "192.0.2.1 port 80" }, SET "--network host", "network", "host", NULL, false },
		{ { .kind = DENIED_PORT, .what = "80" }, "sudo sysctl net.ipv4.ip_unprivileged_port_start=80", NULL, NULL, "1024", true },
		{ { .kind = DENIED_LIMIT, .what = "file-size" }, SET "--file-size none", "file-size", "none", NULL, false },
	};

	(void) state;
	CHECK(rows);
}

static void a_refused_call_has_the_reason_of_its_row(void **state)
{
	const struct row rows[] = {
		{ { .kind = DENIED_CALL, .what = "ptrace", .call = SYS_ptrace, .err = EPERM }, NULL, NULL, NULL, callname_find(SYS_ptrace)->why, true },
		{ { .kind = DENIED_CALL, .what = "socket", .call = SYS_socket, .err = EAFNOSUPPORT, .detail = "a kind of socket" },
		  NULL, NULL, NULL, "a kind of socket", true },
		{ { .kind = DENIED_CALL, .what = "?", .call = 99999, .err = ENOSYS }, NULL, NULL, NULL, "newer than this venvbox", true },
	};

	(void) state;
	CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_has_its_setting),
		cmocka_unit_test(odd_paths_are_quoted),
		cmocka_unit_test(what_is_unwise_has_a_reason_and_no_line),
		cmocka_unit_test(what_is_protected_has_unprotect),
		cmocka_unit_test(below_home_a_link_leads_to_its_own_path),
		cmocka_unit_test(a_link_out_of_the_home_is_shown_where_it_leads),
		cmocka_unit_test(without_a_home_of_the_caller),
		cmocka_unit_test(a_socket_is_shown_with_its_directory),
		cmocka_unit_test(network_ports_and_limits),
		cmocka_unit_test(a_refused_call_has_the_reason_of_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
