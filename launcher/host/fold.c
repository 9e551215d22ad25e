/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/fold.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "common/ready.h"
#include "host/sources.h"

struct folding {
	struct plan *plan;
	const char *dir;
	char *list;
	int ready_fd;
	struct ready ready;
	size_t *ops;  /* which operation each item of ready is */
};

/* --- is it the same? --------------------------------------------------------------- */

static bool is_op_for(const struct ready_item *item, const struct op *op)
{
	bool kind;

	switch (item->kind) {
	case READY_FILE:
		kind = op->kind == OP_COPY || op->kind == OP_RO;
		break;
	case READY_OWN:
		kind = op->kind == OP_COPY;
		break;
	case READY_LINK:
		kind = op->kind == OP_SYMLINK;
		break;
	default:
		kind = op->kind == OP_RO;
		break;
	}
	return kind && op->source != NULL && strcmp(op->source, item->source) == 0 && strcmp(op->dest, item->dest) == 0;
}

/* One after the other: what the plan has in dir is what was made ready, no more and no less. */
static bool is_alike(struct folding *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->plan->n; i++) {
		const struct op *op = &k->plan->ops[i];

		if (op->dest == NULL || op->kind == OP_REMOUNT_RO || !path_is_within(op->dest, k->dir))
			continue;
		if (n == k->ready.n || !is_op_for(&k->ready.v[n], op))
			return false;
		k->ops[n++] = i;
	}
	return n == k->ready.n;
}

enum state {
	STATE_SAME,
	STATE_CHANGED, /* what was copied is not what is there now */
	STATE_OTHER,   /* no longer of the kind that the directory was made for */
};

static enum state look_at(const struct ready_item *item, bool optional)
{
	struct stat st;

	if (item->kind == READY_LINK || item->kind == READY_OWN)
		return STATE_SAME;
	if (stat(item->source, &st) < 0) {
		if (errno != ENOENT || item->kind != READY_FILE || !optional)
			return STATE_OTHER;
		return ready_has_copy(&item->id) ? STATE_CHANGED : STATE_SAME; /* left out, as sources_open() does */
	}
	if (item->kind == READY_DIR)
		return S_ISDIR(st.st_mode) ? STATE_SAME : STATE_OTHER;
	if (!S_ISREG(st.st_mode))
		return STATE_OTHER;
	return item->kind == READY_MOUNT || ready_is_same(&item->id, &st) ? STATE_SAME : STATE_CHANGED;
}

static enum state look_at_all(const struct folding *k)
{
	enum state worst = STATE_SAME;

	for (size_t i = 0; i < k->ready.n && worst != STATE_OTHER; i++) {
		enum state state = look_at(&k->ready.v[i], k->plan->ops[k->ops[i]].optional);

		worst = state > worst ? state : worst;
	}
	return worst;
}

/* --- making it so --------------------------------------------------------------------- */

static int read_list(struct folding *k)
{
	int r;

	ready_release(&k->ready);
	free(k->ops);
	k->ops = NULL;
	r = ready_load(k->ready_fd, k->list, &k->ready);
	if (r < 0)
		return r;
	k->ops = calloc(k->ready.n + 1, sizeof(*k->ops));
	return k->ops != NULL ? 0 : -ENOMEM;
}

static int copy_anew(const struct folding *k, struct ready_item *item, const struct op *op)
{
	cleanup_free char *place = path_join(k->ready.tree, path_below(item->dest, k->dir));
	cleanup_fd int source = -1;

	if (place == NULL)
		return -ENOMEM;
	source = sources_open_file(op);
	if (source != -ENOENT)
		return source < 0 ? source : ready_put_file(k->ready_fd, place, source, &item->id);
	item->id = (struct ready_id) { 0 };
	return unlinkat(k->ready_fd, place, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* With the lock: two that write the list would each call good what the other has copied. */
static int copy_changed(struct folding *k)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < k->ready.n; i++) {
		const struct op *op = &k->plan->ops[k->ops[i]];

		if (look_at(&k->ready.v[i], op->optional) == STATE_CHANGED)
			r = copy_anew(k, &k->ready.v[i], op);
	}
	return r < 0 ? r : ready_save(k->ready_fd, k->list, &k->ready);
}

/* A box can hold the lock as long as it likes: it is not waited for. */
static int bring_up_to_date(struct folding *k)
{
	int r;

	if (flock(k->ready_fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	r = read_list(k);
	if (r == 0)
		r = is_alike(k) && look_at_all(k) != STATE_OTHER ? copy_changed(k) : -ESTALE;
	(void) flock(k->ready_fd, LOCK_UN);
	return r;
}

/* A program that is kept on a file system without execution could not be executed where the host's can. In /etc there are none. */
static bool may_execute(const struct folding *k)
{
	struct statvfs fs;

	return strcmp(k->dir, "/etc") == 0 || (fstatvfs(k->ready_fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC) == 0);
}

static int mark(struct folding *k, const char *state)
{
	cleanup_free char *ready = path_join(state, VB_READY);
	cleanup_free char *source = ready ? path_join(ready, k->ready.tree) : NULL;
	int fd = sources_hand_on(openat(k->ready_fd, k->ready.tree, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct op *op;

	if (fd < 0)
		return source != NULL ? 0 : -ENOMEM;
	op = source != NULL ? plan_insert(k->plan, k->ops[0], OP_RO, source, k->dir, "small files, kept ready") : NULL;
	if (op == NULL) {
		(void) close(fd);
		return -ENOMEM;
	}
	op->ready = true;
	op->trust = TRUST_NONE;
	op->fd = fd;
	/* Those after the new one are where they were, and one further. */
	for (size_t i = 0; i < k->ready.n; i++)
		if (!ready_is_mounted(k->ready.v[i].kind))
			k->plan->ops[k->ops[i] + 1].folded = true;
	return 0;
}

static int fold_dir(struct folding *k, const char *state)
{
	enum state what;
	int r = read_list(k);

	if (r < 0 || k->ready.n == 0 || !is_alike(k) || !may_execute(k))
		return r == -ENOMEM ? r : 0;
	what = look_at_all(k);
	if (what == STATE_CHANGED)
		r = bring_up_to_date(k);
	if (r < 0 || what == STATE_OTHER)
		return r == -ENOMEM ? r : 0;
	return mark(k, state);
}

int fold_plan(struct plan *plan, int state_fd, const char *state)
{
	cleanup_fd int ready_fd = openat(state_fd, VB_READY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	for (size_t i = 0; r == 0 && ready_fd >= 0 && ready_dirs[i] != NULL; i++) {
		struct folding k = { .plan = plan, .dir = ready_dirs[i], .list = ready_list_name(ready_dirs[i]), .ready_fd = ready_fd };

		r = k.list ? fold_dir(&k, state) : -ENOMEM;
		free(k.list);
		free(k.ops);
		ready_release(&k.ready);
	}
	return r;
}
