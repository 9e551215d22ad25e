/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/bwrap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"

/* One row per kind: the option by descriptor, and by path. */
static const struct {
	const char *by_fd;
	const char *by_path;
	bool has_source;
} spelling[] = {
	[OP_RO] = { "--ro-bind-fd", "--ro-bind", true },
	[OP_RW] = { "--bind-fd", "--bind", true },
	[OP_COPY] = { "--file", "--ro-bind", true },
	[OP_DATA] = { "--ro-bind-data", "--ro-bind", true },
	[OP_SET] = { "--file", "--file", true }, /* open(2) and write(2) of what is there, before it becomes read-only */
	[OP_SYMLINK] = { "--symlink", "--symlink", true },
	[OP_TMPFS] = { "--tmpfs", "--tmpfs", false },
	[OP_DIR] = { "--dir", "--dir", false },
	[OP_PROC] = { "--proc", "--proc", false },
	[OP_DEV] = { "--dev", "--dev", false },
	[OP_REMOUNT_RO] = { "--remount-ro", "--remount-ro", false },
	[OP_WORDS] = { NULL, NULL, false },
};

static int add_shape(const struct op *op, bool by_path, struct strv *words)
{
	int r = 0;

	if (op->mode != 0 && (op->kind == OP_TMPFS || op->kind == OP_DIR || (op->kind == OP_COPY && !by_path))) {
		r = strv_add(words, "--perms");
		if (r == 0)
			r = strv_addf(words, "%04o", op->mode);
	}
	if (r < 0 || op->size == 0 || op->kind != OP_TMPFS)
		return r;
	r = strv_add(words, "--size");
	return r < 0 ? r : strv_addf(words, "%" PRIu64, op->size);
}

static int add_op(const struct op *op, bool by_path, struct strv *words)
{
	int r;

	if (by_path ? op->ready : op->folded)
		return 0;
	if (op->kind == OP_WORDS)
		return strv_add_all(words, &op->words);
	r = add_shape(op, by_path, words);
	if (r == 0)
		r = strv_add(words, by_path ? spelling[op->kind].by_path : spelling[op->kind].by_fd);
	if (r == 0 && spelling[op->kind].has_source) {
		if (op->kind == OP_SYMLINK || by_path)
			r = strv_add(words, op->source);
		else
			r = strv_addf(words, "%d", op->fd);
	}
	return r < 0 ? r : strv_add(words, op->dest);
}

int bwrap_fds(const struct plan *p, int **fds, size_t *n)
{
	*n = 0;
	*fds = calloc(p->n + 1, sizeof(**fds));
	if (*fds == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].fd >= 0)
			(*fds)[(*n)++] = p->ops[i].fd;
	return 0;
}

int bwrap_words(const struct plan *p, struct strv *words)
{
	int r = strv_add_all(words, &p->options);

	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = add_op(&p->ops[i], false, words);
	return r;
}

int bwrap_print(const struct plan *p, const char *bwrap, struct buf *out)
{
	cleanup_strv struct strv words = { 0 };
	int r = strv_add(&words, bwrap);

	if (r == 0)
		r = strv_add_all(&words, &p->options);
	for (size_t i = 0; r == 0 && i < p->n; i++)
		if (p->ops[i].kind == OP_SYMLINK || !spelling[p->ops[i].kind].has_source || p->ops[i].source != NULL)
			r = add_op(&p->ops[i], true, &words);
	if (r == 0)
		r = strv_add(&words, "--");
	if (r == 0)
		r = strv_add(&words, "/bin/sh");
	for (size_t i = 0; r == 0 && i < words.n; i++) {
		log_shell_quote(out, words.v[i]);
		buf_putc(out, '\n');
	}
	return r < 0 ? r : out->failed ? -ENOMEM : 0;
}
