/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fd.h - descriptors: reading and writing whole files, opening without being
 * led astray by symbolic links.
 *
 * Every descriptor made here is O_CLOEXEC, but where it is said. Functions return a descriptor or 0,
 * or -errno.
 */
#ifndef VB_FD_H
#define VB_FD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* Of an errno: what was looked for is not there, or not for this user. Whatever else the kernel says tells nothing of it. */
static inline bool fd_is_missing(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EACCES || err == ELOOP;
}

/* Each start reads a few texts, which fit: BUF_ON() an array of so many bytes, memory that nobody has to ask the kernel for. */
#define TEXT_ROOM 16384

/* Reads to the end of the file into out (appended). -EFBIG beyond limit bytes. */
int fd_read_all(int fd, size_t limit, struct buf *out) must_check;
/* The same of a plain file. A read that comes short of what was asked, but to size bytes (as fstat(2) had it, or 0), is taken for the last. */
int fd_read_plain(int fd, size_t size, size_t limit, struct buf *out) must_check;
int fd_read_file(int dirfd, const char *path, size_t limit, struct buf *out) must_check;

/* Writes all of it, also to a pipe and when interrupted. */
int fd_write_all(int fd, const void *data, size_t len) must_check;

/* What is left of from, to the end, is written to to. */
int fd_copy(int from, int to) must_check;

/* A new file of mode 0600 in dirfd with a name of its own, which begins with ".vb-". The caller renames or removes it. */
#define FD_TEMPORARY 32
int fd_create_temporary(int dirfd, char name[static FD_TEMPORARY]) must_check;

/*
 * Replaces dirfd/name: writes a temporary file beside it (O_EXCL, never
 * through a link), fsyncs, renames over. Any reader sees the old or the new
 * file, whole. name has no slash.
 */
int fd_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode) must_check;

/* An anonymous file with this content, at offset 0, sealed against change. */
int fd_memfd(const char *name, const void *data, size_t len) must_check;

/* The same for another program to inherit and to read once: without O_CLOEXEC and seals. */
int fd_memfd_to_hand_on(const char *name, const void *data, size_t len) must_check;

/*
 * Opens an absolute path that leads through no symbolic link: with openat2(2), or one component at a time; empty components, "." and
 * ".." are refused (-EINVAL), a symbolic link in any place is -ELOOP. flags: for the last
 * component, as open(2) has them, but 0 means O_PATH: to read, say O_RDONLY | O_NONBLOCK
 * (a FIFO would hold us) or O_RDONLY | O_DIRECTORY. No O_CREAT.
 */
int fd_open_nofollow(const char *path, int flags) must_check;

/* The same below dirfd, for a relative path of one or more components. */
int fd_open_below(int dirfd, const char *relative, int flags) must_check;

/* As these two, for what another program is to inherit: without O_CLOEXEC. */
int fd_open_nofollow_to_hand_on(const char *path, int flags) must_check;
int fd_open_below_to_hand_on(int dirfd, const char *relative, int flags) must_check;

/*
 * Removes what is below dirfd/name and name itself, following nothing and
 * crossing no mount (-EXDEV). Missing is success. name has no slash. Uses one descriptor
 * and no recursion; -ELOOP beyond 1000 levels. Directories of ours without rights are given them.
 */
int fd_remove_tree(int dirfd, const char *name) must_check;

/* close_range(first, ~0), or one by one where the kernel is older; that needs /proc/self/status. */
int fd_close_from(int first) must_check;

/*
 * A file as the manifest remembers it. Not by device and inode: a device number is new at each mount of btrfs or
 * overlayfs, and a restored backup has other inodes.
 */
struct file_id {
	uint64_t size;
	int64_t mtime_ns;
};

void file_id_from_stat(const struct stat *st, struct file_id *id);
bool file_id_same(const struct file_id *a, const struct file_id *b);

#endif
