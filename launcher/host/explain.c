/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/explain.h"

#include <string.h>

#include "common/bwrapopt.h"
#include "common/log.h"
#include "host/verbose.h"

#define KEY_COLUMN    2
#define VALUE_COLUMN  18
#define ORIGIN_COLUMN 58
#define KIND_WIDTH    10

static const char by_default[] = "default";
static const char by_conf[] = "venvbox.conf of the venv";
static const char by_args[] = "BWRAP_ARGS of the environment";
static const char by_env[] = "environment";

void explain_pad(struct buf *out, size_t begin, size_t column)
{
	do
		buf_putc(out, ' ');
	while (!out->failed && (out->len - begin < column || out->data[out->len - 2] != ' '));
}

/* value has been escaped. */
static void put_escaped(struct buf *out, const char *key, const char *value, const char *origin)
{
	size_t begin = out->len;

	buf_printf(out, "%*s%s", KEY_COLUMN, "", key);
	explain_pad(out, begin, VALUE_COLUMN);
	buf_puts(out, value);
	if (origin != NULL) {
		explain_pad(out, begin, ORIGIN_COLUMN);
		buf_puts(out, origin);
	}
	buf_putc(out, '\n');
}

static void put(struct buf *out, const char *key, const char *value, const char *origin)
{
	cleanup_buf struct buf text = { 0 };

	log_escape(&text, value);
	put_escaped(out, key, text.len > 0 ? text.data : "", origin);
	out->failed |= text.failed;
}

static void put_list(struct buf *out, const char *key, const struct strv *items, const char *origin)
{
	if (items->n == 0)
		put(out, key, "none", by_default);
	for (size_t i = 0; i < items->n; i++)
		put(out, key, items->v[i], origin);
}

/* One option to a line. A value that --setenv gives a variable is none of the screen's. */
static void put_options(struct buf *out, const char *key, const struct strv *words, const char *origin)
{
	for (size_t i = 0; i < words->n;) {
		size_t len = bwrapopt_unit(words, i);
		const struct bwrapopt *opt = bwrapopt_find(words->v[i]);
		size_t shown = opt != NULL && opt->act == BWRAPOPT_SETENV ? 2 : len;
		cleanup_buf struct buf text = { 0 };

		for (size_t n = 0; n < shown; n++) {
			buf_puts(&text, n > 0 ? " " : "");
			log_shell_quote(&text, words->v[i + n]);
		}
		buf_puts(&text, shown < len ? " ..." : "");
		put_escaped(out, key, text.len > 0 ? text.data : "", origin);
		out->failed |= text.failed;
		i += len;
	}
	if (words->n == 0)
		put(out, key, "none", by_default);
}

/* --- settings ---------------------------------------------------------------------- */

static bool names_network(const struct strv *words)
{
	return strv_contains(words, "--share-net") || strv_contains(words, "--unshare-net");
}

/* The later word wins: the option of this run, that of the venv, the setting. */
static void put_network(struct buf *out, const struct policy *p, const struct strv *args)
{
	const char *origin = names_network(args) ? by_args : names_network(&p->conf->bwrap) ? "bubblewrap option kept with the venv"
				   : p->conf->network == NETWORK_HOST ? by_default : by_conf;

	put(out, "network", p->network_unshared ? "none" : "host", origin);
}

static void put_choice(struct buf *out, const struct setting *s, unsigned value)
{
	put(out, s->key, s->choices[value], value == 0 ? by_default : by_conf);
	if (strcmp(s->key, "profile") == 0 && value != PROFILE_SYSTEM)
		put(out, "", profile_name(PROFILE_SYSTEM), "always so for pip runs");
}

static void put_default_limit(struct buf *out, const struct setting *s, enum limit limit, const struct quota *q)
{
	cleanup_buf struct buf text = { 0 };

	if (limit == LIMIT_PROCESSES)
		limit_put(&text, s->unit, q->rlimits[RLIMIT_NPROC]);
	else if (limit == LIMIT_TMP)
		limit_put(&text, s->unit, q->tmp & ~((UINT64_C(1) << 20) - 1));
	else
		buf_puts(&text, "the caller's");
	buf_puts(&text, limit == LIMIT_TMP ? " (/dev/shm: half of the memory)" : "");
	put_escaped(out, s->key, text.len > 0 ? text.data : "", by_default);
	out->failed |= text.failed;
}

static void put_limit(struct buf *out, const struct setting *s, const struct conf *c, const struct quota *q)
{
	enum limit limit = (enum limit) ((s->offset - offsetof(struct conf, limits)) / sizeof(c->limits[0]));
	cleanup_buf struct buf text = { 0 };

	if (c->limits[limit] == LIMIT_DEFAULT) {
		put_default_limit(out, s, limit, q);
		return;
	}
	limit_put(&text, s->unit, c->limits[limit]);
	put_escaped(out, s->key, text.len > 0 ? text.data : "", by_conf);
	out->failed |= text.failed;
}

