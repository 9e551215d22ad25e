/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attacks on the kernel: calls that Python programs do not need. With bad pointers wherever a call could do something. */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary/attacks.h"

/* The headers of older systems lack some; from 424 on the numbers are those of every architecture. */
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#ifndef AF_ALG
#define AF_ALG 38
#endif

#define NOWHERE 0xdeadUL /* no address */

int attack_unshare_user(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int child_of(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	(void) waitpid((pid_t) pid, NULL, 0);
	return 0;
}

int attack_clone_user(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
#ifdef __s390x__ /* clone(2): the stack comes first there */
	return child_of(syscall(SYS_clone, 0UL, (unsigned long) (CLONE_NEWUSER | SIGCHLD), 0UL, 0UL, 0UL));
#else
	return child_of(syscall(SYS_clone, (unsigned long) (CLONE_NEWUSER | SIGCHLD), 0UL, 0UL, 0UL, 0UL));
#endif
}

int attack_clone3_user(char *const argv[], char *text)
{
	/* struct clone_args of Linux 5.3: eight words. */
	const uint64_t args[8] = { [0] = CLONE_NEWUSER, [4] = SIGCHLD };

	(void) argv;
	(void) text;
	return child_of(syscall(SYS_clone3, args, sizeof(args)));
}

static int result_of(long r)
{
	return r >= 0 ? 0 : errno;
}

int attack_mount(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(syscall(SYS_mount, NOWHERE, NOWHERE, NOWHERE, 0UL, 0UL));
}

int attack_fsopen(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(syscall(SYS_fsopen, NOWHERE, 0UL));
}

int attack_af_alg(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(socket(AF_ALG, SOCK_SEQPACKET, 0));
}

int attack_af_vsock(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(socket(AF_VSOCK, SOCK_STREAM, 0));
}

int attack_io_uring(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(syscall(SYS_io_uring_setup, 1UL, NOWHERE));
}

int attack_bpf(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return result_of(syscall(SYS_bpf, 0UL, NOWHERE, 48UL));
}

int attack_keyctl(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	/* KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING, without making one: keyctl(2). */
	return result_of(syscall(SYS_keyctl, 0UL, -3L, 0UL));
}
