/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process whose filter has a listener, which the test holds: what PID 1 of a watched box is to the launcher. What it does below its filter
 * it does by syscall(2) and writes to said, which both see. Include after cmocka.h.
 */
#ifndef VB_TEST_LISTENED_H
#define VB_TEST_LISTENED_H

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/wire.h"
#include "inside/filter.h"

struct listened {
	pid_t pid;
	int listener; /* -1 when it was given away */
	long *said;   /* 1024 of them */
};

/* The result of a call, or -errno. */
#define ASK(...) (syscall(__VA_ARGS__) < 0 ? -errno : 0)

/* program: a file. before: without the filter, NULL or 0 for success. */
static inline void listened_start(struct listened *l, int program, int (*before)(void *data), void (*act)(long *said, void *data), void *data)
{
	int ends[2];
	char byte = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	l->said = mmap(NULL, 1024 * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(l->said, MAP_FAILED);
	l->pid = fork();
	assert_true(l->pid >= 0);
	if (l->pid == 0) {
		int listener = -1;

		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		if ((before != NULL && before(data) != 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || filter_load(program, getuid(), getgid(), &listener) < 0
		    || wire_send_with(ends[1], &byte, 1, listener) < 0)
			syscall(SYS_exit_group, 99);
		(void) close(listener);
		(void) close(ends[1]);
		act(l->said, data);
		syscall(SYS_exit_group, 0);
	}
	(void) close(ends[1]);
	assert_int_equal(poll(&(struct pollfd) { .fd = ends[0], .events = POLLIN }, 1, 20000), 1);
	assert_int_equal(wire_recv_with(ends[0], &byte, 1, &l->listener), 0);
	(void) close(ends[0]);
	assert_true(l->listener >= 0);
}

/* The wait status. */
static inline int listened_end(struct listened *l)
{
	int status;

	assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
	(void) munmap(l->said, 1024 * sizeof(long));
	if (l->listener >= 0)
		(void) close(l->listener);
	return status;
}

#endif
