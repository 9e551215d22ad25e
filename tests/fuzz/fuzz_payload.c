/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* argv and environment, as the child of PID 1 gets them. */
#include "common/wire.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_strv struct strv argv = { 0 }, env = { 0 };
	cleanup_buf struct buf out = { 0 };
	int r = payload_unpack(data, size, &argv, &env);

	must(r == 0 || r == -EBADMSG);
	if (r < 0) {
		must(argv.n == 0 && env.n == 0);
		return 0;
	}
	must(argv.n > 0);
	must(payload_pack(&argv, &env, &out) == 0);
	must(out.len == size && memcmp(out.data, data, size) == 0);
	return 0;
}
