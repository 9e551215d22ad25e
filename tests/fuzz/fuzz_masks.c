/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal of masked names: by it files of the project are removed. Its parser is static, so its source is included. */
#include "host/mask.c"
#include "tests/fuzz/fuzz.h"

static void put(struct buf *out, const struct entry *e)
{
	char dev[24], ino[24];

	(void) snprintf(dev, sizeof(dev), "%" PRIu64, e->dev);
	(void) snprintf(ino, sizeof(ino), "%" PRIu64, e->ino);
	keyfile_put(out, "mask", (const char *const[]) { e->name, e->is_dir ? "dir" : "file", dev, ino }, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(journal_release) struct journal j = { .n = 0 }, back = { .n = 0 };
	cleanup_buf struct buf out = { 0 };
	unsigned line;

	(void) !keyfile_parse((const char *) data, size, journal_row, &j, &line);
	must(j.n <= 4 * MASKS_MAX);
	for (size_t i = 0; i < j.n; i++) {
		/* Nothing outside the root of the project is ever removed. */
		must(path_is_name(j.v[i].name));
		put(&out, &j.v[i]);
	}
	must(!out.failed);
	if (j.n == 0)
		return 0;
	must(keyfile_parse(out.data, out.len, journal_row, &back, &line) == 0);
	must(back.n == j.n);
	for (size_t i = 0; i < j.n; i++)
		must(strcmp(j.v[i].name, back.v[i].name) == 0 && j.v[i].is_dir == back.v[i].is_dir && j.v[i].dev == back.v[i].dev &&
		     j.v[i].ino == back.v[i].ino);
	return 0;
}
