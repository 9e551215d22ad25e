/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_proc.h - what the host's /proc says about the attacker's processes, in a box or not.
 */
#ifndef VB_DOCTOR_PROC_H
#define VB_DOCTOR_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/cleanup.h"

#define PROC_FINDS 16

/* Living processes of the attacker that bears this mark, at most PROC_FINDS. Their number, or -errno. */
int proc_find(const char *mark, pid_t found[PROC_FINDS]) must_check;

/* What the kernel says of one process's seal: proc_pid_status(5). */
struct proc_seal {
	bool known;        /* the rest was read */
	pid_t parent;
	bool is_first;     /* PID 1 of its own namespace, and not of ours */
	unsigned seccomp;  /* mode */
	unsigned filters;  /* 0 also where the kernel does not count them (before 5.9) */
	bool no_new_privs;
	bool no_caps;      /* all five sets are empty */
};

int proc_seal(pid_t pid, struct proc_seal *seal) must_check;

#endif
