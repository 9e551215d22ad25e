/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * show.h - what venvbox-install asks the launcher, which alone knows what a run gets: session -> policy -> facts -> plan, and
 * then words in place of a run. Nothing is made, locked or changed.
 */
#ifndef VB_SHOW_H
#define VB_SHOW_H

/* Prints the bwrap command line of the box of venv (a path) to standard output. Returns the exit status. */
int show_plan(const char *venv);

/* Prints the policy and the mounts of venv; with path (not NULL; may be relative) what that is inside. */
int show_explanation(const char *venv, const char *path);

#endif
