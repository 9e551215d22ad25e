/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * box.h - what PID 1 holds between its steps.
 */
#ifndef VB_BOX_H
#define VB_BOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/failure.h"
#include "common/wire.h"

struct box {
	int channel;    /* VB_CHANNEL_FD */
	int signals;    /* signalfd for every signal */
	int filter;     /* descriptors of the handover */
	int payload;
	struct orders orders;
	int *fds;       /* one for each of orders.fds; -1 until there */
};

/* One report to the launcher. text may be NULL. -EPIPE: it is gone. */
int box_report(const struct box *b, enum report_kind kind, int value, off_t offset, const char *text) must_check;

#endif
