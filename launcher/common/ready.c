/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/ready.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/fd.h"
#include "common/grow.h"
#include "common/keyfile.h"
#include "common/path.h"

/* Kernels before 6.13 mark changes with the time of the last tick, 1 to 10 ms; other machines' file systems (NFS) with seconds. */
#define FRESH_NS (2 * INT64_C(1000000000))

/* When no file was changed. */
#define NEVER_NS INT64_MIN

/* As many as a list has, or so. */
#define USUAL 128

#define LIST_LIMIT (1U << 20)

#define KEY_TREE "tree"
#define FIELDS 6

static const char *const kinds[] = {
	[READY_FILE] = "file",
	[READY_OWN] = "own",
	[READY_LINK] = "link",
	[READY_DIR] = "dir",
	[READY_MOUNT] = "mount",
	[READY_PART] = "part",
};

const char *const ready_dirs[] = { "/etc", "/usr", NULL };

void ready_release(struct ready *ready)
{
	for (size_t i = 0; i < ready->n; i++) {
		free(ready->v[i].source);
		free(ready->v[i].dest);
	}
	free(ready->v);
	free(ready->tree);
	*ready = (struct ready) { 0 };
}

int ready_add(struct ready *ready, enum ready_kind kind, const char *source, const char *dest, const struct ready_id *id)
{
	struct ready_item item = { .kind = kind, .source = strdup(source), .dest = strdup(dest) };
	struct ready_item *grown = grow_from(USUAL, ready->v, ready->n, sizeof(*grown));

	if (grown != NULL)
		ready->v = grown;
	if (grown == NULL || item.source == NULL || item.dest == NULL) {
		free(item.source);
		free(item.dest);
		return -ENOMEM;
	}
	if (id != NULL)
		item.id = *id;
	ready->v[ready->n++] = item;
	return 0;
}

char *ready_list_name(const char *dir)
{
	char *name;

	if (asprintf(&name, "%s.list", dir + 1) < 0)
		return NULL;
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '-';
	return name;
}

/* The first at i or behind it that is not part of another. */
static const struct ready_item *next_whole(const struct ready *ready, size_t *i)
{
	while (*i < ready->n && ready->v[*i].kind == READY_PART)
		(*i)++;
	return *i < ready->n ? &ready->v[(*i)++] : NULL;
}

bool ready_is_alike(const struct ready *a, const struct ready *b)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct ready_item *x = next_whole(a, &i), *y = next_whole(b, &j);

		if (x == NULL || y == NULL)
			return x == y;
		if (x->kind != y->kind || strcmp(x->source, y->source) != 0 || strcmp(x->dest, y->dest) != 0)
			return false;
	}
}

/* --- the list -------------------------------------------------------------- */

int ready_pack(const struct ready *ready, struct buf *out)
{
	keyfile_put1(out, KEY_TREE, ready->tree);
	for (size_t i = 0; i < ready->n; i++) {
		const struct ready_item *item = &ready->v[i];
		char number[4][24];
		const char *const fields[FIELDS] = { item->dest, item->source, number[0], number[1], number[2], number[3] };

		(void) snprintf(number[0], sizeof(number[0]), "%" PRIu64, item->id.ino);
		(void) snprintf(number[1], sizeof(number[1]), "%" PRIu64, item->id.size);
		(void) snprintf(number[2], sizeof(number[2]), "%" PRId64, item->id.mtime_ns);
		(void) snprintf(number[3], sizeof(number[3]), "%" PRId64, item->id.ctime_ns);
		keyfile_put(out, kinds[item->kind], fields, FIELDS);
	}
	return out->failed ? -ENOMEM : 0;
}

