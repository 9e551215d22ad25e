/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hostile names on their way to a terminal: no byte of them may steer it, and a quoted word is the same word to a shell. */
#include "common/escape.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"

/* Not by escape_printable(), which is what is asked about. Length of one harmless character, or 0. */
static size_t harmless(const unsigned char *p)
{
	static const struct {
		unsigned char first, last; /* of the leading byte */
		unsigned char low, high;   /* of the second byte: RFC 3629, "UTF8-octets" */
		size_t len;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* C1 left out */ { 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] >= 0x20 && p[0] < 0x7f)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = 2;

		if (p[0] < forms[i].first || p[0] > forms[i].last || p[1] < forms[i].low || p[1] > forms[i].high)
			continue;
		while (n < forms[i].len && (p[n] & 0xc0) == 0x80)
			n++;
		return n == forms[i].len ? n : 0;
	}
	return 0;
}

/* CVE-2021-42574, and line separators: their bytes in UTF-8. */
static bool reorders(const char *p)
{
	static const char *const marks[] = {
		"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
		"\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(p, marks[i]) != NULL)
			return true;
	return false;
}

static void check_line(const char *text)
{
	must(!reorders(text));
	while (*text != '\0') {
		size_t len = harmless((const unsigned char *) text);

		must(len > 0);
		text += len;
	}
}

/* One word as bash reads it: bare, '...', '\'' between them, or $'...' with octal escapes. */
static void unquote(const char *p, struct buf *out)
{
	bool escaped = strncmp(p, "$'", 2) == 0;

	p += escaped ? 2 : 0;
	for (; *p != '\0'; p++) {
		if (escaped && *p == '\\' && p[1] == 'n') {
			buf_putc(out, '\n');
			p++;
		} else if (escaped && *p == '\\' && strchr("'\\", p[1]) != NULL) {
			buf_putc(out, *++p);
		} else if (escaped && *p == '\\') {
			buf_putc(out, (char) ((p[1] - '0') * 64 + (p[2] - '0') * 8 + p[3] - '0'));
			p += 3;
		} else if (!escaped && *p == '\\') {
			buf_putc(out, *++p);
		} else if (*p != '\'') {
			buf_putc(out, *p);
		}
	}
}

/* '\\' within '...' stays; so the reader above is right only for what is not in quotes or is escaped. */
static void unquote_plain(const char *p, struct buf *out)
{
	bool in_quotes = false;

	for (; *p != '\0'; p++) {
		if (*p == '\'')
			in_quotes = !in_quotes;
		else if (*p == '\\' && !in_quotes)
			buf_putc(out, *++p);
		else
			buf_putc(out, *p);
	}
	must(!in_quotes);
}

static void check_quote(const char *word)
{
	cleanup_buf struct buf quoted = { 0 }, back = { 0 };

	log_shell_quote(&quoted, word);
	must(!quoted.failed && quoted.len > 0);
	check_line(quoted.data);
	if (quoted.data[0] == '$')
		unquote(quoted.data, &back);
	else
		unquote_plain(quoted.data, &back);
	must(strcmp(back.data != NULL ? back.data : "", word) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *text = fuzz_take(&in, '\0', NULL);
	cleanup_buf struct buf shown = { 0 }, encoded = { 0 }, decoded = { 0 };

	log_escape(&shown, text);
	must(!shown.failed && shown.len <= 4 * strlen(text));
	if (shown.len > 0)
		check_line(shown.data);
	check_quote(text);
	escape_encode(&encoded, text, ";# ");
	if (encoded.len > 0)
		check_line(encoded.data);
	must(escape_decode(&decoded, encoded.data != NULL ? encoded.data : "", encoded.len) == 0);
	must(strcmp(decoded.data != NULL ? decoded.data : "", text) == 0);
	return 0;
}
