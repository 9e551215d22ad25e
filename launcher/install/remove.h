/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * remove.h - gives back the plain venv: bin exactly as the installation found
 * it, and what pip added since beside it.
 */
#ifndef VB_REMOVE_H
#define VB_REMOVE_H

#include "common/buf.h"
#include "common/failure.h"

/* Refused while a box of the venv runs. Appends what the user is told. On failure nothing has changed. */
int remove_run(const char *venv, struct buf *out, struct failure *f) must_check;

#endif
