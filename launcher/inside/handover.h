/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handover.h - PID 1 takes over from bwrap: from the first instruction to the
 * moment when all it needs is in its hands and checked. Every function fills f.
 */
#ifndef VB_HANDOVER_H
#define VB_HANDOVER_H

#include "inside/box.h"

/* Signals, name, descriptors, channel. Fails if this is not the first process of a box. */
int handover_settle(struct box *b, struct failure *f) must_check;

/* Receives descriptors and orders; believes no number in them. */
int handover_receive(struct box *b, struct failure *f) must_check;

/*
 * What orders_unpack() cannot know: one target per descriptor, as many FD_PASS rows as descriptors came (n_passed),
 * no FD_REOPEN that could write. -EBADMSG. Exposed for its test.
 */
int handover_check_orders(const struct orders *o, size_t n_passed) must_check;

/* Is each mount of the orders what the launcher opened? (design.md, law 4) */
int handover_check_mounts(const struct box *b, struct failure *f) must_check;

/* Opens the plain files of the caller at its offsets. */
int handover_open_files(struct box *b, struct failure *f) must_check;

#endif
