/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape.h - which bytes are text that a terminal only shows, and the
 * backslash escapes that keyfile.c and conf.c write for the others.
 */
#ifndef VB_ESCAPE_H
#define VB_ESCAPE_H

#include <stddef.h>

#include "common/buf.h"

/*
 * Length of the character at text if it is printable: ASCII from blank to tilde, or well-formed UTF-8
 * that neither controls a terminal (C1) nor reorders the line (bidirectional
 * overrides, CVE-2021-42574). 0: none of these; take one byte.
 */
size_t escape_printable(const char *text);

/*
 * Appends text with backslash, what is not printable, and the bytes in
 * extra (ASCII) as \\ \n \r \t \xNN.
 */
void escape_encode(struct buf *out, const char *text, const char *extra);

/* Appends what escape_encode() wrote. -EBADMSG for an unknown or cut escape and for a NUL. */
int escape_decode(struct buf *out, const char *text, size_t len) must_check;

#endif
