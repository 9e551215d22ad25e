/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows below are the specification of the filter. Each is asked twice: of the
 * program, walked by bpf.h, and of the kernel, in a child that has loaded it. There a bad
 * pointer or descriptor tells a call that arrived (EFAULT, EBADF) from one that was refused.
 */
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/names.h"
#include "install/filter.h"
#include "tests/unit/bpf.h"

/* Last: its fail_msg() is a macro, ours in failure.h a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ALLOWED 0
#define BAD     UINT64_C(1)          /* a pointer into the page that is never mapped */
#define NOFD    UINT64_C(0xffffffff) /* -1 */
#define HIGH    (UINT64_C(1) << 32)  /* what the kernel does not look at, in an int */

struct row {
	const char *call;
	uint64_t args[6];
	int want;   /* ALLOWED or the errno the filter gives */
	int kernel; /* ALLOWED: the errno the kernel gives, 0 for success */
};

static const struct row table_rows[] = {
	/* What programs live from. */
	{ "read", { NOFD, BAD, 1 }, ALLOWED, EBADF },
	{ "getppid", { 0 }, ALLOWED, 0 },
	{ "openat", { NOFD, BAD, O_RDONLY }, ALLOWED, EFAULT },
	{ "io_uring_setup", { 1, BAD }, EPERM },
	{ "ptrace", { 0xffff, 0 }, EPERM },
	{ "process_vm_readv", { 1, BAD, 1, BAD, 1, 0 }, EPERM },
	{ "pidfd_getfd", { NOFD, 0, 0 }, EPERM },
	{ "bpf", { 0xffff, BAD, 0 }, EPERM },
	{ "userfaultfd", { 0xffff }, EPERM },
	{ "perf_event_open", { BAD, 0, 0, 0, 0 }, EPERM },
	{ "keyctl", { 0xffff }, EPERM },
	{ "add_key", { BAD }, EPERM },
	{ "mount", { BAD, BAD, BAD, 0, 0 }, EPERM },
	{ "fsopen", { BAD, 0xffff }, EPERM },
	{ "open_tree", { NOFD, BAD, 0 }, EPERM },
	{ "open_by_handle_at", { NOFD, BAD, 0 }, EPERM },
	{ "kexec_load", { 0, 0, 0, 0xffff }, EPERM },
	{ "finit_module", { NOFD, BAD, 0xffff }, EPERM },
	{ "clock_settime", { 0, BAD }, EPERM },
	{ "memfd_secret", { 0xffff }, EPERM },
	{ "memfd_create", { BAD, 0 }, ALLOWED, EFAULT },
	{ "mbind", { 1, 0, 0, 0, 0, 0 }, ALLOWED, EINVAL },
	{ "mseal", { 1, 0, 0 }, ALLOWED, EINVAL },
	{ "seccomp", { 0xffff, 0, 0 }, ALLOWED, EINVAL },
	{ "statmount", { BAD }, ENOSYS },
	{ "lsm_list_modules", { BAD }, ENOSYS },

	/* Namespaces. */
	{ "unshare", { CLONE_NEWUSER }, EPERM },
	{ "unshare", { HIGH | CLONE_NEWUSER }, EPERM },
	{ "unshare", { 0x80 /* CLONE_NEWTIME */ }, EPERM },
	{ "unshare", { CLONE_FILES }, ALLOWED, 0 },
	{ "setns", { NOFD, 0 }, EPERM },
	{ "clone3", { BAD, 88 }, ENOSYS },
	{ "clone", { CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "clone", { HIGH | CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "clone", { CLONE_NEWNET | CLONE_VM | SIGCHLD }, EPERM },
	{ "clone", { CLONE_SIGHAND /* without CLONE_VM */ }, ALLOWED, EINVAL },

	/* The terminal. CVE-2019-10063: the high half. */
	{ "ioctl", { NOFD, TIOCSTI, BAD }, EPERM },
	{ "ioctl", { NOFD, HIGH | TIOCSTI, BAD }, EPERM },
	{ "ioctl", { NOFD, TIOCLINUX, BAD }, EPERM },
	{ "ioctl", { NOFD, (HIGH << 31) | TIOCLINUX, BAD }, EPERM },
	{ "ioctl", { NOFD, TIOCSETD, BAD }, EPERM },
	{ "ioctl", { NOFD, TCGETS, BAD }, ALLOWED, EBADF },

	/* What reaches past a mount: a snapshot of the file system around it, a lease on a file of the host. */
	{ "ioctl", { NOFD, BTRFS_IOC_SNAP_CREATE, BAD }, EPERM },
	{ "ioctl", { NOFD, HIGH | BTRFS_IOC_SNAP_CREATE_V2, BAD }, EPERM },
	{ "fcntl", { NOFD, F_SETLEASE, F_RDLCK }, EPERM },
	{ "fcntl", { NOFD, HIGH | F_SETLEASE, F_WRLCK }, EPERM },
	{ "fcntl", { NOFD, 1040 /* F_SETDELEG */, BAD }, EPERM },
	{ "fcntl", { NOFD, F_GETLEASE, 0 }, ALLOWED, EBADF },
	{ "fcntl", { NOFD, F_NOTIFY, 0 }, ALLOWED, EBADF },

	/* prctl. */
	{ "prctl", { VB_PRCTL_SEALED }, VB_ERRNO_SEALED },
	{ "prctl", { HIGH | VB_PRCTL_SEALED, 1, 2, 3, 4 }, VB_ERRNO_SEALED },
	{ "prctl", { PR_SET_MM, PR_SET_MM_EXE_FILE, NOFD, 0, 0 }, EINVAL },
	{ "prctl", { 67 /* PR_SET_MEMORY_MERGE */, 0, 0, 0, 0 }, EINVAL },
	{ "prctl", { PR_SET_NAME, BAD }, ALLOWED, EFAULT },
	{ "prctl", { PR_SET_PDEATHSIG, 9999 }, ALLOWED, EINVAL },
	{ "prctl", { PR_GET_PDEATHSIG, BAD }, ALLOWED, EFAULT },
	{ "prctl", { PR_SET_DUMPABLE, 0 }, ALLOWED, 0 },

	/* Sockets. */
	{ "socket", { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
	{ "socket", { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
	{ "socket", { AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
	{ "socket", { HIGH | AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
	{ "socket", { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER }, EAFNOSUPPORT },
	{ "socket", { AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT }, EAFNOSUPPORT },
	{ "socket", { AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */ }, EPROTONOSUPPORT },
	{ "socket", { AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP }, EPROTONOSUPPORT },
	{ "socket", { AF_INET, SOCK_PACKET, 0 /* AF_PACKET by its old name */ }, ESOCKTNOSUPPORT },
	{ "socket", { AF_INET, SOCK_DCCP | SOCK_CLOEXEC, 0 }, ESOCKTNOSUPPORT },
	{ "socket", { AF_INET6, HIGH | SOCK_SEQPACKET | SOCK_NONBLOCK, 0 /* SCTP */ }, ESOCKTNOSUPPORT },
	{ "socket", { AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0 }, ALLOWED, 0 },
	{ "socket", { AF_UNIX, SOCK_SEQPACKET, 0 }, ALLOWED, 0 },
	{ "socket", { AF_UNIX, SOCK_STREAM, 0 }, ALLOWED, 0 },
	{ "socket", { AF_INET, SOCK_STREAM, IPPROTO_TCP }, ALLOWED, 0 },
	{ "socket", { AF_INET, 99, IPPROTO_ICMPV6 }, ALLOWED, EINVAL },
	{ "socket", { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE }, ALLOWED, 0 },
	{ "socketpair", { AF_VSOCK, SOCK_STREAM, 0, BAD }, EAFNOSUPPORT },
	{ "socketpair", { AF_UNIX, SOCK_STREAM, 0, BAD }, ALLOWED, EFAULT },

	/* Set-user-ID programs and devices. */
	{ "fchmodat", { NOFD, BAD, 04755 }, EPERM },
	{ "fchmodat", { NOFD, BAD, HIGH | 02755 }, EPERM },
	{ "fchmodat", { NOFD, BAD, 01777 }, ALLOWED, EFAULT },
	{ "fchmodat2", { NOFD, BAD, 04755, 0 }, EPERM },
	{ "fchmod", { NOFD, 06755 }, EPERM },
	{ "fchmod", { NOFD, 0755 }, ALLOWED, EBADF },
	{ "openat", { NOFD, BAD, O_CREAT | O_WRONLY, 04755 }, EPERM },
	{ "openat", { NOFD, BAD, HIGH | O_CREAT | O_WRONLY, 02755 }, EPERM },
	{ "openat", { NOFD, BAD, O_TMPFILE | O_WRONLY, 04755 }, EPERM },
	{ "openat", { NOFD, BAD, O_CREAT | O_WRONLY, 0755 }, ALLOWED, EFAULT },
	{ "openat", { NOFD, BAD, O_DIRECTORY, 06000 /* left over in the register */ }, ALLOWED, EFAULT },
	{ "openat2", { NOFD, BAD, BAD, 24 }, ENOSYS },
	{ "mknodat", { NOFD, BAD, S_IFREG | 04755, 0 }, EPERM },
	{ "mknodat", { NOFD, BAD, S_IFCHR | 0600, 0x103 }, EPERM },
	{ "mknodat", { NOFD, BAD, S_IFBLK | 0600, 0x103 }, EPERM },
	{ "mknodat", { NOFD, BAD, S_IFIFO | 0600, 0 }, ALLOWED, EFAULT },
#ifdef __NR_chmod /* not on AArch64 */
	{ "chmod", { BAD, 04755 }, EPERM },
	{ "chmod", { BAD, 0755 }, ALLOWED, EFAULT },
	{ "open", { BAD, O_CREAT, 04755 }, EPERM },
	{ "open", { BAD, O_RDONLY, 04755 }, ALLOWED, EFAULT },
	{ "creat", { BAD, 04755 }, EPERM },
	{ "mknod", { BAD, S_IFREG | 02755, 0 }, EPERM },
	{ "mknod", { BAD, S_IFBLK | 0600, 0 }, EPERM },
	{ "mknod", { BAD, S_IFCHR | 0600, 0 }, EPERM },
	{ "mknod", { BAD, S_IFSOCK | 0600, 0 }, ALLOWED, EFAULT },
#endif

	/* Priorities: of a process; a group may have members on the host. */
	{ "setpriority", { PRIO_PGRP, 0, 19 }, EPERM },
	{ "setpriority", { PRIO_USER, 0, 19 }, EPERM },
	{ "setpriority", { PRIO_PROCESS, 0, 19 }, ALLOWED, 0 },
	{ "ioprio_set", { IOPRIO_WHO_PGRP, 0, 0 }, EPERM },
	{ "ioprio_set", { HIGH | IOPRIO_WHO_USER, 0, 0 }, EPERM },
	{ "ioprio_set", { IOPRIO_WHO_PROCESS, 0, 0 }, ALLOWED, 0 },

	{ "personality", { READ_IMPLIES_EXEC }, EPERM },
	{ "personality", { MMAP_PAGE_ZERO }, EPERM },
	{ "personality", { 0xffffffff }, ALLOWED, 0 },
	{ "personality", { PER_LINUX }, ALLOWED, 0 },
};

/* SANDBOX_SECCOMP_ALLOW="getrusage socket clone3 openat2 mknodat times": no other ALLOW row, but what a start needs. */
static const char *const list[] = { "getrusage", "socket", "clone3", "openat2", "mknodat", "times" };
static const struct row list_rows[] = {
	{ "getrusage", { 0xff, BAD }, ALLOWED, EINVAL },
	{ "socket", { AF_UNIX, SOCK_STREAM, 0 }, ALLOWED, 0 },
	{ "socket", { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
	{ "connect", { NOFD, BAD, 0 }, EPERM },
	{ "symlinkat", { BAD, NOFD, BAD }, EPERM },
	{ "mount", { BAD, BAD, BAD, 0, 0 }, EPERM },
	{ "statmount", { BAD }, ENOSYS },
	{ "clone3", { BAD, 88 }, ENOSYS },
	{ "openat2", { NOFD, BAD, BAD, 24 }, ENOSYS },
	{ "mknodat", { NOFD, BAD, S_IFREG | 04755, 0 }, EPERM },
	{ "openat", { NOFD, BAD, O_RDONLY }, ALLOWED, EFAULT },
	{ "openat", { NOFD, BAD, O_CREAT, 04755 }, EPERM },
	{ "ioctl", { NOFD, HIGH | TIOCSTI, BAD }, EPERM },
	{ "prctl", { VB_PRCTL_SEALED }, VB_ERRNO_SEALED },
	{ "clone", { CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "execve", { BAD, 0, 0 }, ALLOWED, EFAULT },
	{ "wait4", { 1, 0, 0xffff, 0 }, ALLOWED, EINVAL },
};

/* SANDBOX_SECCOMP_ALLOW="" */
static const struct row empty_rows[] = {
	{ "ioctl", { NOFD, TIOCSTI, BAD }, EPERM },
	{ "ioctl", { NOFD, HIGH | TIOCLINUX, BAD }, EPERM },
	{ "ioctl", { NOFD, TIOCSETD, BAD }, ALLOWED, EBADF },
	{ "clone", { CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "clone3", { BAD, 88 }, ENOSYS },
	{ "unshare", { CLONE_NEWUSER }, EPERM },
	{ "setns", { NOFD, 0 }, EPERM },
	{ "prctl", { VB_PRCTL_SEALED }, VB_ERRNO_SEALED },
	{ "prctl", { 0x7fff }, ALLOWED, EINVAL },
	{ "fchmodat", { NOFD, BAD, 04755 }, ALLOWED, EFAULT },
	{ "openat2", { NOFD, BAD, BAD, 0 }, ALLOWED, EINVAL },
	{ "socket", { AF_MAX, SOCK_RAW, 0 }, ALLOWED, EAFNOSUPPORT },
	{ "process_vm_readv", { 1, BAD, 1, BAD, 1, 0xff }, ALLOWED, EINVAL },
	{ "personality", { READ_IMPLIES_EXEC }, ALLOWED, 0 },
};

enum mode { TABLE, LIST, EMPTY, MODES };

static const struct {
	const struct row *rows;
	size_t n;
} specified[MODES] = {
	{ table_rows, sizeof(table_rows) / sizeof(table_rows[0]) },
	{ list_rows, sizeof(list_rows) / sizeof(list_rows[0]) },
	{ empty_rows, sizeof(empty_rows) / sizeof(empty_rows[0]) },
};

static unsigned compile(enum mode mode, struct buf *program)
{
	cleanup_strv struct strv allow = { 0 };
	struct failure f = { 0 };
	unsigned calls = 0;

	for (size_t i = 0; mode == LIST && i < sizeof(list) / sizeof(list[0]); i++)
		assert_int_equal(strv_add(&allow, list[i]), 0);
	assert_int_equal(filter_compile(mode == TABLE ? NULL : &allow, program, &calls, &f), 0);
	assert_null(f.what);
	assert_true(program->len > 0 && program->len % sizeof(struct sock_filter) == 0);
	assert_true(program->len / sizeof(struct sock_filter) <= BPF_MAXINSNS);
	return calls;
}

static uint32_t action_of(int want)
{
	return want == ALLOWED ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t) want;
}

static void test_every_row_walked(void **state)
{
	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		cleanup_buf struct buf program = { 0 };

		(void) compile((enum mode) mode, &program);
		for (size_t i = 0; i < specified[mode].n; i++) {
			const struct row *row = &specified[mode].rows[i];
			int nr = filter_call_number(row->call);
			struct bpf_run run;
			uint32_t action = bpf_ask(&program, seccomp_arch_native(), nr, row->args, &run);

			if (nr < 0 || action != action_of(row->want))
				fail_msg("mode %d, row %zu (%s): action %#x", mode, i, row->call, action);
		}
	}
}

/* --- the same, of the kernel ---------------------------------------------------- */

#define NOT_LOADED (-1000)

/* The errno of one call under the filter, 0 for success, minus the signal that killed the caller. */
static int try_call(const struct buf *program, long nr, const uint64_t *a, int *result)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		*result = NOT_LOADED;
		if (bpf_load_program(program) == 0)
			*result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 ? errno : 0;
		syscall(SYS_exit_group, 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return NOT_LOADED;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : *result;
}

static int *shared_int(void)
{
	int *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* A kernel without a call says ENOSYS itself; the walk above has said what the filter does. */
static bool as_expected(const struct row *row, int got)
{
	if (row->want != ALLOWED)
		return got == row->want;
	return got == row->kernel || (got == ENOSYS && strcmp(row->call, "mseal") == 0);
}

static void test_every_row_in_the_kernel(void **state)
{
	int *result = shared_int();

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		cleanup_buf struct buf program = { 0 };

		(void) compile((enum mode) mode, &program);
		for (size_t i = 0; i < specified[mode].n; i++) {
			const struct row *row = &specified[mode].rows[i];
			int got = try_call(&program, filter_call_number(row->call), row->args, result);

			if (!as_expected(row, got))
				fail_msg("mode %d, row %zu (%s): %d", mode, i, row->call, got);
		}
	}
	assert_int_equal(munmap(result, sizeof(*result)), 0);
}

/* The kernel answers for itself where nothing was loaded: else a row that says "refused" would prove nothing. */
static void test_without_the_filter_they_arrive(void **state)
{
	static const struct row rows[] = {
		{ "ioctl", { NOFD, TIOCSTI, BAD }, ALLOWED, EBADF },
		{ "fchmodat", { NOFD, BAD, 04755 }, ALLOWED, EFAULT },
		{ "openat", { NOFD, BAD, O_CREAT, 04755 }, ALLOWED, EFAULT },
		{ "clone3", { BAD, 88 }, ALLOWED, EFAULT },
		{ "prctl", { VB_PRCTL_SEALED }, ALLOWED, EINVAL },
		{ "process_vm_readv", { 1, BAD, 1, BAD, 1, 0xff }, ALLOWED, EINVAL },
	};
	static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	cleanup_buf struct buf program = { 0 };
	int *result = shared_int();

	(void) state;
	buf_add(&program, &allow, sizeof(allow));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(try_call(&program, filter_call_number(rows[i].call), rows[i].args, result), rows[i].kernel);
	assert_int_equal(munmap(result, sizeof(*result)), 0);
}

#ifdef __x86_64__
static void test_x32_is_killed_by_the_kernel(void **state)
{
	static const uint64_t none[6] = { 0 };
	int *result = shared_int();

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		cleanup_buf struct buf program = { 0 };

		(void) compile((enum mode) mode, &program);
		assert_int_equal(try_call(&program, SYS_getpid, none, result), 0);
		assert_int_equal(try_call(&program, 0x40000000 | SYS_getpid, none, result), -SIGSYS);
	}
	assert_int_equal(munmap(result, sizeof(*result)), 0);
}
#endif

/* Under the list, and under the table, the interpreter starts, forks and executes. */
static void test_the_interpreter_starts(void **state)
{
	static const char *const script =
		"import os, subprocess, sys\n"
		"r = subprocess.run(['/bin/sh', '-c', 'ls / | cat; exit 7'], stdout=subprocess.PIPE)\n"
		"sys.exit(42 if r.returncode == 7 and r.stdout else 1)\n";

	(void) state;
	for (int mode = 0; mode < MODES; mode++) {
		cleanup_buf struct buf program = { 0 };
		int status = 0;
		pid_t pid;

		(void) compile((enum mode) mode, &program);
		pid = fork();
		if (pid == 0) {
			if (bpf_load_program(&program) == 0)
				(void) execl("/usr/bin/python3", "python3", "-I", "-S", "-c", script, (char *) NULL);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 42)
			fail_msg("mode %d: wait status %#x", mode, (unsigned) status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_walked),
		cmocka_unit_test(test_without_the_filter_they_arrive),
		cmocka_unit_test(test_every_row_in_the_kernel),
#ifdef __x86_64__
		cmocka_unit_test(test_x32_is_killed_by_the_kernel),
#endif
		cmocka_unit_test(test_the_interpreter_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
