/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keyfile.h - the line format of the manifest and the journals: `key=value`,
 * a value being any bytes but NUL with \\, \n, \r, \t and \xNN escaped. No
 * comments, no sections: programs write it and programs read it. A key is letters, digits, "_.-".
 *
 * Several fields in one value are separated by a TAB (escaped inside a field).
 */
#ifndef VB_KEYFILE_H
#define VB_KEYFILE_H

#include <stddef.h>

#include "common/buf.h"
#include "common/strv.h"

/* Appends one line. fields: the value, or several; with none the line reads back as one empty field. */
void keyfile_put(struct buf *out, const char *key, const char *const fields[], size_t n);
void keyfile_put1(struct buf *out, const char *key, const char *value);

/*
 * Calls fn for each line with its unescaped fields, which last as long as that call. Stops at the first result that
 * is not 0 and returns it. -EBADMSG for a line that is none; a last line without newline is
 * one too (a torn write). *line: the number (from 1) of the line where it stopped.
 */
typedef int keyfile_fn(void *ctx, const char *key, const struct strv *fields);
int keyfile_parse(const char *text, size_t len, keyfile_fn *fn, void *ctx, unsigned *line) must_check;

#endif
