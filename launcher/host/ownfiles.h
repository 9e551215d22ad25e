/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ownfiles.h - before a pip run: files that a tool of the host linked into the venv since become files of its own.
 *
 * venvbox-install broke the hard links that there were, and pip in a box can make none to outside. `uv pip install` on
 * the host can. Each tool that installs makes a name in site-packages, so its ctime, which nobody can set, tells whether to look again.
 */
#ifndef VB_OWNFILES_H
#define VB_OWNFILES_H

#include "common/failure.h"
#include "common/manifest.h"

/* Looks, if site-packages has changed since ownfiles_note(), and warns of what it broke. The caller holds the lock of pip. */
int ownfiles_look(int venv_fd, int state_fd, const struct manifest *m, struct failure *f) must_check;

/* After the run: what has changed until now was pip's work. What cannot be noted is looked at again. */
void ownfiles_note(int venv_fd, int state_fd, const struct manifest *m);

#endif
