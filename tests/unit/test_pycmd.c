/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "host/pycmd.h"
#include "scratch.h"

#include <cmocka.h>

/* What CPython runs: the program says so itself, and how it was started. */
#define CODE "import sys; print('ran', __name__, globals().get('__file__', '-'), sys.argv)"

#define MAX_ARGS 12

struct row {
	const char *args[MAX_ARGS];
	enum pycmd_kind kind;
	const char *target;
	int first_arg; /* -1: does not matter */
	unsigned since; /* the minor version that has the option, 0: all */
};

#define STDIN  PYCMD_STDIN, NULL
#define SCRIPT PYCMD_SCRIPT, "show.py"
#define THE_CODE PYCMD_CODE, CODE
#define MODULE PYCMD_MODULE, "show"
#define INFO   PYCMD_INFO, NULL, -1

static const struct row rows[] = {
	/* nothing to run */
	{ { NULL }, STDIN, 1, 0 },
	{ { "-" }, STDIN, 2, 0 },
	{ { "-", "a", "-c" }, STDIN, 2, 0 },
	{ { "-B", "-", "-V" }, STDIN, 3, 0 },
	{ { "--" }, STDIN, 2, 0 },
	{ { "--", "-" , "x" }, STDIN, 3, 0 },
	{ { "-E", "-s" }, STDIN, 3, 0 },
	{ { "-W", "ignore" }, STDIN, 3, 0 },
	{ { "-X", "dev" }, STDIN, 3, 0 },
	/* a script */
	{ { "show.py" }, SCRIPT, 2, 0 },
	{ { "show.py", "-c", "-m", "x", "-V" }, SCRIPT, 2, 0 },
	{ { "-B", "show.py", "a" }, SCRIPT, 3, 0 },
	{ { "-bdEIOqsSuv", "show.py", "a" }, SCRIPT, 3, 0 },
	{ { "-OO", "-tR", "show.py" }, SCRIPT, 4, 0 },
	{ { "-P", "show.py" }, SCRIPT, 3, 11 },
	{ { "-x", "show2.py" }, PYCMD_SCRIPT, "show2.py", 3, 0 },
	{ { "-i", "show.py", "a" }, SCRIPT, 3, 0 },
	{ { "--", "show.py", "--", "a" }, SCRIPT, 3, 0 },
	{ { "--", "-c", "a" }, PYCMD_SCRIPT, "-c", 3, 0 },
	{ { "", "a" }, PYCMD_SCRIPT, "", 2, 0 },
	{ { "-W", "show.py" }, STDIN, 3, 0 },
	{ { "-W", "ignore", "show.py" }, SCRIPT, 4, 0 },
	{ { "-Wignore", "show.py" }, SCRIPT, 3, 0 },
	{ { "-BW", "ignore", "show.py" }, SCRIPT, 4, 0 },
	{ { "-BWignore", "-sX", "utf8", "show.py", "x" }, SCRIPT, 5, 0 },
	{ { "-Xutf8", "show.py" }, SCRIPT, 3, 0 },
	{ { "-W", "-c", "show.py" }, SCRIPT, 4, 0 },
	{ { "-X", "--", "show.py" }, SCRIPT, 4, 0 },
	{ { "-W", "-", "show.py" }, SCRIPT, 4, 0 },
	{ { "--check-hash-based-pycs", "never", "show.py", "x" }, SCRIPT, 4, 0 },
	{ { "-B-", "show.py" }, SCRIPT, 3, 0 },
	/* code: the rest is its */
	{ { "-c", CODE }, THE_CODE, 3, 0 },
	{ { "-c" CODE, "a" }, THE_CODE, 2, 0 },
	{ { "-c", CODE, "-m", "x", "--", "-V" }, THE_CODE, 3, 0 },
	{ { "-Bsc", CODE, "a" }, THE_CODE, 3, 0 },
	{ { "-BsSc" CODE, "a" }, THE_CODE, 2, 0 },
	{ { "-I", "-W", "ignore", "-Xutf8", "-c", CODE, "-" }, THE_CODE, 7, 0 },
	{ { "-B-check-hash-based-pycs", "always", "-c", CODE }, THE_CODE, 5, 0 },
	/* a module */
	{ { "-m", "show" }, MODULE, 3, 0 },
	{ { "-mshow", "a", "-c" }, MODULE, 2, 0 },
	{ { "-Im", "show", "a" }, MODULE, 3, 0 },
	{ { "-Imshow", "-m" }, MODULE, 2, 0 },
	{ { "-I", "-m", "show" }, MODULE, 4, 0 },
	{ { "-X", "utf8", "-W", "ignore", "-m", "show", "--", "x" }, MODULE, 7, 0 },
	{ { "-uBm", "show" }, MODULE, 3, 0 },
	{ { "-m", "-c" }, PYCMD_MODULE, "-c", 3, 0 },
	{ { "-im", "show" }, MODULE, 3, 0 },
	/* prints something about itself, or refuses */
	{ { "-V" }, INFO, 0 },
	{ { "-VV" }, INFO, 0 },
	{ { "--version" }, INFO, 0 },
	{ { "-V", "-c", CODE }, INFO, 0 },
	{ { "-BV", "show.py" }, INFO, 0 },
	{ { "-h" }, INFO, 0 },
	{ { "-?" }, INFO, 0 },
	{ { "--help" }, INFO, 0 },
	{ { "-Bh", "show.py" }, INFO, 0 },
	{ { "-h", "-c", CODE }, INFO, 0 },
	{ { "--help-all" }, INFO, 0 },
	{ { "--help-env", "show.py" }, INFO, 0 },
	{ { "--help-xoptions" }, INFO, 0 },
	{ { "-B-help-all", "show.py" }, INFO, 0 },
	{ { "-Z", "show.py" }, INFO, 0 },
	{ { "-BZc", CODE }, INFO, 0 },
	{ { "-J", "show.py" }, INFO, 0 },
	{ { "-:", "show.py" }, INFO, 0 },
	{ { "-+", "show.py" }, INFO, 0 },
	{ { "--no-such", "show.py" }, INFO, 0 },
	{ { "--c", CODE }, INFO, 0 },
	{ { "--check-hash-based-pycs=never", "show.py" }, INFO, 0 },
	{ { "--check-hash-based-pycs", "show.py" }, INFO, 0 },
	{ { "--check-hash-based-pycs" }, INFO, 0 },
	{ { "-c" }, INFO, 0 },
	{ { "-m" }, INFO, 0 },
	{ { "-W" }, INFO, 0 },
	{ { "-BX" }, INFO, 0 },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* argv of a row; returns argc. */
static int build(const struct row *row, char *argv[MAX_ARGS + 2])
{
	int argc = 1;

	argv[0] = (char *) "python";
	for (; argc <= MAX_ARGS && row->args[argc - 1] != NULL; argc++)
		argv[argc] = (char *) (uintptr_t) row->args[argc - 1];
	argv[argc] = NULL;
	return argc;
}

static void print_row(const struct row *row)
{
	for (size_t i = 0; i < MAX_ARGS && row->args[i] != NULL; i++)
		print_error(" '%s'", row->args[i]);
	print_error("\n");
}

static void command_lines(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_ROWS; i++) {
		char *argv[MAX_ARGS + 2];
		int argc = build(&rows[i], argv);
		struct pycmd cmd;
		bool same;

		pycmd_parse(argc, argv, &cmd);
		same = rows[i].target == NULL ? cmd.target == NULL : cmd.target != NULL && strcmp(cmd.target, rows[i].target) == 0;
		if (cmd.kind != rows[i].kind || !same || (rows[i].first_arg >= 0 && cmd.first_arg != rows[i].first_arg))
			print_row(&rows[i]);
		assert_int_equal(cmd.kind, rows[i].kind);
		assert_true(same);
		if (rows[i].first_arg >= 0)
			assert_int_equal(cmd.first_arg, rows[i].first_arg);
		assert_true(cmd.first_arg >= 1 && cmd.first_arg <= argc);
		assert_null(cmd.verbose);
	}
}

