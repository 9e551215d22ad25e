/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/telljson.h"

#include <string.h>
#include <sys/wait.h>

#include "common/escape.h"

static const char *const kinds[] = {
	[DENIED_CALL] = "call", [DENIED_HIDDEN] = "hidden", [DENIED_WRITE] = "read-only", [DENIED_PROGRAM] = "program",
	[DENIED_SOCKET] = "socket", [DENIED_NETWORK] = "network", [DENIED_PORT] = "port", [DENIED_LIMIT] = "limit",
};

static const char *const purposes[] = {
	[PURPOSE_READ] = "read", [PURPOSE_LOOK] = "look", [PURPOSE_WRITE] = "write", [PURPOSE_MAKE] = "make", [PURPOSE_PUT] = "write",
	[PURPOSE_EXECUTE] = "execute", [PURPOSE_SOCKET] = "listen",
};

void telljson_string(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	while (*text != '\0') {
		size_t len = escape_printable(text);
		unsigned char byte = (unsigned char) *text;

		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if (len > 0)
			buf_add(out, text, len);
		else
			buf_printf(out, "\\u%04x", byte < 0x80 ? byte : 0xdc00U + byte);
		text += len > 0 ? len : 1;
	}
	buf_putc(out, '"');
}

static void put(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ", \"%s\": ", key);
	if (value != NULL)
		telljson_string(out, value);
	else
		buf_puts(out, "null");
}

static void put_words(struct buf *out, const char *key, const struct strv *words)
{
	buf_printf(out, ", \"%s\": [", key);
	for (size_t i = 0; i < words->n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		telljson_string(out, words->v[i]);
	}
	buf_putc(out, ']');
}

static void put_mount(struct buf *out, const struct op *op)
{
	buf_printf(out, "{\"kind\": \"%s\"", verbose_mount_kind(op->kind));
	put(out, "path", op->dest);
	put(out, "source", op->kind == OP_WORDS ? NULL : op->source);
	if (op->kind == OP_WORDS)
		put_words(out, "option", &op->words);
	put(out, "why", op->why);
	buf_putc(out, '}');
}

int telljson_start(struct buf *out, const struct verbose_of *of)
{
	const struct manifest *m = &of->session->manifest;

	buf_puts(out, "{\"event\": \"start\"");
	put(out, "venv", m->venv);
	put(out, "project", m->project);
	put(out, "python", m->python_version);
	put(out, "run", of->policy->pip_run ? "pip" : "program");
	put(out, "profile", profile_name(of->policy->profile));
	put(out, "network", of->policy->network_unshared ? "none" : "host");
	put_words(out, "argv", &of->payload->argv);
	put_words(out, "withheld", &of->payload->withheld);
	put_words(out, "left_out", &of->payload->left_out);
	buf_puts(out, ", \"mounts\": [");
	for (size_t i = 0, told = 0; i < of->plan->n; i++) {
		if (of->plan->ops[i].ready)
			continue;
		buf_puts(out, told++ > 0 ? ", " : "");
		put_mount(out, &of->plan->ops[i]);
	}
	buf_puts(out, "]}\n");
	return out->failed ? -ENOMEM : 0;
}

void telljson_sealed(struct buf *out, bool landlock)
{
	buf_printf(out, "{\"event\": \"sealed\", \"landlock\": %s}\n", landlock ? "true" : "false");
}

void telljson_denied(struct buf *out, const struct remedy_of *of, const struct denial *d)
{
	cleanup_remedy struct remedy r = { 0 };
	bool path = d->real != NULL;

	if (remedy_find(of, d, &r) < 0) {
		out->failed = true;
		return;
	}
	buf_printf(out, "{\"event\": \"denied\", \"kind\": \"%s\"", kinds[d->kind]);
	put(out, "what", d->what);
	put(out, "purpose", path ? purposes[d->purpose] : NULL);
	put(out, "host_path", d->real);
	put(out, "program", d->program);
	if (d->kind == DENIED_CALL)
		buf_printf(out, ", \"errno\": %d", d->err);
	put(out, "allow", r.line);
	put(out, "setting", r.setting);
	put(out, "value", r.value);
	put(out, "why", r.why);
	buf_printf(out, ", \"unwise\": %s}\n", r.unwise ? "true" : "false");
}

static void put_count(struct buf *out, const struct denial *d)
{
	buf_printf(out, "{\"kind\": \"%s\"", kinds[d->kind]);
	put(out, "what", d->what);
	put(out, "program", d->program);
	buf_printf(out, ", \"count\": %lu}", d->count);
}

void telljson_summary(struct buf *out, const struct denials *all, int wait_status, bool blind)
{
	buf_puts(out, "{\"event\": \"end\", ");
	if (WIFSIGNALED(wait_status))
		buf_printf(out, "\"signal\": %d", WTERMSIG(wait_status));
	else
		buf_printf(out, "\"status\": %d", WEXITSTATUS(wait_status));
	buf_puts(out, ", \"denied\": [");
	for (size_t i = 0; i < all->n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		put_count(out, &all->v[i]);
	}
	buf_printf(out, "], \"complete\": %s, \"paths\": %s}\n", all->full ? "false" : "true", blind ? "false" : "true");
}
