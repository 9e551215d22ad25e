/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learn.h - --learn: a command is run in the box as it is, watched, and its denials are turned into settings that people may take.
 */
#ifndef VB_LEARN_H
#define VB_LEARN_H

#include "common/buf.h"
#include "common/failure.h"
#include "install/args.h"

/*
 * a->command is run; what it takes and is safe to give is shown as a change of the policy, and written if a->yes or the user agrees.
 * Words for people go to out. The command's own end is told and is no failure of ours.
 */
int learn_run(const struct args *a, const char *libexec, struct buf *out, struct failure *f) must_check;

#endif
