/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small box, of a real directory, for test_seen.c and test_explain.c; include after cmocka.h. */
#ifndef VB_TEST_EXPLAINED_H
#define VB_TEST_EXPLAINED_H

#include <stdio.h>
#include <sys/stat.h>

#include "common/names.h"
#include "host/layout.h"
#include "host/seen.h"
#include "scratch.h"

struct box {
	char dir[32]; /* project/, project/.venv, data/, home/ */
	struct manifest m;
	struct conf c;
	struct policy p;
	struct facts x;
	struct plan plan;
};

/* name below the directory of the box; four at a time. */
static inline char *at(const struct box *b, const char *name)
{
	static char text[4][256];
	static unsigned next;
	char *one = text[next++ % 4];

	(void) snprintf(one, sizeof(text[0]), "%s/%s", b->dir, name);
	return one;
}

static inline void put_file(const struct box *b, const char *name)
{
	FILE *file = fopen(at(b, name), "we");

	assert_non_null(file);
	(void) fclose(file);
}

static inline void put_link(const struct box *b, const char *name, const char *text)
{
	assert_int_equal(symlink(text, at(b, name)), 0);
}

static inline int setup(void **state)
{
	static const char *const dirs[] = { "project", "project/.venv", "project/.git", "project/sub", "project/sub/.git", "data", "home" };
	struct box *b = calloc(1, sizeof(*b));

	if (b == NULL || scratch_make(b->dir) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(at(b, dirs[i]), 0755) < 0)
			return -1;
	conf_init(&b->c);
	b->m.venv = strdup(at(b, "project/.venv"));
	b->m.project = strdup(at(b, "project"));
	b->p.manifest = &b->m;
	b->p.conf = &b->c;
	b->x.cwd = strdup("/");
	b->x.own_etc = true;
	b->x.masks = (struct masks) { .v = { { ".git", true, MASK_PRESENT }, { ".vscode", true, MASK_ABSENT }, { ".envrc", false, MASK_ABSENT } },
				      .n = 3, .lock_fd = -1, .project_lock = -1 };
	if (strv_add(&b->x.nested, "sub/.git") < 0)
		return -1;
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct box *b = *state;
	int r = scratch_remove(b->dir);

	plan_release(&b->plan);
	facts_release(&b->x);
	policy_release(&b->p);
	conf_release(&b->c);
	manifest_release(&b->m);
	free(b);
	return r;
}

static inline void add_row(struct box *b, enum mount_kind kind, const char *source, const char *dest)
{
	const struct mount_row row = { kind, true, true, (char *) source, (char *) dest, (char *) "a row" };

	assert_int_equal(manifest_add_mount(&b->m, &row), 0);
}

static inline void make(struct box *b)
{
	assert_int_equal(layout_make(&b->p, &b->x, NULL, "/usr/libexec/venvbox", &b->plan, NULL), 0);
	seen_prune(&b->plan);
}

static inline void make_for_pip(struct box *b)
{
	b->p.pip_run = true;
	b->p.profile = PROFILE_SYSTEM;
	b->x.pip_tmp = strdup(at(b, "project/.venv/venvbox/pip-tmp"));
	make(b);
}

#endif
