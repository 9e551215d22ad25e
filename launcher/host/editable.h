/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * editable.h - projects outside ours that the user named with `pip install -e DIR`: the venv names them from then on, so later
 * runs see them, read-only. Kept in a file beside the manifest, which only the host writes.
 */
#ifndef VB_EDITABLE_H
#define VB_EDITABLE_H

#include "common/strv.h"

/* Adds the clean paths that are kept. -errno if there is a file that cannot be read. */
int editable_known(int state_fd, struct strv *paths) must_check;

/* Keeps these too, up to a number that a start can bear. *fresh: those that were not kept before. */
int editable_learn(int state_fd, const struct strv *paths, struct strv *fresh) must_check;

#endif
