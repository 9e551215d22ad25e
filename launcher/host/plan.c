/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/plan.h"

#include <string.h>

#include "common/path.h"

/* Enough for a box without settings. */
#define ROOM 128

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
		size_t room = p->room ? 2 * p->room : ROOM;
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

struct op *plan_insert(struct plan *p, size_t index, enum op_kind kind, const char *source, const char *dest, const char *why)
{
	struct op *last = plan_add(p, kind, source, dest, why);
	struct op op;

	if (last == NULL)
		return NULL;
	op = *last;
	memmove(&p->ops[index + 1], &p->ops[index], (p->n - 1 - index) * sizeof(*p->ops));
	p->ops[index] = op;
	return &p->ops[index];
}

void plan_remove(struct plan *p, size_t index)
{
	op_release(&p->ops[index]);
	memmove(&p->ops[index], &p->ops[index + 1], (p->n - index - 1) * sizeof(*p->ops));
	p->n--;
}

/* Does the user's option mount something at its dest? The first word is the option. */
static bool words_mount(const struct op *op)
{
	static const char *const mounts[] = { "--dev-bind", "--dev-bind-try", "--tmpfs", "--dev", "--mqueue" };

	for (size_t i = 0; op->words.n > 0 && i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (strcmp(op->words.v[0], mounts[i]) == 0)
			return true;
	return false;
}

/* Nothing that was mounted at dest or below it is seen any more. A directory that is made, or a mode that is changed, hides nothing. */
static bool hides(const struct op *op)
{
	switch (op->kind) {
	case OP_RO:
	case OP_RW:
	case OP_DATA:
	case OP_TMPFS:
	case OP_PROC:
	case OP_DEV:
		return true;
	case OP_WORDS:
		return op->dest != NULL && words_mount(op);
	default:
		return false;
	}
}

static bool makes_visible(const struct op *op)
{
	return hides(op) || op->kind == OP_COPY || op->kind == OP_SYMLINK;
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
		if (hides(&p->ops[i]) && path_is_within(p->ops[index].dest, p->ops[i].dest))
			return true;
	return false;
}
