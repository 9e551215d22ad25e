/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PIP_* and the like; home in a second part. */
#include "host/pipcmd.h"
#include "tests/fuzz/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv env = { 0 }, paths = { 0 }, files = { 0 };
	cleanup_free char *home = NULL;

	fuzz_words(&in, &env);
	home = fuzz_text(&in);
	must(pipcmd_paths_from_env(&env, "/cwd", &paths) == 0);
	fuzz_check_paths(&paths);
	must(pipcmd_certificates_from_env(&env, "/cwd", &paths) == 0);
	fuzz_check_paths(&paths);
	must(pipcmd_config_files(&env, home[0] == '/' ? home : NULL, &files) == 0);
	fuzz_check_paths(&files);
	return 0;
}
