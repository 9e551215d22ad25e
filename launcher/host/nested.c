/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/nested.h"

#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "common/keyfile.h"
#include "common/names.h"
#include "common/path.h"

#define FILE_LIMIT (256u * 1024)

/* Written by us alone; clean all the same, so that no line can lead out of the project. */
static int take_row(void *ctx, const char *key, const struct strv *fields)
{
	struct strv *known = ctx;
	cleanup_free char *absolute = NULL;

	if (strcmp(key, "nested") != 0 || fields->n != 1)
		return -EBADMSG;
	absolute = path_join("/", fields->v[0]);
	if (absolute == NULL)
		return -ENOMEM;
	if (!path_is_clean(absolute))
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

int nested_learn(int state_fd, const struct strv *found)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_fd int fd = -1;

	for (size_t i = 0; i < found->n; i++)
		keyfile_put1(&text, "nested", found->v[i]);
	if (text.failed)
		return -ENOMEM;
	if (text.len == 0)
		return 0;
	fd = openat(state_fd, VB_NESTED, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd_write_all(fd, text.data, text.len);
}
