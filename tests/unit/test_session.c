/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include "common/names.h"
#include "common/path.h"
#include "host/session.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "place.h"

/* The place is venv and state at once. */
static void borrow(const struct place *p, struct session *s)
{
	memset(s, 0, sizeof(*s));
	s->project_fd = -1;
	s->called.venv_fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->called.state_fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->called.venv_real = strdup(p->dir);
	s->called.self = strdup("/opt/libexec/venvbox/venvbox-launcher");
	s->manifest.venv = strdup(p->dir);
	put(p, VB_PIP_LOCK, "");
}

static void test_a_pip_run_begins_with_an_empty_tmp(void **state)
{
	struct place *p = *state;
	struct session s;
	int fd;

	borrow(p, &s);
	assert_int_equal(mkdirat(p->fd, VB_PIP_TMP, 0700), 0);
	put(p, VB_PIP_TMP "/left", "");
	fd = session_pip_lock(&s, NULL);
	assert_true(fd >= 0);
	assert_true(there(p, VB_PIP_TMP));
	assert_false(there(p, VB_PIP_TMP "/left"));
	(void) close(fd);
	session_release(&s);
}

static bool can_lock(const struct session *s)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	cleanup_fd int fd = openat(s->called.state_fd, VB_PIP_LOCK, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fcntl(fd, F_OFD_SETLK, &fl) == 0;
}

static void test_one_pip_run_at_a_time(void **state)
{
	struct place *p = *state;
	struct session s;
	int fd;

	borrow(p, &s);
	fd = session_pip_lock(&s, NULL);
	assert_true(fd >= 0);
	assert_false(can_lock(&s));
	(void) close(fd);
	assert_true(can_lock(&s));
	session_release(&s);
}

/* Any build can make one. The user must be told what to do: a venv that he can write he has. */
static void test_a_tree_too_deep_is_named(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };
	struct session s;
	int at = dup(p->fd);

	borrow(p, &s);
	for (int i = 0; i < 1100; i++) {
		const char *name = i == 0 ? VB_PIP_TMP : "d";
		int below;

		assert_int_equal(mkdirat(at, name, 0700), 0);
		below = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void) close(at);
		at = below;
	}
	(void) close(at);
	assert_int_equal(session_pip_lock(&s, &f), -ELOOP);
	assert_non_null(strstr(f.hint, "rm -rf /tmp/"));
	failure_release(&f);
	/* What the hint says, in two halves: our own remover is the one that cannot. */
	assert_int_equal(renameat(p->fd, VB_PIP_TMP, p->fd, "deep"), 0);
	for (int i = 0; i < 1100; i++) {
		if (unlinkat(p->fd, "deep/d", AT_REMOVEDIR) == 0)
			break;
		assert_int_equal(renameat(p->fd, "deep/d", p->fd, "next"), 0);
		assert_int_equal(unlinkat(p->fd, "deep", AT_REMOVEDIR), 0);
		assert_int_equal(renameat(p->fd, "next", p->fd, "deep"), 0);
	}
	session_release(&s);
}

static void fill_manifest(struct manifest *m)
{
	m->version = strdup("0");
	m->uid = getuid();
	m->venv = strdup("/somewhere/else");
	m->project = strdup("/somewhere");
	m->python_version = strdup("3.11");
	m->python_banner = strdup("3.11.2");
	m->base_executable = strdup("/usr/bin/true");
	m->base_prefix = strdup("/usr");
	m->libpython = strdup("");
}

/* The hint is there to be typed. */
static void test_a_hint_quotes_the_path(void **state)
{
	struct place *p = *state;
	cleanup_manifest struct manifest m = { 0 };
	struct failure f = { 0 };
	struct session s;

	borrow(p, &s);
	manifest_release(&s.manifest);
	fill_manifest(&m);
	assert_int_equal(manifest_save(p->fd, &m), 0);
	free(s.called.venv_real);
	s.called.venv_real = strdup("/srv/my venv; true");
	assert_int_equal(session_open(&s, &f), -ESTALE);
	assert_string_equal(f.hint, "run: venvbox-install '/srv/my venv; true'");
	failure_release(&f);
	session_release(&s);
}

