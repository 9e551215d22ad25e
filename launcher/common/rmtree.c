/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fd_remove_tree(): takes away a tree that packages filled, and may be changing
 * still. It stands in one directory at a time and remembers the way up as
 * device and inode, so its cost is one descriptor whatever the depth.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#ifndef STATX_BASIC_STATS /* musl before 1.2.5; later its header and the kernel's both define struct statx */
#include <linux/stat.h>
#endif

#include "common/fd.h"
#include "common/path.h"

#define MAX_DEPTH   1000
#define MAX_REFILLS 100 /* how often a directory may turn out not to be empty after all */

/* A directory above the one we stand in, and the name by which we left it. */
struct level {
	dev_t dev;
	ino_t ino;
	char *name;
};

struct walk {
	struct level *levels;
	size_t depth;
	int fd; /* where we stand, O_RDONLY */
	dev_t dev;
	unsigned refills;
};

static void walk_release(struct walk *w)
{
	while (w->depth > 0)
		free(w->levels[--w->depth].name);
	free(w->levels);
	cleanup_fd_fn(&w->fd);
}

/* A bind mount of the same file system has the same st_dev; since Linux 5.8 statx(2) tells it apart. */
static int refuse_mount(int fd, dev_t dev)
{
	struct statx stx;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != dev)
		return -EXDEV;
#ifdef STATX_ATTR_MOUNT_ROOT
	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0 && (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
		return -EXDEV;
#endif
	return 0;
}

/*
 * A directory without rights for its owner would otherwise stay for ever. The link in /proc
 * stands for the very directory that is open: a name could be swapped for a link to another one before the chmod.
 */
static void make_accessible(int fd)
{
	char link[32];
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & S_IRWXU) == S_IRWXU)
		return;
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void) !chmod(link, (st.st_mode & 07777) | S_IRWXU); /* openat() reports what it did not mend */
}

/* Opens dirfd/name to stand in; -ENOTDIR if it is something else, a link included. */
static int open_directory(int dirfd, const char *name, dev_t dev)
{
	cleanup_fd int path = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd, r;

	if (path < 0)
		return -errno;
	r = refuse_mount(path, dev);
	if (r < 0)
		return r;
	make_accessible(path);
	fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int descend(struct walk *w, int fd, const char *name)
{
	cleanup_free char *copy = NULL;
	struct level *grown;
	struct stat st;

	if (w->depth >= MAX_DEPTH)
		return -ELOOP;
	if (fstat(w->fd, &st) < 0)
		return -errno;
	grown = reallocarray(w->levels, w->depth + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	w->levels = grown;
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	grown[w->depth++] = (struct level) { .dev = st.st_dev, .ino = st.st_ino, .name = take_ptr(&copy) };
	cleanup_fd_fn(&w->fd);
	w->fd = fd;
	return 0;
}

/* Back to the directory we came from, and to no other: somebody may have moved the one we stand in. */
static int ascend(struct walk *w)
{
	cleanup_fd int up = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level *level = &w->levels[w->depth - 1];
	struct stat st;

	if (up < 0 || fstat(up, &st) < 0)
		return -errno;
	if (st.st_dev != level->dev || st.st_ino != level->ino)
		return -ESTALE;
	if (unlinkat(up, level->name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		/* Not empty, so not yet: the next pass of its parent finds it again. */
		if ((errno != ENOTEMPTY && errno != EEXIST) || ++w->refills > MAX_REFILLS)
			return -errno;
	}
	free(level->name);
	w->depth--;
	cleanup_fd_fn(&w->fd);
	w->fd = take_fd(&up);
	return 0;
}

/* Removes an entry that is no directory, or goes into it: 1. */
static int remove_entry(struct walk *w, const char *name)
{
	cleanup_fd int fd = open_directory(w->fd, name, w->dev);
	int r;

	if (fd == -ENOTDIR || fd == -ELOOP)
		return unlinkat(w->fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = descend(w, fd, name);
	if (r < 0)
		return r;
	fd = -1;
	return 1;
}

/* Removes files until it meets a directory and stands in it (1), or none is left (0). */
static int clear_files(struct walk *w)
{
	int copy = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	cleanup_dir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		int err = errno;

		cleanup_fd_fn(&copy);
		return -err;
	}
	rewinddir(dir); /* the offset is shared with earlier passes */
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int r;

		if (!path_is_name(entry->d_name))
			continue;
		r = remove_entry(w, entry->d_name);
		if (r != 0)
			return r;
	}
	return -errno;
}

static int remove_directory(int dirfd, const char *name, int top)
{
	cleanup(walk_release) struct walk w = { .fd = top };
	struct stat st;

	if (fstat(top, &st) < 0)
		return -errno;
	w.dev = st.st_dev;
	for (;;) {
		int r = clear_files(&w);

		if (r == 0 && w.depth > 0)
			r = ascend(&w);
		else if (r == 0 && (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT))
			return 0;
		else if (r == 0 && ((errno != ENOTEMPTY && errno != EEXIST) || ++w.refills > MAX_REFILLS))
			return -errno;
		if (r < 0)
			return r;
	}
}

int fd_remove_tree(int dirfd, const char *name)
{
	struct stat above;
	int top;

	if (!path_is_name(name))
		return -EINVAL;
	if (fstatat(dirfd, "", &above, AT_EMPTY_PATH) < 0)
		return -errno;
	top = open_directory(dirfd, name, above.st_dev);
	if (top == -ENOENT)
		return 0;
	if (top == -ENOTDIR || top == -ELOOP)
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	return top < 0 ? top : remove_directory(dirfd, name, top);
}
