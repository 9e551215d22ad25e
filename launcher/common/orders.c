/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the launcher hands to PID 1 in memfds: orders and payload, as bytes and back. See wire.h. */
#include <limits.h>
#include <string.h>

#include "common/grow.h"
#include "common/path.h"
#include "common/wire.h"

#define ORDERS_MAGIC  0x4f427676 /* "vvBO" */
#define PAYLOAD_MAGIC 0x50427676 /* "vvBP" */

#define ORDERS_WATCH UINT32_C(1)
#define ORDERS_BASE  UINT32_C(2)

void orders_release(struct orders *o)
{
	for (size_t i = 0; i < o->n_mounts; i++)
		free(o->mounts[i].path);
	for (size_t i = 0; i < o->n_fds; i++)
		free(o->fds[i].path);
	free(o->mounts);
	free(o->fds);
	free(o->cwd);
	free(o->program);
	*o = (struct orders) { 0 };
}

int orders_add_mount(struct orders *o, const char *path, uint64_t dev, uint64_t ino, bool read_only)
{
	struct order_mount *grown = grow(o->mounts, o->n_mounts, sizeof(*grown));
	struct order_mount mount = { .dev = dev, .ino = ino, .read_only = read_only };

	if (grown == NULL)
		return -ENOMEM;
	o->mounts = grown;
	mount.path = strdup(path);
	if (mount.path == NULL)
		return -ENOMEM;
	grown[o->n_mounts++] = mount;
	return 0;
}

int orders_add_fd(struct orders *o, const struct order_fd *fd)
{
	struct order_fd *grown = grow(o->fds, o->n_fds, sizeof(*grown));
	struct order_fd copy = *fd;

	if (grown == NULL)
		return -ENOMEM;
	o->fds = grown;
	copy.path = fd->path != NULL ? strdup(fd->path) : NULL;
	if (fd->path != NULL && copy.path == NULL)
		return -ENOMEM;
	grown[o->n_fds++] = copy;
	return 0;
}

/* Asked by both ends: what may not be received is not sent. */
static bool orders_valid(const struct orders *o)
{
	if (o->cwd == NULL || !path_is_clean(o->cwd) || o->program == NULL || strchr(o->program, '/') == NULL)
		return false;
	for (size_t i = 0; i < o->n_mounts; i++)
		if (!path_is_clean(o->mounts[i].path))
			return false;
	for (size_t i = 0; i < o->n_fds; i++) {
		const struct order_fd *fd = &o->fds[i];

		if (fd->target < 0 || (fd->how != FD_PASS && fd->how != FD_REOPEN))
			return false;
		if (fd->how == FD_PASS ? fd->path != NULL : (fd->path == NULL || !path_is_clean(fd->path) || fd->offset < 0))
			return false;
	}
	return true;
}

static void put_u32(struct buf *out, uint32_t value)
{
	buf_add(out, &value, sizeof(value));
}

static void put_u64(struct buf *out, uint64_t value)
{
	buf_add(out, &value, sizeof(value));
}

/* Longer ones than 4 GiB do not exist: execve(2) takes 128 KiB. */
static void put_string(struct buf *out, const char *str)
{
	size_t len = strlen(str);

	if (len > INT32_MAX) {
		out->failed = true;
		return;
	}
	put_u32(out, (uint32_t) len);
	buf_add(out, str, len);
}

int orders_pack(const struct orders *o, struct buf *out)
{
	if (!orders_valid(o) || o->n_mounts > INT32_MAX || o->n_fds > INT32_MAX)
		return -EINVAL;
	put_u32(out, ORDERS_MAGIC);
	put_u32(out, WIRE_VERSION);
	put_u64(out, o->keep_caps);
	put_u64(out, o->files);
	put_u64(out, o->sig_ignored);
	put_u64(out, o->sig_blocked);
	put_u32(out, (o->watch ? ORDERS_WATCH : 0) | (o->base ? ORDERS_BASE : 0));
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		put_u64(out, o->limits[i]);
	put_string(out, o->cwd);
	put_string(out, o->program);
	put_u32(out, (uint32_t) o->n_mounts);
	for (size_t i = 0; i < o->n_mounts; i++) {
		put_string(out, o->mounts[i].path);
		put_u64(out, o->mounts[i].dev);
		put_u64(out, o->mounts[i].ino);
		put_u32(out, o->mounts[i].read_only);
	}
	put_u32(out, (uint32_t) o->n_fds);
	for (size_t i = 0; i < o->n_fds; i++) {
		const struct order_fd *fd = &o->fds[i];

		put_u32(out, (uint32_t) fd->target);
		put_u32(out, (uint32_t) fd->how);
		put_u32(out, (uint32_t) fd->flags);
		put_u64(out, (uint64_t) fd->offset);
		put_string(out, fd->path != NULL ? fd->path : "");
	}
	return out->failed ? -ENOMEM : 0;
}

/* What is left to read. After the first error every get_*() yields nothing, so one check at the end is enough. */
struct reader {
	const unsigned char *p;
	size_t left;
	int err;
};

