/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spawn.h - starts bwrap with nothing of the caller's in its hands: no descriptor,
 * no environment, no signal.
 */
#ifndef VB_SPAWN_H
#define VB_SPAWN_H

#include <sys/types.h>

#include "common/failure.h"
#include "host/box.h"

/* Executes bwrap, and fills in what box has of it. All signals are blocked; so they stay for bwrap, and for PID 1 until it has seen to them. */
int spawn_box(const struct launch *l, struct box *box, struct failure *f) must_check;

#endif
