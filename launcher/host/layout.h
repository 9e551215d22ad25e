/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layout.h - the one place that says what is where in a box: policy and facts
 * become a plan.
 */
#ifndef VB_LAYOUT_H
#define VB_LAYOUT_H

#include "common/failure.h"
#include "host/facts.h"
#include "host/plan.h"
#include "host/policy.h"
#include "host/userfds.h"

/* libexec: directory of the programs. fds: may be NULL (--print-plan). The plan is the caller's to release. */
int layout_make(const struct policy *p, const struct facts *x, const struct userfds *fds, const char *libexec,
		struct plan *plan, struct failure *f) must_check;

#endif
