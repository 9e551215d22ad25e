/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits.h - the words of the policy's section [limits]: numbers with a unit.
 */
#ifndef VB_LIMITS_H
#define VB_LIMITS_H

#include <stdint.h>

#include "common/buf.h"

enum limit {
	LIMIT_PROCESSES,
	LIMIT_MEMORY,
	LIMIT_CPU,
	LIMIT_FILES,
	LIMIT_FILE_SIZE,
	LIMIT_TMP,
	LIMITS,
};

enum limit_unit {
	UNIT_COUNT,   /* 1000 */
	UNIT_BYTES,   /* 512M: K, M, G, T are powers of 1024 */
	UNIT_SECONDS, /* 90, 10m, 2h, 1d; s may stand */
};

#define LIMIT_DEFAULT 0        /* not set: what the program decides; no limit may be 0 */
#define LIMIT_NONE    UINT64_MAX /* "none": what the caller has */
#define LIMIT_MAX     ((uint64_t) INT64_MAX) /* above it the kernel's types end */

/* "default", "none", or a number with its suffix. -EINVAL: it is none of these, -ERANGE: 0 or above LIMIT_MAX. */
int limit_parse(const char *text, enum limit_unit unit, uint64_t *value) must_check;

/* The shortest text that limit_parse() reads back to value. */
void limit_put(struct buf *out, enum limit_unit unit, uint64_t value);

#endif
