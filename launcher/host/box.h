/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * box.h - bwrap as our child, from its start to its last word.
 */
#ifndef VB_BOX_H
#define VB_BOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/failure.h"
#include "host/supervise.h"

struct box {
	pid_t bwrap;     /* our child; -1: none was started, or the last one given up */
	int channel;     /* our end; owned */
	int words;       /* what bwrap writes to its standard error, non-blocking; owned; -1 when it has ended */
	struct buf said; /* there, so far */
	bool told;       /* it has its options: it may have children */
	bool reaped;
	int status;      /* as waitpid(2) has it */
};

void box_init(struct box *b);
void box_release(struct box *b);

/*
 * Offers and starts (launch.offer, spawn.h). On failure there may be a bwrap all the same, for box_end().
 */
int box_start(struct box *b, struct launch *l, struct failure *f) must_check;

/* Until launch.settle is content; with one given up and another not started there is none. */
int box_settle(struct box *b, struct launch *l, struct failure *f) must_check;

/* Reaps it if it has ended. */
void box_reap(struct box *b);

/* All that can be read now; beyond a limit it is read and forgotten, or bwrap would wait for ever. */
void box_read_words(struct box *b);

/*
 * bwrap ends when its child, PID 1, has; that ends when all of its namespace have (pid_namespaces(7)). A bwrap that ends
 * otherwise leaves its child to us (PR_SET_CHILD_SUBREAPER); made to go on, it would make again the names that we take away. So all our children are
 * ended, but for a bwrap that was told nothing, which has none: those that the caller left us are not to die of a refusal. finished: PID 1
 * has said that all is over.
 */
void box_end(struct box *b, bool finished);

/* Why a box that has ended did so before it was finished: -errno, with words in f. sealed: its program may have run. */
int box_explain(struct box *b, const char *bwrap, bool sealed, struct failure *f) must_check;

#endif
