/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host/venv.c. This program is the launcher here: links in a made venv lead to it, it is executed by them and says what it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host/venv.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#define ASKED "VB_TEST_SAY_WHAT_YOU_ARE"

extern unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

/* AT_SECURE as if this were a set-user-ID start. */
unsigned long __wrap_getauxval(unsigned long type)
{
	return type == AT_SECURE && getenv("VB_TEST_SECURE") != NULL ? 1 : __real_getauxval(type);
}

/* The child: one line with what venv_find() found. */
static int say(char *argv[])
{
	struct called c;
	struct failure f = { 0 };
	int r = venv_find((const char *) getauxval(AT_EXECFN), argv, getenv("PATH"), &c, &f);

	if (r == 0)
		printf("%s|%s|%s|%s|%s", c.venv_real, c.name, c.program, c.argv0, c.is_interpreter ? "python" : "command");
	else
		printf("%d|%s|%s", r, f.what ? f.what : "", f.hint ? f.hint : "");
	failure_release(&f);
	called_release(&c);
	return 0;
}

/* --- a venv ------------------------------------------------------------------ */

struct made {
	char dir[sizeof(SCRATCH)];
	char self[PATH_MAX];
	char out[4 * PATH_MAX];
};

static void make(const char *format, ...) printf_like(1, 2);
static void make(const char *format, ...)
{
	char script[8 * PATH_MAX];
	va_list ap;

	va_start(ap, format);
	assert_true(vsnprintf(script, sizeof(script), format, ap) < (int) sizeof(script));
	va_end(ap);
	assert_int_equal(system(script), 0);
}

/* A project "p" with a boxed venv; "q" another one. */
static int setup(void **state)
{
	struct made *m = calloc(1, sizeof(*m));
	ssize_t len;

	assert_non_null(m);
	assert_int_equal(scratch_make(m->dir), 0);
	len = readlink("/proc/self/exe", m->self, sizeof(m->self) - 1);
	assert_true(len > 0);
	make("cd '%s' && mkdir -p p/.venv/bin p/.venv/venvbox p/sub home q/.venv/bin q/.venv/venvbox plain/bin &&"
	     "for v in p q; do touch $v/.venv/pyvenv.cfg $v/.venv/venvbox/manifest; for n in python python3 python3.11 tool; do ln -s '%s' $v/.venv/bin/$n; done; done;"
	     "ln -s '%s' plain/bin/python", m->dir, m->self, m->self);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct made *m = *state;
	int r = scratch_remove(m->dir);

	free(m);
	return r;
}

static void read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, out + len, size - 1 - len)) > 0)
		len += (size_t) n;
	out[len] = '\0';
	(void) close(fd);
}

/* Runs a script of bash in cwd, with $D the scratch directory; m->out is what the launcher it starts says. */
static void ask(struct made *m, const char *cwd, const char *script)
{
	int out[2], status;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		char *dir = path_join(m->dir, cwd);

		if (dup2(out[1], STDOUT_FILENO) < 0 || chdir(dir) < 0 || setenv("D", m->dir, 1) < 0 || setenv(ASKED, "1", 1) < 0)
			_exit(120);
		(void) close(out[0]);
		(void) close(out[1]);
		(void) execl("/bin/bash", "bash", "-c", script, (char *) NULL);
		_exit(121);
	}
	(void) close(out[1]);
	read_all(out[0], m->out, sizeof(m->out));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* expected: with '@' for the scratch directory. */
static void assert_said(const struct made *m, const char *script, const char *expected)
{
	cleanup_free char *wanted = calloc(1, 4 * PATH_MAX);
	char *to = wanted;

	for (; *expected != '\0'; expected++)
		if (*expected == '@')
			to = stpcpy(to, m->dir);
		else
			*to++ = *expected;
	if (strcmp(m->out, wanted) != 0)
		print_error("%s\n", script);
	assert_string_equal(m->out, wanted);
}

#define P "@/p/.venv"
#define PYTHON P "|python|" P "/bin/python|"

struct row {
	const char *cwd, *script, *said;
};

static void check(struct made *m, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ask(m, rows[i].cwd, rows[i].script);
		assert_said(m, rows[i].script, rows[i].said);
	}
}

#define CHECK(state, rows) check(*(state), rows, sizeof(rows) / sizeof((rows)[0]))

/* --- found ---------------------------------------------------------------------- */

