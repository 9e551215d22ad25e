/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stop.h - the launcher stops when the payload has, for the shell to see (spec B4).
 *
 * A report of a stop is old when it is read: somebody may have continued the payload since, such as the shell's `fg`, and a launcher that
 * stopped after that would leave a program at work that the shell takes for stopped. Signals of our own do not tell: of
 * SIGCONT and the stop signals each deletes the other, two that are pending are one (signal(7)), and the kernel sends a
 * group the newest member's first, ours last. So PID 1 is asked, which knows the payload's state from waitpid(2).
 */
#ifndef VB_STOP_H
#define VB_STOP_H

#include <stdbool.h>

#include "common/cleanup.h"

/*
 * Stops this process as sig (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU) would, unless there is something to read first, a report from channel,
 * SIGCONT or another sig. Returns then, or after SIGCONT, or when there is a report: a payload that is continued or killed by a child of its
 * own does not wait for us. Whoever finds the payload still stopped after what there is to read calls it again. False: this process
 * cannot be stopped so, and goes on. Every signal must be blocked. number: tells this question to PID 1 from those before.
 */
bool stop_likewise(int sig, int channel, int number) must_check;

#endif
