/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/appeared.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"

#define MAX_DIRS 256
#define MAX_ENTRIES 8192

void appeared_release(struct appeared *seen)
{
	strv_release(&seen->found);
	strv_release(&seen->nested);
}

struct scan {
	int project_fd;
	const struct timespec *since;
	const struct strv *known;
	const char *venv_below; /* the venv's own path below the project, or NULL */
	struct strv dirs;       /* still to be read; "" is the project */
	struct appeared *seen;
	size_t entries;
};

/*
 * What the host executes or obeys; a venv is known by its pyvenv.cfg. Git takes a directory without .git for a repository, and obeys
 * its config, if it holds HEAD, refs and objects: gitglossary(7), "bare repository". HEAD cannot be done without.
 */
static bool is_of_interest(const char *name)
{
	static const char *const names[] = { ".git", ".envrc", ".env", ".vscode", ".idea", "pyvenv.cfg", "HEAD" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A pip run may write the venv, also names at its top; what is further down is packages. */
static bool is_venv(const struct scan *s, const char *relative)
{
	return s->venv_below != NULL && strcmp(relative, s->venv_below) == 0;
}

static bool is_skipped(const struct scan *s, const char *dir, const char *name)
{
	return strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0 || strcmp(name, "site-packages") == 0 || is_venv(s, dir);
}

/* Not the birth time: one run makes a directory, the next renames it to .git. The time of the inode's last change nobody can set. */
static bool is_new(const struct scan *s, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return st.st_ctim.tv_sec > s->since->tv_sec || (st.st_ctim.tv_sec == s->since->tv_sec && st.st_ctim.tv_nsec >= s->since->tv_nsec);
}

/* A repository is known by its .git, a venv by its pyvenv.cfg or its usual name; those at the root have their own protection. */
static int see_nested(struct scan *s, const char *dir, const char *name, const char *relative)
{
	const char *nested = strcmp(name, "pyvenv.cfg") == 0 ? dir : relative;

	if (*dir == '\0' || is_venv(s, dir) || (nested == relative && strcmp(name, ".git") != 0 && strcmp(name, ".venv") != 0))
		return 0;
	return strv_contains(s->known, nested) || strv_contains(&s->seen->nested, nested) ? 0 : strv_add(&s->seen->nested, nested);
}

static int see(struct scan *s, int dirfd, const char *dir, const struct dirent *d)
{
	cleanup_free char *relative = *dir ? path_join(dir, d->d_name) : strdup(d->d_name);
	int r = 0;

	if (relative == NULL)
		return -ENOMEM;
	if (is_of_interest(d->d_name)) {
		if (strv_contains(s->known, relative))
			return 0;
		return is_new(s, dirfd, d->d_name) ? strv_add(&s->seen->found, relative) : see_nested(s, dir, d->d_name, relative);
	}
	if (d->d_type != DT_DIR || is_skipped(s, dir, d->d_name))
		return 0;
	if (strcmp(d->d_name, ".venv") == 0 && !is_venv(s, relative) && !is_new(s, dirfd, d->d_name))
		r = see_nested(s, dir, d->d_name, relative);
	return r == 0 && s->dirs.n < MAX_DIRS ? strv_add(&s->dirs, relative) : r;
}

static int read_dir(struct scan *s, const char *relative)
{
	cleanup_fd int fd = *relative ? fd_open_below(s->project_fd, relative, O_RDONLY | O_DIRECTORY)
				      : openat(s->project_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = NULL;
	struct dirent *d;
	int r = 0;

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (dir == NULL)
		return -errno;
	(void) take_fd(&fd);
	while (r == 0 && s->entries++ < MAX_ENTRIES && (d = readdir(dir)) != NULL)
		if (!(d->d_name[0] == '.' && (d->d_name[1] == '\0' || strcmp(d->d_name, "..") == 0)))
			r = see(s, dirfd(dir), relative, d);
	return r;
}

int appeared_scan(int project_fd, const struct timespec *since, const struct strv *known, const char *venv_below,
		  struct appeared *seen)
{
	struct scan s = { .project_fd = project_fd, .since = since, .known = known, .venv_below = venv_below, .seen = seen };
	int r = strv_add(&s.dirs, "");

	/* Breadth first: what lies near the root is what people open. */
	for (size_t i = 0; r == 0 && i < s.dirs.n; i++)
		r = read_dir(&s, s.dirs.v[i]);
	strv_release(&s.dirs);
	return r;
}
