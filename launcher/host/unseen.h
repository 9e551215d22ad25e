/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unseen.h - after a program failed: what its command line names of the host that the box did not see. The program
 * said "No such file", which is true where it was; the setting that shows it is ours to name.
 */
#ifndef VB_UNSEEN_H
#define VB_UNSEEN_H

#include "common/failure.h"
#include "common/strv.h"
#include "host/facts.h"
#include "host/policy.h"

/* Can the box see what is at path, which is clean? Read-only or not; by name, the disk is not asked. */
bool unseen_is_seen(const struct policy *p, const struct facts *x, const char *path);

/*
 * 0: there is nothing to say. 1: f says it, of the first such thing. argv: of this process. Looks only where no box can
 * write. -ENOMEM.
 */
int unseen_find(const struct policy *p, const struct facts *x, const struct job *job, char *const argv[], struct failure *f) must_check;

#endif
