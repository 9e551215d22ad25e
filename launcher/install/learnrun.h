/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learnrun.h - runs a command in the box of a venv, on the caller's terminal, and hears what was denied.
 */
#ifndef VB_LEARNRUN_H
#define VB_LEARNRUN_H

#include "common/failure.h"
#include "common/learned.h"
#include "common/strv.h"

/* venv: clean. command: a name of the venv's bin, or any other, which is run by the shell of the box. *status: as waitpid(2) has it. */
int learnrun(const char *venv, const struct strv *command, struct learned_list *list, int *status, struct failure *f) must_check;

#endif
