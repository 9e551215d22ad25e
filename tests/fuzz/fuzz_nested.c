/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of nested repositories: each row is a mount. Its parser is static, so its source is included. */
#include "host/nested.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_strv struct strv known = { 0 }, back = { 0 };
	cleanup_buf struct buf text = { 0 };
	size_t n = 0;
	unsigned line;
	int r = keyfile_parse((const char *) data, size, take_row, &known, &line);

	must(r == 0 || r == -EBADMSG);
	must(!fuzz_has_twice(&known));
	for (size_t i = 0; i < known.n; i++) {
		cleanup_free char *inside = path_clean("/project", known.v[i]);

		must(inside != NULL && path_is_within(inside, "/project") && strcmp(inside, "/project") != 0);
	}
	put_learned(&known, NULL, &n, &text);
	must(n <= MAX_LEARNED && n <= known.n && text.len <= FILE_LIMIT && !text.failed);
	if (n == 0)
		return 0;
	must(keyfile_parse(text.data, text.len, take_row, &back, &line) == 0);
	must(back.n == n);
	for (size_t i = 0; i < n; i++)
		must(strv_contains(&known, back.v[i]));
	return 0;
}
