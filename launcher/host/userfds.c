/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/userfds.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "common/dirread.h"
#include "common/grow.h"
#include "common/names.h"
#include "common/path.h"
#include "host/ownid.h"

/* Not in every linux/magic.h. */
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif
#define MQUEUE_MAGIC 0x19800202

/* What looks like a plain file to stat(2) and is none. */
static const struct odd_fs {
	unsigned long magic;
	bool object; /* no file at all; the others are kernel settings, shown as files */
} odd_fs[] = {
	{ NSFS_MAGIC, true },          /* a namespace of the host: setns(2) */
	{ PID_FS_MAGIC, true },        /* a process of the host: pidfd_getfd(2), setns(2) */
	{ ANON_INODE_FS_MAGIC, true }, /* eventfd, epoll, signalfd ...: shared state of the host's programs */
	{ DMA_BUF_MAGIC, true },       /* memory of a device */
	{ MQUEUE_MAGIC, true },        /* a message queue of the host: IPC is not shared */
	{ PROC_SUPER_MAGIC, false },   /* what it shows depends on who opens it */
	{ SYSFS_MAGIC, false },
	{ CGROUP2_SUPER_MAGIC, false },
	{ CGROUP_SUPER_MAGIC, false },
	{ DEBUGFS_MAGIC, false },
	{ TRACEFS_MAGIC, false },
	{ SECURITYFS_MAGIC, false },
};

/* Character devices that hold nothing of the host's: numbers of Documentation/admin-guide/devices.txt. */
static const struct harmless_device {
	unsigned major, minor;
	const char *path;
} harmless_devices[] = {
	{ 1, 3, "/dev/null" },
	{ 1, 5, "/dev/zero" },
	{ 1, 7, "/dev/full" },
	{ 1, 8, "/dev/random" },
	{ 1, 9, "/dev/urandom" },
	{ 5, 0, "/dev/tty" },
};

int userfds_reserve(struct userfds *u)
{
	for (int fd = 0; fd <= 2; fd++) {
		int null;

		u->flags[fd] = fcntl(fd, F_GETFL);
		if (u->flags[fd] >= 0)
			continue;
		/* The lowest free number is this one: those below are taken. */
		null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			return -errno;
		u->was_closed[fd] = true;
		if (null != fd) {
			(void) close(null);
			return -EBADF;
		}
	}
	return 0;
}

/* --- what a descriptor is ------------------------------------------------------ */

struct candidate {
	const struct userfd *u;
	struct stat st;
	const struct odd_fs *odd;
	char path[PATH_MAX]; /* "" unless the file has a name by which it is reached */
};

static const struct odd_fs *find_odd_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(odd_fs) / sizeof(odd_fs[0]); i++)
		if ((unsigned long) fs.f_type == odd_fs[i].magic)
			return &odd_fs[i];
	return NULL;
}

/* Unlinked, anonymous, or of another mount namespace: readlink(2) gives a text, but no file is there, or not this one. */
static void find_path(struct candidate *c)
{
	char link[32];
	struct stat st;
	ssize_t n;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", c->u->fd);
	n = readlink(link, c->path, sizeof(c->path));
	if (n <= 0 || (size_t) n >= sizeof(c->path))
		n = 0;
	c->path[n] = '\0';
	if (!path_is_clean(c->path) || lstat(c->path, &st) < 0 || st.st_dev != c->st.st_dev || st.st_ino != c->st.st_ino)
		c->path[0] = '\0';
}

/* Of which we are a member, through the first group or another. */
static bool is_our_group(gid_t group)
{
	int n = getgroups(0, NULL);
	cleanup_free gid_t *groups = n > 0 ? calloc((size_t) n, sizeof(*groups)) : NULL;

	if (groups != NULL)
		n = getgroups(n, groups);
	for (int i = 0; groups != NULL && i < n; i++)
		if (groups[i] == group)
			return true;
	return group == getegid();
}

/*
 * PID 1 opens the file again with no capability of the host: what root reads only by CAP_DAC_OVERRIDE it
 * cannot. An access list may grant more than the mode says: then the relay does.
 */
static bool is_readable_inside(const struct candidate *c)
{
	char link[32];
	mode_t bit = S_IROTH;
	int fd;

	if (c->st.st_uid == own_euid())
		bit = S_IRUSR;
	else if (is_our_group(c->st.st_gid))
		bit = S_IRGRP;
	if ((c->st.st_mode & bit) == 0)
		return false;
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", c->u->fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	(void) close(fd);
	return true;
}

static bool is_writable_inside(const struct candidate *c, const struct strv *writable)
{
	return c->path[0] != '\0' && path_is_within_any(c->path, writable);
}

static const struct harmless_device *find_device(dev_t rdev)
{
	for (size_t i = 0; i < sizeof(harmless_devices) / sizeof(harmless_devices[0]); i++)
		if (major(rdev) == harmless_devices[i].major && minor(rdev) == harmless_devices[i].minor)
			return &harmless_devices[i];
	return NULL;
}

