/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/path.h"
#include "stubs/command.h"
#include "stubs/publish.h"
#include "tests/unit/scratch.h"

#include <setjmp.h> /* cmocka.h last: its fail_msg() is a macro */
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LAUNCHER "/usr/local/libexec/venvbox/venvbox-launcher"

/* bin, inner: the two directories of a venv. sys, more: those of a system. */
struct world {
	char dir[sizeof(SCRATCH)];
	int bin, inner, sys, more;
	char sys_path[64], more_path[64], gone_path[64];
	const char *dirs[4];
	struct strv recorded, allowed;
	struct publish_input in;
	struct publish_report report;
};

static int room(const struct world *w, const char *name, char *path, size_t len)
{
	int fd;

	(void) snprintf(path, len, "%s/%s", w->dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[64];

	if (w == NULL || scratch_make(w->dir) != 0)
		return -1;
	w->bin = room(w, "bin", path, sizeof(path));
	w->inner = room(w, "inner", path, sizeof(path));
	w->sys = room(w, "sys", w->sys_path, sizeof(w->sys_path));
	w->more = room(w, "more", w->more_path, sizeof(w->more_path));
	(void) snprintf(w->gone_path, sizeof(w->gone_path), "%s/gone", w->dir);
	w->dirs[0] = w->gone_path;
	w->dirs[1] = w->sys_path;
	w->dirs[2] = w->more_path;
	w->in = (struct publish_input) { .bin_fd = w->bin, .inner_fd = w->inner, .launcher = LAUNCHER, .venv = "/p/my .venv",
					 .recorded = &w->recorded, .allowed = &w->allowed, .command_dirs = w->dirs };
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	int r = scratch_remove(w->dir);

	(void) close(w->bin);
	(void) close(w->inner);
	(void) close(w->sys);
	(void) close(w->more);
	strv_release(&w->recorded);
	strv_release(&w->allowed);
	publish_report_release(&w->report);
	free(w);
	return r;
}

static void put(int dirfd, const char *name, const char *text, mode_t mode)
{
	cleanup_fd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void command(const struct world *w, const char *name)
{
	put(w->inner, name, "#!/x/.venv/bin/python\n", 0755);
}

static void sync_all(struct world *w)
{
	cleanup(failure_release) struct failure f = { 0 };

	publish_report_release(&w->report);
	assert_int_equal(publish_sync(&w->in, &w->report, &f), 0);
	assert_null(f.what);
}

static bool is_link_to(int dirfd, const char *name, const char *target)
{
	char text[4096];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text));

	return n == (ssize_t) strlen(target) && memcmp(text, target, (size_t) n) == 0;
}

static bool published(const struct world *w, const char *name)
{
	return is_link_to(w->bin, name, LAUNCHER);
}

