/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Decodes the UTF-8 character at p (RFC 3629: no overlong forms, no surrogates); its length, or 0. */
static size_t utf8_decode(const unsigned char *p, uint32_t *code)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]); more++) {
		if ((p[0] & forms[more].mask) != forms[more].lead)
			continue;
		*code = p[0] & (unsigned char) ~forms[more].mask;
		for (size_t i = 1; i <= more; i++) {
			if ((p[i] & 0xc0) != 0x80) /* a NUL ends here too */
				return 0;
			*code = (*code << 6) | (p[i] & 0x3f);
		}
		if (*code < forms[more].least || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
			return 0;
		return more + 1;
	}
	return 0;
}

size_t escape_printable(const char *text)
{
	static const struct {
		uint32_t first, last;
	} obeyed[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     /* C0, DEL, C1 */
		{ 0x61c, 0x61c },   { 0x200e, 0x200f }, /* direction marks */
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, /* line separators, overrides, isolates */
	};
	uint32_t code = 0;
	size_t len = utf8_decode((const unsigned char *) text, &code);

	for (size_t i = 0; len > 0 && i < sizeof(obeyed) / sizeof(obeyed[0]); i++)
		if (code >= obeyed[i].first && code <= obeyed[i].last)
			return 0;
	return len;
}

static const struct {
	char letter, byte;
} short_escapes[] = { { '\\', '\\' }, { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' } };

#define N_SHORT (sizeof(short_escapes) / sizeof(short_escapes[0]))

static void encode_byte(struct buf *out, char byte)
{
	for (size_t i = 0; i < N_SHORT; i++)
		if (short_escapes[i].byte == byte) {
			buf_putc(out, '\\');
			buf_putc(out, short_escapes[i].letter);
			return;
		}
	buf_printf(out, "\\x%02x", (unsigned char) byte);
}

void escape_encode(struct buf *out, const char *text, const char *extra)
{
	while (*text != '\0') {
		size_t len = escape_printable(text);

		if (len == 0 || *text == '\\' || strchr(extra, *text) != NULL) {
			encode_byte(out, *text);
			len = 1;
		} else {
			buf_add(out, text, len);
		}
		text += len;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes the escape after a backslash; bytes used, 0 if it is none. */
static size_t decode_one(const char *p, size_t len, char *byte)
{
	int high, low;

	if (len == 0)
		return 0;
	for (size_t i = 0; i < N_SHORT; i++)
		if (short_escapes[i].letter == *p) {
			*byte = short_escapes[i].byte;
			return 1;
		}
	if (*p != 'x' || len < 3)
		return 0;
	high = hex_digit(p[1]);
	low = hex_digit(p[2]);
	if (high < 0 || low < 0 || (high == 0 && low == 0)) /* no string holds a NUL */
		return 0;
	*byte = (char) (unsigned char) (high * 16 + low);
	return 3;
}

int escape_decode(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	if (memchr(text, '\0', len) != NULL)
		return -EBADMSG;
	for (;;) {
		const char *escape = memchr(text, '\\', (size_t) (end - text));
		size_t used;
		char byte;

		buf_add(out, text, (size_t) ((escape != NULL ? escape : end) - text));
		if (escape == NULL)
			return out->failed ? -ENOMEM : 0;
		used = decode_one(escape + 1, (size_t) (end - escape - 1), &byte);
		if (used == 0)
			return -EBADMSG;
		buf_putc(out, byte);
		text = escape + 1 + used;
	}
}
