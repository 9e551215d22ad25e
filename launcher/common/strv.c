/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/strv.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

void strv_release(struct strv *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strv) { 0 };
}

/* Room for one more and the NULL. */
static int reserve(struct strv *s)
{
	size_t room = s->room > 0 ? s->room * 2 : 8;
	char **grown;

	if (s->n + 1 < s->room)
		return 0;
	grown = reallocarray(s->v, room, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	s->v = grown;
	s->room = room;
	return 0;
}

int strv_take(struct strv *s, char *str)
{
	if (str == NULL)
		return -ENOMEM;
	if (reserve(s) < 0) {
		free(str);
		return -ENOMEM;
	}
	s->v[s->n++] = str;
	s->v[s->n] = NULL;
	return 0;
}

int strv_add(struct strv *s, const char *str)
{
	return strv_take(s, strdup(str));
}

int strv_addf(struct strv *s, const char *fmt, ...)
{
	va_list ap;
	char *str = NULL;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&str, fmt, ap);
	va_end(ap);
	return strv_take(s, len < 0 ? NULL : str);
}

int strv_add_all(struct strv *s, const struct strv *from)
{
	size_t n = from->n; /* from may be s */

	for (size_t i = 0; i < n; i++) {
		int r = strv_add(s, from->v[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

bool strv_contains(const struct strv *s, const char *str)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], str) == 0)
			return true;
	return false;
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
	size_t i = 0;

	while (i < a->n && i < b->n && strcmp(a->v[i], b->v[i]) == 0)
		i++;
	return i == a->n && i == b->n;
}

void strv_remove(struct strv *s, size_t index)
{
	if (index >= s->n)
		return;
	free(s->v[index]);
	memmove(&s->v[index], &s->v[index + 1], (s->n - index) * sizeof(*s->v));
	s->n--;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

void strv_sort(struct strv *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare);
}

char **strv_argv(struct strv *s)
{
	static char *const empty[] = { NULL };

	return s->v != NULL ? s->v : (char **) (uintptr_t) empty;
}

/* Index of the first NAME=... from start on; n if there is none. */
static size_t find_name(const struct strv *s, const char *name, size_t start)
{
	size_t len = strlen(name), i = start;

	while (i < s->n && !(strncmp(s->v[i], name, len) == 0 && s->v[i][len] == '='))
		i++;
	return i;
}

const char *strv_getenv(const struct strv *s, const char *name)
{
	size_t i = find_name(s, name, 0);

	return i < s->n ? s->v[i] + strlen(name) + 1 : NULL;
}

int strv_setenv(struct strv *s, const char *name, const char *value)
{
	size_t first = find_name(s, name, 0), i;
	char *entry = NULL;

	if (name[0] == '\0' || strchr(name, '=') != NULL)
		return -EINVAL;
	if (value != NULL && asprintf(&entry, "%s=%s", name, value) < 0)
		return -ENOMEM;
	if (value != NULL && first == s->n)
		return strv_take(s, entry);
	if (value != NULL) {
		free(s->v[first]);
		s->v[first++] = entry;
	}
	/* execve(2) does not promise that a name is there once only. */
	while ((i = find_name(s, name, first)) < s->n)
		strv_remove(s, i);
	return 0;
}
