/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The policy as a file. libinih cuts it into sections, keys and values; what it
 * would pass over in silence (a line too long, text behind a section, a value given twice) is refused here.
 */
#include <ini.h>
#include <limits.h>
#include <string.h>

#include "common/bwrapopt.h"
#include "common/conf.h"
#include "common/escape.h"
#include "common/names.h"
#include "common/statefile.h"

#define SECTIONS "[box] and [limits]" /* for people; the table of settings has them */
#define WRAP    100 /* columns of what is written; inih takes 200 bytes where it is built with its defaults */

struct reading {
	const char *p, *end; /* what is not read yet */
	const char *name;
	unsigned line;       /* of the line that inih has now */
	bool indented;
	bool in_key;         /* an indented line goes on with the key before it */
	bool open;           /* the line before ended in a backslash */
	struct buf item;
	unsigned long seen;  /* bit i: conf_settings[i] */
	struct conf *conf;
	struct failure *f;
	int err;             /* the first error; then nothing more is read */
	unsigned err_line;
};

static int bad_line(struct reading *in, const char *hint, const char *what)
{
	in->err_line = in->line;
	in->err = fail_msg(in->f, EINVAL, hint, "%s:%u: %s", in->name, in->line, what);
	return in->err;
}

static bool is_section(const char *name, size_t len)
{
	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		if (strlen(s->section) == len && memcmp(s->section, name, len) == 0)
			return true;
	return false;
}

/* inih looks at nothing behind the ']': "[box] network = none" would be no setting at all. */
static bool is_our_section(const char *text, size_t len)
{
	const char *end = memchr(text, ']', len);
	size_t i;

	if (end == NULL || !is_section(text + 1, (size_t) (end - text) - 1))
		return false;
	i = (size_t) (end - text) + 1;
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i == len || text[i] == '\n' || text[i] == '\r' || text[i] == '#' || text[i] == ';';
}

static int check_line(struct reading *in, const char *line, size_t len, size_t room)
{
	size_t blanks = 0;

	if (memchr(line, '\0', len) != NULL)
		return bad_line(in, "this is a text file", "the line holds a NUL byte");
	if (len + 1 > room)
		return bad_line(in, "end a part of it with a backslash and go on in the next line, indented", "the line is too long");
	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	in->indented = blanks > 0;
	if (blanks == len || line[blanks] != '[' || (in->indented && in->in_key))
		return 0;
	in->in_key = false;
	return is_our_section(line + blanks, len - blanks) ? 0 : bad_line(in, "the sections are " SECTIONS ", each alone in its line",
									   "unknown section");
}

/* inih's fgets(): hands it one line. */
static char *read_line(char *to, int room, void *stream)
{
	struct reading *in = stream;
	const char *line = in->p, *newline;
	size_t len;

	if (in->err != 0 || line == in->end)
		return NULL;
	newline = memchr(line, '\n', (size_t) (in->end - line));
	len = (size_t) ((newline != NULL ? newline + 1 : in->end) - line);
	in->line++;
	if (check_line(in, line, len, (size_t) room) < 0)
		return NULL;
	memcpy(to, line, len);
	to[len] = '\0';
	in->p += len;
	return to;
}

static int unknown_key(struct reading *in, const char *section, const char *key)
{
	cleanup_free char *what = NULL;
	cleanup_buf struct buf hint = { 0 };

	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		if (strcmp(s->section, section) == 0)
			buf_printf(&hint, "%s%s", hint.len == 0 ? "the keys are " : ", ", s->key);
	if (asprintf(&what, "unknown key '%s'", key) < 0)
		what = NULL;
	return bad_line(in, hint.data, what != NULL ? what : "unknown key");
}

/* A whole item is there: joined, still escaped. */
static int take_item(struct reading *in, const struct setting *s)
{
	cleanup_buf struct buf value = { 0 };
	bool list = s->type == SETTING_PATHS || s->type == SETTING_NAMES || s->type == SETTING_WORDS;
	int r;

	if (in->item.failed)
		return in->err = -ENOMEM;
	if (list && in->item.len == 0)
		return 0; /* "ro =": none, or more to come in the next lines */
	if (s->type == SETTING_WORDS)
		buf_puts(&value, in->item.data);
	else if (escape_decode(&value, in->item.data, in->item.len) < 0)
		return bad_line(in, "write a backslash as \\\\, any byte as \\xNN", "bad escape");
	buf_add(&value, NULL, 0);
	if (value.failed)
		return in->err = -ENOMEM;
	r = conf_set(in->conf, s->key, value.data, NULL, in->f);
	if (r == -EINVAL && in->f != NULL && in->f->what != NULL) {
		cleanup_free char *hint = take_ptr(&in->f->hint);

		(void) fail_msg(in->f, EINVAL, hint, "%s:%u: %s", in->name, in->line, in->f->what);
	}
	in->err_line = in->line;
	return in->err = r;
}

