/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* facts_part.h - what the files of facts.h share. */
#ifndef VB_FACTS_PART_H
#define VB_FACTS_PART_H

#include "host/facts.h"

/* Adds to inputs, copies, editables and pip_tmp. home: the caller's, or NULL. */
int facts_gather_pip(const struct policy *p, const struct job *job, char *const argv[], const struct strv *env,
		     const char *home, struct facts *x) must_check;

#endif
