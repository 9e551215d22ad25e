/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manifest, from which the launcher takes all its facts. Its parser is static, so its source is included. */
#include "common/manifest.c"
#include "tests/fuzz/fuzz.h"

static bool same_mounts(const struct manifest *a, const struct manifest *b)
{
	for (size_t i = 0; i < a->n_mounts && i < b->n_mounts; i++) {
		const struct mount_row *x = &a->mounts[i], *y = &b->mounts[i];

		if (x->kind != y->kind || x->in_minimal != y->in_minimal || x->in_system != y->in_system ||
		    strcmp(x->source, y->source) != 0 || strcmp(x->dest, y->dest) != 0 || strcmp(x->why, y->why) != 0)
			return false;
	}
	return a->n_mounts == b->n_mounts;
}

static bool same(const struct manifest *a, const struct manifest *b)
{
	return strcmp(a->version, b->version) == 0 && a->uid == b->uid && strcmp(a->venv, b->venv) == 0 &&
	       strcmp(a->project, b->project) == 0 && a->way == b->way && strcmp(a->python_version, b->python_version) == 0 &&
	       strcmp(a->python_banner, b->python_banner) == 0 && strcmp(a->base_executable, b->base_executable) == 0 &&
	       file_id_same(&a->base_id, &b->base_id) && strcmp(a->base_prefix, b->base_prefix) == 0 &&
	       strcmp(a->libpython, b->libpython) == 0 && file_id_same(&a->libpython_id, &b->libpython_id) && same_mounts(a, b) &&
	       a->filter_size == b->filter_size && a->calls_allowed == b->calls_allowed && fuzz_same_words(&a->nested, &b->nested) &&
	       fuzz_same_words(&a->recorded, &b->recorded);
}

/* No row may lead a mount or a name out of its place. */
static void check(const struct manifest *m)
{
	must(path_is_clean(m->venv) && path_is_clean(m->project) && path_is_clean(m->base_executable));
	for (size_t i = 0; i < m->n_mounts; i++)
		must(path_is_clean(m->mounts[i].dest) && (m->mounts[i].kind == MOUNT_SYMLINK || path_is_clean(m->mounts[i].source)));
	for (size_t i = 0; i < m->nested.n; i++)
		must(m->nested.v[i][0] != '/' && strcmp(m->nested.v[i], "..") != 0 && strncmp(m->nested.v[i], "../", 3) != 0 &&
		     strstr(m->nested.v[i], "/../") == NULL);
	for (size_t i = 0; i < m->recorded.n; i++)
		must(strchr(m->recorded.v[i], '/') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_manifest struct manifest m = { 0 }, back = { 0 };
	cleanup_buf struct buf text = { 0 }, out = { 0 };
	struct failure f = { 0 };
	int r;

	buf_add(&text, data, size);
	r = parse(&text, "manifest", &m, &f);
	fuzz_refused(r, &f);
	if (r < 0)
		return 0;
	check(&m);
	for (size_t i = 0; i < COUNT(lines); i++)
		put_line(&out, &lines[i], &m);
	must(!out.failed);
	must(parse(&out, "manifest", &back, NULL) == 0);
	must(same(&m, &back));
	return 0;
}
