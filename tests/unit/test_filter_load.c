/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "inside/filter.h"

#define UID   1234
#define GID   5678
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* In a process of its own: a filter cannot be taken off. The child is positive control and subject at once. */
static int load(const void *data, size_t len)
{
	cleanup_fd int fd = fd_memfd("filter", data, len);
	int status = 0;
	pid_t pid;

	assert_true(fd >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void) lseek(fd, 0, SEEK_END); /* whoever sent it may have left it anywhere */
		(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(-filter_load(fd, UID, GID, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void test_a_program_loads(void **state)
{
	static const struct sock_filter program[] = { ALLOW };

	(void) state;
	assert_int_equal(load(program, sizeof(program)), 0);
}

static void test_sizes_that_no_program_has(void **state)
{
	static struct sock_filter program[BPF_MAXINSNS + 1];

	(void) state;
	for (size_t i = 0; i < sizeof(program) / sizeof(program[0]); i++)
		program[i] = (struct sock_filter) ALLOW;
	assert_int_equal(load(program, 0), -EBADMSG);
	assert_int_equal(load(program, 7), -EBADMSG);
	assert_int_equal(load(program, 12), -EBADMSG);
	assert_int_equal(load(program, sizeof(program)), -EBADMSG);
	assert_int_equal(load(program, sizeof(program) - sizeof(program[0])), 0);
}

static void test_what_the_kernel_refuses_is_refused(void **state)
{
	static const struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };

	(void) state;
	assert_int_equal(load(endless, sizeof(endless)), -EINVAL);
}

/* In a child: what it has of a listener. 0: one that tells of calls and is close-on-exec. */
static int load_listened(const struct sock_filter *program, size_t len)
{
	cleanup_fd int fd = fd_memfd("filter", program, len);
	struct seccomp_notif_sizes sizes;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int listener = -1, r;

		(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		r = filter_load(fd, UID, GID, &listener);
		if (r != 0)
			_exit(listener == -1 ? -r : 200);
		if (fcntl(listener, F_GETFD) != FD_CLOEXEC)
			_exit(201);
		/* Nothing waits: as a listener it says so, as anything else it does not know the question. */
		if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &(uint64_t) { 1 }) != -1
		    || errno != ENOENT)
			_exit(202);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void test_without_no_new_privs_it_fails(void **state)
{
	static const struct sock_filter program[] = { ALLOW };
	cleanup_fd int fd = fd_memfd("filter", program, sizeof(program));
	int status = 0;
	pid_t pid = fork();

	(void) state;
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Without capabilities, for root may load one. */
		(void) !setresuid(65534, 65534, 65534);
		_exit(-filter_load(fd, UID, GID, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EACCES);
}

static void test_with_a_listener(void **state)
{
	static const struct sock_filter allow[] = { ALLOW };
	static const struct sock_filter asks[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		ALLOW,
	};

	(void) state;
	assert_int_equal(load_listened(allow, sizeof(allow)), 0);
	assert_int_equal(load_listened(asks, sizeof(asks)), 0);
}

static void test_what_is_refused_has_no_listener(void **state)
{
	static const struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };

	(void) state;
	assert_int_equal(load_listened(endless, sizeof(endless)), -EINVAL);
	assert_int_equal(load_listened(endless, 7), -EBADMSG);
}

static void test_not_a_plain_file(void **state)
{
	int ends[2];

	(void) state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(filter_load(ends[0], UID, GID, NULL), -EBADMSG);
	assert_int_equal(filter_load(-1, UID, GID, NULL), -EBADF);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_program_loads),
		cmocka_unit_test(test_sizes_that_no_program_has),
		cmocka_unit_test(test_what_the_kernel_refuses_is_refused),
		cmocka_unit_test(test_without_no_new_privs_it_fails),
		cmocka_unit_test(test_with_a_listener),
		cmocka_unit_test(test_what_is_refused_has_no_listener),
		cmocka_unit_test(test_not_a_plain_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
