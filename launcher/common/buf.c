/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

void buf_release(struct buf *b)
{
	if (b->data != b->first)
		free(b->data);
	*b = (struct buf) { 0 };
}

/* Makes room for len more bytes and the NUL; false, and failed, if it cannot. */
static bool buf_reserve(struct buf *b, size_t len)
{
	size_t need, room = b->room > 0 ? b->room : 64;
	bool on_first = b->data != NULL && b->data == b->first;
	char *grown;

	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->len, len, &need) || need > SIZE_MAX / 2 - 1)
		goto fail;
	need++;
	if (need <= b->room)
		return true;
	if (b->data == NULL && need <= b->first_room) {
		b->data = b->first;
		b->room = b->first_room;
		return true;
	}
	while (room < need)
		room *= 2;
	grown = realloc(on_first ? NULL : b->data, room);
	if (grown == NULL)
		goto fail;
	if (on_first)
		memcpy(grown, b->data, b->len + 1);
	b->data = grown;
	b->room = room;
	return true;
fail:
	b->failed = true;
	return false;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *str)
{
	buf_add(b, str, strlen(str));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0)
		b->failed = true;
	else if (buf_reserve(b, (size_t) len)) {
		(void) vsnprintf(b->data + b->len, (size_t) len + 1, fmt, again);
		b->len += (size_t) len;
	}
	va_end(again);
	va_end(ap);
}

char *buf_take(struct buf *b)
{
	char *taken;

	buf_add(b, NULL, 0); /* so that an empty one has its NUL */
	if (b->failed)
		return NULL;
	if (b->data == b->first) {
		taken = malloc(b->len + 1);
		if (taken != NULL)
			memcpy(taken, b->data, b->len + 1);
	} else {
		taken = b->data;
	}
	*b = (struct buf) { 0 };
	return taken;
}
