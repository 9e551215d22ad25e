/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/log.h"

#include <stdarg.h>
#include <string.h>

#include "common/escape.h"
#include "common/fd.h"

void log_escape(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t len = escape_printable(text);

		if (len > 0)
			buf_add(out, text, len);
		else if (*text == '\n')
			buf_puts(out, "\\n");
		else
			buf_printf(out, "\\x%02x", (unsigned char) *text);
		text += len > 0 ? len : 1;
	}
}

void log_warn(const char *fmt, ...)
{
	cleanup_buf struct buf out = { 0 };
	cleanup_free char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		text = NULL;
		return;
	}
	buf_puts(&out, "venvbox: ");
	log_escape(&out, text);
	buf_putc(&out, '\n');
	if (!out.failed)
		(void) !fd_write_all(STDERR_FILENO, out.data, out.len);
}

/* '=' is not among them: in front of a command, A=b is an assignment. */
static bool is_bare(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						    "abcdefghijklmnopqrstuvwxyz0123456789_@%+:,./-")] == '\0';
}

static bool is_printable(const char *word)
{
	while (*word != '\0') {
		size_t len = escape_printable(word);

		if (len == 0)
			return false;
		word += len;
	}
	return true;
}

static void quote_printable(struct buf *out, const char *word)
{
	buf_putc(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *word);
	}
	buf_putc(out, '\'');
}

/* Octal, always three digits: shells differ on how many hexadecimal digits \x takes. */
static void quote_escaped(struct buf *out, const char *word)
{
	buf_puts(out, "$'");
	while (*word != '\0') {
		size_t len = escape_printable(word);

		if (*word == '\n')
			buf_puts(out, "\\n");
		else if (*word == '\'' || *word == '\\')
			buf_printf(out, "\\%c", *word);
		else if (len > 0)
			buf_add(out, word, len);
		else
			buf_printf(out, "\\%03o", (unsigned char) *word);
		word += len > 0 ? len : 1;
	}
	buf_putc(out, '\'');
}

void log_shell_quote(struct buf *out, const char *word)
{
	if (is_bare(word))
		buf_puts(out, word);
	else if (is_printable(word))
		quote_printable(out, word);
	else
		quote_escaped(out, word);
}

const char *log_command(struct buf *text, const char *venv, const char *option, const char *path)
{
	buf_puts(text, "venvbox-install ");
	log_shell_quote(text, venv);
	if (option != NULL) {
		buf_printf(text, " %s ", option);
		log_shell_quote(text, path);
	}
	return text->failed ? "venvbox-install" : text->data;
}
