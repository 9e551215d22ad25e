/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h - the launcher's two jobs, from the first step to the exit status.
 */
#ifndef VB_RUN_H
#define VB_RUN_H

/* Runs the command that argv names in its box. Returns our exit status on a failure of ours; else ends as the payload ended. */
int run_payload(int argc, char *argv[]);

/* Prints the bwrap command line of the box of venv (a path) to standard output. Returns the exit status. */
int run_print_plan(const char *venv);

#endif
