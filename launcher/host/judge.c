/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/judge.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "common/path.h"

#define FIRST_LINE 256 /* as much as the kernel reads: BINPRM_BUF_SIZE, execve(2) */

/* As a process of the box would find it: links lead within its root, and none of those in /proc is followed. -errno. */
static int find_inside(const struct places *p, const char *path, int flags)
{
	const struct open_how how = { .flags = (__u64) (unsigned) (flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
	long fd = syscall(SYS_openat2, p->root_fd, path, &how, sizeof(how));

	return fd >= 0 ? (int) fd : -errno;
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

/* What is there of a process depends on who asks, and we are none of the box. (/dev/stdin and its like are links to there.) */
static bool is_of_a_process(const char *path)
{
	static const char *const places[] = { "/proc", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (path_is_within(path, places[i]))
			return true;
	return false;
}

/* Devices, sockets and FIFOs can be written on a read-only mount. */
static bool is_read_only(int fd)
{
	struct statvfs vfs;
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && fstatvfs(fd, &vfs) == 0
		&& (vfs.f_flag & ST_RDONLY) != 0;
}

static bool host_allows(const char *path, enum purpose purpose)
{
	struct stat st;

	switch (purpose) {
	case PURPOSE_READ:
		return access(path, R_OK) == 0;
	case PURPOSE_WRITE:
	case PURPOSE_PUT:
	case PURPOSE_MAKE:
	case PURPOSE_SOCKET:
		return access(path, W_OK) == 0;
	case PURPOSE_EXECUTE:
		return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
	case PURPOSE_LOOK:
		break;
	}
	return access(path, F_OK) == 0;
}

/* Where the box looks for path: "/bin/x" is "/usr/bin/x" where /bin is a link. Owned by the caller. */
static char *place_inside(const struct places *p, const char *path)
{
	cleanup_free char *parent = path_clean(path, "..");
	cleanup_fd int fd = parent != NULL ? find_inside(p, parent, O_PATH | O_DIRECTORY) : -ENOMEM;
	char link[64], dir[PATH_MAX];
	ssize_t n;

	if (parent == NULL)
		return NULL;
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = fd >= 0 ? readlink(link, dir, sizeof(dir) - 1) : -1;
	dir[n > 0 ? n : 0] = '\0';
	return path_is_clean(dir) ? path_join(dir, path_base(path)) : strdup(path);
}

/* The path of the host that path means: below the HOME of the box, the same below the caller's; of a link that is shown, what it leads to. */
static char *real_path(const struct places *p, const char *path)
{
	const char *rest = p->real_home != NULL ? path_below(path, p->home) : NULL;
	cleanup_fd int link = find_inside(p, path, O_PATH | O_NOFOLLOW);
	char *target = link >= 0 ? realpath(path, NULL) : NULL;

	if (target != NULL)
		return target;
	return rest != NULL && *rest != '\0' ? path_join(p->real_home, rest) : place_inside(p, path);
}

bool purpose_writes(enum purpose purpose)
{
	return purpose == PURPOSE_WRITE || purpose_makes(purpose);
}

bool purpose_makes(enum purpose purpose)
{
	return purpose == PURPOSE_MAKE || purpose == PURPOSE_PUT || purpose == PURPOSE_SOCKET;
}

/* What is at path, or for a name to be made is to hold it. */
static int judge_place(const struct places *p, const char *path, enum purpose purpose, enum verdict *verdict, char **real)
{
	cleanup_fd int fd = find_inside(p, path, O_PATH);

	if (fd >= 0 ? !(purpose_writes(purpose) && is_read_only(fd)) : !is_missing(fd))
		return fd == -ENOSYS ? -ENOSYS : 0;
	*real = real_path(p, path);
	if (*real == NULL)
		return -ENOMEM;
	if (is_of_a_process(*real) || !host_allows(*real, purpose)) {
		free(take_ptr(real));
		return 0;
	}
	*verdict = fd >= 0 ? VERDICT_READ_ONLY : VERDICT_HIDDEN;
	return 0;
}

int judge_path(const struct places *p, const char *path, enum purpose purpose, enum verdict *verdict, char **real)
{
	cleanup_free char *parent = NULL;
	int fd;

	*verdict = VERDICT_FINE;
	*real = NULL;
	if (is_of_a_process(path))
		return 0;
	if (!purpose_makes(purpose))
		return judge_place(p, path, purpose, verdict, real);
	fd = find_inside(p, path, O_PATH);
	if (fd >= 0 || !is_missing(fd)) {
		cleanup_fd_fn(&fd);
		if (fd >= 0 && purpose == PURPOSE_PUT)
			return judge_place(p, path, purpose, verdict, real);
		return fd == -ENOSYS ? -ENOSYS : 0; /* EEXIST, outside as well */
	}
	parent = path_clean(path, "..");
	return parent != NULL ? judge_place(p, parent, purpose, verdict, real) : -ENOMEM;
}

/* Only of a plain file, which a FIFO or device cannot have become meanwhile: what was looked at is what is opened. */
static ssize_t read_first(int path_fd, char *line, size_t size)
{
	char name[64];
	cleanup_fd int fd = -1;
	struct stat st;

	if (fstat(path_fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	(void) snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 ? read(fd, line, size) : -1;
}

char *judge_interpreter(const struct places *p, const char *path)
{
	cleanup_fd int fd = find_inside(p, path, O_PATH);
	char line[FIRST_LINE + 1];
	ssize_t n = fd >= 0 ? read_first(fd, line, FIRST_LINE) : -1;
	char *word;

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[n] = '\0';
	word = line + 2 + strspn(line + 2, " \t");
	word[strcspn(word, " \t\r\n")] = '\0';
	return *word == '/' ? path_clean("/", word) : NULL;
}
