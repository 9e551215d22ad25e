/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "host/spare.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#define NAME ".git"

struct place {
	char dir[32];
	int project_fd, state_fd;
	struct stat made; /* NAME in the project */
};

/* What happens in the project or among the spare ones right after the next renameat2(2); or what that call says. */
static void (*meanwhile)(const struct place *p);
static const struct place *place_of_meanwhile;
static int rename_errno;
static int open_errno; /* of openat(2) */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	void (*then)(const struct place *p) = meanwhile;
	long a[5], r;
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < 5; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_renameat2 && rename_errno != 0) {
		errno = rename_errno;
		return -1;
	}
	r = __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
	if (number == SYS_renameat2 && then != NULL) {
		meanwhile = NULL;
		then(place_of_meanwhile);
	}
	return r;
}

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, int) : 0;
	va_end(ap);
	if (open_errno != 0) {
		errno = open_errno;
		return -1;
	}
	return __real_openat(dirfd, path, flags, mode);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->project_fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void) mkdirat(p->project_fd, "state", 0700);
	p->state_fd = openat(p->project_fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place_of_meanwhile = p;
	*state = p;
	return mkdirat(p->project_fd, NAME, 0755) < 0 || fstatat(p->project_fd, NAME, &p->made, 0) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	meanwhile = NULL;
	rename_errno = 0;
	assert_int_equal(scratch_remove(p->dir), 0);
	(void) close(p->project_fd);
	(void) close(p->state_fd);
	free(p);
	return 0;
}

static int keep(const struct place *p)
{
	return spare_keep(p->state_fd, p->project_fd, NAME, S_ISDIR(p->made.st_mode), &p->made);
}

static bool take(const struct place *p)
{
	cleanup_fd int spare = spare_open(p->state_fd);
	struct stat st;

	return spare_take(spare, p->project_fd, NAME, S_ISDIR(p->made.st_mode), &st);
}

