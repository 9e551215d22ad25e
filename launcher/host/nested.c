/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/nested.h"

#include <string.h>

#include "common/fd.h"
#include "common/keyfile.h"
#include "common/names.h"
#include "common/path.h"

/*
 * Boxes can make as many repositories as they like, each is a mount at every start, and a file that is too long
 * would end all of them: what is beyond is left to the next install.
 */
#define FILE_LIMIT (256u * 1024)
#define MAX_LEARNED 64

/* Written by us alone; clean all the same, so that no line can lead out of the project, or name it. */
static int take_row(void *ctx, const char *key, const struct strv *fields)
{
	struct strv *known = ctx;

	if (strcmp(key, "nested") != 0 || fields->n != 1 || !path_is_clean_relative(fields->v[0]))
		return -EBADMSG;
	return strv_contains(known, fields->v[0]) ? 0 : strv_add(known, fields->v[0]);
}

int nested_known(int state_fd, const struct manifest *m, struct strv *known)
{
	cleanup_buf struct buf text = { 0 };
	unsigned line;
	int r = strv_add_all(known, &m->nested);

	if (r == 0)
		r = fd_read_file(state_fd, VB_NESTED, FILE_LIMIT, &text);
	if (r == 0)
		r = keyfile_parse(text.data ? text.data : "", text.len, take_row, known, &line);
	strv_sort(known); /* a directory comes before what is below it */
	return r == -ENOENT ? 0 : r;
}

/* What is remembered already, up to a line that is torn. */
static int read_learned(int state_fd, struct strv *learned)
{
	cleanup_buf struct buf text = { 0 };
	unsigned line;
	int r = fd_read_file(state_fd, VB_NESTED, FILE_LIMIT, &text);

	if (r == 0)
		r = keyfile_parse(text.data ? text.data : "", text.len, take_row, learned, &line);
	return r == -ENOENT || r == -EFBIG || r == -EBADMSG ? 0 : r;
}

/* but: what is in text already, or NULL. */
static void put_learned(const struct strv *names, const struct strv *but, size_t *n, struct buf *text)
{
	for (size_t i = 0; i < names->n && *n < MAX_LEARNED; i++) {
		cleanup_buf struct buf line = { 0 };

		if (but != NULL && strv_contains(but, names->v[i]))
			continue;
		keyfile_put1(&line, "nested", names->v[i]);
		text->failed |= line.failed;
		if (line.failed || text->len + line.len > FILE_LIMIT)
			continue;
		buf_add(text, line.data, line.len);
		++*n;
	}
}

int nested_learn(int state_fd, const struct strv *found)
{
	cleanup_strv struct strv learned = { 0 };
	cleanup_buf struct buf text = { 0 };
	size_t n = 0, before;
	int r = found->n > 0 ? read_learned(state_fd, &learned) : 0;

	if (r < 0 || found->n == 0)
		return r;
	put_learned(&learned, NULL, &n, &text);
	before = n;
	put_learned(found, &learned, &n, &text);
	if (text.failed)
		return -ENOMEM;
	/* Whole or not at all: a file with half a line would end every start. */
	return n == before ? 0 : fd_replace_file(state_fd, VB_NESTED, text.data, text.len, 0600);
}
