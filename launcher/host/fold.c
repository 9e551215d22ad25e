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
#include "common/strv.h"
#include "host/sources.h"

enum state {
	STATE_SAME,
	STATE_MOUNTED, /* it is none of the tree's, or no longer */
	STATE_CHANGED, /* what was copied is not what is there now */
	STATE_OTHER,   /* no longer of the kind that the directory was made for */
};

/* Of each item in dir. */
struct now {
	size_t op;
	bool optional;
	bool trusted; /* nobody has asked whether its state is this */
	enum state state;
};

struct folding {
	struct plan *plan;
	const char *top; /* what the tree has */
	const char *dir; /* what is to be shown of it: top, or a directory in that */
	char *list;
	int ready_fd;
	bool trusting;
	struct ready ready;
	struct now *now;
};

/* As many as ready_dirs has. */
#define TOPS_MAX 4

struct fold {
	int ready_fd;
	struct folding v[TOPS_MAX];
	size_t n;
};

/* To show less by a mount of its own does not pay. */
#define ENOUGH 2

/* --- is it the same? --------------------------------------------------------------- */

static bool is_in_dir(const struct folding *k, size_t i)
{
	return k->ready.v[i].kind != READY_PART && path_is_within(k->ready.v[i].dest, k->dir);
}

/* The first in dir at i or behind it; ready.n: there is none. */
static size_t next_in_dir(const struct folding *k, size_t i)
{
	while (i < k->ready.n && !is_in_dir(k, i))
		i++;
	return i;
}

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

/* An option of bwrap's own, by way of a link: `--dir /sbin/x`. */
static bool leads_into(const struct folding *k, const struct op *op)
{
	cleanup_free char *real = op->dest != NULL ? plan_resolve_dest(k->plan, op->dest) : NULL;

	return op->dest != NULL && (real == NULL || path_is_within(real, k->dir));
}

/* One after the other: what the plan has in dir is what was made ready, no more and no less. */
static bool is_alike(struct folding *k)
{
	size_t n = next_in_dir(k, 0);

	for (size_t i = 0; i < k->plan->n; i++) {
		const struct op *op = &k->plan->ops[i];

		if (op->kind == OP_WORDS && leads_into(k, op))
			return false;
		if (op->dest == NULL || op->kind == OP_REMOUNT_RO || !path_is_within(op->dest, k->dir))
			continue;
		if (n == k->ready.n || !is_op_for(&k->ready.v[n], op))
			return false;
		k->now[n].op = i;
		k->now[n].optional = op->optional;
		n = next_in_dir(k, n + 1);
	}
	return n == k->ready.n;
}

/* Is all of it as it was when it was copied? st: of the directory itself. */
static bool is_fresh(const struct folding *k, size_t dir, const struct stat *st)
{
	struct stat part;

	if (!ready_is_same(&k->ready.v[dir].id, st))
		return false;
	for (size_t i = dir + 1; i < k->ready.n && k->ready.v[i].kind == READY_PART; i++)
		if (stat(k->ready.v[i].source, &part) < 0 || !ready_is_same(&k->ready.v[i].id, &part))
			return false;
	return true;
}

static enum state look_at(const struct folding *k, size_t i)
{
	const struct ready_item *item = &k->ready.v[i];
	struct stat st;

	if (item->kind == READY_LINK || item->kind == READY_OWN)
		return STATE_SAME;
	if (stat(item->source, &st) < 0) {
		if (errno != ENOENT || item->kind != READY_FILE || !k->now[i].optional)
			return STATE_OTHER;
		return ready_has_copy(&item->id) ? STATE_CHANGED : STATE_SAME; /* left out, as sources_open() does */
	}
	if (item->kind == READY_DIR)
		return !S_ISDIR(st.st_mode) ? STATE_OTHER : is_fresh(k, i, &st) ? STATE_SAME : STATE_MOUNTED;
	if (!S_ISREG(st.st_mode))
		return STATE_OTHER;
	if (item->kind == READY_MOUNT)
		return STATE_MOUNTED;
	return ready_is_same(&item->id, &st) ? STATE_SAME : STATE_CHANGED;
}

/* The copy of a directory, all of it: could it be what is there now? */
static bool may_be_fresh(const struct folding *k, size_t dir)
{
	if (!ready_can_be_same(&k->ready.v[dir].id))
		return false;
	for (size_t i = dir + 1; i < k->ready.n && k->ready.v[i].kind == READY_PART; i++)
		if (!ready_can_be_same(&k->ready.v[i].id))
			return false;
	return true;
}

/* What look_at() will say if nothing was changed since. */
static enum state expect(const struct folding *k, size_t i)
{
	const struct ready_item *item = &k->ready.v[i];

