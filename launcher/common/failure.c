/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/failure.h"

#include <stdarg.h>
#include <string.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/names.h"

void failure_release(struct failure *f)
{
	free(f->what);
	free(f->hint);
	*f = (struct failure) { 0 };
}

/* The new words may quote the old ones: those are freed last. */
static void replace(char **old, char *text)
{
	free(*old);
	*old = text;
}

/* What ran out is the remedy's to name, whatever the step was that needed it. */
static const char *hint_of(int err, const char *hint)
{
	switch (err) {
	case EMFILE:
		return "raise the limit of open files: ulimit -n 1024";
	case ENFILE:
		return "this machine has too many open files: see the file-nr below /proc/sys/fs";
	case ENOMEM:
		return "free some memory, or raise the limit: ulimit -v unlimited";
	default:
		return hint;
	}
}

static void printf_like(4, 0) set_words(struct failure *f, int err, const char *hint, const char *fmt, va_list ap)
{
	char *what = NULL, *longer = NULL, *copy;

	if (f == NULL)
		return;
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	if (what != NULL && err != 0) {
		if (asprintf(&longer, "%s: %s", what, strerror(err)) < 0)
			longer = NULL;
		free(what);
		what = longer;
	}
	hint = hint_of(err, hint);
	copy = hint != NULL ? strdup(hint) : NULL;
	replace(&f->what, what);
	replace(&f->hint, copy);
}

int fail_msg(struct failure *f, int err, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_words(f, 0, hint, fmt, ap);
	va_end(ap);
	return -err;
}

int fail_errno(struct failure *f, int err, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_words(f, err, hint, fmt, ap);
	va_end(ap);
	return -err;
}

void fail_hint(struct failure *f, const char *fmt, ...)
{
	va_list ap;
	char *hint = NULL;

	if (f == NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&hint, fmt, ap) < 0)
		hint = NULL;
	va_end(ap);
	replace(&f->hint, hint);
}

int failure_print(const struct failure *f, int err)
{
	static const char no_memory[] = "venvbox: out of memory\n";
	cleanup_buf struct buf out = { 0 };

	buf_puts(&out, "venvbox: ");
	log_escape(&out, f->what != NULL ? f->what : strerror(err < 0 ? -err : err));
	buf_putc(&out, '\n');
	if (f->hint != NULL) {
		buf_puts(&out, "hint: ");
		log_escape(&out, f->hint);
		buf_putc(&out, '\n');
	}
	/* Nobody is left to tell if standard error does not take it. */
	if (out.failed)
		(void) !fd_write_all(STDERR_FILENO, no_memory, sizeof(no_memory) - 1);
	else
		(void) !fd_write_all(STDERR_FILENO, out.data, out.len);
	return VB_EXIT_FAILURE;
}
