/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * callfilter.h - the seccomp program of a run: the one beside the manifest, or,
 * for SANDBOX_SECCOMP_ALLOW (spec S8), one made now by venvbox-filter.
 */
#ifndef VB_CALLFILTER_H
#define VB_CALLFILTER_H

#include "common/failure.h"
#include "common/manifest.h"

/* allow: NULL for the venv's own. A descriptor, the caller's. */
int callfilter_open(const struct manifest *m, int state_fd, const char *libexec, const char *allow, struct failure *f) must_check;

#endif