static bool is_harmless_device(const struct candidate *c)
{
	return find_device(c->st.st_rdev) != NULL || isatty(c->u->fd) == 1;
}

/* --- what becomes of it ---------------------------------------------------------- */

/* The same for all. */
struct rules {
	const struct strv *writable;
	int listen_fds;
	rlim_t limit; /* a number from there on was opened under another limit; inside none can be made of it, prlimit(1) */
};

static enum userfd_fate refused(const struct candidate *c)
{
	return c->u->fd <= 2 ? USERFD_NULL : USERFD_CLOSED;
}

/* design.md, law 6. One opened for both gives the box nothing that the caller did not. */
static enum userfd_fate plain_file_fate(const struct candidate *c, const struct strv *writable)
{
	int access = c->u->flags & O_ACCMODE;

	if (c->odd != NULL && (c->odd->object || (access != O_RDONLY && access != O_WRONLY)))
		return refused(c);
	switch (access) {
	case O_RDWR:
		return USERFD_PASS;
	case O_WRONLY:
		return is_writable_inside(c, writable) ? USERFD_PASS : USERFD_RELAY_OUT;
	case O_RDONLY:
		return c->odd == NULL && c->path[0] != '\0' && is_readable_inside(c) ? USERFD_REOPEN : USERFD_RELAY_IN;
	default: /* 3: for ioctl(2) only, open(2) */
		return refused(c);
	}
}

/*
 * A FIFO on the disk passes like a pipe, though fchmod(2) reaches its inode: relayed, it would block and end
 * differently, and there is no content in it to read back.
 */
static enum userfd_fate find_fate(const struct candidate *c, const struct rules *rules)
{
	int fd = c->u->fd;

	if ((c->u->flags & O_PATH) != 0 || (rlim_t) fd >= rules->limit)
		return refused(c);
	switch (c->st.st_mode & S_IFMT) {
	case S_IFIFO:
		return USERFD_PASS;
	case S_IFSOCK:
		return fd <= 2 || fd - 3 < rules->listen_fds ? USERFD_PASS : USERFD_CLOSED;
	case S_IFCHR:
		return is_harmless_device(c) ? USERFD_PASS : refused(c);
	case S_IFREG:
		return plain_file_fate(c, rules->writable);
	default: /* directories, block devices, kernel objects without a type */
		return refused(c);
	}
}

/* --- what that takes --------------------------------------------------------------- */

/* Is it one open file, as after 2>&1? kcmp(2) may be missing or forbidden: then what two of one file must have in common. */
static bool is_same_open_file(const struct userfd *a, const struct userfd *b)
{
	long r = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a->fd, b->fd);

	return r >= 0 ? r == 0 : a->flags == b->flags && a->offset == b->offset;
}

/*
 * Two pipes would lose the order of what is written to 1 and 2. Two opened for appending are one
 * stream as well: every write goes to the end.
 */
static bool shares_pipe(const struct userfd *a, const struct userfd *b)
{
	if (a->fate != b->fate || a->dev != b->dev || a->ino != b->ino)
		return false;
	if (a->fate == USERFD_RELAY_OUT && (a->flags & b->flags & O_APPEND) != 0)
		return true;
	return is_same_open_file(a, b);
}

