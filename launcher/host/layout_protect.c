/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "common/names.h"
#include "common/path.h"
#include "host/layout_part.h"

static int add_caches(struct layout *l, const char *venv, const char *home)
{
	const struct facts *x = l->facts;
	cleanup_free char *cache = path_join(home, ".cache");
	cleanup_free char *pip_cache = cache ? path_join(cache, "pip") : NULL;
	cleanup_free char *state = path_join(venv, VB_STATE);
	int r = 0;

	if (pip_cache == NULL || state == NULL)
		return -ENOMEM;
	if (!l->policy->pip_run)
		r = layout_child(l, OP_RW, venv, VB_CACHE, cache, "~/.cache");
	if (r < 0)
		return r;
	if (x->user_cache != NULL)
		return layout_bind(l, OP_RW, x->user_cache, pip_cache, "SANDBOX_USE_PIP_CACHE", false);
	return l->policy->pip_run ? layout_child(l, OP_RW, state, VB_PIP_CACHE, pip_cache, "pip's own cache") : 0;
}

/* pip may write the venv, but nothing that the host executes or trusts; a pip.conf planted by a program must not steer it: its home is empty. */
static int add_pip_state(struct layout *l, const char *venv, const char *home)
{
	struct op *op;
	int r = layout_child(l, OP_RO, venv, VB_STATE, NULL, "the state of venvbox");

	if (r == 0)
		r = layout_child(l, OP_RO, venv, "pyvenv.cfg", NULL, "protected");
	if (r == 0)
		r = layout_child(l, OP_RO, venv, VB_CACHE, NULL, "protected");
	if (r < 0)
		return r;
	op = layout_add(l, OP_TMPFS, NULL, home, "an empty home for pip");
	if (op == NULL)
		return -ENOMEM;
	op->mode = 0700;
	op->size = l->facts->quota.tmp;
	for (size_t i = 0; i + 1 < l->facts->copies.n; i += 2) {
		op = layout_add(l, OP_COPY, l->facts->copies.v[i], l->facts->copies.v[i + 1], "pip's configuration");
		if (op == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int add_venv(struct layout *l, const char *libexec)
{
	const struct manifest *m = l->policy->manifest;
	bool pip = l->policy->pip_run;
	cleanup_free char *state = path_join(m->venv, VB_STATE);
	cleanup_free char *bin = path_join(m->venv, "bin");
	cleanup_free char *python = bin ? path_join(bin, "python") : NULL;
	cleanup_free char *home = path_join(m->venv, VB_HOME);
	int r;

	if (state == NULL || python == NULL || home == NULL)
		return -ENOMEM;
	r = layout_self(l, pip ? OP_RW : OP_RO, m->venv, pip ? "the venv, writable for pip" : "the venv");
	if (r == 0)
		r = layout_child(l, pip ? OP_RW : OP_RO, state, VB_INNER_BIN, bin, "commands of the venv as the box sees them");
	if (r == 0)
		r = layout_child(l, OP_RO, libexec, m->way == EMBED_EXEC ? VB_PYTHON_EXEC : VB_PYTHON, python, "the interpreter");
	if (r == 0)
		r = pip ? add_pip_state(l, m->venv, home) : layout_self(l, OP_RW, home, "HOME, private and kept");
	return r < 0 ? r : add_caches(l, m->venv, home);
}

static int add_mask(struct layout *l, const struct mask *mask)
{
	cleanup_free char *path = path_join(l->policy->manifest->project, mask->name);

	if (path == NULL)
		return -ENOMEM;
	if (mask->state == MASK_NOTHING)
		return 0;
	if (mask->state == MASK_PRESENT)
		return layout_self(l, OP_RO, path, "protected");
	if (!mask->is_dir)
		return layout_done(layout_add(l, OP_DATA, "/dev/null", path, "protected, absent"));
	return layout_empty(l, path, "protected, absent");
}

static int add_nested(struct layout *l, const char *relative)
{
	cleanup_free char *path = path_join(l->policy->manifest->project, relative);
	int r = path ? layout_pins(l, path) : -ENOMEM;

	return r < 0 ? r : layout_child(l, OP_RO, l->policy->manifest->project, relative, NULL, "nested repository or venv");
}

int layout_protective(struct layout *l, const char *libexec)
{
	const struct manifest *m = l->policy->manifest;
	const struct facts *x = l->facts;
	int r = layout_pins(l, m->venv);

	if (r == 0)
		r = add_venv(l, libexec);
	for (size_t i = 0; r == 0 && i < x->masks.n; i++)
		r = add_mask(l, &x->masks.v[i]);
	for (size_t i = 0; r == 0 && i < x->nested.n; i++)
		r = add_nested(l, x->nested.v[i]);
	return r;
}
