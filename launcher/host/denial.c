/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/denial.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/grow.h"

static void release(struct denial *d)
{
	free((char *) (uintptr_t) d->what);
	free((char *) (uintptr_t) d->real);
	free((char *) (uintptr_t) d->program);
}

void denials_release(struct denials *all)
{
	for (size_t i = 0; i < all->n; i++)
		release(&all->v[i]);
	free(all->v);
	*all = (struct denials) { 0 };
}

static bool is_same(const struct denial *a, const struct denial *b)
{
	if (a->is_bytecode || b->is_bytecode)
		return a->is_bytecode == b->is_bytecode && a->kind == b->kind && strcmp(a->program, b->program) == 0;
	return a->kind == b->kind && a->purpose == b->purpose && a->call == b->call && a->err == b->err && a->detail == b->detail
		&& strcmp(a->what, b->what) == 0 && strcmp(a->program, b->program) == 0;
}

static int append(struct denials *all, const struct denial *d)
{
	struct denial *grown = grow(all->v, all->n, sizeof(*grown));
	struct denial copy = *d;

	if (grown == NULL)
		return -ENOMEM;
	all->v = grown;
	copy.what = strdup(d->what);
	copy.real = d->real != NULL ? strdup(d->real) : NULL;
	copy.program = strdup(d->program);
	if (copy.what == NULL || copy.program == NULL || (d->real != NULL && copy.real == NULL)) {
		release(&copy);
		return -ENOMEM;
	}
	grown[all->n++] = copy;
	return 0;
}

int denials_add(struct denials *all, const struct denial *d, bool *fresh)
{
	*fresh = false;
	for (size_t i = 0; i < all->n; i++)
		if (is_same(&all->v[i], d)) {
			all->v[i].count += d->count;
			return 0;
		}
	if (all->n == DENIALS_MAX) {
		all->full = true;
		return 0;
	}
	*fresh = true;
	return append(all, d);
}
