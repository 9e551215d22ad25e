/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/keyfile.h"

#include <stdbool.h>
#include <string.h>

#include "common/escape.h"

static bool is_key(const char *key, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	for (size_t i = 0; i < len; i++)
		if (key[i] == '\0' || strchr(allowed, key[i]) == NULL)
			return false;
	return len > 0;
}

void keyfile_put(struct buf *out, const char *key, const char *const fields[], size_t n)
{
	if (!is_key(key, strlen(key)))
		out->failed = true;
	buf_puts(out, key);
	buf_putc(out, '=');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, '\t');
		escape_encode(out, fields[i], "");
	}
	buf_putc(out, '\n');
}

void keyfile_put1(struct buf *out, const char *key, const char *value)
{
	keyfile_put(out, key, &value, 1);
}

static int add_field(const char *text, size_t len, struct strv *fields)
{
	cleanup_buf struct buf field = { 0 };
	int r;

	/* What keyfile_put() would have escaped was not written by it. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
			return -EBADMSG;
	r = escape_decode(&field, text, len);
	return r < 0 ? r : strv_take(fields, buf_take(&field));
}

static int parse_line(const char *text, size_t len, keyfile_fn *fn, void *ctx)
{
	cleanup_strv struct strv fields = { 0 };
	cleanup_free char *key = NULL;
	const char *end = text + len, *equals = memchr(text, '=', len);

	if (equals == NULL || !is_key(text, (size_t) (equals - text)))
		return -EBADMSG;
	key = strndup(text, (size_t) (equals - text));
	if (key == NULL)
		return -ENOMEM;
	for (const char *field = equals + 1;; field++) {
		const char *tab = memchr(field, '\t', (size_t) (end - field));
		int r = add_field(field, (size_t) ((tab != NULL ? tab : end) - field), &fields);

		if (r < 0)
			return r;
		if (tab == NULL)
			break;
		field = tab;
	}
	return fn(ctx, key, &fields);
}

int keyfile_parse(const char *text, size_t len, keyfile_fn *fn, void *ctx, unsigned *line)
{
	const char *end = text + len;

	*line = 0;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t) (end - text));
		int r;

		++*line;
		if (newline == NULL)
			return -EBADMSG;
		r = parse_line(text, (size_t) (newline - text), fn, ctx);
		if (r != 0)
			return r;
		text = newline + 1;
	}
	return 0;
}
