/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A requirements or constraints file. */
#include "host/pipcmd.h"
#include "tests/fuzz/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_strv struct strv paths = { 0 }, nested = { 0 };

	must(pipcmd_paths_from_requirements((const char *) data, size, "/dir", &paths, &nested) == 0);
	fuzz_check_paths(&paths);
	fuzz_check_paths(&nested);
	/* The caller looks at all of the one, and reads those of the other. */
	for (size_t i = 0; i < nested.n; i++)
		must(paths.n == PIPOPT_PATHS_MAX || strv_contains(&paths, nested.v[i]));
	return 0;
}
