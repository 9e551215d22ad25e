/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_verdict.h - from what an attack did outside and inside of a box to whether the box held. Decides only.
 */
#ifndef VB_DOCTOR_VERDICT_H
#define VB_DOCTOR_VERDICT_H

#include "canary/canary.h"
#include "common/buf.h"
#include "install/doctor_report.h"

/* One row of canaries.def. */
struct canary_row {
	const char *id;
	enum canary_round round;
	enum canary_control control;
	int reached;
	enum canary_judge judge;
	const char *group;
	const char *title;
	const char *remedy;
};

extern const struct canary_row canary_rows[CANARIES];

/* What the host saw for itself. */
enum seen {
	SEEN_NOTHING, /* the host has no way to see this one */
	SEEN_NO,      /* it looked, and there is no trace */
	SEEN_YES,
};

/* What one attack came to, once. */
struct fact {
	bool said; /* the attacker reported it */
	int err;   /* as it reported */
	enum seen seen;
};

/*
 * opened: the policy's words that allow it ("rw /srv"), NULL: none. detail gets what there is to say, or nothing.
 * Inside, the attacker's word counts only against the box; for it, the host's eyes have to agree where they can see.
 */
enum result verdict(const struct canary_row *row, const struct fact *outside, const struct fact *inside, const char *opened,
		    struct buf *detail);

/* Takes what the attacker said into facts: lines "ID ERRNO TEXT". Lines of another form, and ids that are none, count as not said. */
void verdict_hear(const char *said, struct fact facts[CANARIES]);

#endif
