/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cleanup.h - ownership made visible: what is declared cleanup_* is released
 * when it leaves scope, unless take_*() has moved it on.
 *
 * Pointers start NULL, descriptors -1.
 */
#ifndef VB_CLEANUP_H
#define VB_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

static inline void cleanup_free_fn(void *p)
{
	free(*(void **) p);
}

static inline void cleanup_fd_fn(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void) close(*fd);
	errno = saved;
}

/* The same for one that lives on: -1 from then. */
static inline void close_fd(int *fd)
{
	cleanup_fd_fn(fd);
	*fd = -1;
}

static inline void cleanup_dir_fn(DIR **dir)
{
	if (*dir != NULL)
		(void) closedir(*dir);
}

static inline void cleanup_file_fn(FILE **file)
{
	if (*file != NULL)
		(void) fclose(*file);
}

#define cleanup(fn)  __attribute__((cleanup(fn)))
#define cleanup_free cleanup(cleanup_free_fn)
#define cleanup_fd   cleanup(cleanup_fd_fn)
#define cleanup_dir  cleanup(cleanup_dir_fn)
#define cleanup_file cleanup(cleanup_file_fn)

/* Moves ownership out of *p. */
static inline void *take_ptr_fn(void *p)
{
	void *taken = *(void **) p;

	*(void **) p = NULL;
	return taken;
}

#define take_ptr(p) ((__typeof__(*(p))) take_ptr_fn(p))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
