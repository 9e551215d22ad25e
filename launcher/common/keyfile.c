/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/keyfile.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/escape.h"

static bool is_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = key[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
			return false;
	}
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

/* Of the line that is being read: each start reads a hundred, so nothing is allocated for each. */
struct line {
	struct buf text;    /* the key, then the fields, each with its NUL */
	struct strv fields; /* into text; its strings are not its own */
	size_t room;        /* of fields.v */
};

static void line_release(struct line *l)
{
	free(l->fields.v);
	buf_release(&l->text);
}

/* Where the field begins is an offset as long as text may move. */
static int add_field(struct line *l, const char *text, size_t len)
{
	/* What keyfile_put() would have escaped was not written by it. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
			return -EBADMSG;
	if (l->fields.n == l->room) {
		size_t room = l->room > 0 ? 2 * l->room : 8;
		char **grown = reallocarray(l->fields.v, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		l->fields.v = grown;
		l->room = room;
	}
	l->fields.v[l->fields.n++] = (char *) (uintptr_t) l->text.len;
	return escape_decode(&l->text, text, len);
}

static int parse_line(struct line *l, const char *text, size_t len, keyfile_fn *fn, void *ctx)
{
	const char *end = text + len, *equals = memchr(text, '=', len);

	if (equals == NULL || !is_key(text, (size_t) (equals - text)))
		return -EBADMSG;
	l->text.len = 0;
	l->fields.n = 0;
	buf_add(&l->text, text, (size_t) (equals - text));
	for (const char *field = equals + 1;; field++) {
		const char *tab = memchr(field, '\t', (size_t) (end - field));
		int r;

		buf_putc(&l->text, '\0');
		r = add_field(l, field, (size_t) ((tab != NULL ? tab : end) - field));
		if (r < 0)
			return r;
		if (tab == NULL)
			break;
		field = tab;
	}
	if (l->text.failed)
		return -ENOMEM;
	for (size_t i = 0; i < l->fields.n; i++)
		l->fields.v[i] = l->text.data + (uintptr_t) l->fields.v[i];
	return fn(ctx, l->text.data, &l->fields);
}

static int parse_lines(struct line *l, const char *text, size_t len, keyfile_fn *fn, void *ctx, unsigned *line)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t) (end - text));
		int r;

		++*line;
		if (newline == NULL)
			return -EBADMSG;
		r = parse_line(l, text, (size_t) (newline - text), fn, ctx);
		if (r != 0)
			return r;
		text = newline + 1;
	}
	return 0;
}

int keyfile_parse(const char *text, size_t len, keyfile_fn *fn, void *ctx, unsigned *line)
{
	struct line l = { .room = 0 };
	int r;

	*line = 0;
	r = parse_lines(&l, text, len, fn, ctx, line);
	line_release(&l);
	return r;
}
