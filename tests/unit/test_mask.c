/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fd.h"
#include "common/names.h"
#include "host/mask.h"
#include "host/policy.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

/* Waits are not for tests. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void) time;
	(void) left;
	return 0;
}

struct place {
	char dir[32];
	int project_fd;
	int state_fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	int fd;

	if (scratch_make(p->dir) < 0)
		return -1;
	p->project_fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void) mkdirat(p->project_fd, "state", 0700);
	p->state_fd = openat(p->project_fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(p->state_fd, VB_LOCK, O_CREAT | O_WRONLY, 0600);
	*state = p;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(scratch_remove(p->dir), 0);
	(void) close(p->project_fd);
	(void) close(p->state_fd);
	free(p);
	return 0;
}

static int begin(struct place *p, struct masks *m, const struct strv *skip, bool look, struct failure *f)
{
	return masks_begin(m, p->state_fd, p->project_fd, p->dir, policy_protected, skip, look, f);
}

static bool there(struct place *p, const char *name)
{
	struct stat st;

	return fstatat(p->project_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum mask_state state_of(const struct masks *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].name, name) == 0)
			return m->v[i].state;
	return MASK_NOTHING;
}

static void test_a_link_is_refused(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };
	struct failure f = { 0 };

	assert_int_equal(symlinkat("../../.ssh", p->project_fd, ".git"), 0);
	assert_int_equal(begin(p, &m, &none, false, &f), -ELOOP);
	assert_non_null(strstr(f.what, ".git"));
	failure_release(&f);
	assert_int_equal(m.lock_fd, -1);
	assert_false(there(p, ".env"));
}

static void test_absent_names_are_made_and_taken_away(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };

	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(state_of(&m, ".git"), MASK_ABSENT);
	assert_true(there(p, ".git") && there(p, ".env"));
	assert_int_equal(masks_end(&m), 0);
	assert_false(there(p, ".git") || there(p, ".env"));
	assert_false(there(p, "state/" VB_MASKS));
}

/* What is only looked at is what it will be, and nothing is made for it. */
static void test_what_is_expected_comes(void **state)
{
	struct place *p = *state;
	struct masks expected, m;
	struct strv none = { 0 };

	assert_int_equal(mkdirat(p->project_fd, ".git", 0755), 0);
	assert_int_equal(begin(p, &expected, &none, true, NULL), 0);
	assert_int_equal(expected.lock_fd, -1);
	assert_false(there(p, ".env"));
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_true(masks_are_alike(&expected, &m));
	assert_int_equal(masks_end(&m), 0);
	/* Another in its place: what was opened is not what is there. */
	assert_int_equal(mkdirat(p->project_fd, "new", 0755), 0);
	assert_int_equal(renameat(p->project_fd, "new", p->project_fd, ".git"), 0);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_false(masks_are_alike(&expected, &m));
	assert_int_equal(masks_end(&m), 0);
	assert_int_equal(unlinkat(p->project_fd, ".git", AT_REMOVEDIR), 0);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_false(masks_are_alike(&expected, &m));
	assert_int_equal(masks_end(&m), 0);
}

/* Root writes what others may not. */
static void test_what_cannot_be_made_is_expected_so(void **state)
{
	struct place *p = *state;
	struct strv none = { 0 };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct masks expected, m;

		if (chmod(p->dir, 0755) < 0 || fchmod(p->state_fd, 0755) < 0 || (geteuid() != 0 && chmod(p->dir, 0555) < 0) || (geteuid() == 0 && setuid(65534) < 0))
			_exit(2);
		if (begin(p, &expected, &none, true, NULL) < 0 || state_of(&expected, ".git") != MASK_NOTHING)
			_exit(3);
		m = expected;
		m.v[0].state = MASK_ABSENT;
		_exit(masks_are_alike(&expected, &expected) && !masks_are_alike(&expected, &m) ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(p->dir, 0700), 0);
}

