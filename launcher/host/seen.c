/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/seen.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/names.h"
#include "common/path.h"

#define MAX_LINKS 40 /* as the kernel has it: path_resolution(7) */

void seen_release(struct seen *s)
{
	free(s->inside);
	free(s->source);
	free(s->rule);
	*s = (struct seen) { 0 };
}

/* --- the way --------------------------------------------------------------------- */

static bool is_option(const struct op *op, const char *name)
{
	return op->kind == OP_WORDS && op->words.n > 0 && strcmp(op->words.v[0], name) == 0;
}

static bool is_bind(const struct op *op)
{
	return op->kind == OP_RO || op->kind == OP_RW || (op->kind == OP_WORDS && op->source != NULL);
}

/* The first link among source's own components below `from`; its text in text, and how long it is up to there. */
static bool find_link(const char *source, size_t from, char *text, size_t *len)
{
	for (*len = from; source[*len] != '\0';) {
		char part[PATH_MAX];
		ssize_t n;

		*len += 1 + strcspn(source + *len + 1, "/");
		if (*len >= sizeof(part))
			return false;
		memcpy(part, source, *len);
		part[*len] = '\0';
		n = readlink(part, text, PATH_MAX - 1);
		if (n >= 0) {
			text[n] = '\0';
			return true;
		}
	}
	return false;
}

/* s->inside leads through the link that is `left` bytes before its end. */
static int follow(struct seen *s, const char *text, size_t left)
{
	size_t len = strlen(s->inside) - left;
	cleanup_free char *link = strndup(s->inside, len);
	cleanup_free char *dir = link ? strndup(link, (size_t) (path_base(link) - link)) : NULL;
	cleanup_free char *target = dir ? path_clean(dir, text) : NULL;
	char *joined = target ? path_join(target, s->inside + len) : NULL;

	if (joined == NULL)
		return -ENOMEM;
	if (joined[1] != '\0' && joined[strlen(joined) - 1] == '/')
		joined[strlen(joined) - 1] = '\0';
	free(s->inside);
	s->inside = joined;
	return 1;
}

/* 1: a link was followed. */
static int step(const struct plan *plan, struct seen *s)
{
	char *real = plan_resolve_dest(plan, s->inside);
	char text[PATH_MAX];
	const char *below;
	size_t len, from;

	if (real == NULL)
		return -ENOMEM;
	free(s->inside);
	s->inside = real;
	s->cover = plan_find_cover(plan, real);
	free(s->source);
	s->source = NULL;
	if (s->cover == NULL || (!is_bind(s->cover) && s->cover->kind != OP_COPY))
		return 0;
	below = path_below(real, s->cover->dest);
	s->source = *below == '\0' ? strdup(s->cover->source) : path_join(s->cover->source, below);
	if (s->source == NULL)
		return -ENOMEM;
	from = strcmp(s->cover->source, "/") == 0 ? 0 : strlen(s->cover->source);
	if (!is_bind(s->cover) || !find_link(s->source, from, text, &len))
		return 0;
	return follow(s, text, strlen(s->source) - len);
}

/* --- what it is ------------------------------------------------------------------- */

/* What bwrap puts into a /dev of its own. */
static bool is_own_device(const char *name)
{
	static const char *const names[] = {
		"", "null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr", "core", "pts", "ptmx",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return path_is_within(name, "pts") || path_is_within(name, "fd");
}

/* Is the mount made read-only after it was made? */
static bool is_remounted(const struct plan *plan, const struct op *cover)
{
	for (const struct op *op = cover; op < plan->ops + plan->n; op++)
		if ((op->kind == OP_REMOUNT_RO || is_option(op, "--remount-ro")) && strcmp(op->dest, cover->dest) == 0)
			return true;
	return false;
}

/* Whatever has to be made for a mount, or is one. */
static bool is_on_the_way(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->ops[i].dest != NULL && path_is_within(plan->ops[i].dest, path))
			return true;
	return false;
}

static bool is_in_venv(const struct op *op, const struct policy *p)
{
	return path_is_within(op->dest, p->manifest->venv);
}

/* The name below the project that --unprotect takes, in *rule; false: it is not one of those that are protected. */
static bool is_protected_name(const struct op *op, const struct policy *p, const struct facts *x, const char **rule)
{
	const char *name = path_below(op->dest, p->manifest->project);
	bool found = false;

	for (size_t i = 0; name != NULL && !found && i < x->masks.n; i++)
		found = strcmp(name, x->masks.v[i].name) == 0;
	*rule = name;
	return found || (name != NULL && strv_contains(&x->nested, name));
}

