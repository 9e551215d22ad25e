/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reap.h - the life of PID 1 after the fork: reaps, relays signals, reports,
 * and ends the box when the payload or the launcher ends (spec B4).
 */
#ifndef VB_REAP_H
#define VB_REAP_H

#include "inside/box.h"

/*
 * Starts the payload and stays with it to its end. 0: the end was reported. -EPIPE: the launcher is gone.
 * Any other error: words in f, to be reported.
 */
int reap_run(struct box *b, struct failure *f) must_check;

#endif
