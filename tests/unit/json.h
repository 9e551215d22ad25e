/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a text one JSON value, RFC 8259, and printable? Recursive and strict; what it means is of no interest. */
#ifndef VB_TEST_JSON_H
#define VB_TEST_JSON_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static inline const char *json_value(const char *p);

/* The byte after it, or NULL. */
static inline const char *json_word(const char *p, const char *word)
{
	return strncmp(p, word, strlen(word)) == 0 ? p + strlen(word) : NULL;
}

static inline const char *json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			return NULL; /* the end, too */
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u' && strspn(p + 1, "0123456789abcdefABCDEF") >= 4)
			p += 4;
		else if (*p == '\0' || strchr("\"\\/bfnrt", *p) == NULL)
			return NULL;
	}
	return p + 1;
}

static inline const char *json_number(const char *p)
{
	p += *p == '-';
	if (!isdigit((unsigned char) *p) || (*p == '0' && isdigit((unsigned char) p[1])))
		return NULL;
	while (isdigit((unsigned char) *p))
		p++;
	return p;
}

/* Ours have ", " and ": ", and nothing else between the words. */
static inline const char *json_members(const char *p, char end, bool named)
{
	if (*p == end)
		return p + 1;
	for (;;) {
		if (named) {
			p = json_string(p);
			p = p != NULL ? json_word(p, ": ") : NULL;
		}
		p = p != NULL ? json_value(p) : NULL;
		if (p == NULL)
			return NULL;
		if (*p == end)
			return p + 1;
		p = json_word(p, ", ");
		if (p == NULL)
			return NULL;
	}
}

static inline const char *json_value(const char *p)
{
	switch (*p) {
	case '{':
		return json_members(p + 1, '}', true);
	case '[':
		return json_members(p + 1, ']', false);
	case '"':
		return json_string(p);
	case 't':
		return json_word(p, "true");
	case 'f':
		return json_word(p, "false");
	case 'n':
		return json_word(p, "null");
	default:
		return json_number(p);
	}
}

/* One object and a newline, nothing behind it. */
static inline bool json_is_line(const char *text)
{
	const char *end = *text == '{' ? json_value(text) : NULL;

	return end != NULL && strcmp(end, "\n") == 0;
}

#endif
