/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/telltext.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/path.h"

#define MANY_OF_USR 3 /* from here on the profile is worth a word */

static const char *const labels[] = {
	[DENIED_CALL] = "refused", [DENIED_HIDDEN] = "hidden", [DENIED_WRITE] = "read-only", [DENIED_PROGRAM] = "program",
	[DENIED_SOCKET] = "socket", [DENIED_NETWORK] = "network", [DENIED_PORT] = "port", [DENIED_LIMIT] = "limit",
};

static const char *const purposes[] = {
	[PURPOSE_READ] = "read", [PURPOSE_LOOK] = "looked for", [PURPOSE_WRITE] = "write", [PURPOSE_MAKE] = "make", [PURPOSE_PUT] = "write",
	[PURPOSE_EXECUTE] = "execute", [PURPOSE_SOCKET] = "listen",
};

static void put_label(struct buf *out, const char *label, bool color)
{
	buf_printf(out, color ? "\033[1m%s\033[0m" : "%s", label);
}

static void put_column(struct buf *out, const char *label, size_t width, bool color)
{
	put_label(out, label, color);
	for (size_t i = strlen(label); i < width; i++)
		buf_putc(out, ' ');
}

static void put_what(struct buf *out, const struct denial *d)
{
	switch (d->kind) {
	case DENIED_CALL:
		log_escape(out, d->what);
		buf_printf(out, " (%s)", strerror(d->err));
		break;
	case DENIED_HIDDEN:
	case DENIED_WRITE:
		log_shell_quote(out, d->what);
		buf_printf(out, " (%s)", d->is_bytecode ? "what Python compiles" : purposes[d->purpose]);
		break;
	case DENIED_PROGRAM:
	case DENIED_SOCKET:
		log_shell_quote(out, d->what);
		break;
	case DENIED_NETWORK:
		buf_printf(out, "%s (the box has no network)", d->what);
		break;
	case DENIED_PORT:
		buf_printf(out, "%s (below those that anybody may listen on)", d->what);
		break;
	case DENIED_LIMIT:
		buf_printf(out, "%s (to be raised above the limit of the box)", d->what);
		break;
	}
	buf_puts(out, d->kind == DENIED_CALL ? ", to " : ", from ");
	log_escape(out, d->program);
	if (d->count > 1)
		buf_printf(out, ", %lu times", d->count);
}

void telltext_what(struct buf *out, const struct denial *d)
{
	buf_printf(out, "%s: ", labels[d->kind]);
	put_what(out, d);
}

void telltext_denied(struct buf *out, const struct denial *d, bool color)
{
	buf_puts(out, "venvbox: ");
	put_label(out, labels[d->kind], color);
	buf_puts(out, ": ");
	put_what(out, d);
	buf_putc(out, '\n');
}

/* What an earlier line allows needs no other. */
static bool is_covered(const struct denials *all, size_t i)
{
	const struct denial *d = &all->v[i];

	for (size_t j = 0; d->real != NULL && j < i; j++)
		if (all->v[j].real != NULL && all->v[j].kind == d->kind
		    && purpose_writes(all->v[j].purpose) == purpose_writes(d->purpose) && path_is_within(d->real, all->v[j].real))
			return true;
	return false;
}

static void put_remedy(struct buf *out, const struct remedy_of *of, const struct denial *d, bool color)
{
	cleanup_remedy struct remedy r = { 0 };

	if (remedy_find(of, d, &r) < 0) {
		out->failed = true;
		return;
	}
	if (r.why != NULL) {
		buf_puts(out, "    ");
		put_column(out, r.line != NULL ? "careful" : "deliberate", 12, color);
		buf_printf(out, "%s\n", r.why);
	}
	if (r.line != NULL) {
		buf_puts(out, "    ");
		put_column(out, "to allow it", 12, color);
		buf_printf(out, "%s\n", r.line);
	}
}

/* What was refused with ENOSYS is what newer kernels have: libraries try it first, and it is no trouble. */
static bool is_fallback(const struct denial *d)
{
	return d->kind == DENIED_CALL && d->err == ENOSYS;
}

static void put_fallbacks(struct buf *out, const struct denials *all)
{
	bool first = true;

	for (size_t i = 0; i < all->n; i++) {
		bool known = false;

		for (size_t j = 0; j < i; j++)
			known |= is_fallback(&all->v[j]) && strcmp(all->v[j].what, all->v[i].what) == 0;
		if (!is_fallback(&all->v[i]) || known)
			continue;
		buf_puts(out, first ? "  not there  " : ", ");
		log_escape(out, all->v[i].what);
		first = false;
	}
	if (!first)
		buf_puts(out, " (no harm: libraries use what came before)\n");
}

static void put_profile(struct buf *out, const struct remedy_of *of, const struct denials *all)
{
	cleanup_buf struct buf text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].real != NULL && !purpose_writes(all->v[i].purpose) && path_is_within(all->v[i].real, "/usr");
	if (n >= MANY_OF_USR)
		buf_printf(out, "  all of /usr, read-only: %s\n", log_command(&text, of->venv, "--profile", "system"));
}

void telltext_summary(struct buf *out, const struct remedy_of *of, const struct denials *all, bool color, bool blind)
{
	cleanup_buf struct buf learn = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += !is_fallback(&all->v[i]);
	buf_printf(out, n > 0 ? "venvbox: denied\n" : "venvbox: nothing was denied\n");
	for (size_t i = 0; i < all->n; i++) {
		if (is_fallback(&all->v[i]))
			continue;
		buf_puts(out, "  ");
		put_column(out, labels[all->v[i].kind], 10, color);
		buf_putc(out, ' ');
		put_what(out, &all->v[i]);
		buf_putc(out, '\n');
		if (is_covered(all, i))
			buf_puts(out, "    as above\n");
		else
			put_remedy(out, of, &all->v[i], color);
	}
	put_fallbacks(out, all);
	put_profile(out, of, all);
	if (all->full)
		buf_puts(out, "  and more than can be remembered\n");
	if (blind)
		buf_puts(out, "  not seen   paths: that needs openat2(2), Linux 5.6, and kernel.yama.ptrace_scope below 3\n");
	buf_printf(out, "  not seen   what was only looked for, stat(2): %s --learn -- COMMAND\n", log_command(&learn, of->venv, NULL, NULL));
}
