/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fold.h - has a run show the directories that are kept ready (ready.h), where its plan shows the same file by file.
 */
#ifndef VB_FOLD_H
#define VB_FOLD_H

#include "host/plan.h"

/* What a plan was folded on trust: to be asked for by fold_holds(). */
struct fold;

void fold_release(struct fold **fold);
#define cleanup_fold cleanup(fold_release)

/*
 * Operations that a directory kept ready shows are marked OP.folded, and one for the directory is put before them, marked OP.ready.
 * A file that has changed on the host is copied anew, a directory is mounted, and its copy called that of nothing. Wherever the plan has something else there, the user's own mounts above
 * all, or anything fails, that directory is made file by file: the plan stays as it was. state: the path of state_fd. -ENOMEM only.
 *
 * trust: NULL, or what the host has is taken to be what was copied, without a question but where that cannot be; *trust is the caller's.
 */
int fold_plan(struct plan *plan, int state_fd, const char *state, struct fold **trust) must_check;

/* Does the host have all that was taken on trust? */
bool fold_holds(const struct fold *fold);

#endif