	switch (item->kind) {
	case READY_MOUNT:
		return STATE_MOUNTED;
	case READY_DIR:
		return may_be_fresh(k, i) ? STATE_SAME : STATE_MOUNTED;
	case READY_FILE:
		return !ready_has_copy(&item->id) || ready_can_be_same(&item->id) ? STATE_SAME : STATE_CHANGED;
	default:
		return STATE_SAME;
	}
}

static enum state look_at_all(struct folding *k)
{
	enum state worst = STATE_SAME;

	for (size_t i = next_in_dir(k, 0); i < k->ready.n && worst != STATE_OTHER; i = next_in_dir(k, i + 1)) {
		k->now[i].state = k->trusting ? expect(k, i) : look_at(k, i);
		worst = k->now[i].state > worst ? k->now[i].state : worst;
	}
	return worst;
}

/* What is to be copied anew whatever it is now: it is asked for at once, and so is the rest. */
static bool expects_change(const struct folding *k)
{
	size_t i = 0;

	while (i < k->ready.n && expect(k, i) != STATE_CHANGED)
		i++;
	return i < k->ready.n;
}

/* A copy that is of use no more, but is not known to be. */
static bool is_lost(const struct folding *k, size_t i)
{
	return k->now[i].state == STATE_MOUNTED && k->ready.v[i].kind == READY_DIR && ready_has_copy(&k->ready.v[i].id);
}

static bool has_lost(const struct folding *k)
{
	size_t i = next_in_dir(k, 0);

	while (i < k->ready.n && !is_lost(k, i))
		i = next_in_dir(k, i + 1);
	return i < k->ready.n;
}

/* --- making it so --------------------------------------------------------------------- */

static void folding_release(struct folding *k)
{
	ready_release(&k->ready);
	free(k->now);
	free(k->list);
	k->now = NULL;
	k->list = NULL;
}

static int read_list(struct folding *k)
{
	int r;

	ready_release(&k->ready);
	free(k->now);
	k->now = NULL;
	r = ready_load(k->ready_fd, k->list, &k->ready);
	if (r < 0)
		return r;
	k->now = calloc(k->ready.n + 1, sizeof(*k->now));
	return k->now != NULL ? 0 : -ENOMEM;
}

