/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbers of users and groups in the filter. In a user namespace without any mapping, where the kernel says EINVAL to every number but -1:
 * so it tells a call that arrived from one that the filter refused, whoever runs the test.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/callids.h"
#include "common/fd.h"
#include "inside/filter.h"
#include "install/filter.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

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
	{ SYS_chown, { BAD, GID, SAME }, EPERM },
	{ SYS_chown, { BAD, SAME, UID }, EPERM },
	{ SYS_lchown, { BAD, SAME, GID }, EFAULT },
	{ SYS_lchown, { BAD, SAME, 0 }, EPERM },
#endif
	/* Each argument alone. */
	{ SYS_setreuid, { UID + 1, SAME }, EPERM },
	{ SYS_setregid, { SAME, GID + 1 }, EPERM },
	{ SYS_setresuid, { UID + 1, SAME, SAME }, EPERM },
	{ SYS_setresuid, { SAME, UID + 1, SAME }, EPERM },
	{ SYS_setresuid, { SAME, SAME, UID + 1 }, EPERM },
	{ SYS_setresgid, { GID + 1, SAME, SAME }, EPERM },
	{ SYS_setresgid, { SAME, GID + 1, SAME }, EPERM },
	{ SYS_setresgid, { SAME, SAME, GID + 1 }, EPERM },
	{ SYS_fchown, { NOFD, SAME, GID + 1 }, EPERM },
	{ SYS_fchownat, { NOFD, BAD, UID + 1, SAME, 0 }, EPERM },
	{ SYS_fchownat, { NOFD, BAD, SAME, GID + 1, 0 }, EPERM },
#ifdef SYS_chown
	{ SYS_lchown, { BAD, UID + 1, SAME }, EPERM },
#endif
	/* A neighbour of theirs. */
	{ SYS_setpgid, { 0, 0 }, 0 },
};

static int result_of(const struct row *r)
{
	return syscall(r->call, r->args[0], r->args[1], r->args[2], r->args[3], r->args[4]) == 0 ? 0 : errno;
}

/* The program of every box, or that of SANDBOX_SECCOMP_ALLOW where it is empty. */
static void compile(bool everything, struct buf *program)
{
	const struct strv nothing = { 0 };
	unsigned calls;

	assert_int_equal(filter_compile(everything ? &nothing : NULL, program, &calls, NULL), 0);
}

static int compiled(bool everything)
{
	cleanup_buf struct buf program = { 0 };

	compile(everything, &program);
	return fd_memfd("filter", program.data, program.len);
}

/* In a child: a filter cannot be taken off, and the numbers are ours. fd: -1 for none. */
static int in_child(const struct row *r, int fd, uid_t uid, gid_t gid)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			_exit(255);
		if (fd >= 0 && filter_load(fd, uid, gid, NULL) != 0)
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
	for (int everything = 0; everything < 2; everything++) {
		cleanup_fd int fd = compiled(everything != 0);

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const struct row *r = &rows[i];
			int plain = in_child(r, -1, 0, 0), filtered = in_child(r, fd, UID, GID);

			if (filtered != r->want || (r->want == EPERM ? plain == EPERM : plain != r->want))
				fail_msg("row %zu: %d with the filter, %d without", i, filtered, plain);
		}
	}
}

/* Where nobody filled in whose box it is. */
static void test_without_numbers_none_reaches_the_kernel(void **state)
{
	cleanup_fd int fd = compiled(false);

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = in_child(&rows[i], fd, VB_CALLIDS_USER, VB_CALLIDS_GROUP);

		if (got != EPERM && got != in_child(&rows[i], -1, 0, 0))
			fail_msg("row %zu: %d", i, got);
	}
	assert_int_equal(in_child(&(struct row) { SYS_setuid, { UID }, 0 }, fd, VB_CALLIDS_USER, VB_CALLIDS_GROUP), EPERM);
	assert_int_equal(in_child(&(struct row) { SYS_setgid, { GID }, 0 }, fd, VB_CALLIDS_USER, VB_CALLIDS_GROUP), EPERM);
}

static bool stands_for_one(const struct sock_filter *insn)
{
	return insn->k == VB_CALLIDS_USER || insn->k == VB_CALLIDS_GROUP;
}

static void test_the_program_has_them_for_nothing_else(void **state)
{
	(void) state;
	for (int everything = 0; everything < 2; everything++) {
		cleanup_buf struct buf program = { 0 };
		struct sock_filter *insns;
		size_t n, found = 0;

		compile(everything != 0, &program);
		insns = (void *) program.data;
		n = program.len / sizeof(*insns);
		for (size_t i = 0; i < n; i++) {
			found += stands_for_one(&insns[i]);
			assert_true(!stands_for_one(&insns[i]) || insns[i].code == (BPF_JMP | BPF_JEQ | BPF_K));
			assert_true(insns[i].k != UID && insns[i].k != GID);
		}
		assert_true(found > 0);
		callids_fill(insns, n, UID, GID);
		for (size_t i = 0; i < n; i++) {
			assert_false(stands_for_one(&insns[i]));
			found -= insns[i].k == UID || insns[i].k == GID;
		}
		assert_int_equal(found, 0);
	}
}

/* A user may have the number that stands for the group. */
static void test_only_what_compares_is_filled_in(void **state)
{
	struct sock_filter program[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VB_CALLIDS_USER, 1, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VB_CALLIDS_GROUP, 3, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VB_CALLIDS_USER + 1, 5, 6), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, VB_CALLIDS_USER, 7, 8),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, VB_CALLIDS_GROUP), BPF_STMT(BPF_RET | BPF_K, VB_CALLIDS_USER),
	};
	const struct sock_filter want[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VB_CALLIDS_GROUP, 1, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 3, 4), program[2], program[3], program[4], program[5],
	};

	(void) state;
	callids_fill(program, 6, VB_CALLIDS_GROUP, 7);
	assert_memory_equal(program, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_own_numbers_reach_the_kernel),
		cmocka_unit_test(test_without_numbers_none_reaches_the_kernel),
		cmocka_unit_test(test_the_program_has_them_for_nothing_else),
		cmocka_unit_test(test_only_what_compares_is_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
