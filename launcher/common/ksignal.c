/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/ksignal.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

/* The kernel's set has 64 bits on every machine that it is asked on with this size. */
#define SET_SIZE sizeof(uint64_t)

/* struct sigaction of the kernel, whose layout is the machine's own: at most four words. */
struct kernel_action {
	unsigned long words[4];
};

/* Where the handler is: first, but on MIPS the flags are. */
#if defined(__mips__)
#define HANDLER 1
#else
#define HANDLER 0
#endif

int ksignal_mask(int how, uint64_t set, uint64_t *before)
{
	uint64_t unwanted; /* always asked for: so a trace tells ours from those of the libc, in fork(3), which undo themselves */

	return syscall(SYS_rt_sigprocmask, how, &set, before != NULL ? before : &unwanted, SET_SIZE) < 0 ? -errno : 0;
}

int ksignal_fd(uint64_t set)
{
	long fd = syscall(SYS_signalfd4, -1, &set, SET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd < 0 ? -errno : (int) fd;
}

bool ksignal_is_ignored(int sig)
{
	struct kernel_action action;

	memset(&action, 0, sizeof(action));
	return syscall(SYS_rt_sigaction, sig, NULL, &action, SET_SIZE) == 0 && action.words[HANDLER] == (unsigned long) (uintptr_t) SIG_IGN;
}

int ksignal_default(int sig)
{
	struct kernel_action action;

	memset(&action, 0, sizeof(action)); /* SIG_DFL, no flags, an empty mask, whatever the layout */
	return syscall(SYS_rt_sigaction, sig, &action, NULL, SET_SIZE) < 0 ? -errno : 0;
}
