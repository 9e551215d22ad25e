/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * status.h - is this venv boxed, and is everything as it was installed? Reads only.
 */
#ifndef VB_STATUS_H
#define VB_STATUS_H

#include "common/buf.h"
#include "common/failure.h"

enum status {
	STATUS_BOXED = 0, /* the exit status of --status */
	STATUS_PLAIN = 1,
	STATUS_TAMPERED = 2,
};

/* 0 with *status and the words for people in out; -errno with words in f where nothing can be said. */
int status_run(const char *venv, const char *libexec, enum status *status, struct buf *out, struct failure *f) must_check;

#endif
