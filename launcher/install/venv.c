/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/venv.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "install/account.h"

#define MAKE_ONE "make one: python3 -m venv .venv"
#define OLDEST_MINOR 8

void venv_release(struct venv *v)
{
	free(v->path);
	free(v->launcher);
	free(v->home);
	free(v->executable);
	if (v->fd >= 0)
		(void) close(v->fd);
	*v = (struct venv) { .fd = -1 };
}

int venv_refuse_inside(struct failure *f)
{
	if (prctl(VB_PRCTL_SEALED, 0, 0, 0, 0) < 0 && errno == VB_ERRNO_SEALED)
		return fail_msg(f, EPERM, "run it in a terminal of the host", "this is inside a box, where no venv can be boxed");
	return 0;
}

/*
 * root boxes a user's venv as that user: the state is then his, and nothing that he, or code that ran as him,
 * put in the way is followed or executed with root's rights. For good: this process does nothing else.
 */
static int become_owner(const struct stat *st, struct failure *f)
{
	gid_t gid = st->st_gid;

	if (geteuid() != 0 || st->st_uid == 0)
		return 0;
	if (account_group_of(st->st_uid, &gid) < 0 || setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(st->st_uid, st->st_uid, st->st_uid) < 0)
		return fail_errno(f, errno, "run venvbox-install as the owner of the venv", "cannot become user %u, who owns the venv",
				  (unsigned) st->st_uid);
	return 0;
}

static int check_owner(const struct venv *v, const struct stat *st, struct failure *f)
{
	if (st->st_uid != geteuid() && st->st_uid != 0) {
		(void) fail_msg(f, EPERM, NULL, "'%s' belongs to user %u, neither to you nor to root", v->path, (unsigned) st->st_uid);
		fail_hint(f, "run venvbox-install as the owner of the venv, or make a venv of your own");
		return -EPERM;
	}
	if ((st->st_mode & S_IWOTH) != 0) {
		(void) fail_msg(f, EPERM, NULL, "everybody may write in '%s' (mode %04o)", v->path, st->st_mode & 07777U);
		fail_hint(f, "make sure that nobody did, then: chmod o-w '%s'", v->path);
		return -EPERM;
	}
	return 0;
}

bool venv_is_launcher(const char *target)
{
	return target[0] == '/' && strcmp(path_base(target), VB_LAUNCHER) == 0;
}

/* Where dir/python leads to; NULL: not to a launcher, or out of memory. dir: relative, no link on the way. */
static char *launcher_of(const struct venv *v, const char *dir, bool *exists)
{
	cleanup_fd int fd = fd_open_below(v->fd, dir, O_PATH | O_DIRECTORY);
	char target[PATH_MAX];
	ssize_t len = fd >= 0 ? readlinkat(fd, "python", target, sizeof(target) - 1) : -1;

	*exists = fd >= 0;
	if (len < 0)
		return NULL;
	target[len] = '\0';
	return venv_is_launcher(target) ? strdup(target) : NULL;
}

/*
 * A swap exchanges bin and orig-bin. So before it, and after a removal that was cut
 * short, orig-bin is what holds our links, and the venv is as plain as if there were no state.
 */
