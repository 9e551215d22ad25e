/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/project.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"

#define NAME_ONE "name the directory that programs may write: --project DIR"

/* Shared or system directories. below: nothing in it is a project either. */
static const struct {
	const char *path;
	bool below;
	const char *why;
} system_dirs[] = {
	{ "/usr", true, "it belongs to the system" },
	{ "/etc", true, "it belongs to the system" },
	{ "/boot", true, "it belongs to the system" },
	{ "/dev", true, "it belongs to the system" },
	{ "/proc", true, "it belongs to the system" },
	{ "/sys", true, "it belongs to the system" },
	{ "/run", true, "it belongs to the system" },
	{ "/bin", true, "it belongs to the system" },
	{ "/sbin", true, "it belongs to the system" },
	{ "/lib", true, "it belongs to the system" },
	{ "/lib64", true, "it belongs to the system" },
	{ "/var", false, "it belongs to the system" },
	{ "/var/lib", false, "it belongs to the system" },
	{ "/var/cache", false, "it belongs to the system" },
	{ "/var/tmp", false, "it is shared by all users" },
	{ "/tmp", false, "it is shared by all users" },
	{ "/dev/shm", false, "it is shared by all users" },
	{ "/home", false, "it holds the homes of all users" },
	{ "/mnt", false, "it holds what is mounted there" },
	{ "/media", false, "it holds what is mounted there" },
	{ "/opt", false, "it holds the programs of others" },
	{ "/srv", false, "it holds the data of others" },
};

/* Where tools keep venvs of many projects side by side. */
static const char *const venv_stores[] = { ".virtualenvs", "virtualenvs", ".venvs", "venvs", "envs", ".envs", "versions" };

/* What says that a directory is a project. */
static const char *const markers[] = {
	"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "tox.ini", "noxfile.py", "manage.py",
	"environment.yml", "Makefile", ".git", ".hg", ".svn",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *project_refusal(const char *dir, const struct project_input *in)
{
	if (strcmp(dir, "/") == 0)
		return "it is the root of the file system";
	for (size_t i = 0; i < COUNT(system_dirs); i++)
		if (system_dirs[i].below ? path_is_within(dir, system_dirs[i].path) : strcmp(dir, system_dirs[i].path) == 0)
			return system_dirs[i].why;
	for (size_t i = 0; i < in->homes->n; i++)
		if (path_is_within(in->homes->v[i], dir))
			return strcmp(in->homes->v[i], dir) == 0 ? "it is your home, with your keys in it" : "your home is in it";
	/* Somebody else's, when root installs. */
	if (path_is_within(dir, "/home") && strchr(path_below(dir, "/home"), '/') == NULL)
		return "it is the home of a user";
	if (path_is_within(in->libexec, dir) || path_is_within(VB_BWRAP, dir))
		return "the programs that make the box are in it";
	if (path_is_within(dir, in->venv->path))
		return "it is the venv itself, or in it";
	return NULL;
}

static bool has_marker(int fd)
{
	for (size_t i = 0; i < COUNT(markers); i++)
		if (faccessat(fd, markers[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* Up to two. */
static int count_venvs(int fd)
{
	cleanup_fd int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return -errno;
	(void) take_fd(&copy);
	while (errno = 0, n < 2 && (entry = readdir(dir)) != NULL) {
		cleanup_free char *cfg = path_join(entry->d_name, "pyvenv.cfg");

		if (cfg != NULL && entry->d_name[0] != '\0' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    faccessat(fd, cfg, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			n++;
	}
	return n < 2 && errno != 0 ? -errno : n;
}

/* ~/.virtualenvs, poetry's and pipx's: writable as a whole, each venv could change its neighbours. */
static int check_store(const char *dir, struct failure *f)
{
	cleanup_fd int fd = fd_open_nofollow(dir, O_RDONLY | O_DIRECTORY);
	const char *name = path_base(dir);
	bool store = false;
	int n;

	if (fd < 0)
		return fail_errno(f, -fd, NAME_ONE, "cannot open '%s'", dir);
	if (has_marker(fd))
		return 0;
	for (size_t i = 0; i < COUNT(venv_stores); i++)
		store = store || strcmp(venv_stores[i], name) == 0;
	n = count_venvs(fd);
	if (n < 0)
		return fail_errno(f, -n, NAME_ONE, "cannot look through '%s'", dir);
	if (store || n >= 2)
		return fail_msg(f, EPERM, NAME_ONE, "'%s' is a directory of venvs, not a project", dir);
	return 0;
}

int project_read_file(const struct venv *v, char **dir, struct failure *f)
{
	cleanup_fd int fd = openat(v->fd, ".project", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_buf struct buf text = { 0 };
	int r;

	*dir = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno(f, errno, NAME_ONE, "cannot open '%s/.project'", v->path);
	r = fd_read_all(fd, PATH_MAX, &text);
	if (r < 0)
		return fail_errno(f, -r, NAME_ONE, "cannot read '%s/.project'", v->path);
	if (text.len > 0)
		text.data[strcspn(text.data, "\r\n")] = '\0';
	if (text.len == 0 || text.data[0] != '/')
		return fail_msg(f, EINVAL, NAME_ONE, "'%s/.project' names no directory", v->path);
	*dir = strdup(text.data);
	return *dir != NULL ? 0 : -ENOMEM;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
}

static int check_dir(const char *dir, char **real, struct failure *f)
{
	struct stat st;

	*real = realpath(dir, NULL);
	if (*real == NULL || stat(*real, &st) < 0)
		return fail_errno(f, errno, NAME_ONE, "cannot find the project '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return fail_msg(f, ENOTDIR, NAME_ONE, "the project '%s' is not a directory", dir);
	/* Whoever may write there can plant what the box is then given. */
	if ((st.st_mode & S_IWOTH) != 0)
		return fail_msg(f, EPERM, "move the venv into a directory of its own, or name one: --project DIR",
				"everybody may write in the project '%s'", *real);
	return 0;
}

int project_choose(const struct project_input *in, char **project, bool *from_file, struct failure *f)
{
	cleanup_free char *dir = in->named != NULL ? strdup(in->named) : NULL;
	cleanup_free char *real = NULL;
	const char *why;
	int r = 0;

	*from_file = false;
	if (dir == NULL && in->first) {
		r = project_read_file(in->venv, &dir, f);
		*from_file = dir != NULL;
	}
	if (r == 0 && dir == NULL)
		dir = parent_of(in->venv->path);
	if (r == 0 && dir == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = check_dir(dir, &real, f);
	if (r < 0)
		return r;
	why = project_refusal(real, in);
	if (why != NULL)
		return fail_msg(f, EPERM, NAME_ONE, "programs would be let to write in '%s': %s", real, why);
	/* Whoever names such a directory has seen what is in it. */
	if (in->named == NULL && !*from_file && (in->before == NULL || strcmp(in->before, real) != 0))
		r = check_store(real, f);
	if (r == 0)
		*project = take_ptr(&real);
	return r;
}
