/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/bins.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"

#define DEPTH 8 /* of directories in bin; there is __pycache__, hardly ever more */

bool bins_is_interpreter(const char *name)
{
	const char *rest;

	if (strcmp(name, "\xf0\x9d\x9c\x8bthon") == 0) /* the pi-thon of 3.14 */
		return true;
	if (strncmp(name, "python", 6) != 0)
		return false;
	rest = name + 6 + strspn(name + 6, "0123456789.");
	return *rest == '\0' || strcmp(rest, "t") == 0; /* free-threaded: python3.13t */
}

/* The names of a directory, read to the end before anything in it changes. */
int bins_names(int dir_fd, struct strv *names)
{
	cleanup_fd int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return -errno;
	(void) take_fd(&copy);
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int r = path_is_name(entry->d_name) ? strv_add(names, entry->d_name) : 0;

		if (r < 0)
			return r;
	}
	strv_sort(names);
	return -errno;
}

/* --- copying ---------------------------------------------------------------------- */

static int copy_file(int dir, const char *name, int to, const char *as)
{
	cleanup_fd int from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_fd int fd = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fd_copy(from, fd);
	if (r == 0 && fchmod(fd, (st.st_mode & 0755) | 0600) < 0)
		r = -errno;
	if (r == 0 && futimens(fd, (const struct timespec[]) { st.st_atim, st.st_mtim }) < 0)
		r = -errno;
	if (r < 0)
		(void) unlinkat(to, as, 0);
	return r;
}

static int copy_link(int dir, const char *name, int to, const char *as)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(dir, name, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return symlinkat(text, to, as) < 0 ? -errno : 0;
}

static int copy_any(int dir, const char *name, int to, const char *as, unsigned depth);