static bool absent(const struct world *w, const char *name)
{
	struct stat st;

	return fstatat(w->bin, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* Each of these is planted beside "good": it must not appear, and be reported, while "good" is published. */
static void held_back(struct world *w, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		command(w, names[i]);
	command(w, "good");
	sync_all(w);
	for (size_t i = 0; i < n; i++)
		if (!absent(w, names[i]))
			fail_msg("published: %s", names[i]);
	assert_int_equal(w->report.held_back.n, n);
	assert_true(published(w, "good"));
	assert_int_equal(w->report.added.n, 1);
}

static void test_names_that_are_no_commands(void **state)
{
	static const char *const names[] = {
		"a\nb", "-rf", "--help", ".hidden", "esc\033[2J", "\xff\xfe", "caf\xc3\xa9", "a b", "a;b", "$(x)", "`x`", "*", "a'b", "a\\b",
		"\xe2\x80\xaeno",
	};

	held_back(*state, names, sizeof(names) / sizeof(names[0]));
}

static void test_names_of_interpreters(void **state)
{
	static const char *const names[] = { "python", "python3", "python3.99", "python4", "python3.13t", "python3.8dm", "shell",
					     "activate", "activate.csh", "activate_this.py", "deactivate", "postactivate" };

	held_back(*state, names, sizeof(names) / sizeof(names[0]));
}

static void test_names_that_programs_of_the_host_trust(void **state)
{
	static const char *const names[] = { "git", "git-remote-evil", "git-lfs", "docker-credential-x", "pinentry-x", "x11-ssh-askpass",
					     "ssh", "ssh-agent", "gpg", "gpg-agent", "sudo", "sudoedit", "su", "pkexec", "dnf", "ufw",
					     "pyenv", "pyenv-virtualenv", "direnv", "starship", "fzf", "zoxide", "lesspipe.sh" };

	held_back(*state, names, sizeof(names) / sizeof(names[0]));
}

static void test_names_like_them_are_published(void **state)
{
	static const char *const names[] = { "sshuttle", "gitlint", "pythonx", "python-argcomplete", "python3-foo", "pip", "pip3.12", "flask",
					     "py.test", "supervisord", "f2py", "activate-global-python-argcomplete", "a+b_c", "envsubst2" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		command(w, names[i]);
	sync_all(w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!published(w, names[i]))
			fail_msg("not published: %s", names[i]);
	assert_int_equal(w->report.held_back.n, 0);
}

static void test_names_of_the_system(void **state)
{
	static const char *const names[] = { "ls", "broken", "adir" };
	struct world *w = *state;

	put(w->sys, "ls", "\177ELF", 0755);
	assert_int_equal(symlinkat("/nonexistent", w->more, "broken"), 0);
	assert_int_equal(mkdirat(w->more, "adir", 0755), 0);
	held_back(w, names, sizeof(names) / sizeof(names[0]));
	assert_non_null(strstr(w->report.held_back.v[2], "ls: shadows "));
	assert_non_null(strstr(w->report.held_back.v[2], "; to publish it: venvbox-install '/p/my .venv' --publish ls"));
}

/* Pasted into a shell, the command must be the one that is meant, whatever the package is called. */
static void test_what_would_publish_a_name_is_said_where_something_would(void **state)
{
	struct world *w = *state;
	const struct strv *said = &w->report.held_back;

	put(w->bin, "mine", "#!/bin/sh", 0755);
	held_back(w, (const char *const[]) { "$(id)", "a\nb", "git", "python3.99" }, 4);
	command(w, "mine");
	sync_all(w);
	assert_int_equal(said->n, 5);
	assert_string_equal(said->v[0], "$(id): not a plain name for a command; to publish it: venvbox-install '/p/my .venv' --publish '$(id)'");
	assert_string_equal(said->v[1], "a\nb: not a name for a command, and never published");
	assert_string_equal(said->v[2], "git: git on the host; to publish it: venvbox-install '/p/my .venv' --publish git");
	assert_string_equal(said->v[3], "mine: bin holds a file of this name, which is never replaced");
	assert_string_equal(said->v[4], "python3.99: a name that belongs to the venv itself, and never published");
}

/* The directories used when none are given. */
static void test_the_real_system(void **state)
{
	struct world *w = *state;

	w->in.command_dirs = NULL;
	held_back(w, (const char *const[]) { "ls", "sh", "env" }, 3);
}

/* Else the system's unboxed pytest would go on running the project's code. */
static void test_a_python_script_of_the_system_may_be_shadowed(void **state)
{
	struct world *w = *state;

	put(w->sys, "pytest", "#!/usr/bin/python3\nimport x\n", 0755);
	put(w->sys, "flask", "#! /usr/bin/env python3\n", 0755);
	put(w->sys, "fake", "#!/bin/sh\n# python\n", 0755);
	put(w->sys, "elf", "\177ELF /usr/bin/python", 0755);
	put(w->sys, "both", "#!/usr/bin/python3\n", 0755);
	put(w->more, "both", "\177ELF", 0755);
	put(w->sys, "ufw", "#!/usr/bin/python3\n", 0755);
	held_back(w, (const char *const[]) { "fake", "elf", "both", "ufw" }, 4);
	command(w, "pytest");
	command(w, "flask");
	sync_all(w);
	assert_true(published(w, "pytest") && published(w, "flask"));
}

static void test_recorded_and_allowed_names_may_shadow(void **state)
{
	struct world *w = *state;

	put(w->sys, "pip", "\177ELF", 0755);
	put(w->sys, "cmake", "\177ELF", 0755);
	assert_int_equal(strv_add(&w->recorded, "pip"), 0);
	assert_int_equal(strv_add(&w->allowed, "cmake"), 0);
	assert_int_equal(strv_add(&w->allowed, "git-lfs"), 0);
	assert_int_equal(strv_add(&w->allowed, "python3.99"), 0);
	assert_int_equal(strv_add(&w->allowed, "a\nb"), 0);
	command(w, "pip");
	command(w, "cmake");
	command(w, "git-lfs");
	command(w, "python3.99");
	command(w, "a\nb");
	sync_all(w);
	assert_true(published(w, "pip") && published(w, "cmake") && published(w, "git-lfs"));
	assert_true(absent(w, "python3.99") && absent(w, "a\nb"));
	assert_int_equal(w->report.held_back.n, 2);
}

static void test_only_commands_count(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdirat(w->inner, "adir", 0755), 0);
	assert_int_equal(mkfifoat(w->inner, "afifo", 0755), 0);
	put(w->inner, "data", "text", 0644);
	assert_int_equal(symlinkat("/etc/shadow", w->inner, "toshadow"), 0);
	assert_int_equal(symlinkat("../../../escape", w->inner, "dangling"), 0);
	assert_int_equal(symlinkat("adir", w->inner, "todir"), 0);
	sync_all(w);
	assert_true(absent(w, "adir") && absent(w, "afifo") && absent(w, "data"));
	/* The link's target is nothing to us: inside, the box has what it has. */
	assert_true(published(w, "toshadow") && published(w, "dangling") && published(w, "todir"));
	assert_int_equal(w->report.held_back.n, 0);
}

static void test_a_name_of_full_length(void **state)
{
	struct world *w = *state;
	char name[256];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	command(w, name);
	memcpy(name, "git-", 4);
	command(w, name);
	sync_all(w);
	assert_true(absent(w, name));
	memcpy(name, "nnnn", 4);
	assert_true(published(w, name));
	assert_int_equal(w->report.held_back.n, 1);
}

static void test_what_is_not_ours_stays(void **state)
{
	struct world *w = *state;

	put(w->bin, "activate", "# ours", 0644);
	put(w->bin, "deploy", "#!/bin/sh", 0755);
	put(w->bin, "mine", "#!/bin/sh", 0755);
	assert_int_equal(symlinkat(LAUNCHER "2", w->bin, "other"), 0);
	assert_int_equal(symlinkat("python", w->bin, "python3.12"), 0);
	assert_int_equal(symlinkat(LAUNCHER, w->bin, "python"), 0);
	assert_int_equal(symlinkat(LAUNCHER, w->bin, "shell"), 0);
	assert_int_equal(strv_add(&w->recorded, "mine"), 0);
	command(w, "activate");
	command(w, "deploy");
	command(w, "mine");
	sync_all(w);
	assert_int_equal(w->report.removed.n, 0);
	assert_int_equal(w->report.added.n, 0);
	assert_int_equal(w->report.held_back.n, 1); /* deploy: the user should know which of the two he gets */
	assert_int_equal(strncmp(w->report.held_back.v[0], "deploy: ", 8), 0);
	assert_true(is_link_to(w->bin, "other", LAUNCHER "2") && is_link_to(w->bin, "python3.12", "python"));
	assert_true(published(w, "python") && published(w, "shell"));
	assert_true(!published(w, "activate") && !published(w, "deploy") && !absent(w, "activate") && !absent(w, "deploy"));
}

static void test_a_name_that_is_gone_is_removed(void **state)
{
	struct world *w = *state;

	command(w, "flask");
	command(w, "ruff");
	sync_all(w);
	assert_int_equal(w->report.added.n, 2);
	sync_all(w);
	assert_int_equal(w->report.added.n + w->report.removed.n, 0);
	assert_int_equal(unlinkat(w->inner, "flask", 0), 0);
	sync_all(w);
	assert_true(absent(w, "flask") && published(w, "ruff"));
	assert_int_equal(w->report.removed.n, 1);
	assert_string_equal(w->report.removed.v[0], "flask");
}

/* Installing ruff on the system must not turn `ruff` in the venv into the unboxed one. */
static void test_published_names_stay(void **state)
{
	struct world *w = *state;

	command(w, "ruff");
	sync_all(w);
	put(w->sys, "ruff", "\177ELF", 0755);
	sync_all(w);
	assert_true(published(w, "ruff"));
	assert_int_equal(w->report.held_back.n, 0);
}

static void test_a_flood_changes_nothing(void **state)
{
	struct world *w = *state;
	cleanup(failure_release) struct failure f = { 0 };
	char name[16];

	assert_int_equal(symlinkat(LAUNCHER, w->bin, "flask"), 0);
	for (int i = 0; i < 4097; i++) {
		(void) snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(symlinkat("x", w->inner, name), 0);
	}
	assert_int_equal(publish_sync(&w->in, &w->report, &f), -E2BIG);
	assert_non_null(f.what);
	assert_non_null(f.hint);
	assert_true(absent(w, "n0") && published(w, "flask"));
	assert_int_equal(unlinkat(w->inner, "n4096", 0), 0);
	sync_all(w);
	assert_true(published(w, "n0") && absent(w, "flask"));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(test_names_that_are_no_commands),
		WITH_WORLD(test_names_of_interpreters),
		WITH_WORLD(test_names_that_programs_of_the_host_trust),
		WITH_WORLD(test_names_like_them_are_published),
		WITH_WORLD(test_names_of_the_system),
		WITH_WORLD(test_what_would_publish_a_name_is_said_where_something_would),
		WITH_WORLD(test_the_real_system),
		WITH_WORLD(test_a_python_script_of_the_system_may_be_shadowed),
		WITH_WORLD(test_recorded_and_allowed_names_may_shadow),
		WITH_WORLD(test_only_commands_count),
		WITH_WORLD(test_a_name_of_full_length),
		WITH_WORLD(test_what_is_not_ours_stays),
		WITH_WORLD(test_a_name_that_is_gone_is_removed),
		WITH_WORLD(test_published_names_stay),
		WITH_WORLD(test_a_flood_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
