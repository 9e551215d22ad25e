/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/editable.h"

#include <string.h>

#include "common/fd.h"
#include "common/keyfile.h"
#include "common/names.h"
#include "common/path.h"

#define FILE_LIMIT (256u * 1024)
#define MAX_KEPT 64 /* each is a mount at every start */

static int take_row(void *ctx, const char *key, const struct strv *fields)
{
	struct strv *paths = ctx;

	if (strcmp(key, "editable") != 0 || fields->n != 1 || !path_is_clean(fields->v[0]))
		return -EBADMSG;
	return strv_contains(paths, fields->v[0]) ? 0 : strv_add(paths, fields->v[0]);
}

int editable_known(int state_fd, struct strv *paths)
{
	cleanup_buf struct buf text = { 0 };
	unsigned line;
	int r = fd_read_file(state_fd, VB_EDITABLE, FILE_LIMIT, &text);

	if (r == 0)
		r = keyfile_parse(text.data ? text.data : "", text.len, take_row, paths, &line);
	return r == -ENOENT ? 0 : r;
}

int editable_learn(int state_fd, const struct strv *paths, struct strv *fresh)
{
	cleanup_strv struct strv kept = { 0 };
	cleanup_buf struct buf text = { 0 };
	int r = editable_known(state_fd, &kept);

	for (size_t i = 0; r == 0 && i < paths->n && kept.n < MAX_KEPT; i++) {
		if (strv_contains(&kept, paths->v[i]))
			continue;
		r = strv_add(&kept, paths->v[i]);
		if (r == 0)
			r = strv_add(fresh, paths->v[i]);
	}
	if (r < 0 || fresh->n == 0)
		return r;
	for (size_t i = 0; i < kept.n; i++)
		keyfile_put1(&text, "editable", kept.v[i]);
	if (text.failed)
		return -ENOMEM;
	/* What could not be read again would end every start. */
	return text.len > FILE_LIMIT ? -EFBIG : fd_replace_file(state_fd, VB_EDITABLE, text.data, text.len, 0600);
}
