/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attacks on what the machine has: processes and memory. Stopped a little above what a box has by default. */
#include <sched.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary/attacks.h"

/* As launcher/host/quota.c has it for a box, and some more. */
#define MORE_THAN(cpus) (1024u + 128u * (cpus) + 64u)

static unsigned usable_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned) CPU_COUNT(&set) : CPU_SETSIZE;
}

/* Its children wait until they have been counted: their end of the pipe is at its end when ours is closed. */
int attack_fork_bomb(char *const argv[], char *text)
{
	unsigned most = MORE_THAN(usable_cpus());
	int gate[2], err = 0;
	char byte;

	(void) argv;
	(void) text;
	if (pipe(gate) != 0)
		return errno;
	for (unsigned n = 0; n < most && err == 0; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void) close(gate[1]);
			while (read(gate[0], &byte, 1) > 0)
				continue;
			_exit(0);
		}
		if (pid < 0)
			err = errno;
	}
	(void) close(gate[1]);
	while (wait(NULL) > 0)
		continue;
	return err;
}

/* By the word of the kernel: to fill it would hurt where nothing holds. On a disk it cannot fill the memory, but the disk. */
int attack_big_tmp(char *const argv[], char *text)
{
	struct statvfs fs;
	struct sysinfo info;

	(void) argv;
	(void) text;
	if (statvfs("/tmp", &fs) != 0 || sysinfo(&info) != 0)
		return errno;
	return (double) fs.f_blocks * (double) fs.f_frsize > (double) info.totalram * info.mem_unit * 0.3 ? 0 : ENOSPC;
}
