/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * relay.h - moves bytes between a plain file of the caller and the pipe that the
 * box was given in its place (design.md, law 6).
 */
#ifndef VB_HOST_RELAY_H
#define VB_HOST_RELAY_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "host/userfds.h"

/* What poll(2) is to wait for on u->pipe_host; 0: nothing, u is not relayed or its relay has ended. */
short fdrelay_events(const struct userfd *u);

/*
 * Moves what can be moved without waiting for the box. -errno: the caller's file does not take or give any
 * more; the pipe is closed, so that the payload gets EPIPE, or end of file.
 */
int fdrelay_turn(struct userfd *u) must_check;

/*
 * The box has ended. What it wrote is in the pipe: all of it goes to the file, without waiting for writers outside the
 * box, to whom the payload may have sent the pipe. What it did not read is given back:
 * the file's offset is where the payload stopped, as far as a pipe can tell.
 */
int fdrelay_finish(struct userfd *u) must_check;

#endif
