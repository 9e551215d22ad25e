/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/shared.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"

/* Not .git/objects, which `git clone --local` links: git reads what is in them and checks it. */
static const struct {
	const char *name; /* at the project's root */
	bool whole;       /* all files in this directory */
} looked_at[] = {
	{ ".env", false },
	{ ".envrc", false },
	{ ".git", false }, /* of a worktree: a file that says where the repository is */
	{ ".vscode", true },
	{ ".idea", true },
};

static const struct {
	const char *name; /* in .git */
	bool whole;
} in_git[] = {
	{ "config", false },
	{ "config.worktree", false },
	{ "hooks", true },
};

static int look(int dirfd, const char *name, const char *dir, struct strv *found)
{
	cleanup_free char *path = *dir != '\0' ? path_join(dir, name) : strdup(name);
	struct stat st;

	if (path == NULL)
		return -ENOMEM;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_nlink == 1 || found->n >= SHARED_FINDS)
		return 0;
	return strv_add(found, path);
}

/* What cannot be read here is not there for a box either, or refused at its start. */
static int look_in(int above_fd, const char *name, const char *above, struct strv *found)
{
	cleanup_free char *path = *above != '\0' ? path_join(above, name) : strdup(name);
	cleanup_fd int fd = fd_open_below(above_fd, name, O_RDONLY | O_DIRECTORY);
	cleanup_dir DIR *dir = NULL;
	const struct dirent *entry;
	int r = 0;

	if (path == NULL)
		return -ENOMEM;
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (dir == NULL)
		return -errno;
	(void) take_fd(&fd);
	for (unsigned n = 0; r == 0 && n < SHARED_ENTRIES && (entry = readdir(dir)) != NULL; n++)
		if (path_is_name(entry->d_name))
			r = look(dirfd(dir), entry->d_name, path, found);
	return r;
}

static int look_git(int project_fd, const char *relative, struct strv *found)
{
	cleanup_fd int git = fd_open_below(project_fd, relative, O_RDONLY | O_DIRECTORY);
	int r = 0;

	for (size_t i = 0; git >= 0 && r == 0 && i < sizeof(in_git) / sizeof(in_git[0]); i++)
		r = in_git[i].whole ? look_in(git, in_git[i].name, relative, found) : look(git, in_git[i].name, relative, found);
	return r;
}

int shared_find(int project_fd, const struct strv *nested, struct strv *found)
{
	int r = look_git(project_fd, ".git", found);

	for (size_t i = 0; r == 0 && i < sizeof(looked_at) / sizeof(looked_at[0]); i++)
		r = looked_at[i].whole ? look_in(project_fd, looked_at[i].name, "", found) : look(project_fd, looked_at[i].name, "", found);
	for (size_t i = 0; r == 0 && i < nested->n; i++)
		if (strcmp(path_base(nested->v[i]), ".git") == 0)
			r = look_git(project_fd, nested->v[i], found);
	return r;
}