static int copy_anew(const struct folding *k, struct ready_item *item, const struct op *op)
{
	cleanup_free char *place = path_join(k->ready.tree, path_below(item->dest, k->top));
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

	for (size_t i = next_in_dir(k, 0); r == 0 && i < k->ready.n; i = next_in_dir(k, i + 1)) {
		if (k->now[i].state == STATE_CHANGED)
			r = copy_anew(k, &k->ready.v[i], &k->plan->ops[k->now[i].op]);
		else if (is_lost(k, i))
			k->ready.v[i].id = (struct ready_id) { 0 };
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

/* So that the next start knows. This one does, and nothing is lost if it cannot be written. */
static int forget_lost(const struct folding *k)
{
	struct folding other = { .plan = k->plan, .top = k->top, .dir = k->dir, .list = strdup(k->list), .ready_fd = k->ready_fd };
	int r = other.list != NULL ? bring_up_to_date(&other) : -ENOMEM;

	folding_release(&other);
	return r == -ENOMEM ? r : 0;
}

/* What is kept on a file system without execution could not be executed, nor mapped (hints.so), where the host's can. */
static bool may_execute(int ready_fd)
{
	struct statvfs fs;

	return fstatvfs(ready_fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC) == 0;
}

/* Those of the tree that this mount shows. */
static size_t count_shown(const struct folding *k)
{
	size_t n = 0;

	for (size_t i = next_in_dir(k, 0); i < k->ready.n; i = next_in_dir(k, i + 1))
		n += k->now[i].state != STATE_MOUNTED;
	return n;
}

static int mark(struct folding *k, const char *state)
{
	const char *below = path_below(k->dir, k->top);
	cleanup_free char *ready = path_join(state, VB_READY);
	cleanup_free char *place = below != NULL && *below != '\0' ? path_join(k->ready.tree, below) : strdup(k->ready.tree);
	cleanup_free char *source = ready && place ? path_join(ready, place) : NULL;
	int fd = source != NULL ? sources_lift(fd_open_below_to_hand_on(k->ready_fd, place, O_PATH | O_DIRECTORY)) : -ENOMEM;
	struct op *op;

	if (fd < 0)
		return fd == -ENOMEM ? fd : 0;
	op = plan_insert(k->plan, k->now[next_in_dir(k, 0)].op, OP_RO, source, k->dir, "small files, kept ready");
	if (op == NULL) {
		(void) close(fd);
		return -ENOMEM;
	}
	op->ready = true;
	op->trust = TRUST_NONE;
	op->fd = fd;
	/* Those after the new one are where they were, and one further. */
	for (size_t i = next_in_dir(k, 0); i < k->ready.n; i = next_in_dir(k, i + 1))
		if (k->now[i].state != STATE_MOUNTED)
			k->plan->ops[k->now[i].op + 1].folded = true;
	return 1;
}

/* 1: dir is shown by the tree. 0: it is not. */
static int fold_dir(struct folding *k, const char *state)
{
	enum state what;
	int r = 0;

	if (!is_alike(k))
		return 0;
	what = look_at_all(k);
	if (what == STATE_CHANGED)
		r = bring_up_to_date(k);
	else if (has_lost(k))
		r = forget_lost(k);
	if (r < 0 || what == STATE_OTHER)
		return r == -ENOMEM ? r : 0;
	r = count_shown(k) >= ENOUGH ? mark(k, state) : 0;
	for (size_t i = next_in_dir(k, 0); r == 1 && i < k->ready.n; i = next_in_dir(k, i + 1))
		k->now[i].trusted = k->trusting;
	return r;
}

/* The directories in top that have something in them. */
static int list_parts(const struct folding *k, struct strv *parts)
{
	int r = 0;

	for (size_t i = next_in_dir(k, 0); r == 0 && i < k->ready.n; i = next_in_dir(k, i + 1)) {
		const char *dest = k->ready.v[i].dest, *name = path_below(dest, k->top), *slash = strchr(name, '/');
		cleanup_free char *part = slash != NULL ? strndup(dest, (size_t) (slash - dest)) : NULL;

		if (slash != NULL && (part == NULL || !strv_contains(parts, part)))
			r = part != NULL ? strv_add(parts, part) : -ENOMEM;
	}
	return r;
}

/* As profile system has /usr: there is nothing to look for. */
static bool is_shown_whole(const struct folding *k)
{
	for (size_t i = 0; i < k->plan->n; i++)
		if (k->plan->ops[i].kind == OP_RO && strcmp(k->plan->ops[i].dest, k->top) == 0)
			return true;
	return false;
}

static int fold_top(struct folding *k, const char *state)
{
	cleanup_strv struct strv parts = { 0 };
	int r = is_shown_whole(k) ? 0 : read_list(k);

	if (r < 0 || k->ready.n == 0)
		return r == -ENOMEM ? r : 0;
	k->trusting = k->trusting && !expects_change(k);
	r = fold_dir(k, state);
	if (r == 0)
		r = list_parts(k, &parts);
	for (size_t i = 0; r >= 0 && i < parts.n; i++) {
		k->dir = parts.v[i];
		r = fold_dir(k, state);
	}
	k->dir = k->top;
	return r < 0 ? r : 0;
}

void fold_release(struct fold **fold)
{
	for (size_t i = 0; *fold != NULL && i < (*fold)->n; i++)
		folding_release(&(*fold)->v[i]);
	if (*fold != NULL)
		(void) close((*fold)->ready_fd);
	free(*fold);
	*fold = NULL;
}

static int fold_all(struct fold *fold, struct plan *plan, const char *state, bool trusting)
{
	int r = 0;

	for (size_t i = 0; r == 0 && ready_dirs[i] != NULL && i < TOPS_MAX; i++) {
		struct folding *k = &fold->v[fold->n++];

		*k = (struct folding) { .plan = plan, .top = ready_dirs[i], .dir = ready_dirs[i], .list = ready_list_name(ready_dirs[i]),
					.ready_fd = fold->ready_fd, .trusting = trusting };
		r = k->list ? fold_top(k, state) : -ENOMEM;
		k->plan = NULL; /* may be gone before fold_holds() */
	}
	return r;
}

int fold_plan(struct plan *plan, int state_fd, const char *state, struct fold **trust)
{
	cleanup_fd int ready_fd = openat(state_fd, VB_READY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fold struct fold *fold = NULL;
	int r;

	if (ready_fd < 0 || !may_execute(ready_fd))
		return 0;
	fold = calloc(1, sizeof(*fold));
	if (fold == NULL)
		return -ENOMEM;
	fold->ready_fd = take_fd(&ready_fd);
	r = fold_all(fold, plan, state, trust != NULL);
	if (r == 0 && trust != NULL)
		*trust = take_ptr(&fold);
	return r;
}

bool fold_holds(const struct fold *fold)
{
	for (size_t n = 0; fold != NULL && n < fold->n; n++) {
		const struct folding *k = &fold->v[n];

		for (size_t i = 0; i < k->ready.n; i++)
			if (k->now[i].trusted && look_at(k, i) != k->now[i].state)
				return false;
	}
	return true;
}
