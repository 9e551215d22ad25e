/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "host/appeared.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

struct place {
	char dir[32];
	int fd;
	struct timespec since;
	struct strv known;
	struct appeared seen;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void) close(p->fd);
	strv_release(&p->known);
	appeared_release(&p->seen);
	assert_int_equal(scratch_remove(p->dir), 0);
	free(p);
	return 0;
}

static void make_dir(struct place *p, const char *path)
{
	assert_int_equal(mkdirat(p->fd, path, 0700), 0);
}

static void make_file(struct place *p, const char *path)
{
	int fd = openat(p->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void) close(fd);
}

static void scan(struct place *p, const char *venv)
{
	assert_int_equal(appeared_scan(p->fd, &p->since, &p->known, venv, &p->seen), 0);
}

static void test_a_new_repository_is_found(void **state)
{
	struct place *p = *state;

	make_dir(p, "src");
	make_dir(p, "src/.git");
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 1);
	assert_string_equal(p->seen.found.v[0], "src/.git");
}

/* Git obeys the config of a directory that looks like the inside of .git. */
static void test_a_repository_without_git_is_found(void **state)
{
	struct place *p = *state;

	make_dir(p, "src");
	make_dir(p, "src/HEAD");
	make_dir(p, "HEAD");
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 2);
	assert_string_equal(p->seen.found.v[0], "HEAD");
	assert_string_equal(p->seen.found.v[1], "src/HEAD");
	assert_int_equal(p->seen.nested.n, 0);
}

/* Made by an earlier run under a name that nobody minds. */
static void test_a_renamed_one_is_new(void **state)
{
	struct place *p = *state;
	struct timespec coarse = { .tv_nsec = 20 * 1000 * 1000 };

	make_dir(p, "src");
	make_dir(p, "src/old");
	assert_int_equal(nanosleep(&coarse, NULL), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME_COARSE, &p->since), 0);
	assert_int_equal(renameat(p->fd, "src/old", p->fd, "src/.git"), 0);
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 1);
	assert_int_equal(p->seen.nested.n, 0);
}

/* pip may write there. */
static void test_the_top_of_the_venv_is_looked_at(void **state)
{
	struct place *p = *state;

	make_dir(p, ".venv");
	make_dir(p, ".venv/.git");
	make_dir(p, ".venv/lib");
	make_dir(p, ".venv/lib/.git");
	scan(p, ".venv");
	assert_int_equal(p->seen.found.n, 1);
	assert_string_equal(p->seen.found.v[0], ".venv/.git");
	assert_int_equal(p->seen.nested.n, 0);
}

static void test_an_old_one_is_protected_from_now_on(void **state)
{
	struct place *p = *state;

	make_dir(p, "src");
	make_dir(p, "src/.git");
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &p->since), 0);
	p->since.tv_sec += 10; /* file times are of a coarse clock */
	make_dir(p, "lib");
	make_dir(p, "lib/.venv");
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 0);
	assert_int_equal(p->seen.nested.n, 2);
	assert_true(strv_contains(&p->seen.nested, "src/.git") && strv_contains(&p->seen.nested, "lib/.venv"));
}

static void test_known_ones_and_the_venv_are_left_out(void **state)
{
	struct place *p = *state;

	make_dir(p, ".git");
	make_dir(p, ".venv");
	make_dir(p, ".venv/lib");
	make_dir(p, ".venv/lib/.git");
	assert_int_equal(strv_add(&p->known, ".git"), 0);
	scan(p, ".venv");
	assert_int_equal(p->seen.found.n, 0);
}

static void test_a_link_is_not_followed(void **state)
{
	struct place *p = *state;

	make_dir(p, "a");
	make_dir(p, "a/.idea");
	assert_int_equal(symlinkat("a", p->fd, "b"), 0);
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 1);
}

static void test_an_old_repository_whose_settings_change_is_found(void **state)
{
	struct place *p = *state;
	struct timespec coarse = { .tv_nsec = 20 * 1000 * 1000 };

	make_dir(p, "src");
	make_dir(p, "src/.git");
	make_dir(p, "src/.git/hooks");
	make_file(p, "src/.git/config");
	assert_int_equal(nanosleep(&coarse, NULL), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME_COARSE, &p->since), 0);
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 0);
	assert_int_equal(fchmodat(p->fd, "src/.git/config", 0600, 0), 0);
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 1);
}

static void test_nothing_below_what_is_known_is_found(void **state)
{
	struct place *p = *state;

	make_dir(p, "sub");
	make_dir(p, "sub/.git");
	assert_int_equal(strv_add(&p->known, "sub"), 0);
	scan(p, NULL);
	assert_int_equal(p->seen.found.n, 0);
}

static void test_before_a_run_what_is_unknown_is_learned_but_no_link(void **state)
{
	struct place *p = *state;

	make_dir(p, "src");
	make_dir(p, "src/.git");
	make_dir(p, "venv2");
	make_file(p, "venv2/pyvenv.cfg");
	make_dir(p, "bare");
	make_file(p, "bare/HEAD");
	make_dir(p, "bare/refs");
	make_dir(p, "bare/objects");
	make_dir(p, "head");
	make_file(p, "head/HEAD");
	make_dir(p, "linked");
	assert_int_equal(symlinkat("../src/.git", p->fd, "linked/.git"), 0);
	make_dir(p, ".venv");
	make_file(p, ".venv/pyvenv.cfg");
	make_dir(p, ".venv/.git");
	assert_int_equal(appeared_before(p->fd, &p->known, ".venv", &p->seen.nested), 0);
	assert_int_equal(p->seen.nested.n, 3);
	assert_true(strv_contains(&p->seen.nested, "src/.git") && strv_contains(&p->seen.nested, "venv2") && strv_contains(&p->seen.nested, "bare"));
}

static void test_what_lies_too_far_down_is_told_of(void **state)
{
	struct place *p = *state;
	char name[16];

	make_dir(p, "first");
	scan(p, NULL);
	assert_false(p->seen.unread);
	for (int i = 0; i < 300; i++) {
		(void) snprintf(name, sizeof(name), "d%d", i);
		make_dir(p, name);
	}
	scan(p, NULL);
	assert_true(p->seen.unread);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_repository_is_found),
		TEST(test_a_repository_without_git_is_found),
		TEST(test_a_renamed_one_is_new),
		TEST(test_the_top_of_the_venv_is_looked_at),
		TEST(test_an_old_one_is_protected_from_now_on),
		TEST(test_known_ones_and_the_venv_are_left_out),
		TEST(test_a_link_is_not_followed),
		TEST(test_an_old_repository_whose_settings_change_is_found),
		TEST(test_nothing_below_what_is_known_is_found),
		TEST(test_what_lies_too_far_down_is_told_of),
		TEST(test_before_a_run_what_is_unknown_is_learned_but_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
