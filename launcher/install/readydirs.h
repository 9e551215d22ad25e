/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * readydirs.h - makes the directories of small files that ready.h tells of.
 */
#ifndef VB_READYDIRS_H
#define VB_READYDIRS_H

#include "common/manifest.h"

/*
 * For the mounts of the manifest, when the files of VB_ETC are written. What is there and still of the right shape stays, with new content
 * where the host's has changed. Trees of another shape go when no box of the venv runs, else with a later installation. -errno.
 */
int readydirs_make(int state_fd, const struct manifest *m) must_check;

#endif
