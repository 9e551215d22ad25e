/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory as the root of a process, as in a box: in namespaces of its own. */
#ifndef VB_TEST_BOXROOT_H
#define VB_TEST_BOXROOT_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

static inline void boxroot_map_to_root(uid_t uid)
{
	cleanup_fd int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	char map[64];

	(void) snprintf(map, sizeof(map), "0 %u 1", uid);
	(void) !write(fd, map, strlen(map));
}

/* read_only: a directory below it, by its path outside. 0, or which step failed. */
static inline int boxroot_enter(const char *root, const char *read_only)
{
	uid_t uid = geteuid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 1;
	boxroot_map_to_root(uid);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount(root, root, NULL, MS_BIND, NULL) < 0)
		return 2;
	if (mount(read_only, read_only, NULL, MS_BIND, NULL) < 0 || mount(NULL, read_only, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return 3;
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return 4;
	return 0;
}

#endif
