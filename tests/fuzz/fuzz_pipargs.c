/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words after "pip". */
#include "host/pipcmd.h"
#include "tests/fuzz/paths.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv words = { 0 }, paths = { 0 };

	fuzz_words(&in, &words);
	must(pipcmd_paths_from_args(strv_argv(&words), "/cwd", &paths) == 0);
	fuzz_check_paths(&paths);
	must(paths.n <= 2 * words.n); /* with extras and without */
	return 0;
}