static void test_what_was_there_is_bound_and_stays(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };

	assert_int_equal(mkdirat(p->project_fd, ".git", 0755), 0);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(state_of(&m, ".git"), MASK_PRESENT);
	assert_int_equal(masks_end(&m), 0);
	assert_true(there(p, ".git"));
}

static void test_only_the_last_box_takes_them_away(void **state)
{
	struct place *p = *state;
	struct masks first, second;
	struct strv none = { 0 };

	assert_int_equal(begin(p, &first, &none, false, NULL), 0);
	assert_int_equal(begin(p, &second, &none, false, NULL), 0);
	/* To the second the name is there, but only because the first made it: absent for it, too. */
	assert_int_equal(state_of(&second, ".git"), MASK_ABSENT);
	assert_int_equal(masks_end(&first), 0);
	assert_true(there(p, ".git"));
	assert_int_equal(masks_end(&second), 0);
	assert_false(there(p, ".git"));
}

static void test_what_a_killed_launcher_left_is_cleared(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 }, skip = { 0 };

	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	(void) close(take_fd(&m.lock_fd)); /* as SIGKILL does */
	(void) close(take_fd(&m.project_lock));
	assert_true(there(p, ".git"));
	assert_int_equal(strv_add(&skip, ".git"), 0);
	assert_int_equal(begin(p, &m, &skip, false, NULL), 0);
	assert_false(there(p, ".git"));
	assert_int_equal(masks_end(&m), 0);
	strv_release(&skip);
}

static void test_what_somebody_filled_is_kept(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };
	int fd;

	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(mkdirat(p->project_fd, ".git/objects", 0755), 0);
	fd = openat(p->project_fd, ".env", O_WRONLY);
	assert_int_equal(write(fd, "A=1\n", 4), 4);
	(void) close(fd);
	assert_int_equal(masks_end(&m), 0);
	assert_true(there(p, ".git/objects") && there(p, ".env"));
}

static void test_another_file_of_the_name_is_kept(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };
	int fd;

	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	/* The user replaced it; empty as ours was, but not ours. Made beside it first: its inode is another. */
	fd = openat(p->project_fd, "new", O_WRONLY | O_CREAT, 0644);
	(void) close(fd);
	assert_int_equal(renameat(p->project_fd, "new", p->project_fd, ".env"), 0);
	assert_int_equal(masks_end(&m), 0);
	assert_true(there(p, ".env"));
}

static void test_looking_changes_nothing(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };

	assert_int_equal(begin(p, &m, &none, true, NULL), 0);
	assert_int_equal(state_of(&m, ".git"), MASK_ABSENT);
	assert_false(there(p, ".git"));
	assert_int_equal(masks_end(&m), 0);
}

static void test_unprotected_names_are_left_alone(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv skip = { 0 };

	assert_int_equal(strv_add(&skip, ".env"), 0);
	assert_int_equal(begin(p, &m, &skip, false, NULL), 0);
	assert_false(there(p, ".env"));
	assert_true(there(p, ".git"));
	assert_int_equal(masks_end(&m), 0);
	strv_release(&skip);
}

/* Somebody else's lock for reading, which needs no right to write. */
static int read_lock(int dirfd, const char *name, off_t byte)
{
	struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	return fd;
}

