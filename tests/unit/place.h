/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scratch directory with a few files; include after cmocka.h. */
#ifndef VB_TEST_PLACE_H
#define VB_TEST_PLACE_H

#include <sys/stat.h>

#include "scratch.h"

struct place {
	char dir[32];
	int fd;
};

static inline int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL || scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static inline int teardown(void **state)
{
	struct place *p = *state;
	int r = scratch_remove(p->dir);

	(void) close(p->fd);
	free(p);
	return r;
}

static inline void put(const struct place *p, const char *name, const char *text)
{
	cleanup_fd int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static inline bool there(const struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void assert_content(const struct place *p, const char *name, const char *text)
{
	cleanup_buf struct buf got = { 0 };

	assert_int_equal(fd_read_file(p->fd, name, 1000, &got), 0);
	assert_string_equal(got.data, text);
}

static inline void make_maze(const struct place *p)
{
	assert_int_equal(mkdirat(p->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "a/b", 0755), 0);
	put(p, "a/b/f", "content");
	assert_int_equal(symlinkat("a", p->fd, "link"), 0);
	assert_int_equal(symlinkat("b", p->fd, "a/link"), 0);
	assert_int_equal(symlinkat("f", p->fd, "a/b/link"), 0);
}

#endif
