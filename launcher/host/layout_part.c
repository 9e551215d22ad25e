/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/layout_part.h"

#include <errno.h>
#include <string.h>

#include "common/path.h"

struct op *layout_add(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why)
{
	return plan_add(l->plan, kind, source, dest, why);
}

int layout_done(const struct op *op)
{
	return op == NULL ? -ENOMEM : 0;
}

int layout_bind(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why, bool optional)
{
	cleanup_free char *real_dest = plan_resolve_dest(l->plan, dest);
	struct op *op = real_dest ? layout_add(l, kind, source, real_dest, why) : NULL;

	if (op == NULL)
		return -ENOMEM;
	op->trust = facts_box_writable(l->facts, l->policy, source) ? TRUST_NONE : TRUST_HOST;
	op->optional = optional;
	return 0;
}

int layout_self(struct layout *l, enum op_kind kind, const char *path, const char *why)
{
	return layout_bind(l, kind, path, path, why, false);
}

/* dir/name, bound on itself or on dest. */
int layout_child(struct layout *l, enum op_kind kind, const char *dir, const char *name, const char *dest, const char *why)
{
	cleanup_free char *path = path_join(dir, name);

	return path == NULL ? -ENOMEM : layout_bind(l, kind, path, dest ? dest : path, why, false);
}

/* An empty directory that stays so. */
int layout_empty(struct layout *l, const char *path, const char *why)
{
	int r = layout_done(layout_add(l, OP_TMPFS, NULL, path, why));

	return r < 0 ? r : layout_done(layout_add(l, OP_REMOUNT_RO, NULL, path, why));
}

/* What the box can write, at dest or below it. */
static bool is_writable_place(const struct op *cover)
{
	return cover != NULL && !cover->fresh && cover->source != NULL && (cover->kind == OP_RW || cover->kind == OP_WORDS);
}

/*
 * The directories between what is writable and what is protected below it become mounts of their own: a mount
 * point cannot be renamed, but a directory that only holds one can, and then the name is free for the box.
 */
int layout_pins(struct layout *l, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		cleanup_free char *part = strndup(path, (size_t) (slash - path));
		const struct op *cover = part ? plan_find_cover(l->plan, part) : NULL;
		cleanup_free char *source = NULL;
		int r;

		if (part == NULL)
			return -ENOMEM;
		if (!is_writable_place(cover) || strcmp(cover->dest, part) == 0)
			continue;
		source = path_join(cover->source, path_below(part, cover->dest));
		r = source ? layout_bind(l, OP_RW, source, part, "holds the project, a repository or a venv", false) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}
