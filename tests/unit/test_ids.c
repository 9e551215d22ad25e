/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In a user namespace without any mapping, where the kernel says EINVAL to every number but -1: so it tells a
 * call that arrived from one that the filter refused, whoever runs the test.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "inside/ids.h"

#define UID  UINT64_C(1234)
#define GID  UINT64_C(5678)
#define SAME UINT64_C(0xffffffff) /* -1: no change */
#define HIGH (UINT64_C(1) << 32)  /* what the kernel does not look at */
#define NOFD UINT64_C(0xffffffff)
#define BAD  UINT64_C(1)          /* a pointer into the page that is never mapped */

static const struct row {
	long call;
	uint64_t args[5];
	int want; /* errno, 0 for success */
} rows[] = {
	{ SYS_setuid, { UID + 1 }, EPERM },
	{ SYS_setuid, { 0 }, EPERM },
	{ SYS_setuid, { (UID + 1) | HIGH }, EPERM },
	{ SYS_setuid, { UID | HIGH }, EINVAL },
	{ SYS_setuid, { UID }, EINVAL },
	{ SYS_setuid, { GID }, EPERM },
	{ SYS_setuid, { SAME }, EINVAL },
	{ SYS_setgid, { GID }, EINVAL },
	{ SYS_setgid, { UID }, EPERM },
	{ SYS_setreuid, { SAME, SAME }, 0 },
	{ SYS_setreuid, { SAME, UID + 1 }, EPERM },
	{ SYS_setregid, { GID + 1, SAME }, EPERM },
	{ SYS_setregid, { GID, SAME }, EINVAL },
	{ SYS_setresuid, { SAME, SAME, SAME }, 0 },
	{ SYS_setresuid, { UID, UID, UID }, EINVAL },
	{ SYS_setresuid, { UID, UID, UID + 1 }, EPERM },
	{ SYS_setresgid, { SAME, GID, UID }, EPERM },
	{ SYS_setresgid, { GID, GID, GID }, EINVAL },
	{ SYS_fchown, { NOFD, SAME, SAME }, EBADF },
	{ SYS_fchown, { NOFD, UID, GID }, EBADF },
	{ SYS_fchown, { NOFD, UID + 1, SAME }, EPERM },
	{ SYS_fchownat, { NOFD, BAD, SAME, SAME, 0 }, EFAULT },
	{ SYS_fchownat, { NOFD, BAD, UID, GID + 1, 0 }, EPERM },
#ifdef SYS_chown
	{ SYS_chown, { BAD, UID, GID }, EFAULT },
	{ SYS_chown, { BAD, GID, UID }, EPERM },
	{ SYS_lchown, { BAD, SAME, GID }, EFAULT },
	{ SYS_lchown, { BAD, SAME, 0 }, EPERM },
#endif
	/* A neighbour of theirs. */
	{ SYS_setpgid, { 0, 0 }, 0 },
};

static int result_of(const struct row *r)
{
	return syscall(r->call, r->args[0], r->args[1], r->args[2], r->args[3], r->args[4]) == 0 ? 0 : errno;
}

/* In a child: a filter cannot be taken off, and the numbers are ours. */
static int in_child(const struct row *r, bool filtered)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			_exit(255);
		if (filtered && ids_load(UID, GID) != 0)
			_exit(254);
		_exit(result_of(r));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_only_the_own_numbers_reach_the_kernel(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		int plain = in_child(r, false), filtered = in_child(r, true);

		if (filtered != r->want || (r->want == EPERM ? plain == EPERM : plain != r->want))
			fail_msg("row %zu: %d with the filter, %d without", i, filtered, plain);
	}
}

static void test_without_no_new_privs_it_fails(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void) state;
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Without capabilities, for root may load one. */
		(void) !setresuid(65534, 65534, 65534);
		_exit(-ids_load(UID, GID));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_own_numbers_reach_the_kernel),
		cmocka_unit_test(test_without_no_new_privs_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
