/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "host/sources.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

struct place {
	char dir[32];
	char *git;
	struct plan plan;
	struct orders orders;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->git = path_join(p->dir, ".git");
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(scratch_remove(p->dir), 0);
	plan_release(&p->plan);
	orders_release(&p->orders);
	free(p->git);
	free(p);
	return 0;
}

static struct op *add(struct place *p, enum op_kind kind, const char *source, const char *dest)
{
	struct op *op = plan_add(&p->plan, kind, source, dest, "test");

	assert_non_null(op);
	op->trust = TRUST_NONE;
	return op;
}

/* As a start does it, but that it puts the masks into place between the two. */
static int open_and_check(struct place *p, struct failure *f)
{
	int r = sources_open(&p->plan, f);

	return r < 0 ? r : sources_check_dests(&p->plan, f);
}

static void test_a_planted_link_is_not_opened(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	assert_int_equal(symlink("/etc", p->git), 0);
	add(p, OP_RO, p->git, "/dest");
	assert_int_equal(sources_open(&p->plan, &f), -ELOOP);
	assert_non_null(strstr(f.what, "symbolic link"));
	failure_release(&f);
}

static void test_a_link_of_the_host_is_followed(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlink("/etc", p->git), 0);
	add(p, OP_RO, p->git, "/dest")->trust = TRUST_HOST;
	assert_int_equal(sources_open(&p->plan, NULL), 0);
}

/* CVE-2026-87766: bwrap made the missing mount point through a planted link. */
static void test_a_mount_point_in_the_project_must_be_there(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	add(p, OP_RW, p->dir, "/project");
	add(p, OP_TMPFS, NULL, "/project/data");
	assert_int_equal(open_and_check(p, &f), -ENOENT);
	failure_release(&f);
}

static void test_a_mount_point_through_a_link_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(symlink("/tmp", p->git), 0);
	add(p, OP_RW, p->dir, "/project");
	add(p, OP_TMPFS, NULL, "/project/.git/x");
	assert_int_equal(open_and_check(p, NULL), -ELOOP);
}

static void test_a_fresh_directory_may_get_mount_points(void **state)
{
	struct place *p = *state;

	add(p, OP_RW, p->dir, "/tmp")->fresh = true;
	add(p, OP_DIR, NULL, "/tmp/work");
	assert_int_equal(open_and_check(p, NULL), 0);
}

static void test_pid_1_is_told_what_it_must_find(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(mkdir(p->git, 0700), 0);
	assert_int_equal(stat(p->git, &st), 0);
	add(p, OP_RW, p->dir, p->dir);
	add(p, OP_RO, p->git, p->git);
	assert_int_equal(sources_open(&p->plan, NULL), 0);
	assert_int_equal(sources_order(&p->plan, &p->orders, NULL), 0);
	assert_int_equal(p->orders.n_mounts, 2);
	assert_string_equal(p->orders.mounts[1].path, p->git);
	assert_int_equal(p->orders.mounts[1].ino, st.st_ino);
	assert_true(p->orders.mounts[1].read_only);
	assert_false(p->orders.mounts[0].read_only);
}

static void test_bwrap_inherits_what_is_opened(void **state)
{
	struct place *p = *state;
	cleanup_fd int dir = open(p->dir, O_PATH | O_CLOEXEC);

	add(p, OP_RO, p->dir, "/a");
	add(p, OP_RO, p->dir, "/b")->trust = TRUST_HOST;
	add(p, OP_DATA, NULL, "/c");
	add(p, OP_RO, NULL, "/d")->fd = fcntl(dir, F_DUPFD_CLOEXEC, VB_FREE_FD);
	p->plan.ops[3].fd_borrowed = true;
	assert_int_equal(sources_open(&p->plan, NULL), 0);
	for (size_t i = 0; i < p->plan.n; i++) {
		assert_true(p->plan.ops[i].fd >= VB_FREE_FD);
		assert_int_equal(fcntl(p->plan.ops[i].fd, F_GETFD), 0);
	}
	(void) close(p->plan.ops[3].fd);
}

