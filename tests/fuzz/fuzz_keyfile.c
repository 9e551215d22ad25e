/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line format of the manifest and the journals. */
#include "common/keyfile.h"
#include "tests/fuzz/fuzz.h"

struct rows {
	struct strv words; /* key, number of fields, fields, of each row */
	struct buf text;
};

static int take(void *ctx, const char *key, const struct strv *fields)
{
	struct rows *rows = ctx;

	must(fields->n > 0);
	must(strv_add(&rows->words, key) == 0);
	must(strv_addf(&rows->words, "%zu", fields->n) == 0);
	must(strv_add_all(&rows->words, fields) == 0);
	keyfile_put(&rows->text, key, (const char *const *) fields->v, fields->n);
	return 0;
}

static void release(struct rows *rows)
{
	strv_release(&rows->words);
	buf_release(&rows->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(release) struct rows first = { 0 }, again = { 0 };
	unsigned line;
	int r = keyfile_parse((const char *) data, size, take, &first, &line);

	must(r == 0 || r == -EBADMSG);
	must(!first.text.failed);
	if (first.text.len == 0)
		return 0;
	must(keyfile_parse(first.text.data, first.text.len, take, &again, &line) == 0);
	must(fuzz_same_words(&first.words, &again.words));
	must(first.text.len == again.text.len && memcmp(first.text.data, again.text.data, first.text.len) == 0);
	return 0;
}