static bool there(const struct place *p, const char *path)
{
	struct stat st;

	return fstatat(p->project_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void put(const struct place *p, const char *path)
{
	cleanup_fd int fd = openat(p->project_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static void test_the_same_one_comes_back(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_false(take(p)); /* none was kept */
	assert_int_equal(keep(p), 1);
	assert_false(there(p, NAME));
	assert_true(there(p, "state/" VB_SPARE "/git"));
	assert_true(take(p));
	assert_int_equal(fstatat(p->project_fd, NAME, &st, 0), 0);
	assert_int_equal(st.st_ino, p->made.st_ino);
	assert_false(there(p, "state/" VB_SPARE "/git"));
}

static void test_what_is_filled_stays(void **state)
{
	struct place *p = *state;

	put(p, NAME "/config");
	assert_int_equal(keep(p), 0);
	assert_true(there(p, NAME "/config"));
}

static void hide_spare(const struct place *p)
{
	(void) p;
	open_errno = EMFILE;
}

/* It is not forgotten: the caller has it in its journal, and tries again. */
static void test_what_cannot_be_looked_at_goes_back_and_is_told(void **state)
{
	struct place *p = *state;

	meanwhile = hide_spare;
	assert_int_equal(keep(p), -EMFILE);
	open_errno = 0;
	assert_true(there(p, NAME));
	assert_false(there(p, "state/" VB_SPARE "/git"));
}

static void fill_spare(const struct place *p)
{
	put(p, "state/" VB_SPARE "/git" "/config");
}

static void test_what_is_filled_at_that_moment_goes_back(void **state)
{
	struct place *p = *state;

	meanwhile = fill_spare;
	assert_int_equal(keep(p), 1);
	assert_true(there(p, NAME "/config"));
	assert_false(there(p, "state/" VB_SPARE "/git"));
}

static void fill_and_make_another(const struct place *p)
{
	fill_spare(p);
	assert_int_equal(mkdirat(p->project_fd, NAME, 0755), 0);
}

/* Nothing is lost, nothing of it becomes a mask, and the other is not removed for ours. */
static void test_what_cannot_go_back_is_told_of(void **state)
{
	struct place *p = *state;

	meanwhile = fill_and_make_another;
	assert_int_equal(keep(p), -EBUSY);
	assert_true(there(p, "state/" VB_SPARE "/git" "/config"));
	assert_true(there(p, NAME));
	assert_int_equal(unlinkat(p->project_fd, NAME, AT_REMOVEDIR), 0);
	assert_false(take(p));
	assert_false(there(p, NAME));
}

/* Another box of the project, say of a venv around ours, put it there between two looks. */
static void test_what_is_not_ours_goes_back(void **state)
{
	struct place *p = *state;

	p->made.st_ino++;
	assert_int_equal(keep(p), 1);
	assert_true(there(p, NAME));
}

static void test_nothing_is_overwritten(void **state)
{
	struct place *p = *state;

	assert_int_equal(keep(p), 1);
	put(p, NAME);
	assert_false(take(p));
	assert_true(there(p, "state/" VB_SPARE "/git"));
	assert_int_equal(unlinkat(p->project_fd, NAME, 0), 0);
	assert_int_equal(mkdirat(p->project_fd, NAME, 0755), 0);
	assert_int_equal(keep(p), 0); /* one is kept already */
	assert_true(there(p, NAME));
}

/* Another file system, an old kernel, a planted link, a directory that cannot be made: rmdir(2) it is. */
static void test_where_it_cannot_be_kept_it_is_to_be_removed(void **state)
{
	static const int errors[] = { EXDEV, ENOSYS, EINVAL, EACCES };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		rename_errno = errors[i];
		assert_int_equal(keep(p), 0);
		assert_false(take(p));
	}
	rename_errno = 0;
	assert_int_equal(unlinkat(p->state_fd, VB_SPARE, AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("../..", p->state_fd, VB_SPARE), 0);
	assert_int_equal(keep(p), 0);
	assert_true(there(p, NAME));
}

/* --- files ------------------------------------------------------------------------------ */

static int setup_file(void **state)
{
	struct place *p;

	if (setup(state) < 0)
		return -1;
	p = *state;
	if (unlinkat(p->project_fd, NAME, AT_REMOVEDIR) < 0)
		return -1;
	put(p, NAME);
	return fstatat(p->project_fd, NAME, &p->made, 0);
}

static void write_x(const struct place *p, const char *path)
{
	cleanup_fd int fd = openat(p->project_fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "x", 1), 1);
}

static void write_spare(const struct place *p)
{
	write_x(p, "state/" VB_SPARE "/git");
}

static void test_a_written_file_stays(void **state)
{
	struct place *p = *state;
	struct stat st;

	write_x(p, NAME);
	assert_int_equal(keep(p), 0);
	assert_int_equal(fstatat(p->project_fd, NAME, &st, 0), 0);
	assert_int_equal(st.st_size, 1);
}

static void test_a_file_that_is_written_at_that_moment_goes_back(void **state)
{
	struct place *p = *state;
	struct stat st;

	meanwhile = write_spare;
	assert_int_equal(keep(p), 1);
	assert_int_equal(fstatat(p->project_fd, NAME, &st, 0), 0);
	assert_int_equal(st.st_size, 1);
}

/* Whoever has the other name could write what lies under the mask when the box is gone. */
static void test_a_file_with_another_name_is_no_spare_one(void **state)
{
	struct place *p = *state;

	assert_int_equal(keep(p), 1);
	assert_int_equal(linkat(p->project_fd, "state/" VB_SPARE "/git", p->project_fd, "other", 0), 0);
	assert_false(take(p));
	assert_false(there(p, NAME));
	assert_int_equal(unlinkat(p->project_fd, "other", 0), 0);
	write_spare(p);
	assert_false(take(p)); /* nor is one with something in it */
}

#define TEST_FILE(fn) cmocka_unit_test_setup_teardown(fn, setup_file, teardown)
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_same_one_comes_back),
		TEST(test_what_is_filled_stays),
		TEST(test_what_is_filled_at_that_moment_goes_back),
		TEST(test_what_cannot_be_looked_at_goes_back_and_is_told),
		TEST(test_what_cannot_go_back_is_told_of),
		TEST(test_what_is_not_ours_goes_back),
		TEST(test_nothing_is_overwritten),
		TEST(test_where_it_cannot_be_kept_it_is_to_be_removed),
		TEST_FILE(test_the_same_one_comes_back),
		TEST_FILE(test_a_written_file_stays),
		TEST_FILE(test_a_file_that_is_written_at_that_moment_goes_back),
		TEST_FILE(test_a_file_with_another_name_is_no_spare_one),
		TEST_FILE(test_what_is_not_ours_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