static int make_pipe(struct userfds *all, size_t index)
{
	struct userfd *u = &all->v[index];
	bool out = u->fate == USERFD_RELAY_OUT;
	int ends[2];

	for (size_t i = 0; i < index; i++) {
		if (all->v[i].same_as == i && shares_pipe(&all->v[i], u)) {
			u->same_as = i;
			return 0;
		}
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	u->pipe_box = ends[out ? 1 : 0];
	u->pipe_host = ends[out ? 0 : 1];
	return fcntl(u->pipe_host, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_high(const char *path, int flags, int *high)
{
	cleanup_fd int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*high = fcntl(fd, F_DUPFD_CLOEXEC, VB_FREE_FD);
	return *high < 0 ? -errno : 0;
}

/* O_PATH: bwrap gets something to mount, not the caller's open file with its offset and rights. */
static int open_node(const struct userfd *u, int *node)
{
	char link[32];

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", u->fd);
	return open_high(link, O_PATH, node);
}

/* Through the caller's own descriptor root's box could change the host's node. */
static int provide_device(struct userfd *u, const struct stat *st)
{
	const struct harmless_device *device = find_device(st->st_rdev);

	if (device == NULL) {
		u->mode = st->st_mode & 07777;
		return open_node(u, &u->node_fd);
	}
	return own_euid() == 0 ? open_high(device->path, (u->flags & (O_ACCMODE | O_NONBLOCK | O_APPEND)) | O_NOCTTY, &u->own_fd) : 0;
}

static int provide(struct userfds *all, size_t index, const struct stat *st)
{
	struct userfd *u = &all->v[index];

	if (u->fate == USERFD_PASS && S_ISCHR(st->st_mode))
		return provide_device(u, st);
	if (u->fate == USERFD_REOPEN)
		return open_node(u, &u->bind_fd);
	if (u->fate == USERFD_RELAY_IN || u->fate == USERFD_RELAY_OUT)
		return make_pipe(all, index);
	return 0;
}

/* --- all of them --------------------------------------------------------------------- */

static int sort_one(struct userfds *all, int fd, const struct rules *rules)
{
	struct userfd u = { .fd = fd, .own_fd = -1, .node_fd = -1, .bind_fd = -1, .pipe_box = -1, .pipe_host = -1, .same_as = all->n };
	struct candidate c = { .u = &u };
	struct userfd *grown;

	u.flags = fd <= 2 ? all->flags[fd] : fcntl(fd, F_GETFL);
	if (u.flags < 0 || fstat(fd, &c.st) < 0)
		return -errno;
	u.dev = (uint64_t) c.st.st_dev;
	u.ino = (uint64_t) c.st.st_ino;
	if (S_ISREG(c.st.st_mode) && (u.flags & O_PATH) == 0) {
		u.offset = lseek(fd, 0, SEEK_CUR);
		c.odd = find_odd_fs(fd);
		find_path(&c);
	}
	u.fate = find_fate(&c, rules);
	grown = grow(all->v, all->n, sizeof(*all->v));
	if (grown == NULL)
		return -ENOMEM;
	all->v = grown;
	all->v[all->n++] = u;
	return provide(all, all->n - 1, &c.st);
}

/* 1: fd is the caller's. Descriptors of ours are all close-on-exec, those that survived our execve() cannot be. */
static int claim(const struct userfds *u, int fd)
{
	int flags;

	if (fd <= 2)
		return !u->was_closed[fd];
	flags = fcntl(fd, F_GETFD);
	if (flags < 0)
		return -errno;
	if ((flags & FD_CLOEXEC) != 0)
		return 0;
	return fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 1;
}

static int note(struct userfds *u, int fd)
{
	int *grown = grow(u->inherited, u->n_inherited, sizeof(*u->inherited));

	if (grown == NULL)
		return -ENOMEM;
	u->inherited = grown;
	u->inherited[u->n_inherited++] = fd;
	return 0;
}

int userfds_list(struct userfds *u, struct failure *f)
{
	static const char hint[] = "/proc must be mounted";
	cleanup_fd int list = openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirread dir = { .fd = list };
	unsigned char type;
	const char *name;
	int more;

	if (list < 0)
		return fail_errno(f, errno, hint, "cannot list the inherited descriptors");
	while ((more = dirread_next(&dir, &name, &type)) > 0) {
		int fd = atoi(name);
		int r = fd != list ? claim(u, fd) : 0;

		if (r == 1)
			r = note(u, fd);
		if (r < 0)
			return fail_errno(f, -r, NULL, "cannot prepare descriptor %d for the box", fd);
	}
	return more == 0 ? 0 : fail_errno(f, -more, hint, "cannot list the inherited descriptors");
}

bool userfds_take(struct userfds *u, int fd)
{
	for (size_t i = 0; fd > 2 && i < u->n_inherited; i++) {
		if (u->inherited[i] != fd)
			continue;
		u->inherited[i] = u->inherited[--u->n_inherited];
		return true;
	}
	return false;
}

int userfds_collect(struct userfds *u, const struct strv *writable, int listen_fds, struct failure *f)
{
	struct rules rules = { .writable = writable, .listen_fds = listen_fds, .limit = u->limit != 0 ? u->limit : RLIM_INFINITY };

	for (size_t i = 0; i < u->n_inherited; i++) {
		int r = sort_one(u, u->inherited[i], &rules);

		if (r < 0)
			return fail_errno(f, -r, NULL, "cannot prepare descriptor %d for the box", u->inherited[i]);
	}
	return 0;
}

int userfds_let_go(struct userfds *u)
{
	cleanup_fd int null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (size_t i = 0; i < u->n; i++) {
		struct userfd *one = &u->v[i];

		/* The reading end tells how much was not consumed. */
		if (one->fate == USERFD_RELAY_OUT)
			close_fd(&one->pipe_box);
		if (one->fate != USERFD_PASS || one->fd == 2)
			continue;
		if (one->fd > 2)
			(void) close(one->fd);
		else if (dup3(null, one->fd, O_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

void userfds_restore(const struct userfds *u)
{
	for (size_t i = 0; i < u->n; i++) {
		char link[32];
		struct stat st;

		if (u->v[i].node_fd < 0 || fstat(u->v[i].node_fd, &st) < 0 || (st.st_mode & 07777) == u->v[i].mode)
			continue;
		/* fchmod(2) takes no O_PATH. A terminal that is gone has no mode. */
		(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", u->v[i].node_fd);
		(void) !chmod(link, u->v[i].mode);
	}
}

void userfds_release(struct userfds *u)
{
	for (size_t i = 0; i < u->n; i++) {
		close_fd(&u->v[i].own_fd);
		close_fd(&u->v[i].node_fd);
		close_fd(&u->v[i].bind_fd);
		close_fd(&u->v[i].pipe_box);
		close_fd(&u->v[i].pipe_host);
	}
	free(u->v);
	free(u->inherited);
	*u = (struct userfds) { 0 };
}
