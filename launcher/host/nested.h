/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nested.h - repositories and venvs below the project: those of the manifest,
 * found at install, and those that the user made since, seen before or after a run
 * (appeared.h) and kept in a file beside the manifest.
 */
#ifndef VB_NESTED_H
#define VB_NESTED_H

#include "common/manifest.h"
#include "common/strv.h"

/* All that are known, relative to the project, sorted, none twice. A file that cannot be read is an error: it protects. */
int nested_known(int state_fd, const struct manifest *m, struct strv *known) must_check;

/* Remembers these for later runs; not beyond a number that a start can bear. */
int nested_learn(int state_fd, const struct strv *found) must_check;

#endif
