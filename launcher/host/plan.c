/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/plan.h"

#include <string.h>

#include "common/path.h"

static void op_release(struct op *op)
{
	free(op->source);
	free(op->dest);
	buf_release(&op->data);
	strv_release(&op->words);
	if (op->fd >= 0 && !op->fd_borrowed)
		(void) close(op->fd);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		op_release(&p->ops[i]);
	free(p->ops);
	strv_release(&p->options);
	memset(p, 0, sizeof(*p));
}

struct op *plan_add(struct plan *p, enum op_kind kind, const char *source, const char *dest, const char *why)
{
	struct op op = { .kind = kind, .why = why, .fd = -1 };

	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 64;
		struct op *ops = reallocarray(p->ops, room, sizeof(*ops));

		if (ops == NULL)
			return NULL;
		p->ops = ops;
		p->room = room;
	}
	if (source != NULL)
		op.source = strdup(source);
	if (dest != NULL)
		op.dest = strdup(dest);
	if ((source != NULL && op.source == NULL) || (dest != NULL && op.dest == NULL)) {
		op_release(&op);
		return NULL;
	}
	p->ops[p->n] = op;
	return &p->ops[p->n++];
}

void plan_remove(struct plan *p, size_t index)
{
	op_release(&p->ops[index]);
	memmove(&p->ops[index], &p->ops[index + 1], (p->n - index - 1) * sizeof(*p->ops));
	p->n--;
}

static bool makes_visible(const struct op *op)
{
	return op->dest != NULL && op->kind != OP_REMOUNT_RO;
}

const struct op *plan_find_cover(const struct plan *p, const char *path)
{
	for (size_t i = p->n; i > 0; i--) {
		const struct op *op = &p->ops[i - 1];

		if (makes_visible(op) && path_is_within(path, op->dest))
			return op;
	}
	return NULL;
}

/* The link of the plan that path leads through, the rest of path in *rest. */
static const struct op *link_on(const struct plan *p, const char *path, const char **rest)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->ops[i].kind != OP_SYMLINK)
			continue;
		*rest = path_below(path, p->ops[i].dest);
		if (*rest != NULL)
			return &p->ops[i];
	}
	return NULL;
}

char *plan_resolve_dest(const struct plan *p, const char *dest)
{
	cleanup_free char *path = strdup(dest);

	/* Bounded like ELOOP in the kernel: the user's own --symlink may point in a circle. */
	for (int hops = 0; path != NULL && hops < 40; hops++) {
		cleanup_free char *base = NULL;
		cleanup_free char *target = NULL;
		const char *rest = NULL;
		const struct op *link = link_on(p, path, &rest);
		char *joined;

		if (link == NULL)
			break;
		base = strndup(link->dest, (size_t) (path_base(link->dest) - link->dest));
		if (base == NULL)
			return NULL;
		target = path_clean(base, link->source);
		if (target == NULL)
			return NULL;
		joined = *rest == '\0' ? strdup(target) : path_join(target, rest);
		free(path);
		path = joined;
	}
	return take_ptr(&path);
}

bool plan_is_covered(const struct plan *p, size_t index)
{
	for (size_t i = index + 1; i < p->n; i++)
		if (makes_visible(&p->ops[i]) && path_is_within(p->ops[index].dest, p->ops[i].dest))
			return true;
	return false;
}
