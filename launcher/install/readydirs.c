/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/readydirs.h"

#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "common/ready.h"
#include "install/bins.h"
#include "install/readycopy.h"
#include "install/state.h"
#include "stubs/etc.h"

/* What is larger is mounted: git and Python together would be 10 MB in each venv. bash is more than all other tools, and a mount less at each start. */
#define COPY_LIMIT (2U << 20)
/* For less a mount of its own does not pay. */
#define ENOUGH 4

struct making {
	int state_fd;
	int ready_fd;
	const struct manifest *m;
	struct strv kept; /* names in VB_READY that are in use */
};

/* --- what is to be in a directory ------------------------------------------------ */

/*
 * 0: source is not there, or is nothing that can be shown so; its directory is then made at each start, as ever: the launcher finds it missing too,
 * and can say so. What else the kernel says ends the installation.
 */
static int kind_of(const struct mount_row *row, enum ready_kind *kind)
{
	struct stat st;

	if (row->kind == MOUNT_SYMLINK) {
		*kind = READY_LINK;
		return 1;
	}
	if (stat(row->source, &st) < 0)
		return fd_is_missing(errno) ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		*kind = READY_DIR;
	else if (S_ISREG(st.st_mode))
		*kind = row->kind == MOUNT_COPY || st.st_size <= COPY_LIMIT ? READY_FILE : READY_MOUNT;
	else
		return 0;
	return row->kind == MOUNT_RO || *kind == READY_FILE;
}

static int add_own(const struct making *k, struct ready *ready)
{
	cleanup_free char *state = path_join(k->m->venv, VB_STATE);
	cleanup_free char *etc = state ? path_join(state, VB_ETC) : NULL;
	int r = etc ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && etc_files[i] != NULL; i++) {
		cleanup_free char *source = path_join(etc, etc_files[i]);
		cleanup_free char *dest = path_join("/etc", etc_files[i]);

		r = source && dest ? ready_add(ready, READY_OWN, source, dest, NULL) : -ENOMEM;
	}
	return r;
}

/* 1: in the order of the plan, so that the launcher compares one after the other. 0: nothing to be made. */
static int gather(const struct making *k, const char *dir, struct ready *ready)
{
	size_t rows = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->m->n_mounts; i++) {
		const struct mount_row *row = &k->m->mounts[i];
		enum ready_kind kind = READY_FILE;

		/* The rows of both profiles are the same in /etc; where they were not, the system profile makes its own at each start. */
		if (!row->in_minimal || !path_is_within(row->dest, dir))
			continue;
		r = strcmp(row->dest, dir) != 0 ? kind_of(row, &kind) : 0;
		if (r <= 0)
			return r;
		r = ready_add(ready, kind, row->source, row->dest, NULL);
	}
	if (r == 0 && strcmp(dir, "/etc") == 0)
		r = add_own(k, ready);
	for (size_t i = 0; r == 0 && i < ready->n; i++)
		rows += ready->v[i].kind != READY_DIR && ready->v[i].kind != READY_MOUNT;
	return r < 0 ? r : rows >= ENOUGH;
}

/* --- making it --------------------------------------------------------------------- */