static void put_setting(struct buf *out, const struct setting *s, const struct explained_box *box, const struct strv *args)
{
	const struct conf *c = box->policy.conf;
	const void *member = (const char *) c + s->offset;

	switch (s->type) {
	case SETTING_CHOICE:
		if (member == &c->network)
			put_network(out, &box->policy, args);
		else
			put_choice(out, s, *(const unsigned *) member);
		break;
	case SETTING_PATH: /* the project; where the policy is silent it was found at the installation */
		put(out, s->key, box->policy.manifest->project, *(char *const *) member != NULL ? by_conf : by_default);
		break;
	case SETTING_PATHS:
	case SETTING_NAMES:
		put_list(out, s->key, member, by_conf);
		break;
	case SETTING_WORDS:
		put_options(out, s->key, member, by_conf);
		break;
	case SETTING_LIMIT:
		put_limit(out, s, c, &box->facts.quota);
		break;
	}
}

/* --- this run -------------------------------------------------------------------------- */

static void put_calls(struct buf *out, const struct policy *p)
{
	cleanup_buf struct buf text = { 0 };

	if (p->allow_calls == NULL) {
		buf_printf(&text, "%u allowed by name", p->manifest->calls_allowed);
		put_escaped(out, "system calls", text.len > 0 ? text.data : "", by_default);
	} else {
		put(out, "system calls", *p->allow_calls != '\0' ? p->allow_calls : "all but what reaches the terminal and namespaces",
		    "SANDBOX_SECCOMP_ALLOW of the environment");
	}
	out->failed |= text.failed;
}

static void put_capabilities(struct buf *out, const struct policy *p, const struct strv *args)
{
	if (p->keep_caps == 0)
		put(out, "capabilities", "none", by_default);
	for (size_t i = 1; p->keep_caps != 0 && i < p->cap_words.n; i += 2)
		put(out, "capabilities", p->cap_words.v[i], strv_contains(args, p->cap_words.v[i]) ? by_args : "bubblewrap option kept with the venv");
}

static void put_environment(struct buf *out, const struct explained *e, const struct strv *args)
{
	const struct policy *p = &e->program->policy;

	put_calls(out, p);
	put_capabilities(out, p, args);
	if (args->n > 0)
		put_options(out, "BWRAP_ARGS", args, by_env);
	if (p->user_pip_cache)
		put(out, "pip's cache", "your own ~/.cache/pip, writable", "SANDBOX_USE_PIP_CACHE of the environment");
	for (size_t i = 0; i < e->withheld->n; i++)
		put(out, "withheld", e->withheld->v[i], "default: it looks like a credential (--env lets it in)");
	for (size_t i = 0; i < e->ignored->n; i++)
		put(out, ".env", e->ignored->v[i], "ignored");
}

/* --- mounts ------------------------------------------------------------------------------ */

static void put_mount(struct buf *out, const struct op *op, const struct explained_box *box)
{
	size_t begin = out->len;

	buf_printf(out, "%*s", KEY_COLUMN, "");
	verbose_put_mount(out, op, KIND_WIDTH);
	explain_pad(out, begin, ORIGIN_COLUMN);
	log_escape(out, op->why);
	if (seen_is_missing(op, &box->policy, &box->facts))
		buf_puts(out, "; missing on the host, so nothing runs");
	buf_putc(out, '\n');
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* 1: the box has this mount, or shows the same at its place by another: /usr/bin/git of all /usr. */
static int has_alike(const struct explained_box *box, const struct op *op)
{
	cleanup_seen struct seen s = { 0 };
	int r;

	for (size_t i = 0; i < box->plan.n; i++)
		if (box->plan.ops[i].kind == op->kind && same_text(box->plan.ops[i].dest, op->dest) && same_text(box->plan.ops[i].source, op->source))
			return 1;
	if (op->kind == OP_SYMLINK || op->source == NULL)
		return op->kind == OP_SYMLINK && plan_find_cover(&box->plan, op->dest) != NULL;
	r = seen_find(&box->plan, &box->policy, &box->facts, op->dest, &s);
	if (r < 0)
		return r == -ELOOP ? 0 : r;
	return s.source != NULL && strcmp(s.source, op->source) == 0 && s.writable == (op->kind == OP_RW);
}

/* Those that the other kind of run does not have. The user's options are in both. */
static int put_other_mounts(struct buf *out, const char *title, const struct explained_box *box, const struct explained_box *other)
{
	buf_printf(out, "\n%s\n", title);
	for (size_t i = 0; i < box->plan.n; i++) {
		int r = box->plan.ops[i].kind == OP_WORDS ? 1 : has_alike(other, &box->plan.ops[i]);

		if (r < 0)
			return r;
		if (r == 0)
			put_mount(out, &box->plan.ops[i], box);
	}
	return 0;
}

int explain_policy(const struct explained *e, struct buf *out)
{
	const char *words = strv_getenv(e->env, "BWRAP_ARGS");
	cleanup_strv struct strv args = { 0 };
	int r = words != NULL ? bwrapopt_split(words, &args) : 0;

	if (r < 0)
		return r;
	buf_puts(out, "policy of ");
	log_escape(out, e->program->policy.manifest->venv);
	buf_putc(out, '\n');
	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		put_setting(out, s, e->program, &args);
	buf_puts(out, "\nruns from this shell\n");
	put_environment(out, e, &args);
	buf_puts(out, "\nmounts, later ones over earlier ones\n");
	for (size_t i = 0; i < e->program->plan.n; i++)
		put_mount(out, &e->program->plan.ops[i], e->program);
	r = put_other_mounts(out, "pip runs have besides", e->pip, e->program);
	if (r == 0)
		r = put_other_mounts(out, "pip runs do not have", e->program, e->pip);
	return r == 0 && out->failed ? -ENOMEM : r;
}
