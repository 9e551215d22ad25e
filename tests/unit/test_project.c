/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "install/project.h"
#include "install/scan.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

struct place {
	char top[32];
	struct venv venv;
	struct strv homes;
	struct project_input in;
};

static void make(const struct place *p, const char *relative, bool is_file)
{
	char path[512];

	(void) snprintf(path, sizeof(path), "%s/%s", p->top, relative);
	for (char *slash = path + strlen(p->top) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(path, 0700);
		*slash = '/';
	}
	if (is_file)
		(void) close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	else
		(void) mkdir(path, 0700);
}

static void start(struct place *p, const char *venv)
{
	char cfg[256];

	*p = (struct place) { .venv = { .fd = -1 } };
	assert_int_equal(scratch_make(p->top), 0);
	(void) snprintf(cfg, sizeof(cfg), "%s/pyvenv.cfg", venv);
	make(p, cfg, true);
	p->venv.path = path_join(p->top, venv);
	p->venv.fd = open(p->venv.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->in = (struct project_input) { .venv = &p->venv, .first = true, .homes = &p->homes, .libexec = "/usr/local/libexec/venvbox" };
}

static void end(struct place *p)
{
	(void) scratch_remove(p->top);
	venv_release(&p->venv);
	strv_release(&p->homes);
}

/* Part of the project below top, or of the refusal. */
static void check(struct place *p, const char *expected, const char *refusal)
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_free char *project = NULL;
	bool from_file;
	int r = project_choose(&p->in, &project, &from_file, &f);

	if (refusal != NULL) {
		assert_true(r < 0);
		assert_non_null(strstr(f.what, refusal));
		assert_non_null(f.hint);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(path_below(project, p->top), expected);
}

static void parent_of_the_venv(void **state)
{
	struct place p;

	(void) state;
	start(&p, "p/.venv");
	check(&p, "p", NULL);
	assert_int_equal(strv_take(&p.homes, path_join(p.top, "p")), 0);
	check(&p, NULL, "it is your home");
	assert_int_equal(strv_take(&p.homes, path_join(p.top, "p/x/y")), 0);
	strv_remove(&p.homes, 0);
	check(&p, NULL, "your home is in it");
	strv_remove(&p.homes, 0);
	p.in.libexec = p.venv.path;
	check(&p, NULL, "the programs that make the box");
	end(&p);
}

static void directory_of_venvs(void **state)
{
	char before[64];
	struct place p;

	(void) state;
	start(&p, "dir/a");
	check(&p, "dir", NULL);
	make(&p, "dir/b/pyvenv.cfg", true);
	check(&p, NULL, "directory of venvs");
	(void) snprintf(before, sizeof(before), "%s/dir", p.top);
	p.in.before = before;
	check(&p, "dir", NULL);
	p.in.before = p.top;
	check(&p, NULL, "directory of venvs");
	make(&p, "dir/pyproject.toml", true);
	check(&p, "dir", NULL);
	end(&p);
	start(&p, ".virtualenvs/a");
	check(&p, NULL, "directory of venvs");
	p.in.named = p.top;
	check(&p, "", NULL);
	end(&p);
}

static void refuses_the_systems(void **state)
{
	static const char *const dirs[] = { "/", "/usr", "/usr/share", "/etc", "/tmp", "/var/tmp", "/home", "/home/somebody", "/proc/self", "/run/x" };
	static const char *const good[] = { "/home/somebody/p", "/srv/p", "/var/www", "/opt/p", "/usrlocal" };
	struct place p;

	(void) state;
	start(&p, "p/.venv");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_non_null(project_refusal(dirs[i], &p.in));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(project_refusal(good[i], &p.in));
	assert_non_null(project_refusal(p.venv.path, &p.in));
	end(&p);
}

static void scans_below(void **state)
{
	cleanup_scan struct scan s = { 0 };
	cleanup_fd int fd = -1;
	char link[512];
	struct place p;

	(void) state;
	start(&p, "p/.venv");
	make(&p, "p/.git", false);
	make(&p, "p/sub/.git", false);
	make(&p, "p/tree/.git", true); /* a worktree */
	make(&p, "p/other/pyvenv.cfg", true);
	make(&p, "p/other/lib/.git", false);
	make(&p, "p/node_modules/x/.git", false);
	make(&p, "p/planted/x", true);
	make(&p, "outside/.git", false);
	(void) snprintf(link, sizeof(link), "%s/p/planted/.git", p.top);
	assert_int_equal(symlink("/etc", link), 0);
	(void) snprintf(link, sizeof(link), "%s/p/away", p.top);
	assert_int_equal(symlink("../outside", link), 0);
	(void) snprintf(link, sizeof(link), "%s/p", p.top);
	fd = open(link, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(scan_nested(fd, ".venv", &s), 0);
	assert_int_equal(s.found.n, 3);
	assert_string_equal(s.found.v[0], "other");
	assert_string_equal(s.found.v[1], "sub/.git");
	assert_string_equal(s.found.v[2], "tree/.git");
	assert_false(s.cut);
	make(&p, "p/1/2/3/4/5/6/7/.git", false);
	scan_release(&s);
	assert_int_equal(scan_nested(fd, ".venv", &s), 0);
	assert_true(s.cut);
	assert_int_equal(s.found.n, 3);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_of_the_venv),
		cmocka_unit_test(directory_of_venvs),
		cmocka_unit_test(refuses_the_systems),
		cmocka_unit_test(scans_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