int venv_look(struct venv *v, struct failure *f)
{
	cleanup_free char *in_orig = NULL;
	bool exists, orig_exists;
	struct stat st;

	free(v->launcher);
	v->launcher = NULL;
	v->shape = VENV_PLAIN;
	v->has_state = fstatat(v->fd, VB_STATE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (fstatat(v->fd, "bin", &st, AT_SYMLINK_NOFOLLOW) < 0) {
		v->shape = VENV_NO_BIN;
		return errno == ENOENT ? 0 : fail_errno(f, errno, NULL, "cannot look at '%s/bin'", v->path);
	}
	if (!S_ISDIR(st.st_mode))
		return fail_msg(f, ENOTDIR, MAKE_ONE, "'%s/bin' is not a directory", v->path);
	v->launcher = launcher_of(v, "bin", &exists);
	in_orig = launcher_of(v, VB_STATE "/" VB_ORIG_BIN, &orig_exists);
	if (v->launcher != NULL || (orig_exists && in_orig == NULL))
		v->shape = VENV_BOXED;
	return 0;
}

int venv_open(const char *path, struct venv *v, struct failure *f)
{
	struct stat st;
	int r = venv_refuse_inside(f);

	*v = (struct venv) { .fd = -1 };
	if (r < 0)
		return r;
	v->path = realpath(path, NULL);
	if (v->path == NULL)
		return errno == ENOENT ? fail_msg(f, ENOENT, MAKE_ONE, "there is no '%s'", path)
				       : fail_errno(f, errno, NULL, "cannot find '%s'", path);
	v->fd = fd_open_nofollow(v->path, O_RDONLY | O_DIRECTORY);
	if (v->fd == -ENOTDIR)
		return fail_msg(f, ENOTDIR, MAKE_ONE, "'%s' is not a Python virtual environment: it is not a directory", path);
	if (v->fd < 0 || fstat(v->fd, &st) < 0)
		return fail_errno(f, v->fd < 0 ? -v->fd : errno, NULL, "cannot open '%s'", v->path);
	if (faccessat(v->fd, "pyvenv.cfg", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_msg(f, ENOENT, MAKE_ONE, "'%s' is not a Python virtual environment: it has no pyvenv.cfg", path);
	r = become_owner(&st, f);
	if (r == 0)
		r = check_owner(v, &st, f);
	return r < 0 ? r : venv_look(v, f);
}

int venv_lock(const struct venv *v, struct failure *f)
{
	if (flock(v->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return fail_msg(f, EBUSY, "wait for it to end, and run this again; a program that runs in the box can stand in the way, too", "another venvbox-install is at work on '%s'", v->path);
	return fail_errno(f, errno, NULL, "cannot lock '%s'", v->path);
}

/* --- pyvenv.cfg --------------------------------------------------------------- */

static void trim(char **text, size_t *len)
{
	while (*len > 0 && strchr(" \t\r", **text) != NULL) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && strchr(" \t\r", (*text)[*len - 1]) != NULL)
		(*len)--;
}

static int take_path(char **member, const char *value, const struct venv *v, struct failure *f)
{
	if (value[0] != '/')
		return fail_msg(f, EINVAL, MAKE_ONE, "'%s/pyvenv.cfg' is malformed: '%s' is not an absolute path", v->path, value);
	free(*member);
	*member = path_clean("/", value);
	return *member != NULL ? 0 : -ENOMEM;
}

static int take_version(struct venv *v, const char *value, struct failure *f)
{
	if (sscanf(value, "%3u.%3u", &v->major, &v->minor) == 2)
		return 0;
	return fail_msg(f, EINVAL, MAKE_ONE, "'%s/pyvenv.cfg' is malformed: '%s' is not a version", v->path, value);
}

static int take_key(struct venv *v, const char *key, const char *value, struct failure *f)
{
	/* The names are those of venv, virtualenv and uv; CPython too takes them in any case. */
	if (strcasecmp(key, "home") == 0)
		return take_path(&v->home, value, v, f);
	if (strcasecmp(key, "executable") == 0 || strcasecmp(key, "base-executable") == 0)
		return take_path(&v->executable, value, v, f);
	if (strcasecmp(key, "version") == 0 || strcasecmp(key, "version_info") == 0)
		return take_version(v, value, f);
	return 0;
}

static int take_line(struct venv *v, char *line, size_t len, struct failure *f)
{
	char *equals = memchr(line, '=', len), *value;
	cleanup_free char *key = NULL, *text = NULL;
	size_t key_len, value_len;

	if (equals == NULL)
		return 0;
	value = equals + 1;
	key_len = (size_t) (equals - line);
	value_len = len - key_len - 1;
	trim(&line, &key_len);
	trim(&value, &value_len);
	key = strndup(line, key_len);
	text = strndup(value, value_len);
	return key != NULL && text != NULL ? take_key(v, key, text, f) : -ENOMEM;
}

static int read_cfg(const struct venv *v, struct buf *text, struct failure *f)
{
	cleanup_fd int fd = openat(v->fd, "pyvenv.cfg", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno, MAKE_ONE, "cannot open '%s/pyvenv.cfg'", v->path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH) != 0)
		return fail_msg(f, EPERM, MAKE_ONE, "'%s/pyvenv.cfg' is not a plain file, or everybody may write it", v->path);
	r = fd_read_all(fd, 65536, text);
	if (r < 0)
		return fail_errno(f, -r, MAKE_ONE, "cannot read '%s/pyvenv.cfg'", v->path);
	if (text->len > 0 && memchr(text->data, '\0', text->len) != NULL)
		return fail_msg(f, EINVAL, MAKE_ONE, "'%s/pyvenv.cfg' is malformed: it holds a NUL byte", v->path);
	return 0;
}

int venv_read_cfg(struct venv *v, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };
	int r = read_cfg(v, &text, f);

	for (char *line = text.data; r == 0 && line != NULL && *line != '\0';) {
		size_t len = strcspn(line, "\n");

		r = take_line(v, line, len, f);
		line += len + (line[len] == '\n');
	}
	if (r < 0)
		return r;
	if (v->home == NULL)
		return fail_msg(f, EINVAL, MAKE_ONE, "'%s/pyvenv.cfg' is malformed: it does not name the base interpreter ('home')", v->path);
	if (v->major != 0 && (v->major != 3 || v->minor < OLDEST_MINOR))
		return fail_msg(f, ENOTSUP, "make a new venv with a newer Python: python3 -m venv .venv",
				"'%s' is of Python %u.%u; venvbox needs 3.%d or later", v->path, v->major, v->minor, OLDEST_MINOR);
	return 0;
}