static void verbose_is_an_option_of_the_interpreter(void **state)
{
	static const struct {
		const char *args[MAX_ARGS];
		const char *verbose;
	} cases[] = {
		{ { "-X", "venvbox-verbose" }, "" },
		{ { "-Xvenvbox-verbose", "show.py" }, "" },
		{ { "-BXvenvbox-verbose", "-m", "show" }, "" },
		{ { "-Is", "-X", "dev", "-X", "venvbox-verbose", "-c", "1" }, "" },
		{ { "-X", "venvbox-verbose=json" }, "json" },
		{ { "-Xvenvbox-verbose=json", "show.py" }, "json" },
		{ { "-X", "venvbox-verbose=" }, "" },
		{ { "-m", "show", "-X", "venvbox-verbose" }, NULL },
		{ { "show.py", "-Xvenvbox-verbose" }, NULL },
		{ { "-c", "-Xvenvbox-verbose" }, NULL },
		{ { "-", "-Xvenvbox-verbose" }, NULL },
		{ { "-W", "-Xvenvbox-verbose" }, NULL },
		{ { "-W", "venvbox-verbose" }, NULL },
		{ { "-Wvenvbox-verbose" }, NULL },
		{ { "-X", "venvbox-verbos" }, NULL },
		{ { "-X", "venvbox-verbose2" }, NULL },
		{ { "-x", "venvbox-verbose" }, NULL },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row row = { { NULL }, STDIN, -1, 0 };
		char *argv[MAX_ARGS + 2];
		struct pycmd cmd;

		memcpy(row.args, cases[i].args, sizeof(row.args));
		pycmd_parse(build(&row, argv), argv, &cmd);
		if ((cmd.verbose == NULL) != (cases[i].verbose == NULL))
			print_row(&row);
		if (cases[i].verbose == NULL)
			assert_null(cmd.verbose);
		else
			assert_string_equal(cmd.verbose, cases[i].verbose);
	}
}

