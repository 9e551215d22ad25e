/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grow.h - room for one more in an array that grows one by one. Its room is what this function gave it: 16, or the next power of two, so nobody has
 * to remember it, and each start asks the allocator a few times for each list and not once for each item.
 */
#ifndef VB_GROW_H
#define VB_GROW_H

#include <stddef.h>
#include <stdlib.h>

/* v: NULL or what this function gave; n: how many are in it. NULL: out of memory, v is as it was. */
static inline void *grow(void *v, size_t n, size_t size)
{
	if (v != NULL && (n < 16 || (n & (n - 1)) != 0))
		return v;
	return reallocarray(v, n < 16 ? 16 : 2 * n, size);
}

#endif
