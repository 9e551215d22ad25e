/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a start believes of the disk, with everything that boxes can write taken
 * for hostile: project/, shared/ (bound writable). home/ and opt/ are the user's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/names.h"
#include "host/facts.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "scratch.h"

struct place {
	char dir[32];
	int fd, project_fd;
	struct manifest m;
	struct conf c;
	struct policy p;
	struct job job;
	struct strv env;
	struct facts x;
	struct failure f;
};

static char *path(const struct place *p, const char *name)
{
	static char text[4][128];
	static unsigned next;
	char *one = text[next++ % 4];

	(void) snprintf(one, sizeof(text[0]), "%s/%s", p->dir, name);
	return one;
}

static void put(const struct place *p, const char *name, const char *text)
{
	cleanup_fd int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void put_link(const struct place *p, const char *name, const char *to)
{
	assert_int_equal(symlinkat(path(p, to), p->fd, name), 0);
}

static int setup(void **state)
{
	static const char *const dirs[] = { "project", "project/.venv", "project/sub", "project/sub/.git", "project/plain",
					    "shared", "home", "opt" };
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL || scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(p->fd, dirs[i], 0755) < 0)
			return -1;
	p->project_fd = openat(p->fd, "project", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	conf_init(&p->c);
	p->m.project = strdup(path(p, "project"));
	p->m.venv = strdup(path(p, "project/.venv"));
	p->p.manifest = &p->m;
	p->p.conf = &p->c;
	p->x.masks.lock_fd = -1;
	put(p, "home/key", "secret");
	if (strv_add(&p->m.nested, "sub/.git") < 0 || strv_setenv(&p->env, "HOME", path(p, "home")) < 0)
		return -1;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = scratch_remove(p->dir);

	(void) close(p->fd);
	(void) close(p->project_fd);
	facts_release(&p->x);
	policy_release(&p->p);
	conf_release(&p->c);
	manifest_release(&p->m);
	strv_release(&p->env);
	failure_release(&p->f);
	free(p);
	return r;
}

static int gather(struct place *p, char *const argv[])
{
	facts_release(&p->x);
	failure_release(&p->f);
	return facts_gather(&p->p, &p->job, argv, &p->env, p->fd, p->project_fd, p->dir, &p->x, &p->f);
}

static int gather_script(struct place *p, const char *script)
{
	char *argv[] = { (char *) (uintptr_t) "python", (char *) (uintptr_t) script, NULL };

	p->job.kind = JOB_PYTHON;
	p->job.cmd.kind = PYCMD_SCRIPT;
	p->job.cmd.target = script;
	return gather(p, argv);
}

static int gather_pip(struct place *p)
{
	char *argv[] = { (char *) (uintptr_t) "pip", (char *) (uintptr_t) "list", NULL };

	p->job.kind = JOB_COMMAND;
	p->p.pip_run = p->job.pip_run = true;
	return gather(p, argv);
}

static void add_option(struct place *p, const char *name, const char *first, const char *second)
{
	strv_release(&p->p.user_mounts);
	assert_int_equal(strv_add(&p->p.user_mounts, name), 0);
	assert_int_equal(strv_add(&p->p.user_mounts, first), 0);
	assert_int_equal(strv_add(&p->p.user_mounts, second), 0);
}

static bool is_copied(const struct place *p, const char *from, const char *to)
{
	for (size_t i = 0; i + 1 < p->x.copies.n; i += 2)
		if (strcmp(p->x.copies.v[i], path(p, from)) == 0 && strcmp(p->x.copies.v[i + 1], path(p, to)) == 0)
			return true;
	return false;
}

static void test_a_script_is_shown_but_no_planted_link(void **state)
{
	struct place *p = *state;

	put(p, "opt/script.py", "pass");
	assert_int_equal(gather_script(p, path(p, "opt/script.py")), 0);
	assert_true(strv_contains(&p->x.inputs.paths, path(p, "opt/script.py")));
	/* Writable for boxes under another name: what lies there is theirs. */
	put_link(p, "shared/script.py", "home/key");
	add_option(p, "--bind", path(p, "shared"), "/mnt");
	assert_int_equal(gather_script(p, path(p, "shared/script.py")), 0);
	assert_int_equal(p->x.inputs.paths.n, 0);
}

static void test_a_writable_place_behind_a_link_is_theirs_too(void **state)
{
	struct place *p = *state;

	put_link(p, "opt/link", "shared");
	put_link(p, "shared/script.py", "home/key");
	assert_int_equal(strv_add(&p->c.rw, path(p, "opt/link")), 0);
	assert_int_equal(gather_script(p, path(p, "shared/script.py")), 0);
	assert_int_equal(p->x.inputs.paths.n, 0);
	assert_true(facts_box_writable(&p->x, &p->p, path(p, "shared/x")));
	assert_false(facts_box_writable(&p->x, &p->p, path(p, "opt/x")));
}

/* A setting ro = opt/data, where opt/data -> project/data: the box makes project/data a link to the home. */
static void test_a_way_through_the_project_is_refused(void **state)
{
	struct place *p = *state;

	put_link(p, "opt/data", "project/data");
	put_link(p, "project/data", "home");
	put_link(p, "opt/good", "home");
	assert_int_equal(strv_add(&p->c.ro, path(p, "opt/good")), 0);
	assert_int_equal(gather_script(p, "x"), 0);
	assert_int_equal(strv_add(&p->c.ro, path(p, "opt/data")), 0);
	assert_int_equal(gather_script(p, "x"), -ELOOP);
	assert_non_null(p->f.hint);
	strv_remove(&p->c.ro, 1);
	add_option(p, "--ro-bind", path(p, "opt/data"), "/mnt");
	assert_int_equal(gather_script(p, "x"), -ELOOP);
}

static void test_no_writable_second_name_for_what_is_protected(void **state)
{
	static const char *const refused[] = { "project/.venv", "project", ".", "project/sub", "project/sub/.git" };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		add_option(p, "--bind", path(p, refused[i]), "/mnt");
		assert_int_equal(gather_script(p, "x"), -EPERM);
		add_option(p, "--ro-bind", path(p, refused[i]), "/mnt");
		assert_int_equal(gather_script(p, "x"), 0);
	}
	add_option(p, "--bind", path(p, "project/plain"), "/mnt");
	assert_int_equal(gather_script(p, "x"), 0);
	add_option(p, "--bind", path(p, "project/sub"), "/mnt");
	assert_int_equal(strv_add(&p->c.unprotect, "sub/.git"), 0);
	assert_int_equal(gather_script(p, "x"), 0);
}