static int read_line(void *ctx, const char *key, const struct strv *fields)
{
	struct ready *ready = ctx;
	struct ready_id id;

	if (strcmp(key, KEY_TREE) == 0) {
		if (ready->tree != NULL || fields->n != 1)
			return -EBADMSG;
		ready->tree = strdup(fields->v[0]);
		return ready->tree != NULL ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(key, kinds[i]) != 0)
			continue;
		if (fields->n != FIELDS)
			return -EBADMSG;
		/* What is no number matches no file. */
		id = (struct ready_id) { .ino = strtoull(fields->v[2], NULL, 10), .size = strtoull(fields->v[3], NULL, 10),
					 .mtime_ns = strtoll(fields->v[4], NULL, 10), .ctime_ns = strtoll(fields->v[5], NULL, 10) };
		return ready_add(ready, (enum ready_kind) i, fields->v[1], fields->v[0], &id);
	}
	return -EBADMSG;
}

int ready_unpack(const char *text, size_t len, struct ready *ready)
{
	unsigned line;
	int r;

	*ready = (struct ready) { 0 };
	r = keyfile_parse(text, len, read_line, ready, &line);
	if (r == 0 && (ready->tree == NULL || !path_is_name(ready->tree)))
		r = -EBADMSG;
	if (r < 0)
		ready_release(ready);
	return r;
}

int ready_load(int ready_fd, const char *list, struct ready *ready)
{
	char room[TEXT_ROOM];
	cleanup_buf struct buf text = BUF_ON(room);
	cleanup_fd int fd = openat(ready_fd, list, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_read_plain(fd, 0, LIST_LIMIT, &text); /* half of a list is none, or shows something else */

	*ready = (struct ready) { 0 };
	return r < 0 ? r : ready_unpack(text.data != NULL ? text.data : "", text.len, ready);
}

int ready_save(int ready_fd, const char *list, const struct ready *ready)
{
	cleanup_buf struct buf text = { 0 };
	int r = ready_pack(ready, &text);

	return r < 0 ? r : fd_replace_file(ready_fd, list, text.data, text.len, 0600);
}

/* --- files ------------------------------------------------------------------- */

static int64_t in_ns(const struct timespec *t)
{
	return (int64_t) t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct ready_id plain_id(const struct stat *st)
{
	return (struct ready_id) { .ino = (uint64_t) st->st_ino, .size = (uint64_t) st->st_size,
				   .mtime_ns = in_ns(&st->st_mtim), .ctime_ns = in_ns(&st->st_ctim) };
}

void ready_id_of(const struct stat *st, struct ready_id *id)
{
	struct timespec now;

	*id = plain_id(st);
	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || llabs(in_ns(&now) - id->ctime_ns) < FRESH_NS)
		id->ctime_ns = NEVER_NS;
}

bool ready_has_copy(const struct ready_id *id)
{
	return id->ino != 0;
}

bool ready_can_be_same(const struct ready_id *id)
{
	return ready_has_copy(id) && id->ctime_ns != NEVER_NS;
}

bool ready_is_same(const struct ready_id *id, const struct stat *st)
{
	const struct ready_id now = plain_id(st);

	return (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) && id->ino == now.ino && id->size == now.size && id->mtime_ns == now.mtime_ns && id->ctime_ns == now.ctime_ns;
}

/* fsync(2): the list that calls it good is written after it. */
static int fill(int fd, int source_fd, const struct stat *st)
{
	const struct timespec times[] = { st->st_mtim, st->st_mtim };
	int r = fd_copy(source_fd, fd);

	if (r < 0)
		return r;
	return fchmod(fd, 0444 | (st->st_mode & 0111)) < 0 || futimens(fd, times) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int ready_put_file(int ready_fd, const char *place, int source_fd, struct ready_id *id)
{
	cleanup_fd int fd = -1;
	char temporary[FD_TEMPORARY];
	struct stat st;
	int r;

	/* Before it is read: what changes meanwhile is seen at the next start. */
	if (fstat(source_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	ready_id_of(&st, id);
	fd = fd_create_temporary(ready_fd, temporary);
	if (fd < 0)
		return fd;
	r = fill(fd, source_fd, &st);
	if (r == 0 && renameat(ready_fd, temporary, ready_fd, place) < 0)
		r = -errno;
	if (r < 0)
		(void) unlinkat(ready_fd, temporary, 0);
	return r;
}