static void test_numbers_of_the_channel_are_left_free(void **state)
{
	struct place *p = *state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void) state;
	/* Where 3 is free, what is opened next would take it. */
	while (fd >= 0 && fd < VB_CHANNEL_FD)
		fd = dup(fd);
	(void) close(VB_CHANNEL_FD);
	add(p, OP_RO, p->dir, "/a")->trust = TRUST_HOST;
	add(p, OP_RO, p->dir, "/b");
	assert_int_equal(sources_open(&p->plan, NULL), 0);
	assert_true(p->plan.ops[0].fd >= VB_FREE_FD);
	assert_true(p->plan.ops[1].fd >= VB_FREE_FD);
	assert_int_equal(fcntl(VB_CHANNEL_FD, F_GETFD), -1);
}

static void test_only_optional_sources_may_be_gone(void **state)
{
	struct place *p = *state;

	add(p, OP_RO, p->git, "/dest")->optional = true;
	add(p, OP_RO, p->dir, "/other");
	assert_int_equal(sources_open(&p->plan, NULL), 0);
	assert_int_equal(p->plan.n, 1);
	assert_string_equal(p->plan.ops[0].dest, "/other");
	add(p, OP_RO, p->git, "/dest");
	assert_int_equal(sources_open(&p->plan, NULL), -ENOENT);
}

/* --dev-bind goes to bwrap by path: PID 1 is told what must be there, and no link in the project is followed for it. */
static void test_a_bind_by_path_is_checked_too(void **state)
{
	struct place *p = *state;
	cleanup_free char *below = path_join("/dest", "x");
	struct stat st;
	struct op *op;

	assert_int_equal(stat(p->dir, &st), 0);
	op = add(p, OP_WORDS, p->dir, "/dest");
	assert_int_equal(strv_add(&op->words, "--dev-bind"), 0);
	assert_int_equal(sources_open(&p->plan, NULL), 0);
	assert_int_equal(sources_order(&p->plan, &p->orders, NULL), 0);
	assert_int_equal(p->orders.n_mounts, 1);
	assert_int_equal(p->orders.mounts[0].ino, st.st_ino);
	assert_false(p->orders.mounts[0].read_only);
	/* A mount point in it must be there. */
	add(p, OP_TMPFS, NULL, below);
	assert_int_equal(open_and_check(p, NULL), -ENOENT);
	assert_int_equal(symlink("/etc", p->git), 0);
	op = add(p, OP_WORDS, p->git, "/other");
	assert_int_equal(strv_add(&op->words, "--dev-bind"), 0);
	assert_int_equal(sources_open(&p->plan, NULL), -ELOOP);
}

static void test_too_few_descriptors_are_named(void **state)
{
	static const rlim_t few[] = { 5, 14 };
	struct place *p = *state;
	struct rlimit before, low;
	struct failure f = { 0 };

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < 30; i++)
		add(p, OP_RW, p->dir, p->dir);
	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++) {
		int r;

		low = before;
		low.rlim_cur = few[i];
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		r = sources_open(&p->plan, &f);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(r, -EMFILE);
		assert_non_null(strstr(f.hint, "ulimit -n"));
	}
	failure_release(&f);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_planted_link_is_not_opened),
		TEST(test_a_link_of_the_host_is_followed),
		TEST(test_a_mount_point_in_the_project_must_be_there),
		TEST(test_a_mount_point_through_a_link_is_refused),
		TEST(test_a_fresh_directory_may_get_mount_points),
		TEST(test_pid_1_is_told_what_it_must_find),
		TEST(test_bwrap_inherits_what_is_opened),
		TEST(test_numbers_of_the_channel_are_left_free),
		TEST(test_only_optional_sources_may_be_gone),
		TEST(test_a_bind_by_path_is_checked_too),
		TEST(test_too_few_descriptors_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
