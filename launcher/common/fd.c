/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "common/path.h"

/* Since Linux 6.3; where vm.memfd_noexec is 2, memfd_create(2) fails without it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* The same number on every architecture; headers before Linux 5.9 lack it. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* openat2(2), which <linux/openat2.h> of Linux 5.6 has. */
struct how {
	uint64_t flags, mode, resolve;
};
#define HOW_NO_SYMLINKS 0x04 /* RESOLVE_NO_SYMLINKS: nor those of /proc */

/* short_end: size bytes and a short read are the end. */
static int read_to_end(int fd, bool short_end, size_t size, size_t limit, struct buf *out)
{
	size_t before = out->len, total = 0;
	char chunk[TEXT_ROOM];

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));
		int err = got < 0 ? errno : 0;

		if (err == EINTR)
			continue;
		if (err == 0 && (size_t) got > limit - total)
			err = EFBIG;
		if (err != 0) {
			if (out->data != NULL && !out->failed)
				out->data[out->len = before] = '\0';
			return -err;
		}
		if (got == 0)
			break;
		total += (size_t) got;
		buf_add(out, chunk, (size_t) got);
		if (short_end && (size_t) got < sizeof(chunk) && total >= size)
			break;
	}
	return out->failed ? -ENOMEM : 0;
}

int fd_read_all(int fd, size_t limit, struct buf *out)
{
	return read_to_end(fd, false, 0, limit, out);
}

int fd_read_plain(int fd, size_t size, size_t limit, struct buf *out)
{
	return read_to_end(fd, true, size, limit, out);
}

int fd_read_file(int dirfd, const char *path, size_t limit, struct buf *out)
{
	/* O_NONBLOCK: a FIFO put in the place of a file must not hold us. */
	cleanup_fd int fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_read_all(fd, limit, out);
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t done = write(fd, p, len);
		int err = done < 0 ? errno : 0;

		if (err == EAGAIN) {
			/* The caller's pipe may be non-blocking: that flag is shared with whoever set it. */
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			err = poll(&wait, 1, -1) < 0 ? errno : 0;
		}
		if (err != 0 && err != EINTR)
			return -err;
		if (done > 0) {
			p += done;
			len -= (size_t) done;
		}
	}
	return 0;
}

int fd_copy(int from, int to)
{
	char chunk[65536];

	for (;;) {
		ssize_t got = read(from, chunk, sizeof(chunk));
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		r = fd_write_all(to, chunk, (size_t) got);
		if (r < 0)
			return r;
	}
}

int fd_create_temporary(int dirfd, char name[static FD_TEMPORARY])
{
	for (int tries = 0; tries < 100; tries++) {
		uint64_t random;
		int fd;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
			return -EIO;
		(void) snprintf(name, FD_TEMPORARY, ".vb-%016llx", (unsigned long long) random);
		fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* fchmod(), because open() takes the umask away from the mode. */
static int fill_file(int fd, const void *data, size_t len, mode_t mode)
{
	int r = fd_write_all(fd, data, len);

	if (r < 0)
		return r;
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int fd_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
	cleanup_fd int fd = -1;
	char temporary[FD_TEMPORARY];
	int r;

	if (!path_is_name(name))
		return -EINVAL;
	fd = fd_create_temporary(dirfd, temporary);
	if (fd < 0)
		return fd;
	r = fill_file(fd, data, len, mode);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void) unlinkat(dirfd, temporary, 0);
		return r;
	}
	/* The new name outlives a power cut only if the directory does; an O_PATH descriptor cannot say so. */
	if (fsync(dirfd) < 0 && errno != EBADF && errno != EINVAL)
		return -errno;
	return 0;
}

static int make_memfd(const char *name, unsigned flags, const void *data, size_t len)
{
	cleanup_fd int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, len);
	if (r < 0)
		return r;
	return len > 0 && lseek(fd, 0, SEEK_SET) < 0 ? -errno : take_fd(&fd);
}

int fd_memfd(const char *name, const void *data, size_t len)
{
	cleanup_fd int fd = make_memfd(name, MFD_CLOEXEC | MFD_ALLOW_SEALING, data, len);

	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return take_fd(&fd);
}

int fd_memfd_to_hand_on(const char *name, const void *data, size_t len)
{
	return make_memfd(name, 0, data, len);
}

