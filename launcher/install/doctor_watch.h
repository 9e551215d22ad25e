/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_watch.h - what the host sees of the attacks of one round: files that changed, letters in the terminal's input
 * queue, a connection, a process that died or was left behind.
 */
#ifndef VB_DOCTOR_WATCH_H
#define VB_DOCTOR_WATCH_H

#include <sys/stat.h>
#include <sys/types.h>

#include "common/failure.h"
#include "install/doctor_lab.h"
#include "install/doctor_verdict.h"

/* The terminal of all runs: the controlling one of this process's own session, whose group the attacker joins. */
struct stage {
	int master;
	int slave;
};

void stage_release(struct stage *s);
#define cleanup_stage cleanup(stage_release)

/* Makes the calling process the leader of a session; it must not lead a process group. Words in f. */
int stage_open(struct stage *s, struct failure *f) must_check;

#define WATCHED 8 /* files */

struct watch {
	const struct stage *stage;
	const struct lab *lab;
	const struct scene *scene;
	int listener;  /* the abstract socket */
	pid_t sibling; /* a process in the attacker's group, which CANARY_SIGNAL ends */
	struct stat before[WATCHED]; /* all zero: it was not there */
};

/* Words in f. After it, watch_end() in any case. */
int watch_begin(struct watch *w, const struct stage *stage, const struct lab *lab, const struct scene *scene, struct failure *f) must_check;

/*
 * All that was started has ended, or should have: what is left behind is ended here. Fills `seen` of each fact that was said.
 * said: the attacker's own words.
 */
void watch_end(struct watch *w, const char *said, struct fact facts[CANARIES]);

#endif