static void however_it_is_called(void **state)
{
	static const struct row rows[] = {
		{ "p", "exec .venv/bin/python", PYTHON ".venv/bin/python|python" },
		{ "p", "exec ./.venv/bin/python", PYTHON "./.venv/bin/python|python" },
		{ "p/sub", "exec ../.venv/bin/python", PYTHON "../.venv/bin/python|python" },
		{ "p/sub", "exec ./..//.venv/./bin/python", PYTHON "./..//.venv/./bin/python|python" },
		{ "p/.venv/bin", "exec ./python", PYTHON "./python|python" },
		{ "home", "exec $D/p/.venv/bin/python", PYTHON P "/bin/python|python" },
		/* by PATH: the shell gives the kernel the whole path */
		{ "p", "PATH=$D/p/.venv/bin:$PATH; exec python", PYTHON P "/bin/python|python" },
		{ "p", "PATH=.venv/bin:$PATH; exec python", PYTHON P "/bin/python|python" },
		{ "p/.venv/bin", "PATH=:$PATH; exec python", PYTHON P "/bin/python|python" },
		{ "p", "exec env PATH=$D/p/.venv/bin python", PYTHON P "/bin/python|python" },
		{ "p/.venv/bin", "exec env PATH=:/nowhere python", PYTHON P "/bin/python|python" },
		/* what leaves a directory again may not be there inside */
		{ "p", "exec sub/../.venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "exec $D/home/../p/.venv/bin/python", PYTHON P "/bin/python|python" },
		/* other names */
		{ "p", "exec .venv/bin/python3.11", P "|python3.11|" P "/bin/python3.11|.venv/bin/python3.11|python" },
		{ "p", "exec .venv/bin/tool", P "|tool|" P "/bin/tool|.venv/bin/tool|command" },
		{ "p", "exec sub/../.venv/bin/tool", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		{ "p", "PATH=.venv/bin:$PATH; exec tool", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
	};

	CHECK(state, rows);
}

static void whatever_argv0_says(void **state)
{
	static const struct row rows[] = {
		{ "p", "exec -a other .venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "exec -a '' .venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "exec -a /nowhere/python .venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "exec -a -python .venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "exec -a . .venv/bin/tool", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		/* argv[0] names another venv, the kernel knows better */
		{ "p", "exec -a $D/q/.venv/bin/tool .venv/bin/python", PYTHON P "/bin/python|python" },
		{ "p", "PATH=$D/q/.venv/bin:$PATH; exec -a tool .venv/bin/python", PYTHON P "/bin/python|python" },
	};

	CHECK(state, rows);
}

static void through_links(void **state)
{
	static const struct row rows[] = {
		{ "p", "ln -s .venv here && exec here/bin/python", PYTHON P "/bin/python|python" },
		{ "home", "ln -s ../p p && cd p && exec .venv/bin/python", PYTHON ".venv/bin/python|python" },
		{ "home", "exec p/.venv/bin/python", PYTHON P "/bin/python|python" },
		{ "home", "ln -s $D/p/.venv/bin/tool mine && exec ./mine", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		{ "home", "ln -s mine again && exec $D/home/again", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		{ "home", "PATH=$D/home:$PATH; exec again", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		{ "home", "ln -s $D/p/.venv/bin commands && exec commands/python3", P "|python3|" P "/bin/python3|" P "/bin/python3|python" },
		/* the parent of "commands" is that of what it leads to, not home */
		{ "home", "mkdir venvbox && touch venvbox/manifest && exec commands/python", PYTHON P "/bin/python|python" },
		/* beside a link on the way a box may have laid what looks like a venv */
		{ "home", "mkdir bin && ln -s ../../p/.venv/bin/tool bin/t && exec bin/t", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		/* in one bin the first name counts */
		{ "p", "ln -s tool .venv/bin/alias && exec .venv/bin/alias", P "|alias|" P "/bin/alias|.venv/bin/alias|command" },
		{ "q", "ln -s $D/p/.venv/bin/python .venv/bin/borrowed && exec .venv/bin/borrowed", PYTHON P "/bin/python|python" },
	};

	CHECK(state, rows);
}

/* For a script the kernel puts the script into AT_EXECFN and what stands after "#!" into argv[0]. */
static void by_shebang(void **state)
{
	static const struct row rows[] = {
		{ "p", "printf '#!%s/p/.venv/bin/python -sI\\n' $D > s; chmod +x s; exec ./s", PYTHON P "/bin/python|python" },
		{ "home", "ln -s ../p/s; exec ./s", PYTHON P "/bin/python|python" },
		{ "p", "printf '#!.venv/bin/python\\n' > r; chmod +x r; exec ./r", PYTHON ".venv/bin/python|python" },
		{ "p", "printf '#!/usr/bin/env tool\\n' > e; chmod +x e; PATH=$D/p/.venv/bin:$PATH exec ./e", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		/* a script that lies in another venv's bin is no proof */
		{ "p", "cp s $D/q/.venv/bin/script; exec $D/q/.venv/bin/script", PYTHON P "/bin/python|python" },
	};

	CHECK(state, rows);
}

#define BY_FD "exec /usr/bin/python3 -c 'import os, sys; os.execve(os.open(sys.argv[1], os.O_RDONLY), [sys.argv[2]], os.environ)' .venv/bin/python "

/* fexecve(3): the kernel has no name, argv[0] is asked. */
static void by_descriptor(void **state)
{
	static const struct row rows[] = {
		{ "p", BY_FD ".venv/bin/tool", P "|tool|" P "/bin/tool|.venv/bin/tool|command" },
		{ "p", "PATH=/nowhere:$D/p/.venv/bin:$PATH; " BY_FD "tool", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
		{ "p", "PATH=$D/plain/bin:$D/p/.venv/bin:$PATH; " BY_FD "python", "-2|cannot tell which venv this is|call the command by its path in the venv, for example .venv/bin/python" },
		{ "p", "PATH=/usr/bin:$D/p/.venv/bin; " BY_FD "python3", "-2|cannot tell which venv this is|call the command by its path in the venv, for example .venv/bin/python" },
	};

	CHECK(state, rows);
}

static void odd_names(void **state)
{
	static const char *const names[] = { "with space", "new\nline", "\xff\xfe", "quote'\"", "$(x)`y`", "a:b", "@{", "bin", " (deleted)" };
	struct made *m = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *expected;

		assert_int_equal(setenv("N", names[i], 1), 0);
		ask(m, "", "mkdir -p \"$N/v/bin\" \"$N/v/venvbox\" && touch \"$N/v/venvbox/manifest\" && cp -P p/.venv/bin/tool \"$N/v/bin/$N\" && exec \"$N/v/bin/$N\"");
		assert_true(asprintf(&expected, "%s/%s/v|%s|%s/%s/v/bin/%s|%s/v/bin/%s|command", m->dir, names[i], names[i], m->dir, names[i], names[i],
				     names[i], names[i]) > 0);
		assert_string_equal(m->out, expected);
		free(expected);
	}
}

/* --- refused ----------------------------------------------------------------------- */

#define NONE "-2|cannot tell which venv this is|call the command by its path in the venv, for example .venv/bin/python"

static void what_is_no_command_of_a_boxed_venv_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "", "exec plain/bin/python", NONE },
		{ "", "exec -a $D/nowhere/bin/python plain/bin/python", NONE },
		/* beside a venv's bin, not in it */
		{ "p", "mkdir .venv/lib && cp -P .venv/bin/tool .venv/lib/ && exec .venv/lib/tool", NONE },
		{ "p", "mv .venv/venvbox/manifest .venv/m; exec .venv/bin/python", "-2|'" P "' has no manifest of venvbox|run: venvbox-install " P },
		{ "p", "ln -s ../m .venv/venvbox/manifest; exec .venv/bin/python", "-2|'" P "' has no manifest of venvbox|run: venvbox-install " P },
		{ "p", "rm .venv/venvbox/manifest; mv .venv/m .venv/venvbox/manifest; exec .venv/bin/python", PYTHON ".venv/bin/python|python" },
		/* the state is a link: whose? */
		{ "p", "mv .venv/venvbox .venv/moved && ln -s moved .venv/venvbox && exec .venv/bin/python",
		  "-40|cannot open '" P "/venvbox': Too many levels of symbolic links|run: venvbox-install " P },
	};

	CHECK(state, rows);
}

/* argv[0] may say what it likes: a venv whose command is another program is not ours. */
static void what_leads_to_another_program_is_refused(void **state)
{
	static const struct row rows[] = {
		{ "", "cp /bin/true p/.venv/bin/other; exec -a $D/p/.venv/bin/other plain/bin/python", NONE },
		{ "", "ln -s /bin/true p/.venv/bin/link; exec -a $D/p/.venv/bin/link plain/bin/python", NONE },
		/* positive control */
		{ "", "exec -a $D/p/.venv/bin/tool plain/bin/python", P "|tool|" P "/bin/tool|" P "/bin/tool|command" },
	};

	CHECK(state, rows);
}

static void raised_rights_are_refused(void **state)
{
	static const struct row rows[] = {
		{ "p", "VB_TEST_SECURE=1 exec .venv/bin/python",
		  "-1|started with raised rights|remove the set-user-ID bits or file capabilities of the launcher" },
		{ "p", "exec .venv/bin/python", PYTHON ".venv/bin/python|python" },
	};

	CHECK(state, rows);
}

static void nothing_to_go_by(void **state)
{
	char *const none[] = { NULL };
	char *const empty[] = { (char *) "", NULL };
	struct failure f = { 0 };
	struct called c;

	(void) state;
	assert_int_equal(venv_find(NULL, none, NULL, &c, &f), -ENOENT);
	assert_int_equal(venv_find("", empty, NULL, &c, &f), -ENOENT);
	assert_int_equal(venv_find("/nowhere", empty, "", &c, &f), -ENOENT);
	assert_null(c.venv_real);
	assert_true(c.venv_fd < 0 && c.state_fd < 0);
	failure_release(&f);
}

/* --- names, and by path ---------------------------------------------------------------- */

static void which_names_are_the_interpreter(void **state)
{
	static const char *const yes[] = { "python", "python3", "python3.8", "python3.14", "python3.13t", "\xf0\x9d\x9c\x8bthon" };
	static const char *const no[] = { "python2", "python3.", "python.3", "python3x", "python3.11-config", "python3.11tt", "pythonw", "py", "ipython", "Python", "pip", "python 3" };
	struct made *m = *state;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]) + sizeof(no) / sizeof(no[0]); i++) {
		bool expected = i < sizeof(yes) / sizeof(yes[0]);
		const char *name = expected ? yes[i] : no[i - sizeof(yes) / sizeof(yes[0])];
		cleanup_called struct called c;
		cleanup_free char *venv = path_join(m->dir, "p/.venv");

		assert_int_equal(called_open(venv, name, &c, NULL), 0);
		assert_int_equal(c.is_interpreter, expected);
	}
}

static void opened_by_path(void **state)
{
	struct made *m = *state;
	cleanup_free char *link = path_join(m->dir, "link");
	cleanup_free char *venv = path_join(m->dir, "p/.venv");
	cleanup_free char *plain = path_join(m->dir, "plain");
	cleanup_called struct called c;
	struct failure f = { 0 };
	struct stat st;

	assert_int_equal(symlink("p/.venv", link), 0);
	assert_int_equal(called_open(link, "python", &c, &f), 0);
	assert_string_equal(c.venv_real, venv);
	assert_int_equal(fstatat(c.state_fd, "manifest", &st, 0), 0);
	assert_int_equal(fcntl(c.state_fd, F_GETFD) & fcntl(c.venv_fd, F_GETFD), FD_CLOEXEC);
	called_release(&c);
	assert_int_equal(called_open(plain, "python", &c, &f), -ENOENT);
	assert_non_null(strstr(f.what, "plain/venvbox"));
	failure_release(&f);
	assert_int_equal(called_open("/nowhere", "python", &c, &f), -ENOENT);
	failure_release(&f);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(however_it_is_called, setup, teardown),
		cmocka_unit_test_setup_teardown(whatever_argv0_says, setup, teardown),
		cmocka_unit_test_setup_teardown(through_links, setup, teardown),
		cmocka_unit_test_setup_teardown(by_shebang, setup, teardown),
		cmocka_unit_test_setup_teardown(by_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_command_of_a_boxed_venv_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_leads_to_another_program_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(raised_rights_are_refused, setup, teardown),
		cmocka_unit_test(nothing_to_go_by),
		cmocka_unit_test_setup_teardown(which_names_are_the_interpreter, setup, teardown),
		cmocka_unit_test_setup_teardown(opened_by_path, setup, teardown),
	};

	(void) argc;
	if (getenv(ASKED) != NULL)
		return say(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
