/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a base interpreter says of itself, and on standard error. Static, so the source is included. */
#include "install/probe.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_probe struct probe p = { 0 };
	cleanup_buf struct buf said = { 0 }, err = { 0 };
	cleanup_free char *line = NULL, *part = NULL;
	struct failure f = { 0 };
	size_t len;
	int r;

	part = fuzz_take(&in, FUZZ_PART, &len);
	buf_add(&said, part, len);
	buf_add(&err, in.at, in.left);
	r = unpack(&said, &p);
	must(r == 0 || r == -EBADMSG);
	if (r == 0)
		must(part[len - 1] == '\0' && p.implementation != NULL && p.multiarch != NULL && p.mapped.n + 10 <= len);
	must(one_line(&said, &line) == 0);
	must(strchr(line, '\n') == NULL);
	must(line[0] == '\0' || line[strlen(line) - 1] != ' ');
	r = does_not_work("/usr/bin/python3", &err, &f);
	must(r < 0);
	fuzz_refused(r, &f);
	return 0;
}
