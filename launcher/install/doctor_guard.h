/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_guard.h - lets a child do work that must leave nothing behind, whoever interrupts it.
 */
#ifndef VB_DOCTOR_GUARD_H
#define VB_DOCTOR_GUARD_H

#include "common/buf.h"
#include "common/failure.h"

/* The work, in a child: writes what it has to say to fd. 0, or -errno: then what it wrote does not count. */
typedef int guarded_work(void *arg, int fd);

/* Makes things (words in f), and takes them away again; end also runs when begin failed, and if the work was cut short. */
struct guarded {
	int (*begin)(void *arg, struct failure *f);
	guarded_work *work;
	void (*end)(void *arg);
	void *arg;
};

/*
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT wait until all processes that the work started are dead and end() has run; then the
 * signal is delivered. said: what the work wrote. -ECHILD if it died.
 */
int guard_run(const struct guarded *what, struct buf *said, struct failure *f) must_check;

#endif
