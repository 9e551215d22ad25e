/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/dotenv.h"

#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "host/env.h"

#define MAX_WARNINGS 8
#define MAX_TAKEN 4096 /* assignments: a cloned repository may hold any .env, and each is sought among those before */

/* Not terminated: every step asks for `end` first. */
struct scan {
	const char *at;
	const char *end;
	unsigned line;
	unsigned taken;
	unsigned unsaid; /* warnings beyond the first few */
	struct strv *env;
	struct strv *warnings;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The current character; '\n' at the end of the text, so that every line ends. */
static char peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : '\n';
}

static bool at_line_end(const struct scan *s)
{
	char c = peek(s);

	return c == '\n' || (c == '\r' && (s->at + 1 == s->end || s->at[1] == '\n'));
}

static void skip_blanks(struct scan *s)
{
	while (is_blank(peek(s)))
		s->at++;
}

static void next_line(struct scan *s)
{
	const char *newline = memchr(s->at, '\n', (size_t) (s->end - s->at));

	s->at = newline != NULL ? newline + 1 : s->end;
	s->line++;
}

static int warn(struct scan *s, unsigned line, const char *name)
{
	if (s->warnings->n >= MAX_WARNINGS) {
		s->unsaid++;
		return 0;
	}
	if (name != NULL)
		return strv_addf(s->warnings, "line %u: %s steers venvbox and cannot be set here", line, name);
	return strv_addf(s->warnings, "line %u is not NAME=value", line);
}

/* --- one line ---------------------------------------------------------------- */

static bool is_name_char(char c, bool first)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '.' || c == '-');
}

static size_t name_length(const struct scan *s)
{
	size_t len = 0;

	while (s->at + len < s->end && is_name_char(s->at[len], len == 0))
		len++;
	return len;
}

/* "NAME =" or "export NAME =". False: it is none. */
static bool read_name(struct scan *s, const char **name, size_t *len)
{
	for (int words = 0; words < 2; words++) {
		*name = s->at;
		*len = name_length(s);
		s->at += *len;
		if (*len == 0)
			return false;
		skip_blanks(s);
		if (peek(s) == '=') {
			s->at++;
			skip_blanks(s);
			return true;
		}
		if (*len != strlen("export") || memcmp(*name, "export", *len) != 0)
			return false;
	}
	return false;
}

static void add_escaped(struct buf *value, char c)
{
	switch (c) {
	case 'n':
		buf_putc(value, '\n');
		break;
	case 't':
		buf_putc(value, '\t');
		break;
	case '\\':
	case '"':
	case '$':
		buf_putc(value, c);
		break;
	default:
		buf_putc(value, '\\');
		buf_putc(value, c);
	}
}

/* False: it does not end, or something but a comment follows. */
static bool read_quoted(struct scan *s, struct buf *value)
{
	char quote = *s->at++;

	while (s->at < s->end && *s->at != quote) {
		bool escaped = *s->at == '\\' && quote == '"' && s->at + 1 < s->end;
		char c = escaped ? *++s->at : *s->at;

		s->at++;
		s->line += c == '\n';
		if (escaped)
			add_escaped(value, c);
		else
			buf_putc(value, c);
	}
	if (s->at == s->end)
		return false;
	s->at++;
	skip_blanks(s);
	return at_line_end(s) || peek(s) == '#';
}

static void read_bare(struct scan *s, struct buf *value)
{
	const char *start = s->at, *stop = start;

	for (; !at_line_end(s); s->at++) {
		if (*s->at == '#' && is_blank(s->at[-1]))
			break;
		if (!is_blank(*s->at))
			stop = s->at + 1;
	}
	buf_add(value, start, (size_t) (stop - start));
}

static int set(struct scan *s, unsigned line, const char *name, size_t len, struct buf *value)
{
	cleanup_free char *copy = strndup(name, len);

	if (copy == NULL || value->failed)
		return -ENOMEM;
	if (env_steers(copy, len))
		return warn(s, line, copy);
	if (s->taken == MAX_TAKEN)
		return warn(s, line, NULL);
	/* No variable can hold a NUL. */
	if (value->data != NULL && memchr(value->data, '\0', value->len) != NULL)
		return warn(s, line, NULL);
	s->taken++;
	return strv_setenv(s->env, copy, value->data != NULL ? value->data : "");
}

static int take_line(struct scan *s)
{
	cleanup_buf struct buf value = { 0 };
	struct scan begin = *s;
	const char *name;
	size_t len;
	bool good = true;

	skip_blanks(s);
	if (at_line_end(s) || peek(s) == '#')
		return 0;
	if (!read_name(s, &name, &len))
		good = false;
	else if (peek(s) == '\'' || peek(s) == '"')
		good = read_quoted(s, &value);
	else
		read_bare(s, &value);
	if (good)
		return set(s, begin.line, name, len, &value);
	/* A quote that does not end must not swallow the lines after it. */
	s->at = begin.at;
	s->line = begin.line;
	return warn(s, begin.line, NULL);
}

int dotenv_parse(const char *text, size_t len, struct strv *env, struct strv *warnings)
{
	struct scan s = { .at = text, .end = text + len, .line = 1, .env = env, .warnings = warnings };
	int r = 0;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		s.at += 3;
	for (; r == 0 && s.at < s.end; next_line(&s))
		r = take_line(&s);
	if (r == 0 && s.unsaid > 0)
		r = strv_addf(warnings, "%u more lines like these", s.unsaid);
	return r;
}
