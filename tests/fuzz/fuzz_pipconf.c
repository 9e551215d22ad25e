/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pip.conf. */
#include "host/pipcmd.h"
#include "tests/fuzz/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_strv struct strv paths = { 0 };

	must(pipcmd_paths_from_conf((const char *) data, size, "/cwd", &paths) == 0);
	fuzz_check_paths(&paths);
	return 0;
}
