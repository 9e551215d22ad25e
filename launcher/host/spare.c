/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/spare.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/dirread.h"
#include "common/names.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

int spare_open(int state_fd)
{
	return openat(state_fd, VB_SPARE, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* What searches the disk for repositories finds none here. */
static const char *name_here(const char *name)
{
	return *name == '.' ? name + 1 : name;
}

static int move(int from, const char *name, int to, const char *other)
{
	return syscall(SYS_renameat2, from, name, to, other, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* 1: a directory with nothing in it; *st: which. 0: not so. -errno: nobody can tell. */
static int is_empty_dir(int dirfd, const char *name, struct stat *st)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirread dir = { .fd = fd };
	unsigned char type;
	const char *first;
	int r;

	if (fd < 0)
		return errno == ENOTDIR || errno == ENOENT || errno == ELOOP ? 0 : -errno;
	r = dirread_next(&dir, &first, &type);
	if (r != 0)
		return r > 0 ? 0 : r;
	return fstat(fd, st) < 0 ? -errno : 1;
}

/* The same for a file, which has no other name either. */
static int is_empty_file(int dirfd, const char *name, struct stat *st)
{
	if (fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st->st_mode) && st->st_size == 0 && st->st_nlink == 1;
}

static int is_empty(int dirfd, const char *name, bool is_dir, struct stat *st)
{
	return is_dir ? is_empty_dir(dirfd, name, st) : is_empty_file(dirfd, name, st);
}

bool spare_take(int spare_fd, int project_fd, const char *name, bool is_dir, struct stat *st)
{
	return spare_fd >= 0 && is_empty(spare_fd, name_here(name), is_dir, st) == 1 && move(spare_fd, name_here(name), project_fd, name) == 0;
}

/* rename(2), unlike rmdir(2), does not ask whether a directory is empty, nor does unlink(2) ask a file: looked at again afterwards, it goes back to where somebody filled it. */
int spare_keep(int state_fd, int project_fd, const char *name, bool is_dir, const struct stat *made)
{
	cleanup_fd int spare = spare_open(state_fd);
	struct stat st;
	int empty;

	/* Of a venv that was boxed before there were any. */
	if (spare < 0 && errno == ENOENT && mkdirat(state_fd, VB_SPARE, 0700) == 0)
		spare = spare_open(state_fd);
	if (spare < 0 || is_empty(project_fd, name, is_dir, &st) != 1 || move(project_fd, name, spare, name_here(name)) < 0)
		return 0;
	empty = is_empty(spare, name_here(name), is_dir, &st);
	if (empty == 1 && (made == NULL || (st.st_dev == made->st_dev && st.st_ino == made->st_ino)))
		return 1;
	if (move(spare, name_here(name), project_fd, name) < 0)
		return -EBUSY;
	return empty < 0 ? empty : 1;
}