static void get_bytes(struct reader *in, void *to, size_t len)
{
	if (in->err == 0 && len > in->left)
		in->err = -EBADMSG;
	if (in->err != 0) {
		memset(to, 0, len);
		return;
	}
	memcpy(to, in->p, len);
	in->p += len;
	in->left -= len;
}

static uint32_t get_u32(struct reader *in)
{
	uint32_t value;

	get_bytes(in, &value, sizeof(value));
	return value;
}

static uint64_t get_u64(struct reader *in)
{
	uint64_t value;

	get_bytes(in, &value, sizeof(value));
	return value;
}

/* A string without NUL, owned by the caller; NULL on error. */
static char *get_string(struct reader *in)
{
	size_t len = get_u32(in);
	char *str;

	if (in->err == 0 && (len > in->left || memchr(in->p, '\0', len) != NULL))
		in->err = -EBADMSG;
	if (in->err != 0)
		return NULL;
	str = strndup((const char *) in->p, len);
	if (str == NULL)
		in->err = -ENOMEM;
	in->p += len;
	in->left -= len;
	return str;
}

static void get_mount(struct reader *in, struct orders *o)
{
	cleanup_free char *path = get_string(in);
	uint64_t dev = get_u64(in), ino = get_u64(in);
	uint32_t read_only = get_u32(in);

	if (in->err == 0 && read_only > 1)
		in->err = -EBADMSG;
	if (in->err == 0)
		in->err = orders_add_mount(o, path, dev, ino, read_only == 1);
}

static void get_fd(struct reader *in, struct orders *o)
{
	cleanup_free char *path = NULL;
	struct order_fd fd;

	/* Statements, not an initialiser: C does not order the parts of one. */
	fd.target = (int32_t) get_u32(in);
	fd.how = get_u32(in);
	fd.flags = (int32_t) get_u32(in);
	fd.offset = (int64_t) get_u64(in);
	path = get_string(in);
	if (in->err != 0)
		return;
	fd.path = path[0] != '\0' ? path : NULL;
	in->err = orders_add_fd(o, &fd);
}

int orders_unpack(const void *data, size_t len, struct orders *o)
{
	struct reader in = { .p = data, .left = len };
	uint32_t n, flags;

	*o = (struct orders) { 0 };
	if (get_u32(&in) != ORDERS_MAGIC || get_u32(&in) != WIRE_VERSION)
		in.err = -EBADMSG;
	o->keep_caps = get_u64(&in);
	o->files = get_u64(&in);
	o->sig_ignored = get_u64(&in);
	o->sig_blocked = get_u64(&in);
	flags = get_u32(&in);
	if ((flags & ~(ORDERS_WATCH | ORDERS_BASE)) != 0)
		in.err = -EBADMSG;
	o->watch = (flags & ORDERS_WATCH) != 0;
	o->base = (flags & ORDERS_BASE) != 0;
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		o->limits[i] = get_u64(&in);
	o->cwd = get_string(&in);
	o->program = get_string(&in);
	/* The counts are not believed: a row that is not there ends the loop. */
	n = get_u32(&in);
	for (uint32_t i = 0; i < n && in.err == 0; i++)
		get_mount(&in, o);
	n = get_u32(&in);
	for (uint32_t i = 0; i < n && in.err == 0; i++)
		get_fd(&in, o);
	if (in.err == 0 && (in.left > 0 || !orders_valid(o)))
		in.err = -EBADMSG;
	if (in.err != 0)
		orders_release(o);
	return in.err;
}

static void put_words(struct buf *out, const struct strv *words)
{
	if (words->n > INT32_MAX)
		out->failed = true;
	put_u32(out, (uint32_t) words->n);
	for (size_t i = 0; i < words->n; i++)
		put_string(out, words->v[i]);
}

int payload_pack(const struct strv *argv, const struct strv *env, struct buf *out)
{
	if (argv->n == 0)
		return -EINVAL;
	put_u32(out, PAYLOAD_MAGIC);
	put_u32(out, WIRE_VERSION);
	put_words(out, argv);
	put_words(out, env);
	return out->failed ? -ENOMEM : 0;
}

static void get_words(struct reader *in, struct strv *words)
{
	uint32_t n = get_u32(in);

	for (uint32_t i = 0; i < n && in->err == 0; i++) {
		char *word = get_string(in);

		if (in->err == 0)
			in->err = strv_take(words, word);
	}
}

int payload_unpack(const void *data, size_t len, struct strv *argv, struct strv *env)
{
	struct reader in = { .p = data, .left = len };

	if (get_u32(&in) != PAYLOAD_MAGIC || get_u32(&in) != WIRE_VERSION)
		in.err = -EBADMSG;
	get_words(&in, argv);
	get_words(&in, env);
	if (in.err == 0 && (in.left > 0 || argv->n == 0))
		in.err = -EBADMSG;
	if (in.err != 0) {
		strv_release(argv);
		strv_release(env);
	}
	return in.err;
}
