/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/statefile.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>

#include "common/fd.h"
#include "common/path.h"

#define LIMIT (16U << 20)

char *statefile_path(int state_fd, const char *name)
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
	/* AT_EUID without a call: whom we were executed for. Who has become another since was root. */
	if (st->st_uid != 0 && st->st_uid != getauxval(AT_EUID) && st->st_uid != geteuid())
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

static int read_file(int state_fd, const char *name, struct buf *out, const char *path, struct failure *f)
{
	cleanup_fd int fd = openat(state_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return fail_msg(f, ELOOP, "remove it and run venvbox-install again", "'%s' is a symbolic link", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno, "use the venv as the user who installed it, or make a venv of your own", "cannot open '%s'", path);
	r = check_owner(&st, path, f);
	if (r < 0)
		return r;
	r = fd_read_plain(fd, (size_t) st.st_size, LIMIT, out);
	return r < 0 ? fail_errno(f, -r, "run venvbox-install on this venv again", "cannot read '%s'", path) : 0;
}

int statefile_read(int state_fd, const char *name, struct buf *out, struct failure *f)
{
	int r = read_file(state_fd, name, out, "", NULL);
	cleanup_free char *path = NULL;

	if (r == 0 || r == -ENOENT)
		return r;
	/* Again, with words; most never need the path. */
	path = statefile_path(state_fd, name);
	return path != NULL ? read_file(state_fd, name, out, path, f) : -ENOMEM;
}
