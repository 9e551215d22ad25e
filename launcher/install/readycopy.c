/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/readycopy.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "common/dirread.h"
#include "common/fd.h"
#include "common/path.h"

/* Each file and directory is asked at each start, in a microsecond; a mount takes a hundred. */
#define MOST_PARTS 32
/* Debian's /etc/alternatives has some hundred links. */
#define MOST_NAMES 4096
#define MOST_BYTES (1U << 20)
#define MOST_LEVELS 4

/* One walk, for one of three ends. */
enum purpose {
	MEASURE,
	COPY,
	COMPARE,
};

struct walk {
	enum purpose purpose;
	int ready_fd;
	struct ready *parts; /* COPY */
	dev_t dev;           /* what is mounted in it would not be there */
	size_t n_parts, n_names;
	uint64_t bytes;
	unsigned level;
};

/* One directory of it: where it is, and where its copy is and is shown. */
struct where {
	int fd;
	const char *place, *source, *dest;
};

static int walk_dir(struct walk *w, const struct where *at);

/* What may go away under us, or be kept from us, is no reason to end an installation: it is mounted. */
static int not_so(int err)
{
	return fd_is_missing(err) || err == EINVAL || err == EEXIST ? 0 : -err;
}

static int do_link(struct walk *w, const struct where *at, const char *name, const char *place)
{
	char text[PATH_MAX], copy[PATH_MAX];
	ssize_t len = readlinkat(at->fd, name, text, sizeof(text) - 1), n;

	if (len < 0)
		return not_so(errno);
	text[len] = '\0';
	if (w->purpose == COPY)
		return symlinkat(text, w->ready_fd, place) < 0 ? not_so(errno) : 1;
	if (w->purpose == MEASURE)
		return 1;
	n = readlinkat(w->ready_fd, place, copy, sizeof(copy));
	return n < 0 ? not_so(errno) : n == len && memcmp(text, copy, (size_t) len) == 0;
}

static int do_file(struct walk *w, const struct where *at, const char *name, const struct where *file)
{
	cleanup_fd int fd = -1;
	struct ready_id id;
	int r;

	if (w->purpose != COPY)
		return 1;
	fd = openat(at->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return not_so(errno);
	r = ready_put_file(w->ready_fd, file->place, fd, &id);
	if (r == 0)
		r = ready_add(w->parts, READY_PART, file->source, file->dest, &id);
	return r == 0 ? 1 : r == -EINVAL ? 0 : r;
}

static int do_dir(struct walk *w, const struct where *at, const char *name, struct where *dir)
{
	cleanup_fd int fd = openat(at->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct ready_id id;
	struct stat st;
	int r = 0;

	if (fd < 0)
		return not_so(errno);
	/* Before it is read: what changes meanwhile is seen at the next start. */
	if (fstat(fd, &st) < 0)
		return -errno;
	ready_id_of(&st, &id);
	if (w->purpose == COPY) {
		if (mkdirat(w->ready_fd, dir->place, 0755) < 0 || fchmodat(w->ready_fd, dir->place, 0755, 0) < 0)
			return not_so(errno);
		r = ready_add(w->parts, READY_PART, dir->source, dir->dest, &id);
	}
	if (r < 0)
		return r;
	dir->fd = fd;
	return walk_dir(w, dir);
}

/* A copy is for everybody who may look, and by root everything is read: what is not for all stays where its owner decides about it. */
static bool is_for_all(const struct stat *st)
{
	mode_t wanted = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;

	return (st->st_mode & wanted) == wanted;
}

/* 1: go on. */
static int do_name(struct walk *w, const struct where *at, const char *name)
{
	cleanup_free char *place = path_join(at->place, name);
	cleanup_free char *source = path_join(at->source, name);
	cleanup_free char *dest = path_join(at->dest, name);
	struct where below = { .place = place, .source = source, .dest = dest };
	struct stat st;

	if (place == NULL || source == NULL || dest == NULL)
		return -ENOMEM;
	if (fstatat(at->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return not_so(errno);
	w->n_names++;
	if (st.st_dev != w->dev || w->n_names > MOST_NAMES)
		return 0;
	if (S_ISLNK(st.st_mode))
		return do_link(w, at, name, place);
	if (!is_for_all(&st))
		return 0;
	w->n_parts++;
	if (S_ISREG(st.st_mode))
		w->bytes += (uint64_t) st.st_size;
	if (w->n_parts > MOST_PARTS || w->bytes > MOST_BYTES)
		return 0;
	if (S_ISREG(st.st_mode))
		return do_file(w, at, name, &below);
	return S_ISDIR(st.st_mode) ? do_dir(w, at, name, &below) : 0;
}

/* fsync(2): the list that calls it good is written after it, and does not name the links. */
static int sync_dir(const struct walk *w, const char *place)
{
	cleanup_fd int fd = openat(w->ready_fd, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 1;
}

static int walk_dir(struct walk *w, const struct where *at)
{
	struct dirread names = { .fd = at->fd };
	const char *name;
	unsigned char type;
	int r, good = 1;

	if (w->level == MOST_LEVELS)
		return 0;
	w->level++;
	while (good > 0 && (r = dirread_next(&names, &name, &type)) != 0)
		good = r < 0 ? r : do_name(w, at, name);
	w->level--;
	return good > 0 && w->purpose == COPY ? sync_dir(w, at->place) : good;
}

/* *id: of source, before it was read. */
static int walk_from(struct walk *w, const char *place, const char *source, const char *dest, struct ready_id *id)
{
	struct stat st;
	cleanup_fd int fd = openat(AT_FDCWD, source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct where top = { .fd = fd, .place = place, .source = source, .dest = dest };

	if (fd < 0)
		return not_so(errno);
	if (fstat(fd, &st) < 0)
		return -errno;
	ready_id_of(&st, id);
	w->dev = st.st_dev;
	return is_for_all(&st) ? walk_dir(w, &top) : 0;
}

int readycopy_dir(int ready_fd, const char *place, const char *source, const char *dest, struct ready *parts, struct ready_id *id)
{
	struct walk measure = { .purpose = MEASURE, .ready_fd = ready_fd }, copy = { .purpose = COPY, .ready_fd = ready_fd, .parts = parts };
	int r = walk_from(&measure, place, source, dest, id);

	if (r > 0)
		r = walk_from(&copy, place, source, dest, id);
	if (r <= 0)
		*id = (struct ready_id) { 0 };
	return r;
}

int readycopy_fits(const char *source)
{
	struct walk w = { .purpose = MEASURE, .ready_fd = -1 };
	struct ready_id id;

	return walk_from(&w, "", source, "/", &id);
}

int readycopy_has_links(int ready_fd, const char *place, const char *source)
{
	struct walk w = { .purpose = COMPARE, .ready_fd = ready_fd };
	struct ready_id id;

	return walk_from(&w, place, source, "/", &id);
}
