/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requirements and constraints files, as pip/_internal/req/req_file.py reads them. */
#include <stdbool.h>
#include <string.h>

#include "host/pipcmd.h"
#include "host/pipopt.h"

#define BLANKS " \t\r\v\f"

struct list {
	const char *dir;
	struct strv *paths;
	struct strv *nested;
};

/* From '#' at the start, or after a blank, to the end of the line. */
static void cut_comment(char *line)
{
	for (char *p = line; *p != '\0'; p++) {
		if (*p == '#' && (p == line || strchr(BLANKS, p[-1]) != NULL)) {
			*p = '\0';
			return;
		}
	}
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static int add_option(const struct list *l, const struct pipopt *opt, char *value)
{
	size_t len;
	int r;

	value = trim(value);
	len = strlen(value);
	/* The option lines are split by shlex: quotes hold a path with blanks together. */
	if (len >= 2 && strchr("'\"", value[0]) != NULL && value[len - 1] == value[0]) {
		value[len - 1] = '\0';
		value++;
	}
	r = pipopt_add(opt, value, l->dir, l->paths);
	return r == 0 && opt->use == PIPOPT_LIST ? pipopt_add(opt, value, l->dir, l->nested) : r;
}

/* "-r file", "-rfile", "--find-links=dir", "--find-links dir". One option a line, but for what follows a requirement. */
static int take_option(const struct list *l, char *line)
{
	bool is_long = line[1] == '-';
	size_t len = is_long ? strcspn(line + 2, "=" BLANKS) : 1;
	const struct pipopt *opt = is_long ? pipopt_find(line + 2, len) : pipopt_letter(line[1]);
	char *value = line + (is_long ? 2 : 1) + len;

	if (line[1] == '\0' || opt == NULL)
		return 0;
	if (is_long && *value == '=')
		value++;
	return add_option(l, opt, value);
}

/* "./x.whl --hash=sha256:..." */
static void cut_options(char *line)
{
	for (char *p = line; *p != '\0'; p++) {
		if (p[0] == '-' && p[1] == '-' && p > line && strchr(BLANKS, p[-1]) != NULL) {
			*p = '\0';
			return;
		}
	}
}

static int take_line(const struct list *l, char *line)
{
	cut_comment(line);
	line = trim(line);
	if (line[0] == '-')
		return take_option(l, line);
	cut_options(line);
	line = trim(line);
	return *line == '\0' ? 0 : pipopt_add_word(line, l->dir, l->paths);
}

/*
 * Joins the lines that end with a backslash, in place. pip does so before it takes comments off, but a line that is
 * nothing but a comment goes on with nothing, and ends what went on to it.
 */
static void join_lines(char *text)
{
	char *to = text;

	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n"), end = len;
		bool comment = line[strspn(line, BLANKS)] == '#';

		if (end > 0 && line[end - 1] == '\r')
			end--;
		if (comment && to > text && to[-1] != '\n')
			*to++ = '\n'; /* in the place of the backslash that was left out */
		if (!comment && end > 0 && line[end - 1] == '\\' && line[len] == '\n') {
			memmove(to, line, end - 1);
			to += end - 1;
			line += len + 1;
			continue;
		}
		len += line[len] == '\n';
		memmove(to, line, len);
		to += len;
		line += len;
	}
	*to = '\0';
}

int pipcmd_paths_from_requirements(const char *text, size_t len, const char *dir, struct strv *paths, struct strv *nested)
{
	const struct list l = { .dir = dir, .paths = paths, .nested = nested };
	cleanup_free char *copy = strndup(text, len);
	char *rest = copy;
	int r = copy == NULL ? -ENOMEM : 0;

	if (copy != NULL)
		join_lines(copy);
	while (r == 0 && rest != NULL)
		r = take_line(&l, strsep(&rest, "\n"));
	return r;
}