/* What one launcher of a project takes away may hold the mount of another: two venvs have two lock files. */
static void test_another_venv_of_the_project_keeps_the_names(void **state)
{
	struct place *p = *state;
	struct masks m, other;
	struct strv none = { 0 };
	int fd, state_fd;

	assert_int_equal(mkdirat(p->project_fd, "state2", 0700), 0);
	state_fd = openat(p->project_fd, "state2", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(state_fd, VB_LOCK, O_CREAT | O_WRONLY, 0600);
	(void) close(fd);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(masks_begin(&other, state_fd, p->project_fd, p->dir, policy_protected, &none, false, NULL), 0);
	assert_int_equal(state_of(&other, ".git"), MASK_PRESENT);
	assert_int_equal(masks_end(&m), 0);
	assert_true(there(p, ".git") && there(p, ".env"));
	/* Nor does the next run of the first. */
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(state_of(&m, ".git"), MASK_ABSENT);
	assert_int_equal(masks_end(&other), 0);
	assert_int_equal(masks_end(&m), 0);
	assert_false(there(p, ".git") || there(p, ".env"));
	(void) close(state_fd);
}

static void test_a_lock_that_a_box_can_take_does_not_hold_us(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };
	struct failure f = { 0 };
	int fd = read_lock(p->state_fd, VB_LOCK, 1);

	assert_int_equal(begin(p, &m, &none, false, &f), -EAGAIN);
	assert_non_null(f.hint);
	failure_release(&f);
	(void) close(fd);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	fd = read_lock(p->state_fd, VB_LOCK, 1);
	assert_int_equal(masks_end(&m), 0);
	(void) close(fd);
}

static void test_what_cannot_be_noted_is_not_left(void **state)
{
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };

	assert_int_equal(mkdirat(p->state_fd, VB_MASKS, 0700), 0);
	assert_int_equal(begin(p, &m, &none, false, NULL), -EISDIR);
	assert_false(there(p, ".git"));
}

static void test_a_torn_journal_is_not_for_ever(void **state)
{
	static const char torn[] = "mask=.git\tdir\t1";
	struct place *p = *state;
	struct masks m;
	struct strv none = { 0 };
	int fd = openat(p->state_fd, VB_MASKS, O_CREAT | O_WRONLY, 0600);

	assert_int_equal(write(fd, torn, strlen(torn)), strlen(torn));
	(void) close(fd);
	assert_int_equal(begin(p, &m, &none, false, NULL), 0);
	assert_int_equal(masks_end(&m), 0);
	assert_false(there(p, ".git") || there(p, ".envrc"));
	assert_int_equal(faccessat(p->state_fd, VB_MASKS, F_OK, 0), -1);
}

/* The inode is right and the file is empty: only the name speaks against it. */
static void test_a_journal_removes_nothing_elsewhere(void **state)
{
	static const char *const names[] = { "state/victim", ".git" };
	struct place *p = *state;
	struct strv none = { 0 };

	for (size_t i = 0; i < 2; i++) {
		int fd = openat(p->project_fd, names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		int journal = openat(p->state_fd, VB_MASKS, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		struct masks m;
		struct stat st;

		assert_int_equal(fstat(fd, &st), 0);
		assert_true(dprintf(journal, "mask=%s\tfile\t%ju\t%ju\n", names[i], (uintmax_t) st.st_dev, (uintmax_t) st.st_ino) > 0);
		(void) close(fd);
		(void) close(journal);
		assert_int_equal(begin(p, &m, &none, false, NULL), 0);
		masks_end(&m);
	}
	assert_true(there(p, "state/victim"));
	assert_false(there(p, ".git"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_link_is_refused),
		TEST(test_absent_names_are_made_and_taken_away),
		TEST(test_what_is_expected_comes),
		TEST(test_what_cannot_be_made_is_expected_so),
		TEST(test_what_was_there_is_bound_and_stays),
		TEST(test_only_the_last_box_takes_them_away),
		TEST(test_what_a_killed_launcher_left_is_cleared),
		TEST(test_what_somebody_filled_is_kept),
		TEST(test_another_file_of_the_name_is_kept),
		TEST(test_looking_changes_nothing),
		TEST(test_unprotected_names_are_left_alone),
		TEST(test_another_venv_of_the_project_keeps_the_names),
		TEST(test_a_lock_that_a_box_can_take_does_not_hold_us),
		TEST(test_what_cannot_be_noted_is_not_left),
		TEST(test_a_torn_journal_is_not_for_ever),
		TEST(test_a_journal_removes_nothing_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
