/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/hardlink.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/linkset.h"
#include "common/names.h"
#include "common/path.h"

#define TRIES 10 /* somebody else may make the temporary name at the same time */

/* What one kind of box can write is one part: a link into another part is as good as one out of the venv. */
enum part {
	PART_REST = 1, /* pip */
	PART_BIN,      /* nobody: what the host executes and sources */
	PART_CFG,      /* nobody */
	PART_STATE,    /* nobody */
	PART_INNER,    /* pip */
	PART_PIP,      /* pip, and nobody reads it later but pip */
	PART_HOME,     /* programs */
	PART_CACHE,    /* programs */
};

static const struct {
	enum part above;
	unsigned depth; /* of the directory that holds the name */
	const char *name;
	enum part part;
} parts[] = {
	{ PART_REST, 0, "bin", PART_BIN },
	{ PART_REST, 0, "pyvenv.cfg", PART_CFG },
	{ PART_REST, 0, VB_STATE, PART_STATE },
	{ PART_REST, 0, VB_HOME, PART_HOME },
	{ PART_REST, 0, VB_CACHE, PART_CACHE },
	{ PART_STATE, 1, VB_INNER_BIN, PART_INNER },
	{ PART_STATE, 1, VB_PIP_CACHE, PART_PIP },
	{ PART_STATE, 1, VB_PIP_TMP, PART_PIP },
};

/* Where the walk stands: a chain of directories up to the venv. */
struct place {
	const struct place *up; /* NULL: the venv */
	const char *name;
	int fd;
	unsigned depth;
	enum part part;
};

struct walk {
	struct linkset seen;
	bool pip_only;
	bool breaking; /* the second pass; the first one counts */
	bool clones;   /* the file system can share blocks: copies cost no space */
	bool has_room; /* asked, or not needed */
	unsigned long long bytes;
	dev_t dev;
	const char *venv;
	struct hardlinks *out;
	struct failure *f;
};

void hardlinks_release(struct hardlinks *h)
{
	free(h->unsought);
	*h = (struct hardlinks) { 0 };
}

static enum part part_of(const struct place *p, const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].depth == p->depth && parts[i].above == p->part && strcmp(parts[i].name, name) == 0)
			return parts[i].part;
	return p->part;
}

/* --- words ------------------------------------------------------------------------- */

static void put_path(struct buf *out, const struct walk *w, const struct place *p, const char *name)
{
	if (p == NULL)
		buf_puts(out, w->venv);
	else
		put_path(out, w, p->up, p->name);
	if (name != NULL) {
		buf_putc(out, '/');
		buf_puts(out, name);
	}
}

static int cannot_look(const struct walk *w, const struct place *p, const char *name, int err)
{
	cleanup_buf struct buf path = { 0 };
	const char *hint = "see what made it; without the right to read it nobody can tell whether files in it are shared";

	put_path(&path, w, p, name);
	if (err == ELOOP)
		return fail_msg(w->f, err, "see what made it, and remove it", "'%s' is too deep: more than %d directories",
				path.failed ? w->venv : path.data, HARDLINK_DEPTH);
	if (err == E2BIG)
		return fail_msg(w->f, err, "see what made them, and remove them", "'%s' holds too many hard links: more than %u",
				w->venv, HARDLINK_INODES);
	if (err == EACCES)
		hint = "make it yours again: chmod u+rwx, or remove it";
	return fail_errno(w->f, err, hint, "cannot look for hard links in '%s'", path.failed ? w->venv : path.data);
}

static int cannot_break(const struct walk *w, const struct place *p, const char *name, int err)
{
	cleanup_buf struct buf path = { 0 };
	const char *hint = "give yourself the right to read it and to write in its directory, or install its package with UV_LINK_MODE=copy";

	put_path(&path, w, p, name);
	if (err == ENOSPC || err == EDQUOT)
		hint = "make room: see df(1), quota(1)";
	return fail_errno(w->f, err, hint, "'%s' is a hard link to a file outside, which pip could change there, and cannot be replaced by a copy",
			  path.failed ? w->venv : path.data);
}

/* --- one file ------------------------------------------------------------------------ */

/* Where blocks cannot be shared all copies need space. Asked before the first, not found out when the disk is full. */
static int check_room(struct walk *w, int fd)
{
	struct statvfs fs;

	if (w->has_room || fstatvfs(fd, &fs) < 0)
		return 0;
	w->has_room = true;
	return w->bytes / fs.f_frsize >= fs.f_bavail ? -ENOSPC : 0;
}

static int fill(struct walk *w, int from, int to, const struct stat *st)
{
	int r = 0;

	if (!w->clones || ioctl(to, FICLONE, from) < 0) {
		w->clones = false;
		r = check_room(w, to);
		if (r == 0)
			r = fd_copy(from, to);
	}
	/* Set-id bits are no matter of a venv. */
	if (r == 0 && fchmod(to, st->st_mode & 0777) < 0)
		r = -errno;
	/* Python compares the time of a source with what its .pyc says. */
	if (r == 0 && futimens(to, (const struct timespec[]) { st->st_atim, st->st_mtim }) < 0)
		r = -errno;
	return r;
}

