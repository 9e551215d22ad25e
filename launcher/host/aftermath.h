/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aftermath.h - what the launcher does when the box has ended: names are published, masks
 * taken away, and the user told what appeared.
 */
#ifndef VB_AFTERMATH_H
#define VB_AFTERMATH_H

#include <stdbool.h>
#include <time.h>

#include "common/strv.h"
#include "host/facts.h"
#include "host/session.h"
#include "host/supervise.h"
#include "host/tell.h"

/* Of the run; nothing here is owned. */
struct aftermath {
	struct session *session;
	struct facts *facts;
	const struct outcome *outcome; /* how the program ended; of a box that failed it says nothing */
	const struct strv *env;  /* our own */
	struct timespec started; /* CLOCK_REALTIME, before the box was made */
	bool pip_run;
	const struct tell *tell;
};

/* Takes the masks away, where that was not done before; of what fails the user is told. Nothing of the box may run any more. */
void aftermath_end_masks(const struct session *s, struct facts *x);

/*
 * ended: what the run gave. If 0 all is put in order, and an error of that returned. If negative the box was never there or was ended
 * from outside: `ended` is returned, and only the links of a pip run, which may have been half-way, are made true.
 */
int aftermath_settle(const struct aftermath *a, int ended, struct failure *f) must_check;

#endif
