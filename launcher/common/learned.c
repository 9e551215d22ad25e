/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/learned.h"

#include <errno.h>
#include <string.h>

#include "common/grow.h"

#define TEXTS 5
#define WISE   "ok"
#define UNWISE "unwise"

static void release(struct learned *l)
{
	free(l->what);
	free(l->setting);
	free(l->value);
	free(l->line);
	free(l->why);
}

void learned_release(struct learned_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		release(&list->v[i]);
	free(list->v);
	*list = (struct learned_list) { 0 };
}

static void put(struct buf *out, const char *text)
{
	buf_puts(out, text != NULL ? text : "");
	buf_putc(out, '\0');
}

void learned_pack(struct buf *out, bool unwise, const char *what, const char *setting, const char *value, const char *line, const char *why)
{
	put(out, unwise ? UNWISE : WISE);
	put(out, what);
	put(out, setting);
	put(out, value);
	put(out, line);
	put(out, why);
}

struct reader {
	const char *p;
	size_t left;
};

/* The text up to its NUL, or NULL: it is cut. */
static const char *next(struct reader *in)
{
	const char *text = in->p;
	size_t len = strnlen(text, in->left);

	if (len == in->left)
		return NULL;
	in->p += len + 1;
	in->left -= len + 1;
	return text;
}

static int read_one(struct reader *in, struct learned *l)
{
	char **const texts[TEXTS] = { &l->what, &l->setting, &l->value, &l->line, &l->why };
	const char *verdict = next(in);

	*l = (struct learned) { 0 };
	if (verdict == NULL || (strcmp(verdict, WISE) != 0 && strcmp(verdict, UNWISE) != 0))
		return -EBADMSG;
	l->unwise = strcmp(verdict, UNWISE) == 0;
	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = next(in);

		if (text == NULL)
			return -EBADMSG;
		*texts[i] = strdup(text);
		if (*texts[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int learned_unpack(const void *data, size_t len, struct learned_list *list)
{
	struct reader in = { .p = data, .left = len };
	int r = 0;

	*list = (struct learned_list) { 0 };
	while (r == 0 && in.left > 0) {
		struct learned *grown = grow(list->v, list->n, sizeof(*grown));

		if (grown == NULL) {
			r = -ENOMEM;
			break;
		}
		list->v = grown;
		r = read_one(&in, &grown[list->n]);
		list->n++;
	}
	if (r < 0)
		learned_release(list);
	return r;
}
