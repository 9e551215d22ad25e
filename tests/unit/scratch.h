/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of a test's own below /tmp. */
#ifndef VB_TEST_SCRATCH_H
#define VB_TEST_SCRATCH_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/path.h"

#define SCRATCH "/tmp/vb-unit-XXXXXX"

/* dir: an array that holds SCRATCH. 0 or -1. */
static inline int scratch_make(char *dir)
{
	memcpy(dir, SCRATCH, sizeof(SCRATCH));
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static inline int scratch_remove(const char *dir)
{
	cleanup_fd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd_remove_tree(tmp, path_base(dir));
}

#endif
