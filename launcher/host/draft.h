/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * draft.h - the box that bwrap is started for before the host was asked everything.
 *
 * bwrap mounts nothing before it has read its options. It is started with the descriptors that the box is expected to need, and
 * has its options from a pipe: while it is loaded, the host is asked what has nearly always the same answer (is what is kept ready
 * what the host has? was a repository made since?), and the masks are put into place. Where an answer is another, that bwrap,
 * which was told nothing, is ended, and one with other descriptors started. What is told is what was asked, never what was expected; but a
 * nested repository in whose place somebody has just put another of that name is the old one, as with any start a moment earlier.
 */
#ifndef VB_DRAFT_H
#define VB_DRAFT_H

#include "common/failure.h"
#include "host/facts.h"
#include "host/fold.h"
#include "host/plan.h"
#include "host/policy.h"
#include "host/session.h"
#include "host/supervise.h"
#include "host/userfds.h"

/* What a box is made from; all is borrowed. */
struct draft_of {
	const struct session *session;
	const struct policy *policy;
	struct facts *facts; /* gathered; what is asked is added, with the lock of the masks: by draft_settle(), or before by draft_make() */
	const struct userfds *fds;
};

struct draft {
	struct plan plan;   /* open; of no use to bwrap once its options are sent, and then the owner's to release early */
	struct fold *fold;  /* what is still to be asked */
	bool settled;       /* all was asked */
	int options_fd;     /* where bwrap's options are written; owned, like the rest */
	int args_fd;        /* where it reads them */
	int init_fd;
	int *bwrap_fds;
};

void draft_init(struct draft *d);
void draft_release(struct draft *d);

/* The box as it is expected, and its sources open; where that cannot be, as it is. */
int draft_make(struct draft *d, const struct draft_of *of, struct failure *f) must_check;

/* launch.offer, what bwrap is started with; d owns it. No bwrap of an earlier offer is alive: it would see the end of its options. */
int draft_offer(struct draft *d, const struct draft_of *of, struct launch *l, struct failure *f) must_check;

/*
 * launch.settle: bwrap has been started with the last offer. 0: the box is as in d->plan, and bwrap knows. 1: it is to be another, which d->plan is
 * now, and nothing was told. Signals are blocked, SIGPIPE is ignored.
 */
int draft_settle(struct draft *d, const struct draft_of *of, struct launch *l, struct failure *f) must_check;

#endif
