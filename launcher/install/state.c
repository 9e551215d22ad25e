/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/state.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dirread.h"
#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "install/bins.h"
#include "install/readydirs.h"
#include "stubs/etc.h"

static int make_dir(int dirfd, const char *name, mode_t mode)
{
	struct stat st;

	if (mkdirat(dirfd, name, mode) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int make_file(int state_fd, const char *name, mode_t mode)
{
	cleanup_fd int fd = openat(state_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);

	return fd < 0 ? -errno : 0;
}

int state_make_places(int state_fd)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {
		{ VB_INNER_BIN, 0755 }, { VB_PIP_CACHE, 0700 }, { VB_PIP_TMP, 0700 }, { VB_ETC, 0755 }, { VB_READY, 0755 },
		/* For the names that are protected, spare.h. */
		{ VB_SPARE, 0700 }, { VB_SPARE "/git", 0755 }, { VB_SPARE "/vscode", 0755 }, { VB_SPARE "/idea", 0755 },
	};
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{ VB_LOCK, 0600 }, { VB_PIP_LOCK, 0600 }, { VB_SPARE "/env", 0644 }, { VB_SPARE "/envrc", 0644 },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = make_dir(state_fd, dirs[i].name, dirs[i].mode);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		r = make_file(state_fd, files[i].name, files[i].mode);
	return r;
}

int state_make_home(int venv_fd, unsigned *made)
{
	static const char *const names[] = { VB_HOME, VB_CACHE, VB_HOME "/.cache" };

	*made = 0;
	for (unsigned i = 0; i < 3; i++) {
		cleanup_fd int fd = -1;

		if (mkdirat(venv_fd, names[i], 0700) == 0)
			*made |= 1U << i;
		else if (errno != EEXIST)
			return -errno;
		fd = fd_open_below(venv_fd, names[i], O_PATH | O_DIRECTORY);
		if (fd < 0)
			return fd;
	}
	return 0;
}

void state_unmake_home(int venv_fd, unsigned made)
{
	if ((made & 4) != 0)
		(void) unlinkat(venv_fd, VB_HOME "/.cache", AT_REMOVEDIR);
	if ((made & 2) != 0)
		(void) unlinkat(venv_fd, VB_CACHE, AT_REMOVEDIR);
	if ((made & 1) != 0)
		(void) unlinkat(venv_fd, VB_HOME, AT_REMOVEDIR);
}

/* matplotlib's list of the fonts: it says for which version of matplotlib, and not of which directories it is. */
#define FONT_LISTS VB_CACHE "/matplotlib"
#define FONT_LIST  "fontlist-"
#define MANY_NAMES 4096 /* a box that goes on making names does not hold us */

/* What a box does not let us remove is its own loss. A link to the caller's list, which remedy.c advises, stays. */
static void forget_one(int dir, const char *name)
{
	struct stat st;

	if (strncmp(name, FONT_LIST, strlen(FONT_LIST)) == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		(void) unlinkat(dir, name, 0);
}

int state_forget(int venv_fd)
{
	cleanup_fd int dir = fd_open_below(venv_fd, FONT_LISTS, O_RDONLY | O_DIRECTORY);
	struct dirread names = { .fd = dir };
	const char *name;
	unsigned char type;
	int r = 1;

	if (dir < 0) /* a box may have put what it likes there */
		return fd_is_missing(-dir) ? 0 : dir;
	for (int i = 0; r > 0 && i < MANY_NAMES; i++) {
		r = dirread_next(&names, &name, &type);
		if (r > 0)
			forget_one(dir, name);
	}
	return r < 0 ? r : 0;
}

int state_lock(int state_fd, bool all)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	cleanup_fd int fd = openat(state_fd, all ? VB_LOCK : VB_PIP_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &fl) < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return take_fd(&fd);
}

/* --- files ---------------------------------------------------------------------------- */

static int put_text(int dirfd, const char *name, const struct buf *text, mode_t mode)
{
	return text->failed ? -ENOMEM : fd_replace_file(dirfd, name, text->data != NULL ? text->data : "", text->len, mode);
}

static int put_group(int etc, const struct state_input *in)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_free gid_t *groups = NULL;
	int n = getgroups(0, NULL);

	groups = calloc((size_t) (n > 0 ? n : 1), sizeof(*groups));
	if (groups == NULL)
		return -ENOMEM;
	n = getgroups(n > 0 ? n : 0, groups);
	etc_group(&text, getegid(), in->account->group, groups, (size_t) (n > 0 ? n : 0));
	return put_text(etc, "group", &text, 0644);
}

static int put_etc(int state_fd, const struct state_input *in)
{
	cleanup_fd int etc = fd_open_below(state_fd, VB_ETC, O_RDONLY | O_DIRECTORY);
	cleanup_free char *home = path_join(in->manifest->venv, VB_HOME);
	cleanup_buf struct buf passwd = { 0 };
	cleanup_buf struct buf nsswitch = { 0 };
	int r;

	if (etc < 0 || home == NULL)
		return etc < 0 ? etc : -ENOMEM;
	etc_passwd(&passwd, geteuid(), getegid(), in->account->name, home);
	etc_nsswitch(&nsswitch);
	r = put_text(etc, "passwd", &passwd, 0644);
	if (r == 0)
		r = put_group(etc, in);
	return r < 0 ? r : put_text(etc, "nsswitch.conf", &nsswitch, 0644);
}

/* venvbox-python takes libpython if that link is there and leads somewhere, else the base; libpython goes when the manifest says so. */
static int put_interpreter(int state_fd, const struct manifest *m)
{
	int r = bins_put_link(state_fd, VB_BASE_PYTHON, m->base_executable);

	return r == 0 && m->way == EMBED_SHARED ? bins_put_link(state_fd, VB_LIBPYTHON, m->libpython) : r;
}

static int drop_stale(int state_fd, const struct manifest *m)
{
	return m->way != EMBED_SHARED && unlinkat(state_fd, VB_LIBPYTHON, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int put_conf(int state_fd, const struct conf *conf)
{
	cleanup_buf struct buf text = { 0 };
	int r = conf_write(conf, &text);

	return r < 0 ? r : put_text(state_fd, VB_CONF, &text, 0600);
}

int state_write(int state_fd, const struct state_input *in)
{
	int r = put_etc(state_fd, in);

	if (r == 0)
		r = readydirs_make(state_fd, in->manifest);
	if (r == 0)
		r = put_text(state_fd, VB_FILTER, in->filter, 0600);
	if (r == 0 && in->write_conf)
		r = put_conf(state_fd, in->conf);
	if (r == 0)
		r = put_interpreter(state_fd, in->manifest);
	if (r == 0)
		r = manifest_save(state_fd, in->manifest);
	return r < 0 ? r : drop_stale(state_fd, in->manifest);
}
