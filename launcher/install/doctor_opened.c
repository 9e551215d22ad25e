/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_opened.h"

#include <stdio.h>
#include <string.h>

#include "common/bwrapopt.h"
#include "common/path.h"

static char *words(const char *key, const char *value)
{
	char *text = NULL;

	return asprintf(&text, "%s %s", key, value) < 0 ? NULL : text;
}

static char *shows(const struct strv *paths, const char *key, const char *path)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_within(path, paths->v[i]))
			return words(key, paths->v[i]);
	return NULL;
}

/* The first option of the user's for which the answer is yes. */
static char *find_option(const struct strv *bwrap, bool (*is_it)(const struct bwrapopt *opt, char *const *args, const char *path), const char *path)
{
	for (size_t i = 0; i < bwrap->n;) {
		const struct bwrapopt *opt = bwrapopt_find(bwrap->v[i]);

		if (opt == NULL)
			return NULL;
		if (is_it(opt, bwrap->v + i + 1, path))
			return words(opt->name, opt->arity > 0 ? bwrap->v[i + 1] : "");
		i += opt->arity + 1;
	}
	return NULL;
}

static bool shows_path(const struct bwrapopt *opt, char *const *args, const char *path)
{
	cleanup_free char *src = opt->src >= 0 ? path_clean("/", args[opt->src]) : NULL;

	return src != NULL && path_is_within(path, src);
}

static bool adds_capability(const struct bwrapopt *opt, char *const *args, const char *path)
{
	(void) args;
	(void) path;
	return opt->act == BWRAPOPT_CAP_ADD;
}

static char *shows_key(const struct lab *lab)
{
	char *found = shows(&lab->conf.rw, "rw", lab->key);

	if (found == NULL)
		found = shows(&lab->conf.ro, "ro", lab->key);
	return found != NULL ? found : find_option(&lab->conf.bwrap, shows_path, lab->key);
}

/* NULL: as by default. */
static char *limit_words(enum limit limit, const struct conf *c)
{
	for (const struct setting *s = conf_settings; s->key != NULL; s++) {
		cleanup_buf struct buf value = { 0 };

		if (s->type != SETTING_LIMIT || s->offset != offsetof(struct conf, limits) + limit * sizeof(c->limits[0])
		    || c->limits[limit] == LIMIT_DEFAULT)
			continue;
		limit_put(&value, s->unit, c->limits[limit]);
		return value.failed ? NULL : words(s->key, value.data);
	}
	return NULL;
}

char *opened_attack(const struct lab *lab, enum canary row)
{
	if (lab->key == NULL)
		return NULL;
	switch (row) {
	case CANARY_read_key:
	case CANARY_read_link:
		return shows_key(lab);
	case CANARY_make_git:
	case CANARY_write_git:
		return strv_contains(&lab->conf.unprotect, ".git") ? words("unprotect", ".git") : NULL;
	case CANARY_env_token:
		return strv_contains(&lab->conf.env, CANARY_ENV) ? words("env", CANARY_ENV) : NULL;
	case CANARY_fork_bomb:
		return limit_words(LIMIT_PROCESSES, &lab->conf);
	case CANARY_big_tmp:
		return limit_words(LIMIT_TMP, &lab->conf);
	default: /* the rest cannot be opened by a policy */
		return NULL;
	}
}

char *opened_caps(const struct lab *lab)
{
	return find_option(&lab->conf.bwrap, adds_capability, NULL);
}

static void list(struct report *report, const struct strv *items, const char *key, const char *what)
{
	for (size_t i = 0; i < items->n; i++) {
		cleanup_free char *title = words(key, items->v[i]);

		if (title == NULL)
			report->failed = true;
		else
			report_add(report, key, "policy", title, RESULT_OPEN, what, NULL);
	}
}

static void list_options(struct report *report, const struct strv *bwrap)
{
	for (size_t i = 0; i < bwrap->n;) {
		const struct bwrapopt *opt = bwrapopt_find(bwrap->v[i]);
		cleanup_buf struct buf title = { 0 };

		if (opt == NULL)
			return;
		buf_printf(&title, "bwrap %s", opt->name);
		for (unsigned k = 0; k < opt->arity; k++)
			buf_printf(&title, " %s", bwrap->v[i + 1 + k]);
		report_add(report, "bwrap-option", "policy", title.data != NULL ? title.data : opt->name, RESULT_OPEN, "an option of bubblewrap's", NULL);
		i += opt->arity + 1;
	}
}

void opened_list(const struct lab *lab, struct report *report)
{
	const struct conf *c = &lab->conf;

	report_add(report, "network", "policy", "the network", RESULT_INFO, c->network == NETWORK_NONE ? "none" : "the host's", NULL);
	list(report, &c->ro, "ro", "programs see it");
	list(report, &c->rw, "rw", "programs may write it");
	list(report, &c->env, "env", "programs get this variable");
	list(report, &c->unprotect, "unprotect", "programs may change it");
	list(report, &c->publish, "publish", "it stands before a command of the system");
	list_options(report, &c->bwrap);
}
