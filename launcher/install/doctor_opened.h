/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_opened.h - what a venv's own policy opens, so that it is not taken for a box that does not hold.
 */
#ifndef VB_DOCTOR_OPENED_H
#define VB_DOCTOR_OPENED_H

#include "install/doctor_lab.h"
#include "install/doctor_report.h"

/* The words of the policy that let this attack through ("unprotect .git"), owned by the caller; NULL: none does. */
char *opened_attack(const struct lab *lab, enum canary row);

/* The same for capabilities: "--cap-add cap_net_bind_service". */
char *opened_caps(const struct lab *lab);

/* Adds a check for each line of the policy that opens something, whether an attack goes that way or not. */
void opened_list(const struct lab *lab, struct report *report);

#endif
