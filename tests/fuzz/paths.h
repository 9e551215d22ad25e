/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for every list of paths that pip's words give. */
#ifndef VB_FUZZ_PATHS_H
#define VB_FUZZ_PATHS_H

#include "common/path.h"
#include "host/pipopt.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_check_paths(const struct strv *paths)
{
	must(paths->n <= PIPOPT_PATHS_MAX);
	must(!fuzz_has_twice(paths));
	for (size_t i = 0; i < paths->n; i++)
		must(path_is_clean(paths->v[i]));
}

#endif
