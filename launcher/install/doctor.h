/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor.h - venvbox-install --doctor: looks at the host, then attacks a box of its own making, or that of a venv, and
 * says what held (spec B11).
 */
#ifndef VB_DOCTOR_H
#define VB_DOCTOR_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/failure.h"

/* The exit status of --doctor. */
enum doctor {
	DOCTOR_HELD = 0,
	DOCTOR_NOT_HELD = 1, /* something did not hold, or could not be shown to */
};

/*
 * venv NULL: a throwaway project. Appends the report. Of the host nothing is changed but a directory of its own below TMPDIR or
 * /var/tmp and one in the venv's project; both are gone in the end. -errno with words in f: there is no report.
 */
int doctor_run(const char *venv, bool json, const char *libexec, enum doctor *found, struct buf *out, struct failure *f) must_check;

#endif
