/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirread.h - the names in an open directory, where each start reads some: readdir(3) of a libc asks for the descriptor's kind and flags
 * first, and for memory, which are five system calls for each directory.
 */
#ifndef VB_DIRREAD_H
#define VB_DIRREAD_H

#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct dirread {
	int fd;    /* borrowed; O_RDONLY, at its beginning */
	size_t at, len;
	_Alignas(uint64_t) char names[2048]; /* as getdents64(2) fills it */
};

/*
 * 1: *name is another, never "." or "..", valid until the next call; *type is DT_DIR and so on, where the file system says, else DT_UNKNOWN.
 * 0: that was all. -errno. Begin with { .fd = fd }.
 */
int dirread_next(struct dirread *d, const char **name, unsigned char *type) must_check;

#endif
