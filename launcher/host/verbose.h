/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verbose.h - the policy in force, for people
 * (-X venvbox-verbose, VENVBOX_VERBOSE, VERBOSE; spec S9, C4). Where it goes: tell.h.
 */
#ifndef VB_VERBOSE_H
#define VB_VERBOSE_H

#include "host/payload.h"
#include "host/plan.h"
#include "host/policy.h"
#include "host/quota.h"
#include "host/session.h"

/* What there is to say of; all borrowed. */
struct verbose_of {
	const struct session *session;
	const struct policy *policy;
	const struct quota *quota;
	const struct plan *plan;
	const struct payload *payload;
};

/* Before the box is made. -ENOMEM. */
int verbose_put(struct buf *out, const struct verbose_of *of) must_check;

/* When it is sealed; landlock: are both scopes of landlock.h (inside/) held? They came with one ABI. */
void verbose_put_sealed(struct buf *out, bool landlock);

/* Of the look at what appeared: it did not reach all directories (appeared.h). */
void verbose_put_unread(struct buf *out);

/* "read-only /usr/lib", the first word padded to width; where it is another path of the host, that too. */
void verbose_put_mount(struct buf *out, const struct op *op, int width);

/* "read-only", "copy"; static. */
const char *verbose_mount_kind(enum op_kind kind);

#endif
