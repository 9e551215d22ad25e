/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* callerfds.h - plays a caller who left descriptors open. */
#ifndef VB_TEST_CALLERFDS_H
#define VB_TEST_CALLERFDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include "host/userfds.h"

#include "tests/unit/scratch.h"

#include <cmocka.h>

#define HIGH 30 /* a number from 3 up */

/* inside: what the box may write; outside: what it may not. */
struct scene {
	char dir[sizeof(SCRATCH)];
	struct strv writable;
	struct userfds u;
	int saved_stdin;
};

static inline int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	cleanup_free char *inside = NULL;

	if (s == NULL || scratch_make(s->dir) < 0 || chdir(s->dir) < 0 || mkdir("inside", 0700) < 0)
		return -1;
	inside = path_join(s->dir, "inside");
	s->saved_stdin = fcntl(0, F_DUPFD_CLOEXEC, 100);
	*state = s;
	return strv_add(&s->writable, inside);
}

static inline int tear_down(void **state)
{
	struct scene *s = *state;
	int r;

	(void) dup2(s->saved_stdin, 0);
	(void) close(s->saved_stdin);
	(void) close(HIGH);
	(void) close(HIGH + 1);
	userfds_release(&s->u);
	strv_release(&s->writable);
	r = chdir("/") < 0 ? -1 : scratch_remove(s->dir);
	free(s);
	return r;
}

/* Gives fd this number, inheritable as a caller's is. */
static inline void place(int fd, int number)
{
	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, number), number);
	if (fd != number)
		(void) close(fd);
}

static inline const struct userfd *find(const struct userfds *u, int fd)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].fd == fd)
			return &u->v[i];
	return NULL;
}

static inline const struct userfd *collect(struct scene *s, int fd, int listen_fds)
{
	struct failure f = { 0 };
	const struct userfd *u;

	userfds_release(&s->u);
	/* Taken by an earlier collection. */
	assert_true(fcntl(fd, F_SETFD, 0) == 0);
	assert_int_equal(userfds_reserve(&s->u), 0);
	assert_int_equal(userfds_list(&s->u, &f), 0);
	assert_int_equal(userfds_collect(&s->u, &s->writable, listen_fds, &f), 0);
	u = find(&s->u, fd);
	assert_non_null(u);
	return u;
}

static inline int open_new(const char *name, int flags)
{
	cleanup_fd int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "text\n", 5), 5);
	return open(name, flags);
}

#endif
