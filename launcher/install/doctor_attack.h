/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_attack.h - runs the attacker once, in a box through the venv's own bin/python or without one, and gathers
 * what it said and what the host saw.
 */
#ifndef VB_DOCTOR_ATTACK_H
#define VB_DOCTOR_ATTACK_H

#include "common/failure.h"
#include "install/doctor_proc.h"
#include "install/doctor_verdict.h"
#include "install/doctor_watch.h"

/* Of all rounds of one scene; starts zeroed. */
struct outcome {
	struct fact facts[CANARIES];
	struct proc_seal program; /* the attacker, as the host sees it; the worst, if there are several of it */
	struct proc_seal init;    /* its parent: inside, PID 1 of the box */
};

/* Adds to o. Words in f if the attacker did not come to its end: the launcher's own, where it said some. */
int attack_run(const struct stage *stage, const struct lab *lab, const struct scene *scene, enum canary_round round,
	       const char *libexec, struct outcome *o, struct failure *f) must_check;

#endif