/* mode whatever the umask says. */
static int make_dir(int dirfd, const char *name)
{
	if (mkdirat(dirfd, name, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return fchmodat(dirfd, name, 0755, 0) < 0 ? -errno : 0;
}

static int make_parents(int tree, const char *place)
{
	int r = 0;

	for (const char *slash = strchr(place, '/'); r == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		cleanup_free char *parent = strndup(place, (size_t) (slash - place));

		r = parent ? make_dir(tree, parent) : -ENOMEM;
	}
	return r;
}

static int make_empty(int tree, const char *place)
{
	cleanup_fd int fd = openat(tree, place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	return fd < 0 ? -errno : 0;
}

static int make_item(int tree, const struct ready_item *item, const char *place)
{
	int r = make_parents(tree, place);

	if (r < 0)
		return r;
	switch (item->kind) {
	case READY_LINK:
		return symlinkat(item->source, tree, place) < 0 ? -errno : 0;
	case READY_DIR:
		return make_dir(tree, place);
	case READY_MOUNT:
		return make_empty(tree, place);
	case READY_FILE:
	case READY_OWN:
	case READY_PART:
		break;
	}
	return 0;
}

/* Takes what is there of parts. */
static int add_parts(struct ready *ready, const struct ready *parts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < parts->n; i++)
		r = ready_add(ready, READY_PART, parts->v[i].source, parts->v[i].dest, &parts->v[i].id);
	return r;
}

/* Copies the directories that are small into the tree, which is new. */
static int copy_dirs(const struct making *k, const char *dir, struct ready *ready)
{
	cleanup_ready struct ready all = { .tree = strdup(ready->tree) };
	int r = all.tree != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < ready->n; i++) {
		const struct ready_item *item = &ready->v[i];
		cleanup_ready struct ready parts = { 0 };
		cleanup_free char *place = path_join(ready->tree, path_below(item->dest, dir));
		struct ready_id id = item->id;
		int copied = 0;

		if (place == NULL)
			return -ENOMEM;
		if (item->kind == READY_DIR)
			copied = readycopy_dir(k->ready_fd, place, item->source, item->dest, &parts, &id);
		r = copied < 0 ? copied : ready_add(&all, item->kind, item->source, item->dest, &id);
		if (r == 0 && copied > 0)
			r = add_parts(&all, &parts);
	}
	if (r < 0)
		return r;
	ready_release(ready);
	*ready = all;
	all = (struct ready) { 0 };
	return 0;
}

static int make_tree(const struct making *k, const char *dir, struct ready *ready)
{
	cleanup_fd int tree = -1;

	for (unsigned n = 0;; n++) {
		free(ready->tree);
		if (asprintf(&ready->tree, "%s.%u", path_base(dir), n) < 0) {
			ready->tree = NULL;
			return -ENOMEM;
		}
		if (mkdirat(k->ready_fd, ready->tree, 0755) == 0)
			break;
		if (errno != EEXIST)
			return -errno;
	}
	tree = fd_open_below(k->ready_fd, ready->tree, O_RDONLY | O_DIRECTORY);
	if (tree < 0)
		return tree;
	if (fchmod(tree, 0755) < 0)
		return -errno;
	for (size_t i = 0; i < ready->n; i++) {
		int r = make_item(tree, &ready->v[i], path_below(ready->v[i].dest, dir));

		if (r < 0)
			return r;
	}
	return 0;
}

/* A file of ours is opened where it is now: the state has another name until all of it is made. */
static int open_source(const struct making *k, const struct ready_item *item)
{
	cleanup_free char *below = path_join(VB_ETC, path_base(item->source));
	int fd;

	if (below == NULL)
		return -ENOMEM;
	if (item->kind == READY_OWN)
		return fd_open_below(k->state_fd, below, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	fd = open(item->source, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What cannot be read now is tried again by the launcher, which can say so; but it takes ours as they are. */
static int fill_item(const struct making *k, const char *dir, const char *tree, struct ready_item *item)
{
	cleanup_fd int source = open_source(k, item);
	cleanup_free char *place = path_join(tree, path_below(item->dest, dir));
	struct stat st;

	if (place == NULL || source == -ENOMEM)
		return -ENOMEM;
	if (source < 0)
		return item->kind == READY_FILE && fd_is_missing(-source) ? 0 : source;
	if (fstat(source, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || ready_is_same(&item->id, &st))
		return 0;
	if (item->kind == READY_FILE)
		return ready_put_file(k->ready_fd, place, source, &item->id);
	return ready_put_file(k->ready_fd, place, source, &(struct ready_id) { 0 });
}

/* Is it in the tree what was made once? */
static int is_made(int tree, const char *dir, const struct ready_item *item)
{
	bool copied = (item->kind == READY_FILE || item->kind == READY_PART) && ready_has_copy(&item->id);
	struct stat st;
	mode_t type = item->kind == READY_LINK ? S_IFLNK : item->kind == READY_DIR ? S_IFDIR : S_IFREG;

	if (fstatat(tree, path_below(item->dest, dir), &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (!fd_is_missing(errno))
			return -errno;
		return !copied && (item->kind == READY_FILE || item->kind == READY_OWN);
	}
	if (item->kind == READY_PART && S_ISDIR(st.st_mode))
		return 1;
	return (st.st_mode & S_IFMT) == type && (!copied || (uint64_t) st.st_size == item->id.size);
}

/* Of a directory and what is in it: is the copy that of now? Its content is not brought up to date, but copied as a whole. */
static int is_copy_of_now(const struct making *k, const char *dir, const char *tree, const struct ready_item *item)
{
	cleanup_free char *place = path_join(tree, path_below(item->dest, dir));
	struct stat st;
	int r;

	if (place == NULL)
		return -ENOMEM;
	if (item->kind == READY_DIR && !ready_has_copy(&item->id)) {
		r = readycopy_fits(item->source);
		return r < 0 ? r : r == 0;
	}
	if (stat(item->source, &st) < 0)
		return fd_is_missing(errno) ? 0 : -errno;
	if (!ready_is_same(&item->id, &st))
		return 0;
	return item->kind == READY_DIR ? readycopy_has_links(k->ready_fd, place, item->source) : 1;
}

/* 1: the tree is what was made once. It is nobody's but ours, but somebody may have looked for space. */
static int is_whole(const struct making *k, const char *dir, const struct ready *ready)
{
	cleanup_fd int tree = fd_open_below(k->ready_fd, ready->tree, O_RDONLY | O_DIRECTORY);
	int r = 1;

	if (tree < 0)
		return fd_is_missing(-tree) ? 0 : tree;
	for (size_t i = 0; r > 0 && i < ready->n; i++) {
		const struct ready_item *item = &ready->v[i];

		r = is_made(tree, dir, item);
		if (r > 0 && (item->kind == READY_DIR || item->kind == READY_PART))
			r = is_copy_of_now(k, dir, ready->tree, item);
	}
	return r;
}

/* The list that is there, if its tree is whole and shows the same: its content is then brought up to date. */
static int find_alike(const struct making *k, const char *dir, const char *list, struct ready *ready)
{
	cleanup_ready struct ready old = { 0 };
	int r = ready_load(k->ready_fd, list, &old);

	if (r < 0)
		return r == -ENOENT || r == -EBADMSG ? 0 : r;
	r = ready_is_alike(&old, ready) ? is_whole(k, dir, &old) : 0;
	if (r <= 0)
		return r;
	ready_release(ready);
	*ready = old;
	old = (struct ready) { 0 };
	return 1;
}

static int make_one(struct making *k, const char *dir)
{
	cleanup_ready struct ready ready = { 0 };
	cleanup_free char *list = ready_list_name(dir);
	int r = list ? gather(k, dir, &ready) : -ENOMEM;

	if (r <= 0)
		return r;
	r = find_alike(k, dir, list, &ready);
	if (r == 0) {
		r = make_tree(k, dir, &ready);
		if (r == 0)
			r = copy_dirs(k, dir, &ready);
	}
	for (size_t i = 0; r >= 0 && i < ready.n; i++)
		if (ready.v[i].kind == READY_FILE || ready.v[i].kind == READY_OWN)
			r = fill_item(k, dir, ready.tree, &ready.v[i]);
	if (r >= 0)
		r = ready_save(k->ready_fd, list, &ready);
	if (r == 0)
		r = strv_add(&k->kept, list);
	return r < 0 ? r : strv_add(&k->kept, ready.tree);
}

/* --- the whole ------------------------------------------------------------------------ */

/* A list whose tree no box is to use any more goes first; a tree may be mounted in a box that runs. */
static int sweep(const struct making *k)
{
	cleanup_fd int lock = state_lock(k->state_fd, true);
	cleanup_strv struct strv names = { 0 };
	int r = bins_names(k->ready_fd, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		size_t len = strlen(names.v[i]);
		bool is_list = len > 5 && strcmp(names.v[i] + len - 5, ".list") == 0;

		if (!strv_contains(&k->kept, names.v[i]) && (is_list || lock >= 0))
			r = fd_remove_tree(k->ready_fd, names.v[i]);
	}
	return lock < 0 && lock != -EAGAIN ? lock : r;
}

int readydirs_make(int state_fd, const struct manifest *m)
{
	cleanup_fd int ready_fd = fd_open_below(state_fd, VB_READY, O_RDONLY | O_DIRECTORY);
	struct making k = { .state_fd = state_fd, .ready_fd = ready_fd, .m = m };
	int r = ready_fd < 0 ? ready_fd : 0;

	for (size_t i = 0; r == 0 && ready_dirs[i] != NULL; i++)
		r = make_one(&k, ready_dirs[i]);
	if (r == 0)
		r = sweep(&k);
	strv_release(&k.kept);
	return r;
}
