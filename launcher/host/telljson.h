/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * telljson.h - what a verbose run says, for programs: one JSON object per line, RFC 8259, as venvbox(7) has them. Pure.
 *
 * Bytes that are no UTF-8, and those of characters that a terminal obeys (escape.h), are written as the lone surrogates \udc80 to \udcff, which Python's os.fsencode() turns back.
 */
#ifndef VB_TELLJSON_H
#define VB_TELLJSON_H

#include <stdbool.h>

#include "common/buf.h"
#include "host/denial.h"
#include "host/remedy.h"
#include "host/verbose.h"

/* A JSON string; for the others who write JSON. */
void telljson_string(struct buf *out, const char *text);

/* As verbose.h, for programs. */
int telljson_start(struct buf *out, const struct verbose_of *of) must_check;
void telljson_sealed(struct buf *out, bool landlock);

void telljson_denied(struct buf *out, const struct remedy_of *of, const struct denial *d);
void telljson_summary(struct buf *out, const struct denials *all, int wait_status, bool blind);

#endif