static void test_what_is_nested_must_be_no_link(void **state)
{
	struct place *p = *state;

	assert_int_equal(gather_script(p, "x"), 0);
	assert_true(strv_contains(&p->x.nested, "sub/.git"));
	assert_int_equal(renameat(p->fd, "project/sub/.git", p->fd, "project/git"), 0);
	assert_int_equal(gather_script(p, "x"), 0);
	assert_int_equal(p->x.nested.n, 0);
	put_link(p, "project/sub/.git", "project/git");
	assert_int_equal(gather_script(p, "x"), -ELOOP);
}

/* The home is known by its real path: HOME may be a link to it. */
static void test_the_home_is_not_shown_whole(void **state)
{
	struct place *p = *state;

	put_link(p, "opt/u", "home");
	assert_int_equal(strv_setenv(&p->env, "HOME", path(p, "opt/u")), 0);
	assert_int_equal(gather_script(p, path(p, "opt/u")), 0);
	assert_int_equal(p->x.inputs.paths.n, 0);
	assert_int_equal(p->x.inputs.refused.n, 1);
}

static void test_pips_configuration_is_copied(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "home/.pip", 0700), 0);
	put(p, "home/.pip/pip.conf", "[global]\nfind-links = /usr/share\n");
	put(p, "home/mine.conf", "[global]\n");
	assert_int_equal(strv_setenv(&p->env, "PIP_CONFIG_FILE", path(p, "home/mine.conf")), 0);
	assert_int_equal(gather_pip(p), 0);
	assert_true(is_copied(p, "home/.pip/pip.conf", "project/.venv/home/.pip/pip.conf"));
	assert_false(is_copied(p, "home/.pip/pip.conf", "home/.pip/pip.conf"));
	/* pip is told of this one by its path. */
	assert_true(is_copied(p, "home/mine.conf", "home/mine.conf"));
	assert_true(strv_contains(&p->x.inputs.paths, "/usr/share"));
}

/* bwrap --file opens its destination for writing: through a writable bind it emptied the user's own file. */
static void test_a_configuration_that_is_seen_is_not_copied(void **state)
{
	struct place *p = *state;

	put(p, "opt/pip.conf", "[global]\n");
	put(p, "shared/pip.conf", "[global]\nfind-links = /usr/share\n");
	assert_int_equal(strv_setenv(&p->env, "PIP_CONFIG_FILE", path(p, "opt/pip.conf")), 0);
	assert_int_equal(gather_pip(p), 0);
	assert_true(is_copied(p, "opt/pip.conf", "opt/pip.conf"));
	add_option(p, "--ro-bind", path(p, "opt"), path(p, "opt"));
	assert_int_equal(gather_pip(p), 0);
	assert_false(is_copied(p, "opt/pip.conf", "opt/pip.conf"));
	/* And where boxes write it is not even believed. */
	assert_int_equal(strv_setenv(&p->env, "PIP_CONFIG_FILE", path(p, "shared/pip.conf")), 0);
	add_option(p, "--bind", path(p, "shared"), path(p, "shared"));
	assert_int_equal(gather_pip(p), 0);
	assert_false(is_copied(p, "shared/pip.conf", "shared/pip.conf"));
	assert_false(strv_contains(&p->x.inputs.paths, "/usr/share"));
}

static void test_a_configuration_below_what_it_names_is_not_copied(void **state)
{
	struct place *p = *state;
	char text[128];

	(void) snprintf(text, sizeof(text), "[global]\nfind-links = %s\n", path(p, "opt"));
	put(p, "opt/pip.conf", text);
	assert_int_equal(strv_setenv(&p->env, "PIP_CONFIG_FILE", path(p, "opt/pip.conf")), 0);
	assert_int_equal(gather_pip(p), 0);
	assert_true(strv_contains(&p->x.inputs.paths, path(p, "opt")));
	assert_false(is_copied(p, "opt/pip.conf", "opt/pip.conf"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_script_is_shown_but_no_planted_link),
		TEST(test_a_writable_place_behind_a_link_is_theirs_too),
		TEST(test_a_way_through_the_project_is_refused),
		TEST(test_no_writable_second_name_for_what_is_protected),
		TEST(test_what_is_nested_must_be_no_link),
		TEST(test_the_home_is_not_shown_whole),
		TEST(test_pips_configuration_is_copied),
		TEST(test_a_configuration_that_is_seen_is_not_copied),
		TEST(test_a_configuration_below_what_it_names_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
