/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SANDBOX_SECCOMP_ALLOW, and the words of the helper that failed; a part each. Static, so the source is included. */
#include "host/callfilter.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *allow = fuzz_text(&in), *words = fuzz_text(&in);
	cleanup_strv struct strv argv = { 0 };
	struct failure f = { 0 };
	int r = helper_argv("/libexec", allow, &argv, &f);

	fuzz_refused(r, &f);
	must(argv.n >= 1 && strcmp(argv.v[0], "/libexec/" VB_FILTER_HELPER) == 0);
	for (size_t i = 1; i < argv.n; i++)
		must(argv.v[i][0] != '\0' && argv.v[i][0] != '-' && strpbrk(argv.v[i], " \t\n,") == NULL);
	r = helper_failed(words, &f);
	must(r < 0 && (f.hint == NULL || strchr(f.hint, '\n') == NULL) && strchr(f.what, '\n') == NULL);
	failure_release(&f);
	return 0;
}
