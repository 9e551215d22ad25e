/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/appeared.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dirread.h"
#include "common/fd.h"
#include "common/path.h"

/* At every start, where it costs the user time: what lies near the root is what people make, and open. */
#define BEGIN_DIRS 64
#define BEGIN_FINDS 64 /* each is one mount more */
#define END_DIRS 256
#define MAX_ENTRIES 8192

void appeared_release(struct appeared *seen)
{
	strv_release(&seen->found);
	strv_release(&seen->nested);
}

struct scan {
	int project_fd;
	const struct timespec *since; /* NULL: nothing is new */
	const struct strv *known;
	const char *venv_below; /* the venv's own path below the project, or NULL */
	size_t max_dirs;
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

/* What is known is mounted read-only, whole. */
static bool is_skipped(const struct scan *s, const char *dir, const char *name, const char *relative)
{
	return strcmp(name, "node_modules") == 0 || strcmp(name, "__pycache__") == 0 || strcmp(name, "site-packages") == 0 || is_venv(s, dir)
		|| strv_contains(s->known, relative);
}

/* Not the birth time: one run makes a directory, the next renames it to .git. The time of the inode's last change nobody can set. */
static bool is_new(const struct scan *s, int dirfd, const char *name)
{
	struct stat st;

	if (s->since == NULL || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return st.st_ctim.tv_sec > s->since->tv_sec || (st.st_ctim.tv_sec == s->since->tv_sec && st.st_ctim.tv_nsec >= s->since->tv_nsec);
}

/* A repository that no mount protected may be the user's, and what git runs in it the box's. */
static bool is_changed(const struct scan *s, int dirfd, const char *name)
{
	static const char *const obeyed[] = { "config", "config.worktree", "hooks", "commondir" };
	cleanup_fd int fd = s->since != NULL ? fd_open_below(dirfd, name, O_PATH | O_DIRECTORY) : -1;

	for (size_t i = 0; fd >= 0 && i < sizeof(obeyed) / sizeof(obeyed[0]); i++)
		if (is_new(s, fd, obeyed[i]))
			return true;
	return false;
}

/* As git has it: setup.c, is_git_directory(). */
static bool is_git_directory(int fd)
{
	struct stat st;

	return fstatat(fd, "commondir", &st, AT_SYMLINK_NOFOLLOW) == 0
		|| (fstatat(fd, "objects", &st, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(fd, "refs", &st, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Not a link: it is not bound, it would end every start. */
static int learn(struct scan *s, int dirfd, const char *name, const char *relative)
{
	struct stat st;

	if (strv_contains(s->known, relative) || strv_contains(&s->seen->nested, relative)
	    || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
		return 0;
	return strv_add(&s->seen->nested, relative);
}

/* A repository is known by its .git or its HEAD, a venv by its pyvenv.cfg or its usual name; those at the root have their own protection. */
static int see_nested(struct scan *s, int dirfd, const char *dir, const char *name, const char *relative)
{
	if (*dir == '\0' || is_venv(s, dir))
		return 0;
	if (strcmp(name, "pyvenv.cfg") == 0 || (strcmp(name, "HEAD") == 0 && is_git_directory(dirfd)))
		return learn(s, dirfd, ".", dir);
	return strcmp(name, ".git") == 0 || strcmp(name, ".venv") == 0 ? learn(s, dirfd, name, relative) : 0;
}

static int see(struct scan *s, int dirfd, const char *dir, const char *name, unsigned char type)
{
	cleanup_free char *relative = *dir ? path_join(dir, name) : strdup(name);
	int r = 0;

	if (relative == NULL)
		return -ENOMEM;
	if (is_of_interest(name)) {
		if (strv_contains(s->known, relative))
			return 0;
		if (is_new(s, dirfd, name) || (strcmp(name, ".git") == 0 && is_changed(s, dirfd, name)))
			return strv_add(&s->seen->found, relative);
		return see_nested(s, dirfd, dir, name, relative);
	}
	if (type != DT_DIR || is_skipped(s, dir, name, relative))
		return 0;
	if (strcmp(name, ".venv") == 0 && !is_venv(s, relative) && !is_new(s, dirfd, name))
		r = see_nested(s, dirfd, dir, name, relative);
	if (r < 0 || s->dirs.n < s->max_dirs)
		return r < 0 ? r : strv_add(&s->dirs, relative);
	s->seen->unread = true;
	return 0;
}

static bool is_enough(struct scan *s)
{
	if (s->entries++ < MAX_ENTRIES)
		return false;
	s->seen->unread = true;
	return true;
}

static int read_dir(struct scan *s, const char *relative)
{
	cleanup_fd int fd = *relative ? fd_open_below(s->project_fd, relative, O_RDONLY | O_DIRECTORY)
				      : openat(s->project_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirread dir = { .fd = fd };
	unsigned char type;
	const char *name;
	int r = 0;

	if (fd < 0)
		return 0;
	/* What the disk does not give is not seen, and no reason not to run. */
	while (r == 0 && dirread_next(&dir, &name, &type) > 0 && !is_enough(s))
		r = see(s, fd, relative, name, type);
	return r;
}

/* Breadth first: what lies near the root is what people open. */
static int read_all(struct scan *s)
{
	int r = strv_add(&s->dirs, "");

	for (size_t i = 0; r == 0 && i < s->dirs.n; i++)
		r = read_dir(s, s->dirs.v[i]);
	strv_release(&s->dirs);
	return r;
}

int appeared_scan(int project_fd, const struct timespec *since, const struct strv *known, const char *venv_below,
		  struct appeared *seen)
{
	struct scan s = { .project_fd = project_fd, .since = since, .known = known, .venv_below = venv_below,
			  .max_dirs = END_DIRS, .seen = seen };

	return read_all(&s);
}

int appeared_before(int project_fd, const struct strv *known, const char *venv_below, struct strv *nested)
{
	struct appeared seen = { 0 };
	struct scan s = { .project_fd = project_fd, .known = known, .venv_below = venv_below, .max_dirs = BEGIN_DIRS, .seen = &seen };
	int r = read_all(&s);

	for (size_t i = 0; r == 0 && i < seen.nested.n && i < BEGIN_FINDS; i++)
		r = strv_add(nested, seen.nested.v[i]);
	appeared_release(&seen);
	return r;
}
