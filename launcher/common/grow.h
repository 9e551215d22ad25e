/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grow.h - room for one more in an array that grows one by one. Its room is what these functions gave it: the least, or the next power of two, so
 * nobody has to remember it, and each start asks the allocator a few times for each list and not once for each item.
 */
#ifndef VB_GROW_H
#define VB_GROW_H

#include <stddef.h>
#include <stdlib.h>

/* v: NULL or what this function gave; n: how many are in it; least: a power of two. NULL: out of memory, v is as it was. */
static inline void *grow_from(size_t least, void *v, size_t n, size_t size)
{
	if (v != NULL && (n < least || (n & (n - 1)) != 0))
		return v;
	return reallocarray(v, n < least ? least : 2 * n, size);
}

static inline void *grow(void *v, size_t n, size_t size)
{
	return grow_from(16, v, n, size);
}

#endif
