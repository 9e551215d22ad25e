/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doctor_report.h - what venvbox-install --doctor found, one check after the other, for people and for machines.
 */
#ifndef VB_DOCTOR_REPORT_H
#define VB_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/cleanup.h"

enum result {
	RESULT_HELD,
	RESULT_NOT_HELD,
	RESULT_OPEN,        /* the venv's own policy allows it */
	RESULT_NOT_CHECKED, /* nothing was shown */
	RESULT_INFO,
};

struct check {
	char *id;
	char *group;
	char *title;
	enum result result;
	char *detail; /* "": nothing more to say */
	char *remedy; /* "": none */
};

struct report {
	struct check *v;
	size_t n;
	bool failed; /* memory ran out: the report is not whole */
};

void report_release(struct report *r);
#define cleanup_report cleanup(report_release)

/* Copies the words; NULL is "". */
void report_add(struct report *r, const char *id, const char *group, const char *title, enum result result, const char *detail,
		const char *remedy);

/* Nothing that did not hold, nothing that was not checked. */
bool report_ok(const struct report *r);

/* Append to out. kernel: uname(2)'s release. No byte of any word steers a terminal, and both are valid UTF-8 whatever was in it. */
int report_text(const struct report *r, struct buf *out) must_check;
int report_json(const struct report *r, const char *kernel, struct buf *out) must_check;

#endif
