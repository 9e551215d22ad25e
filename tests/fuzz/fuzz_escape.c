/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backslash escapes of the state files, which people edit in venvbox.conf. */
#include "common/escape.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf out = { 0 }, encoded = { 0 }, back = { 0 };
	int r = escape_decode(&out, (const char *) data, size);

	must(r == 0 || r == -EBADMSG);
	must(out.len <= size);
	if (r < 0 || out.len == 0)
		return 0;
	must(strlen(out.data) == out.len); /* no NUL gets in */
	escape_encode(&encoded, out.data, "");
	must(escape_decode(&back, encoded.data, encoded.len) == 0);
	must(strcmp(out.data, back.data) == 0);
	return 0;
}
