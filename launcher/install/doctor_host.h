/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_host.h - what of the host a box depends on.
 */
#ifndef VB_DOCTOR_HOST_H
#define VB_DOCTOR_HOST_H

#include "install/doctor_report.h"

/*
 * Adds one check each. proc_root is "/proc", libexec the directory of our programs; tests give others.
 * Changes nothing; runs bubblewrap.
 */
void host_check(const char *proc_root, const char *libexec, struct report *report);

/* The Landlock ABI as the kernel says it, 0: none. How it is judged: below 6 there are no scopes. */
int host_landlock_abi(void);
void host_judge_landlock(int abi, struct report *report);

#endif
