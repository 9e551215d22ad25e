/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h - a run, from the first step to the exit status.
 */
#ifndef VB_RUN_H
#define VB_RUN_H

/* Runs the command that argv names in its box. Returns our exit status on a failure of ours; else ends as the payload ended. */
int run_payload(int argc, char *argv[]);

#endif
