/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and values of variables, which may hold anything. */
#include "common/buf.h"
#include "host/secret.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *name = fuzz_take(&in, '=', NULL), *value = fuzz_text(&in);
	cleanup_buf struct buf with_key = { 0 };

	must(value[0] != '\0' || !secret_looks_like(name, value));
	/* A value that is one by its shape is one under any name, and with any words before it. */
	if (secret_looks_like("X", value)) {
		must(secret_looks_like(name, value));
		buf_puts(&with_key, "see ");
		buf_puts(&with_key, value);
		must(secret_looks_like("X", with_key.data));
	}
	buf_release(&with_key);
	buf_puts(&with_key, value);
	buf_puts(&with_key, " ghp_0123456789abcdefghijklmnopqrstuvwxyz");
	must(secret_looks_like(name, with_key.data));
	return 0;
}