static int make_temporary(int dir)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = openat(dir, HARDLINK_TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? fd : -errno;
		if (unlinkat(dir, HARDLINK_TEMPORARY, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	return -EBUSY;
}

/* known: what lstat saw. Code in a box may be at work in its home, where the name can have become something else: then it is left. */
static int break_link(struct walk *w, int dir, const char *name, const struct stat *known)
{
	cleanup_fd int from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_fd int to = -1;
	struct stat st;
	int r;

	if (from < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	if (fstat(from, &st) < 0)
		return -errno;
	if (st.st_ino != known->st_ino || st.st_dev != known->st_dev)
		return 0;
	to = make_temporary(dir);
	if (to < 0)
		return take_fd(&to);
	r = fill(w, from, to, &st);
	if (r == 0 && renameat(dir, HARDLINK_TEMPORARY, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void) unlinkat(dir, HARDLINK_TEMPORARY, 0);
	else
		w->out->broken++;
	return r;
}

static int visit_file(struct walk *w, const struct place *p, const char *name, const struct stat *st)
{
	int r;

	if (st->st_nlink < 2)
		return 0;
	if (!w->breaking) {
		r = linkset_see(&w->seen, st, part_of(p, name), HARDLINK_INODES);
		return r < 0 ? cannot_look(w, p, NULL, -r) : 0;
	}
	if (!linkset_leaves(&w->seen, st))
		return 0;
	r = break_link(w, p->fd, name, st);
	return r < 0 ? cannot_break(w, p, name, -r) : 0;
}

/* --- directories ------------------------------------------------------------------------ */

static int walk_dir(struct walk *w, const struct place *p);

/* What we may neither list nor search, a box, which is us, may not either, unless it is ours: then chmod(2) is all it takes. */
static bool is_shut(const struct place *p, const char *name, const struct stat *st)
{
	return st->st_uid != geteuid() && faccessat(p->fd, name, X_OK, AT_EACCESS) < 0 && errno == EACCES;
}

static int note_unsought(struct walk *w, const struct place *p, const char *name)
{
	cleanup_buf struct buf path = { 0 };

	if (w->out->unsought != NULL)
		return 0;
	put_path(&path, w, p, name);
	w->out->unsought = buf_take(&path);
	return w->out->unsought != NULL ? 0 : -ENOMEM;
}

static int visit_dir(struct walk *w, const struct place *p, const char *name, const struct stat *st)
{
	struct place below = { .up = p, .name = name, .depth = p->depth + 1, .part = part_of(p, name) };
	cleanup_fd int fd = -1;

	if (w->pip_only && (below.part == PART_HOME || below.part == PART_CACHE))
		return 0;
	if (st->st_dev != w->dev)
		return note_unsought(w, p, name);
	if (below.depth > HARDLINK_DEPTH)
		return cannot_look(w, p, NULL, ELOOP);
	fd = openat(p->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0; /* gone meanwhile */
	if (fd < 0)
		return errno == EACCES && is_shut(p, name, st) ? 0 : cannot_look(w, p, name, errno);
	below.fd = fd;
	return walk_dir(w, &below);
}

static int visit(struct walk *w, const struct place *p, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_REG && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	if (fstatat(p->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cannot_look(w, p, entry->d_name, errno);
	if (S_ISDIR(st.st_mode))
		return visit_dir(w, p, entry->d_name, &st);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (strcmp(entry->d_name, HARDLINK_TEMPORARY) == 0 && !w->breaking)
		return unlinkat(p->fd, entry->d_name, 0) < 0 && errno != ENOENT ? cannot_look(w, p, entry->d_name, errno) : 0;
	return visit_file(w, p, entry->d_name, &st);
}

static int walk_dir(struct walk *w, const struct place *p)
{
	cleanup_fd int copy = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return cannot_look(w, p, NULL, errno);
	(void) take_fd(&copy);
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int r = path_is_name(entry->d_name) ? visit(w, p, entry) : 0;

		if (r < 0)
			return r;
	}
	return errno != 0 ? cannot_look(w, p, NULL, errno) : 0;
}

int hardlinks_break(int venv_fd, const char *venv, bool pip_only, struct hardlinks *h, struct failure *f)
{
	struct walk w = { .venv = venv, .out = h, .f = f, .pip_only = pip_only, .clones = true };
	const struct place top = { .fd = venv_fd, .part = PART_REST };
	struct stat st;
	int r;

	*h = (struct hardlinks) { 0 };
	if (fstat(venv_fd, &st) < 0)
		return cannot_look(&w, NULL, NULL, errno);
	w.dev = st.st_dev;
	r = walk_dir(&w, &top);
	w.breaking = true;
	if (r == 0 && linkset_any_leaves(&w.seen, &w.bytes))
		r = walk_dir(&w, &top);
	linkset_release(&w.seen);
	return r;
}