static void without_argv(void **state)
{
	char *const none[] = { NULL };
	struct pycmd cmd;

	(void) state;
	pycmd_parse(0, none, &cmd);
	assert_int_equal(cmd.kind, PYCMD_STDIN);
	assert_int_equal(cmd.first_arg, 0);
}

/* --- the interpreter itself says what it runs ------------------------------------- */

/* Runs python in dir with CODE on standard input; out: what it wrote, both streams. */
static void ask(const char *python, const char *dir, char *const argv[], char *out, size_t size)
{
	int pipes[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		int in = chdir(dir) < 0 ? -1 : open("show.py", O_RDONLY);

		if (dup2(in, 0) < 0 || dup2(pipes[1], 1) < 0 || dup2(pipes[1], 2) < 0)
			_exit(120);
		(void) execvp(python, argv);
		_exit(121);
	}
	(void) close(pipes[1]);
	while ((n = read(pipes[0], out + len, size - 1 - len)) > 0 || (n < 0 && errno == EINTR))
		len += (size_t) n;
	out[len] = '\0';
	(void) close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* sys.argv as CODE prints it, for what pycmd_parse() found: first is its element 0. */
static void put_argv(struct buf *b, const char *first, char *const *rest)
{
	buf_printf(b, "['%s'", first);
	for (; *rest != NULL; rest++)
		buf_printf(b, ", '%s'", *rest);
	buf_puts(b, "]\n");
}

static bool agrees(const struct pycmd *cmd, char *const argv[], const char *out)
{
	const char *ran = strstr(out, "ran ");
	cleanup_buf struct buf expected = { 0 };

	switch (cmd->kind) {
	case PYCMD_INFO:
		return ran == NULL;
	case PYCMD_STDIN:
		buf_puts(&expected, "ran __main__ ");
		buf_puts(&expected, strstr(out, "<stdin> ['") != NULL ? "<stdin> " : "- ");
		put_argv(&expected, cmd->first_arg > 1 && strcmp(argv[cmd->first_arg - 1], "-") == 0 ? "-" : "", argv + cmd->first_arg);
		break;
	case PYCMD_CODE:
		buf_puts(&expected, "ran __main__ - ");
		put_argv(&expected, "-c", argv + cmd->first_arg);
		break;
	case PYCMD_SCRIPT:
		if (strncmp(cmd->target, "show", 4) != 0) /* not there: it is named */
			return ran == NULL && strstr(out, cmd->target) != NULL && (strstr(out, "can't open file") != NULL || strstr(out, "can't find '__main__'") != NULL);
		buf_printf(&expected, "%s ", cmd->target);
		put_argv(&expected, cmd->target, argv + cmd->first_arg);
		break;
	case PYCMD_MODULE:
		if (strstr(out, "No module named ") != NULL) /* -I, or none */
			return ran == NULL && strstr(strstr(out, "No module named "), cmd->target) != NULL;
		return ran != NULL && strstr(ran, "/show.py ['") != NULL;
	}
	return ran != NULL && strstr(ran, expected.data) != NULL;
}

static void check_with(const char *python, const char *dir)
{
	char *version[] = { (char *) "python", (char *) "-c", (char *) "import sys; print('minor', sys.version_info[1])", NULL };
	char out[65536];
	unsigned minor;

	ask(python, dir, version, out, sizeof(out));
	assert_int_equal(sscanf(out, "minor %u", &minor), 1);
	for (size_t i = 0; i < N_ROWS; i++) {
		char *argv[MAX_ARGS + 2];
		int argc = build(&rows[i], argv);
		struct pycmd cmd;

		if (rows[i].since > minor)
			continue;
		pycmd_parse(argc, argv, &cmd);
		ask(python, dir, argv, out, sizeof(out));
		if (!agrees(&cmd, argv, out)) {
			print_error("%s:", python);
			print_row(&rows[i]);
			print_error("%s\n", out);
			fail();
		}
	}
}

/* python3, and each in VB_TEST_PYTHONS (separated by ':'): 3.8, 3.11 and 3.13 agreed when this was written. */
static void agrees_with_the_interpreter(void **state)
{
	const char *more = getenv("VB_TEST_PYTHONS");
	cleanup_free char *list = strdup(more != NULL ? more : "");
	char dir[sizeof(SCRATCH)], *rest = list, *python;
	cleanup_fd int fd = -1;

	(void) state;
	assert_int_equal(scratch_make(dir), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(fd_replace_file(fd, "show.py", CODE "\n", strlen(CODE "\n"), 0600), 0);
	assert_int_equal(fd_replace_file(fd, "show2.py", "not python\n" CODE "\n", strlen("not python\n" CODE "\n"), 0600), 0);
	check_with("python3", dir);
	while ((python = strsep(&rest, ":")) != NULL)
		if (*python != '\0')
			check_with(python, dir);
	assert_int_equal(scratch_remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(verbose_is_an_option_of_the_interpreter),
		cmocka_unit_test(without_argv),
		cmocka_unit_test(agrees_with_the_interpreter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