static int copy_dir(int dir, const char *name, int to, const char *as, unsigned depth)
{
	cleanup_strv struct strv names = { 0 };
	cleanup_fd int from = fd_open_below(dir, name, O_RDONLY | O_DIRECTORY);
	cleanup_fd int fd = -1;
	int r;

	if (from < 0)
		return from;
	if (depth == 0)
		return -ELOOP;
	if (mkdirat(to, as, 0755) < 0)
		return -errno;
	fd = fd_open_below(to, as, O_RDONLY | O_DIRECTORY);
	r = fd < 0 ? fd : bins_names(from, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = copy_any(from, names.v[i], fd, names.v[i], depth - 1);
	return r;
}

static int copy_any(int dir, const char *name, int to, const char *as, unsigned depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(dir, name, to, as);
	if (S_ISLNK(st.st_mode))
		return copy_link(dir, name, to, as);
	return S_ISDIR(st.st_mode) ? copy_dir(dir, name, to, as, depth) : 0;
}

int bins_copy(int dir, const char *name, int to, const char *as)
{
	return copy_any(dir, name, to, as, DEPTH);
}

/* --- links ------------------------------------------------------------------------ */

static bool is_link_to(int dir, const char *name, const char *text)
{
	char now[PATH_MAX];
	ssize_t len = readlinkat(dir, name, now, sizeof(now) - 1);

	return len >= 0 && (size_t) len == strlen(text) && memcmp(now, text, (size_t) len) == 0;
}

int bins_put_link(int dir, const char *name, const char *text)
{
	int r;

	if (is_link_to(dir, name, text))
		return 0;
	r = fd_remove_tree(dir, BINS_TEMPORARY);
	if (r < 0)
		return r;
	if (symlinkat(text, dir, BINS_TEMPORARY) < 0)
		return -errno;
	r = renameat(dir, BINS_TEMPORARY, dir, name) < 0 ? -errno : 0;
	/* A directory of that name is nothing that was ever installed. */
	if (r == -EISDIR || r == -ENOTEMPTY || r == -EEXIST) {
		r = fd_remove_tree(dir, name);
		if (r == 0 && renameat(dir, BINS_TEMPORARY, dir, name) < 0)
			r = -errno;
	}
	if (r < 0)
		(void) unlinkat(dir, BINS_TEMPORARY, 0);
	return r;
}

/* --- what the box sees -------------------------------------------------------------- */

/* The empty file that the interpreter is mounted over. */
static int put_place(int inner)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (fstatat(inner, "python", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
		return fchmodat(inner, "python", 0755, 0) < 0 ? -errno : 0;
	if (fd_remove_tree(inner, "python") < 0)
		return -EBUSY;
	fd = openat(inner, "python", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	return fd < 0 || fchmod(fd, 0755) < 0 ? -errno : 0;
}

int bins_fix_inner(int inner, const char *version)
{
	cleanup_free char *versioned = NULL;
	int r = put_place(inner);

	if (asprintf(&versioned, "python%s", version) < 0)
		return -ENOMEM;
	if (r == 0)
		r = bins_put_link(inner, "python3", "python");
	return r < 0 ? r : bins_put_link(inner, versioned, "python");
}

int bins_fill_inner(int orig, int inner, const char *version)
{
	cleanup_strv struct strv names = { 0 };
	int r = bins_fix_inner(inner, version);

	if (r == 0)
		r = bins_names(orig, &names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		if (!bins_is_interpreter(names.v[i]))
			r = bins_copy(orig, names.v[i], inner, names.v[i]);
		else if (strcmp(names.v[i], "python") != 0)
			r = bins_put_link(inner, names.v[i], "python");
	}
	return r;
}

/* --- what the host sees --------------------------------------------------------------- */

enum bin_kind bins_kind(int dir, const char *name)
{
	struct stat st, target;

	if (bins_is_interpreter(name))
		return BIN_INTERPRETER;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(dir, name, &target, 0) < 0)
		return fd_is_missing(errno) ? BIN_OTHER : BIN_UNKNOWN;
	if (!S_ISREG(target.st_mode))
		return BIN_OTHER;
	if (S_ISLNK(st.st_mode))
		return (target.st_mode & 0111) != 0 ? BIN_COMMAND : BIN_OTHER;
	/* activate is sourced, whatever its mode. */
	return (st.st_mode & 0111) != 0 && strncmp(name, "activate", 8) != 0 ? BIN_COMMAND : BIN_FILE;
}

static int open_plain(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
		(void) close(fd);
		return -1;
	}
	return fd;
}

bool bins_same_file(int a_dir, int b_dir, const char *name)
{
	cleanup_buf struct buf a = { 0 };
	cleanup_buf struct buf b = { 0 };
	struct stat a_st, b_st;
	cleanup_fd int a_fd = open_plain(a_dir, name, &a_st);
	cleanup_fd int b_fd = open_plain(b_dir, name, &b_st);

	if (a_fd < 0 || b_fd < 0 || a_st.st_size != b_st.st_size)
		return false;
	return fd_read_all(a_fd, 64U << 20, &a) == 0 && fd_read_all(b_fd, 64U << 20, &b) == 0 && a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static int put_copy(int orig, int host, const char *name)
{
	struct stat st;
	int r;

	if (bins_same_file(orig, host, name) && fstatat(host, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & 0022) == 0 &&
	    st.st_nlink == 1)
		return 0;
	r = fd_remove_tree(host, BINS_TEMPORARY);
	if (r == 0)
		r = bins_copy(orig, name, host, BINS_TEMPORARY);
	if (r == 0 && renameat(host, BINS_TEMPORARY, host, name) < 0)
		r = -errno;
	return r;
}

int bins_fill_host(int orig, int host, const char *launcher, const char *version)
{
	cleanup_strv struct strv names = { 0 };
	cleanup_free char *versioned = NULL;
	int r = bins_names(orig, &names);

	if (asprintf(&versioned, "python%s", version) < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		enum bin_kind kind = bins_kind(orig, names.v[i]);

		if (kind == BIN_UNKNOWN)
			r = -errno;
		else if (kind == BIN_FILE)
			r = put_copy(orig, host, names.v[i]);
		else if (kind != BIN_OTHER)
			r = bins_put_link(host, names.v[i], launcher);
	}
	for (size_t i = 0; r == 0 && i < 4; i++)
		r = bins_put_link(host, (const char *const[]) { versioned, "python3", "shell", "python" }[i], launcher);
	return r;
}
