/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handout.h - the descriptors that PID 1 is sent, and the orders that tell it what
 * to do with them (common/wire.h).
 */
#ifndef VB_HANDOUT_H
#define VB_HANDOUT_H

#include <stddef.h>

#include "common/cleanup.h"
#include "host/supervise.h"

struct handout {
	int *fds;      /* for wire_send_hello() */
	size_t n;
	size_t *given; /* for each of orders.fds its index in userfds */
	int null;      /* owned, as is orders */
	int orders;
};

void handout_release(struct handout *h);

/* Fills in l->orders->fds, then packs the orders; all else in them is there. */
int handout_make(const struct launch *l, struct handout *h, struct failure *f) must_check;

/* To PID 1, over the channel; bwrap never holds a descriptor of the caller. */
int handout_send(const struct handout *h, int channel, struct failure *f) must_check;

#endif
