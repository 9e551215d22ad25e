/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buf.h - a growing run of bytes, always followed by a NUL that is not counted.
 *
 * A zeroed struct is empty. Additions set `failed` when memory runs out and do
 * nothing from then on, so that a caller checks once, at the end.
 */
#ifndef VB_BUF_H
#define VB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct buf {
	char *data; /* NULL while nothing was added */
	size_t len;
	size_t room;
	bool failed;
	char *first;       /* BUF_ON() */
	size_t first_room;
};

/* One that begins in an array of the caller's, which lives longer, and takes memory when that is full. */
#define BUF_ON(array) { .first = (array), .first_room = sizeof(array) }

void buf_release(struct buf *b);
#define cleanup_buf cleanup(buf_release)

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *str);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);

/* The text, owned by the caller from now on ("" when empty); NULL if an addition failed. */
char *buf_take(struct buf *b) must_check;

#endif
