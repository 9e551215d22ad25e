/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forward.h - the launcher's signals on their way to PID 1, which delivers them (inside/relay.h).
 */
#ifndef VB_FORWARD_H
#define VB_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct forward {
	bool open;      /* PID 1 has its orders; it would take what comes before for them */
	uint64_t early; /* bit n-1: signal n came before that */
};

/* Sends sig over channel, or keeps it for forward_open(). 0 also if the other end is gone; else -errno. */
int forward_signal(struct forward *f, int channel, int sig) must_check;

/* The orders have been sent: so is what was kept. As above. */
int forward_open(struct forward *f, int channel) must_check;

#endif
