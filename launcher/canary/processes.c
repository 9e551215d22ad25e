/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attacks on other processes and on the terminal. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary/attacks.h"

#ifndef TIOCLINUX
#define TIOCLINUX 0x541c
#endif

/* --- the terminal on standard input --------------------------------------------------------- */

/* The kernel looks at 32 bits of the command, a filter that compares 64 does not. Not by ioctl(): libc may cut it. */
static int type(unsigned long high, const char *letter)
{
	return syscall(SYS_ioctl, STDIN_FILENO, high | TIOCSTI, letter) == 0 ? 0 : errno;
}

int attack_tiocsti(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return type(0, CANARY_TYPED);
}

int attack_tiocsti_high(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return type((unsigned long) (UINT64_C(1) << 32), CANARY_TYPED_HIGH);
}

int attack_tioclinux(char *const argv[], char *text)
{
	char paste = 2; /* TIOCL_SETSEL: ioctl_console(2) */

	(void) argv;
	(void) text;
	return ioctl(STDIN_FILENO, TIOCLINUX, &paste) == 0 ? 0 : errno;
}

/* --- processes -------------------------------------------------------------------------------- */

int attack_signal_group(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return kill(0, CANARY_SIGNAL) == 0 ? 0 : errno;
}

int attack_connect_abstract(char *const argv[], char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(argv[CANARY_ARG_SOCKET]);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void) text;
	if (fd < 0 || len + 1 > sizeof(addr.sun_path))
		return fd < 0 ? errno : E2BIG;
	memcpy(addr.sun_path + 1, argv[CANARY_ARG_SOCKET], len);
	return connect(fd, (struct sockaddr *) &addr, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0 ? 0 : errno;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void) alarm(60);
		for (;;)
			(void) pause();
	}
	return pid;
}

static void end_child(pid_t pid)
{
	int saved = errno;

	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	errno = saved;
}

static int trace(pid_t pid)
{
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
		return errno;
	(void) waitpid(pid, NULL, __WALL);
	(void) ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return 0;
}

static char in_memory = 'm'; /* a child has it at the same address */

static int read_memory(pid_t pid)
{
	char byte;
	struct iovec here = { .iov_base = &byte, .iov_len = 1 }, there = { .iov_base = &in_memory, .iov_len = 1 };

	return syscall(SYS_process_vm_readv, pid, &here, 1UL, &there, 1UL, 0UL) == 1 ? 0 : errno;
}

static int open_memory(pid_t pid)
{
	char path[32];

	(void) snprintf(path, sizeof(path), "/proc/%d/mem", (int) pid);
	return open(path, O_RDWR) >= 0 ? 0 : errno;
}

/* PID 1 outside is the host's own: there a child stands in for it. */
static int on_init(char *const argv[], int (*attack)(pid_t pid))
{
	pid_t pid;
	int err;

	if (strcmp(argv[CANARY_ARG_PLACE], "inside") == 0)
		return attack(1);
	pid = start_child();
	if (pid < 0)
		return errno;
	err = attack(pid);
	end_child(pid);
	return err;
}

int attack_trace_init(char *const argv[], char *text)
{
	(void) text;
	return on_init(argv, trace);
}

int attack_read_init(char *const argv[], char *text)
{
	(void) text;
	return on_init(argv, read_memory);
}

int attack_open_mem(char *const argv[], char *text)
{
	(void) text;
	return on_init(argv, open_memory);
}

int attack_trace_child(char *const argv[], char *text)
{
	pid_t pid = start_child();
	int err;

	(void) argv;
	(void) text;
	if (pid < 0)
		return errno;
	err = trace(pid);
	end_child(pid);
	return err;
}

/* A session of its own, no parent, nothing open that anybody waits for. The host finds it by its command line. */
int attack_daemon(char *const argv[], char *text)
{
	int status = 0;
	pid_t pid = fork();

	(void) argv;
	(void) text;
	if (pid < 0)
		return errno;
	if (pid > 0)
		return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : ECHILD;
	if (setsid() < 0)
		_exit(1);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	for (int fd = 0; fd <= CANARY_HOME_FD; fd++)
		(void) close(fd);
	(void) alarm(600);
	for (;;)
		(void) pause();
}
