/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verbose.h - the policy in force, for people, on standard error
 * (-X venvbox-verbose, VENVBOX_VERBOSE, VERBOSE; spec S9, C4).
 */
#ifndef VB_VERBOSE_H
#define VB_VERBOSE_H

#include "host/payload.h"
#include "host/plan.h"
#include "host/policy.h"
#include "host/quota.h"
#include "host/session.h"

/* Before the box is made. */
int verbose_print(const struct session *s, const struct policy *policy, const struct quota *quota, const struct plan *plan,
		  const struct payload *payload) must_check;

/* When it is sealed; landlock: are both scopes of landlock.h (inside/) held? They came with one ABI. */
void verbose_sealed(bool landlock);

/* Of the look at what appeared: it did not reach all directories (appeared.h). */
void verbose_unread(void);

#endif
