/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/statefile.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "common/fd.h"
#include "common/path.h"

#define LIMIT (16U << 20)

/* Where the directory lies now, as well as /proc knows; only people read it. */
static char *describe(int state_fd, const char *name)
{
	char link[32], dir[PATH_MAX];
	ssize_t len;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", state_fd);
	len = readlink(link, dir, sizeof(dir) - 1);
	if (len <= 0)
		return strdup(name);
	dir[len] = '\0';
	return path_join(dir, name);
}

static int check_owner(const struct stat *st, const char *path, struct failure *f)
{
	if (!S_ISREG(st->st_mode))
		return fail_msg(f, EPERM, "remove it and run venvbox-install again", "'%s' is not a plain file", path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return fail_msg(f, EPERM, "use the venv as the user who installed it, or make a venv of your own",
				"'%s' belongs to user %u, neither to you nor to root", path, (unsigned) st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void) fail_msg(f, EPERM, NULL, "'%s' is writable by others (mode %04o)", path, st->st_mode & 07777U);
		fail_hint(f, "make sure that it says what you want, then: chmod go-w '%s'", path);
		return -EPERM;
	}
	/* A second name may lie where a box can write. */
	if (st->st_nlink != 1)
		return fail_msg(f, EPERM, "replace it with a copy of itself: cp FILE NEW && mv NEW FILE",
				"'%s' has %lu hard links, so it could be changed under another name", path,
				(unsigned long) st->st_nlink);
	return 0;
}

int statefile_read(int state_fd, const char *name, struct buf *out, char **path, struct failure *f)
{
	cleanup_free char *where = describe(state_fd, name);
	cleanup_fd int fd = -1;
	struct stat st;
	int r;

	if (where == NULL)
		return -ENOMEM;
	fd = openat(state_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		*path = take_ptr(&where);
		return -ENOENT;
	}
	if (fd < 0 && errno == ELOOP)
		return fail_msg(f, ELOOP, "remove it and run venvbox-install again", "'%s' is a symbolic link", where);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno, "use the venv as the user who installed it, or make a venv of your own", "cannot open '%s'", where);
	r = check_owner(&st, where, f);
	if (r < 0)
		return r;
	r = fd_read_all(fd, LIMIT, out);
	if (r < 0)
		return fail_errno(f, -r, "run venvbox-install on this venv again", "cannot read '%s'", where);
	*path = take_ptr(&where);
	return 0;
}