static bool is_link(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* One component. O_PATH | O_NOFOLLOW opens a link itself, and with O_DIRECTORY says ENOTDIR: open(2). */
static int open_component(int dirfd, const char *name, int flags)
{
	cleanup_fd int fd = openat(dirfd, name, flags | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return errno == ENOTDIR && is_link(dirfd, name) ? -ELOOP : -errno;
	if ((flags & O_PATH) == 0)
		return take_fd(&fd);
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? -ELOOP : take_fd(&fd);
}

/* The next component, a name; *rest is what follows it, NULL after the last. */
static int next_component(const char **rest, char name[NAME_MAX + 1])
{
	size_t len = strcspn(*rest, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, *rest, len);
	name[len] = '\0';
	*rest = (*rest)[len] == '\0' ? NULL : *rest + len + 1;
	return path_is_name(name) ? 0 : -EINVAL;
}

static int check_components(const char *relative)
{
	char name[NAME_MAX + 1];
	int r = 0;

	while (r == 0 && relative != NULL)
		r = next_component(&relative, name);
	return r;
}

static int walk(int dirfd, const char *relative, int flags)
{
	cleanup_fd int above = -1;

	for (;;) {
		char name[NAME_MAX + 1];
		int r = next_component(&relative, name);
		int fd = r < 0 ? r : open_component(above >= 0 ? above : dirfd, name, relative == NULL ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || relative == NULL)
			return fd;
		cleanup_fd_fn(&above);
		above = fd;
	}
}

/* Not with O_NOFOLLOW: with O_PATH it would open a link at the end, openat2(2). */
static int open_at_once(int dirfd, const char *path, int flags)
{
	const struct how how = { .flags = (uint64_t) (flags & ~O_NOFOLLOW), .resolve = HOW_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int) fd;
}

/* May the walk know better? ENOSYS: Linux before 5.6; EPERM: a sandbox around us. */
static bool is_no_answer(int fd)
{
	return fd == -ENOSYS || fd == -EPERM;
}

/* A file that is created needs a mode, and a new name is not what "open" promises here. */
static int check_flags(int *flags)
{
	if ((*flags & O_CREAT) != 0 || (*flags & O_TMPFILE) == O_TMPFILE)
		return -EINVAL;
	if ((*flags & ~O_CLOEXEC) == 0)
		*flags |= O_PATH;
	return 0;
}

int fd_open_nofollow_to_hand_on(const char *path, int flags)
{
	cleanup_fd int root = -1;
	int r = check_flags(&flags);
	int fd;

	if (r < 0)
		return r;
	if (path[0] != '/')
		return -EINVAL;
	if (path[1] == '\0') {
		fd = openat(AT_FDCWD, path, flags);
		return fd < 0 ? -errno : fd;
	}
	r = check_components(path + 1);
	if (r < 0)
		return r;
	fd = open_at_once(AT_FDCWD, path, flags);
	if (!is_no_answer(fd))
		return fd;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : walk(root, path + 1, flags);
}

int fd_open_below_to_hand_on(int dirfd, const char *relative, int flags)
{
	int r = check_flags(&flags);
	int fd;

	if (r == 0)
		r = check_components(relative);
	if (r < 0)
		return r;
	fd = open_at_once(dirfd, relative, flags);
	return is_no_answer(fd) ? walk(dirfd, relative, flags) : fd;
}

int fd_open_nofollow(const char *path, int flags)
{
	return fd_open_nofollow_to_hand_on(path, flags | O_CLOEXEC);
}

int fd_open_below(int dirfd, const char *relative, int flags)
{
	return fd_open_below_to_hand_on(dirfd, relative, flags | O_CLOEXEC);
}

/*
 * Linux before 5.9: every number that can be in use, FDSize of /proc/self/status (proc(5)). Not /proc/self/fd: in root's
 * box that of PID 1 is covered. Not RLIMIT_NOFILE: a limit may be lower than what is open.
 */
static int close_each(int first)
{
	cleanup_buf struct buf status = { 0 };
	const char *line;
	int r = fd_read_file(AT_FDCWD, "/proc/self/status", 65536, &status);
	long size;

	if (r < 0)
		return r;
	line = status.len > 0 ? strstr(status.data, "\nFDSize:") : NULL;
	size = line != NULL ? strtol(line + sizeof("\nFDSize:") - 1, NULL, 10) : 0;
	if (size <= 0)
		return -EPROTO;
	for (int fd = first; fd < size; fd++)
		(void) close(fd);
	return 0;
}

int fd_close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned) first, ~0U, 0U) == 0)
		return 0;
	return close_each(first);
}

void file_id_from_stat(const struct stat *st, struct file_id *id)
{
	*id = (struct file_id) {
		.size = (uint64_t) st->st_size,
		/* Unsigned, for it may wrap: a file's date can be any. */
		.mtime_ns = (int64_t) ((uint64_t) st->st_mtim.tv_sec * 1000000000U + (uint64_t) st->st_mtim.tv_nsec),
	};
}

bool file_id_same(const struct file_id *a, const struct file_id *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns;
}