static bool ends_open(const char *value, size_t len)
{
	size_t slashes = 0;

	while (slashes < len && value[len - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* Some versions of inih take the comment off a line that goes on, r55 does not; no version does it twice. */
static size_t without_comment(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++)
		if (value[i] == ';' && (i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t'))
			len = i;
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	return len;
}

static int wrong_section(struct reading *in, const char *section)
{
	cleanup_free char *what = NULL, *hint = NULL;

	if (asprintf(&what, "key outside of the section [%s]", section) < 0)
		what = NULL;
	if (asprintf(&hint, "put it below a line [%s]", section) < 0)
		hint = NULL;
	return bad_line(in, hint, what != NULL ? what : "key outside of its section");
}

static int take_line(struct reading *in, const struct setting *s, const char *value)
{
	bool goes_on = in->indented && in->in_key;
	bool single = s->type == SETTING_CHOICE || s->type == SETTING_PATH || s->type == SETTING_LIMIT;
	unsigned long bit = 1UL << (s - conf_settings);
	size_t len = without_comment(value);

	if (in->open && !goes_on)
		return bad_line(in, "indent the line that goes on", "the line before ends in a backslash, but this one does not go on with it");
	if (single && !in->open && (in->seen & bit) != 0)
		return bad_line(in, "keep one of the lines", "this key takes one value and has one already");
	in->seen |= bit;
	in->in_key = true;
	if (!in->open) {
		buf_release(&in->item);
		buf_add(&in->item, NULL, 0);
	}
	in->open = ends_open(value, len);
	buf_add(&in->item, value, in->open ? len - 1 : len);
	return in->open ? 0 : take_item(in, s);
}

/* inih's callback: 0 is an error to it. */
static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct reading *in = user;
	const struct setting *s = conf_setting(key);

	if (in->err != 0)
		return 0;
	if (s == NULL && *section != '\0')
		return unknown_key(in, section, key) == 0;
	if (s == NULL || strcmp(section, s->section) != 0)
		return wrong_section(in, s != NULL ? s->section : conf_settings->section) == 0;
	return take_line(in, s, value != NULL ? value : "") == 0;
}

int conf_parse(const char *text, size_t len, const char *name, struct conf *c, struct failure *f)
{
	struct reading in = { .p = text, .end = text + len, .name = name, .conf = c, .f = f };
	int syntax;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* some editors' byte order mark */
		in.p += 3;
	syntax = ini_parse_stream(read_line, &in, handle, &in);
	if (in.err == 0 && in.open)
		(void) bad_line(&in, "remove the backslash, or write it as \\\\", "the file ends within an item");
	buf_release(&in.item);
	if (syntax < 0)
		return -ENOMEM;
	if (syntax > 0 && (in.err == 0 || (in.err == -EINVAL && (unsigned) syntax < in.err_line)))
		return fail_msg(f, EINVAL, "a line is 'key = value', a comment after '#', or a section: " SECTIONS, "%s:%d: the line is no setting",
				name, syntax);
	return in.err;
}

int conf_load(int state_fd, struct conf *c, struct failure *f)
{
	char room[TEXT_ROOM];
	cleanup_buf struct buf text = BUF_ON(room);
	cleanup_free char *path = NULL;
	int r = statefile_read(state_fd, VB_CONF, &text, f);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	buf_add(&text, NULL, 0);
	r = conf_parse(text.data, text.len, "", c, NULL);
	if (r == 0)
		return 0;
	/* Again, for the words. */
	conf_release(c);
	conf_init(c);
	path = statefile_path(state_fd, VB_CONF);
	return path != NULL ? conf_parse(text.data, text.len, path, c, f) : -ENOMEM;
}

/* --- writing ------------------------------------------------------------------ */

/* Text as inih will give it back: blanks stay only where there is one between other bytes. */
static void encode_text(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, " ");
		cleanup_free char *part = strndup(p, len);

		if (part == NULL) {
			out->failed = true;
			return;
		}
		escape_encode(out, part, ";#");
		p += len;
		if (*p == ' ') {
			buf_puts(out, p == text || p[1] == '\0' || p[-1] == ' ' ? "\\x20" : " ");
			p++;
		}
	}
}

static void encode_word(struct buf *out, const char *word)
{
	if (out->len > 0)
		buf_putc(out, ' ');
	if (word[0] == '\0')
		buf_puts(out, "\\e");
	else
		escape_encode(out, word, ";# ");
}

/* Bytes of the escape or character at p, which a line break must not cut. */
static size_t token_length(const char *p)
{
	size_t len = escape_printable(p);

	if (*p == '\\')
		return p[1] == 'x' ? 4 : 2;
	return len > 0 ? len : 1;
}

/* One item, broken into lines where it is long; never before a blank, which inih would take away. */
static void put_item(struct buf *out, const char *key, const char *encoded)
{
	size_t column = 0;

	buf_printf(out, "%s = ", key);
	while (*encoded != '\0') {
		size_t len = token_length(encoded);

		if (column >= WRAP && *encoded != ' ') {
			buf_puts(out, "\\\n\t");
			column = 0;
		}
		buf_add(out, encoded, len);
		column += len;
		encoded += len;
	}
	buf_putc(out, '\n');
}

static void put_text(struct buf *out, const char *key, const char *text)
{
	cleanup_buf struct buf encoded = { 0 };

	encode_text(&encoded, text);
	if (encoded.failed)
		out->failed = true;
	else if (encoded.len > 0)
		put_item(out, key, encoded.data);
}

static void put_options(struct buf *out, const char *key, const struct strv *words)
{
	for (size_t i = 0; i < words->n;) {
		size_t next = i + bwrapopt_unit(words, i);
		cleanup_buf struct buf encoded = { 0 };

		for (; i < next; i++)
			encode_word(&encoded, words->v[i]);
		if (encoded.failed)
			out->failed = true;
		else
			put_item(out, key, encoded.data);
	}
}

static void put_limit(struct buf *out, const struct setting *s, uint64_t value)
{
	if (value == LIMIT_DEFAULT) {
		buf_printf(out, "# %s = %s\n", s->key, s->metavar);
		return;
	}
	buf_printf(out, "%s = ", s->key);
	limit_put(out, s->unit, value);
	buf_putc(out, '\n');
}

static void put_setting(struct buf *out, const struct setting *s, const struct conf *c)
{
	const void *member = (const char *) c + s->offset;
	const struct strv *list = member;

	buf_printf(out, "\n# %s\n", s->help);
	switch (s->type) {
	case SETTING_CHOICE:
		buf_printf(out, "%s = %s\n", s->key, s->choices[*(const unsigned *) member]);
		break;
	case SETTING_PATH:
		if (*(char *const *) member != NULL)
			put_text(out, s->key, *(char *const *) member);
		else
			buf_printf(out, "# %s = %s\n", s->key, s->metavar);
		break;
	case SETTING_LIMIT:
		put_limit(out, s, *(const uint64_t *) member);
		break;
	case SETTING_PATHS:
	case SETTING_NAMES:
	case SETTING_WORDS:
		if (list->n == 0)
			buf_printf(out, "# %s = %s\n", s->key, s->metavar);
		for (size_t i = 0; s->type != SETTING_WORDS && i < list->n; i++)
			put_text(out, s->key, list->v[i]);
		if (s->type == SETTING_WORDS)
			put_options(out, s->key, list);
		break;
	}
}

int conf_write(const struct conf *c, struct buf *out)
{
	const char *section = "";

	buf_puts(out, "# The policy of this sandboxed venv; venvbox-install writes it, you may edit it.\n"
		      "# Lists take one item per line. Escapes: \\\\ \\n \\r \\t \\xNN; a backslash at the end goes on in the next line.\n");
	for (const struct setting *s = conf_settings; s->key != NULL; s++) {
		if (strcmp(s->section, section) != 0)
			buf_printf(out, "%s[%s]\n", *section != '\0' ? "\n" : "", s->section);
		section = s->section;
		put_setting(out, s, c);
	}
	return out->failed ? -ENOMEM : 0;
}
