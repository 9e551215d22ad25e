/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths; base and path in a part each. */
#include "common/path.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *base_words = fuzz_text(&in), *path = fuzz_text(&in), *base = NULL, *clean = NULL, *again = NULL, *joined = NULL;
	const char *below;

	base = path_clean("/", base_words);
	clean = path_clean(base, path);
	again = path_clean("/", clean);
	must(base != NULL && clean != NULL && again != NULL);
	must(path_is_clean(base) && path_is_clean(clean) && strcmp(clean, again) == 0);
	must(!path_is_clean(path) || strcmp(clean, path) == 0);
	must(path_is_within(clean, clean) && path_is_within(clean, "/"));
	below = path_below(clean, base);
	if (below == NULL)
		return 0;
	joined = path_join(base, below);
	must(joined != NULL);
	free(again);
	again = path_clean("/", joined);
	must(strcmp(again, clean) == 0);
	return 0;
}
