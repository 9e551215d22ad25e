/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/linkset.h"

#include <stdint.h>

struct linkset_row {
	uint64_t ino;
	uint64_t bytes; /* on disk */
	uint32_t links;
	uint32_t seen;
	unsigned part; /* of the first; 0: the row is free */
	bool mixed;
};

void linkset_release(struct linkset *s)
{
	free(s->rows);
	*s = (struct linkset) { 0 };
}

/* The row of this inode, or the free one where it belongs. room is a power of two, and never full. */
static struct linkset_row *find(const struct linkset *s, uint64_t ino)
{
	size_t at = (size_t) ((ino * 0x9e3779b97f4a7c15U) >> 20);

	for (;; at++) {
		struct linkset_row *row = &s->rows[at & (s->room - 1)];

		if (row->part == 0 || row->ino == ino)
			return row;
	}
}

static int grow(struct linkset *s)
{
	struct linkset wider = { .room = s->room > 0 ? s->room * 2 : 256, .n = s->n };

	wider.rows = calloc(wider.room, sizeof(*wider.rows));
	if (wider.rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->room; i++)
		if (s->rows[i].part != 0)
			*find(&wider, s->rows[i].ino) = s->rows[i];
	free(s->rows);
	*s = wider;
	return 0;
}

int linkset_see(struct linkset *s, const struct stat *st, unsigned part, size_t limit)
{
	struct linkset_row *row;
	int r = s->n * 2 >= s->room ? grow(s) : 0;

	if (r < 0)
		return r;
	row = find(s, st->st_ino);
	if (row->part == 0) {
		if (s->n >= limit)
			return -E2BIG;
		s->n++;
		*row = (struct linkset_row) { .ino = st->st_ino, .bytes = (uint64_t) st->st_blocks * 512, .part = part,
					      .links = (uint32_t) st->st_nlink };
	}
	row->mixed |= row->part != part;
	row->seen++;
	return 0;
}

static bool leaves(const struct linkset_row *row)
{
	return row->part != 0 && (row->mixed || row->seen < row->links);
}

bool linkset_leaves(const struct linkset *s, const struct stat *st)
{
	return s->room > 0 && leaves(find(s, st->st_ino));
}

bool linkset_any_leaves(const struct linkset *s, unsigned long long *bytes)
{
	bool any = false;

	*bytes = 0;
	for (size_t i = 0; i < s->room; i++) {
		if (!leaves(&s->rows[i]))
			continue;
		any = true;
		*bytes += s->rows[i].bytes * s->rows[i].seen;
	}
	return any;
}
