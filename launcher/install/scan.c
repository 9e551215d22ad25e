/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/scan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"

/* Large, and no place of repositories: what is found there came with a package. */
static const char *const skipped[] = { "node_modules", "__pycache__" };

void scan_release(struct scan *s)
{
	strv_release(&s->found);
	*s = (struct scan) { 0 };
}

struct scanning {
	struct scan *s;
	const char *venv_below;
};

static int find(struct scan *s, const char *relative)
{
	if (s->found.n >= SCAN_FINDS) {
		s->cut = true;
		return 0;
	}
	return strv_add(&s->found, relative);
}

static char *below(const char *dir, const char *name)
{
	return *dir == '\0' ? strdup(name) : path_join(dir, name);
}

/* -ENOENT: there is none, or only as a link, which the launcher would refuse to bind. */
static int kind_of(int fd, const char *name, mode_t *kind)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	*kind = st.st_mode & S_IFMT;
	return *kind == S_IFDIR || *kind == S_IFREG ? 0 : -ENOENT;
}

static int scan_dir(struct scanning *k, int fd, const char *relative, unsigned depth);

static int scan_child(struct scanning *k, int fd, const char *relative, const char *name, unsigned depth)
{
	cleanup_free char *path = below(relative, name);
	cleanup_fd int child = -1;
	mode_t kind;

	if (path == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		if (strcmp(name, skipped[i]) == 0)
			return 0;
	if ((k->venv_below != NULL && strcmp(path, k->venv_below) == 0) || kind_of(fd, name, &kind) < 0 || kind != S_IFDIR)
		return 0;
	child = fd_open_below(fd, name, O_RDONLY | O_DIRECTORY);
	if (child < 0)
		return child == -ENOMEM || child == -EMFILE ? child : 0; /* not readable for us, so not for the box */
	return scan_dir(k, child, path, depth);
}

/* A repository of any other name, as git has it: setup.c, is_git_directory(). Of `git init --separate-git-dir`, or bare. */
static bool is_git_directory(int fd)
{
	mode_t kind;

	return kind_of(fd, "HEAD", &kind) == 0
		&& (kind_of(fd, "commondir", &kind) == 0 || (kind_of(fd, "objects", &kind) == 0 && kind_of(fd, "refs", &kind) == 0));
}

/* What this directory is, and whether to look below it. */
static int scan_self(struct scanning *k, int fd, const char *relative, bool *descend)
{
	cleanup_free char *git = below(relative, ".git");
	mode_t kind;

	*descend = true;
	if (git == NULL)
		return -ENOMEM;
	/* The project's own .git is protected by its name. */
	if (*relative == '\0')
		return 0;
	if (kind_of(fd, "pyvenv.cfg", &kind) == 0 || is_git_directory(fd)) {
		*descend = false;
		return find(k->s, relative);
	}
	return kind_of(fd, ".git", &kind) == 0 ? find(k->s, git) : 0;
}

static int scan_dir(struct scanning *k, int fd, const char *relative, unsigned depth)
{
	cleanup_fd int copy = -1;
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;
	bool descend;
	int r = scan_self(k, fd, relative, &descend);

	if (r < 0 || !descend)
		return r;
	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = copy >= 0 ? fdopendir(copy) : NULL;
	if (dir == NULL)
		return -errno;
	(void) take_fd(&copy);
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		bool may_be_dir = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;

		if (!path_is_name(entry->d_name) || strcmp(entry->d_name, ".git") == 0)
			continue;
		if (++k->s->entries > SCAN_ENTRIES || (depth == 0 && may_be_dir)) {
			k->s->cut = true;
			return 0;
		}
		if (may_be_dir)
			r = scan_child(k, fd, relative, entry->d_name, depth - 1);
	}
	return r;
}

int scan_nested(int project_fd, const char *venv_below, struct scan *s)
{
	struct scanning k = { .s = s, .venv_below = venv_below };
	int r;

	*s = (struct scan) { 0 };
	r = scan_dir(&k, project_fd, "", SCAN_DEPTH);
	strv_sort(&s->found);
	return r;
}