/* An interpreter in the place itself, and a manifest that knows it as it is, but for what the caller changes then. */
static void install_base(const struct place *p, struct session *s, enum embed_way way)
{
	struct manifest m = { 0 };
	struct stat st;

	borrow(p, s);
	manifest_release(&s->manifest);
	put(p, "python", "");
	put(p, "libpython", "");
	fill_manifest(&m);
	free(m.venv);
	m.venv = strdup(p->dir);
	free(m.project);
	m.project = strdup(p->dir);
	free(m.base_executable);
	m.base_executable = path_join(p->dir, "python");
	m.way = way;
	assert_int_equal(fstatat(p->fd, "python", &st, 0), 0);
	file_id_from_stat(&st, &m.base_id);
	if (way == EMBED_SHARED) {
		free(m.libpython);
		m.libpython = path_join(p->dir, "libpython");
		assert_int_equal(fstatat(p->fd, "libpython", &st, 0), 0);
		file_id_from_stat(&st, &m.libpython_id);
	}
	put(p, VB_CONF, "");
	assert_int_equal(fchmodat(p->fd, VB_CONF, 0600, 0), 0);
	assert_int_equal(manifest_save(p->fd, &m), 0);
	manifest_release(&m);
}

/* What is linked in, or was there, steps aside; what is of the same place is opened as it is now. */
static void test_an_upgraded_base_is_run_as_it_is_now(void **state)
{
	static const struct {
		enum embed_way way;
		const char *changed, *gone;
		int result;
		enum embed_way then;
	} rows[] = {
		{ EMBED_EXEC, NULL, NULL, 0, EMBED_EXEC },
		{ EMBED_EXEC, NULL, "python", -ENOENT, EMBED_EXEC },
		{ EMBED_SHARED, NULL, NULL, 0, EMBED_SHARED },
		{ EMBED_SHARED, "python", NULL, 0, EMBED_SHARED },
		{ EMBED_SHARED, "libpython", NULL, 0, EMBED_SHARED },
		{ EMBED_SHARED, NULL, "libpython", 0, EMBED_EXEC },
		{ EMBED_SHARED, NULL, "python", -ENOENT, EMBED_SHARED },
		{ EMBED_EXEC, "python", NULL, 0, EMBED_EXEC },
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct failure f = { 0 };
		struct session s;

		install_base(p, &s, rows[i].way);
		if (rows[i].changed != NULL)
			put(p, rows[i].changed, "another");
		if (rows[i].gone != NULL)
			assert_int_equal(unlinkat(p->fd, rows[i].gone, 0), 0);
		assert_int_equal(session_open(&s, &f), rows[i].result);
		assert_int_equal(s.manifest.way, rows[i].then);
		failure_release(&f);
		session_release(&s);
	}
}

static void test_a_changed_base_that_others_may_write(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };
	struct session s;

	install_base(p, &s, EMBED_SHARED);
	put(p, "libpython", "another");
	assert_int_equal(fchmodat(p->fd, "libpython", 0666, 0), 0);
	assert_int_equal(session_open(&s, &f), -EPERM);
	assert_non_null(strstr(f.what, "others may change"));
	failure_release(&f);
	session_release(&s);
}

static void test_home_and_cache_are_made_and_no_link_followed(void **state)
{
	struct place *p = *state;
	struct session s;

	borrow(p, &s);
	assert_int_equal(session_make_home(&s, NULL), 0);
	assert_true(there(p, VB_HOME "/.cache") && there(p, VB_CACHE));
	assert_int_equal(unlinkat(p->fd, VB_HOME "/.cache", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(p->fd, VB_HOME, AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat(VB_CACHE, p->fd, VB_HOME), 0);
	assert_int_equal(session_make_home(&s, NULL), -ELOOP);
	assert_false(there(p, VB_CACHE "/.cache"));
	session_release(&s);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_pip_run_begins_with_an_empty_tmp),
		TEST(test_one_pip_run_at_a_time),
		TEST(test_a_tree_too_deep_is_named),
		TEST(test_a_hint_quotes_the_path),
		TEST(test_an_upgraded_base_is_run_as_it_is_now),
		TEST(test_a_changed_base_that_others_may_write),
		TEST(test_home_and_cache_are_made_and_no_link_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