/* HOME, its cache, /tmp of pip: directories of the host that this venv keeps for itself. */
static bool is_kept(const struct op *op, const struct policy *p)
{
	cleanup_free char *home = path_join(p->manifest->venv, VB_HOME);

	return op->fresh || (home != NULL && path_is_within(op->dest, home) && path_is_within(op->source, p->manifest->venv));
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static enum seen_kind kind_of_bind(const struct seen *s, const struct policy *p)
{
	if (s->writable)
		return s->cover->kind == OP_RW && is_kept(s->cover, p) ? SEEN_PRIVATE : SEEN_RW;
	return is_in_venv(s->cover, p) || s->rule != NULL ? SEEN_PROTECTED : SEEN_RO;
}

/* Nothing of the host: what is empty, or made by bwrap. */
static enum seen_kind kind_of_own(const struct plan *plan, const struct policy *p, const struct seen *s)
{
	const char *below = path_below(s->inside, s->cover->dest);

	if (s->cover->kind == OP_COPY || s->cover->kind == OP_DATA) {
		if (*below != '\0')
			return SEEN_HIDDEN;
		if (s->rule != NULL)
			return SEEN_MASKED;
		return s->cover->kind == OP_COPY && !path_is_within(s->source, p->manifest->venv) ? SEEN_COPY : SEEN_FIXED;
	}
	if (s->cover->kind == OP_DEV || is_option(s->cover, "--dev"))
		return is_own_device(below) ? SEEN_PRIVATE : is_on_the_way(plan, s->inside) ? SEEN_WAY : SEEN_HIDDEN;
	return s->cover->kind == OP_TMPFS && !s->writable ? SEEN_MASKED : SEEN_PRIVATE;
}

static bool is_writable(const struct plan *plan, const struct op *cover)
{
	bool writable = cover->kind == OP_RW || cover->kind == OP_TMPFS || (cover->kind == OP_WORDS && !is_option(cover, "--dev"));

	return writable && !is_remounted(plan, cover);
}

static int find_rule(struct seen *s, const struct policy *p, const struct facts *x)
{
	const char *rule;

	if (s->writable || !is_protected_name(s->cover, p, x, &rule))
		return 0;
	s->rule = strdup(rule);
	return s->rule == NULL ? -ENOMEM : 0;
}

static int judge(const struct plan *plan, const struct policy *p, const struct facts *x, struct seen *s)
{
	bool bind = s->cover != NULL && is_bind(s->cover);
	int r;

	if (s->cover == NULL) {
		s->kind = is_on_the_way(plan, s->inside) ? SEEN_WAY : SEEN_HIDDEN;
		s->exists = s->kind == SEEN_WAY;
		return 0;
	}
	s->writable = is_writable(plan, s->cover);
	r = find_rule(s, p, x);
	if (r < 0)
		return r;
	s->kind = bind ? kind_of_bind(s, p) : kind_of_own(plan, p, s);
	if (s->kind == SEEN_HIDDEN || s->kind == SEEN_WAY) {
		free(s->source);
		s->source = NULL;
	}
	if (bind)
		s->exists = is_there(s->source) || is_on_the_way(plan, s->inside);
	else if (s->cover->kind == OP_PROC)
		s->exists = is_there(s->inside); /* of the kernel, or a number that is another process there */
	else
		s->exists = s->kind != SEEN_HIDDEN && (s->cover->kind == OP_DEV || is_on_the_way(plan, s->inside));
	return 0;
}

int seen_find(const struct plan *plan, const struct policy *p, const struct facts *x, const char *path, struct seen *s)
{
	int r = 1;

	*s = (struct seen) { .inside = strdup(path) };
	if (s->inside == NULL)
		return -ENOMEM;
	for (int links = 0; r == 1; links++)
		r = links < MAX_LINKS ? step(plan, s) : -ELOOP;
	return r < 0 ? r : judge(plan, p, x, s);
}

/* --- what is left out ------------------------------------------------------------- */

void seen_prune(struct plan *plan)
{
	for (size_t i = 0; i < plan->n;) {
		const struct op *op = &plan->ops[i];

		if (op->optional && op->kind != OP_SYMLINK && op->source != NULL && access(op->source, F_OK) < 0 && errno == ENOENT)
			plan_remove(plan, i);
		else
			i++;
	}
}

bool seen_is_missing(const struct op *op, const struct policy *p, const struct facts *x)
{
	if ((!is_bind(op) && op->kind != OP_COPY) || op->source == NULL || access(op->source, F_OK) == 0 || errno != ENOENT)
		return false;
	/* Made when a run begins. */
	return !path_is_within(op->source, p->manifest->venv) && (x->user_cache == NULL || strcmp(op->source, x->user_cache) != 0);
}
