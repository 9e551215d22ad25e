/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/env.h"

#include <string.h>

#include "host/secret.h"


/* Spec S12. A star at the end: every name that begins so. */
static const char *const listed[] = {
	/* who and where */
	"USER", "LOGNAME", "UID", "HOSTNAME", "PATH",
	/* the terminal and the language */
	"TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "LANG", "LANGUAGE", "LC_*", "TZ",
	/* the way to the network; programs read either case */
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
	/* whom to believe there; the files are shown, facts.c */
	"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	/* builds */
	"CC", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "MAKEFLAGS", "CI",
	"PYTHON*",
	NULL,
};

static const char *const listed_for_pip[] = {
	"PIP_*", NULL,
};

/* What the caller sets to what is true inside. */
static const char *const replaced[] = { "HOME", "VIRTUAL_ENV", "TMPDIR", "PWD", NULL };

/* A .env that could set these would be policy that a box may have written (design.md, law 3). */
static const char *const steering[] = { "BWRAP_ARGS", "VERBOSE", "SANDBOX_*", "VENVBOX_*", NULL };

static bool is_listed(const char *const *list, const char *name, size_t len)
{
	for (; *list != NULL; list++) {
		size_t n = strlen(*list);
		bool family = (*list)[n - 1] == '*';

		n -= family;
		if ((family ? len >= n : len == n) && memcmp(*list, name, n) == 0)
			return true;
	}
	return false;
}

bool env_steers(const char *name, size_t len)
{
	return is_listed(steering, name, len);
}

/* The parent's environment as it can be believed, or NULL. */
static const struct strv *believed(const struct strv *parent)
{
	for (size_t i = 0; parent != NULL && i < parent->n; i++)
		if (strchr(parent->v[i], '=') == NULL)
			return NULL;
	return parent;
}

enum verdict {
	PASS,
	WITHHOLD,
	DROP,
};

static enum verdict judge(const struct env_input *in, const struct strv *parent, const char *name, const char *entry)
{
	size_t len = strlen(name);

	if (is_listed(replaced, name, len) || env_steers(name, len))
		return DROP;
	if (is_listed(listed, name, len) || (in->pip_run && is_listed(listed_for_pip, name, len)))
		return PASS;
	if (in->allow != NULL && strv_contains(in->allow, name))
		return PASS;
	if (parent == NULL || strv_contains(parent, entry))
		return DROP;
	return secret_looks_like(name, entry + len + 1) ? WITHHOLD : PASS;
}

static int add_own(const struct env_input *in, const struct strv *parent, const char *entry, struct strv *env, struct strv *withheld)
{
	const char *equals = strchr(entry, '=');
	cleanup_free char *name = NULL;

	if (equals == NULL || equals == entry)
		return 0;
	name = strndup(entry, (size_t) (equals - entry));
	if (name == NULL)
		return -ENOMEM;
	if (strv_getenv(env, name) != NULL || strv_contains(withheld, name))
		return 0;
	switch (judge(in, parent, name, entry)) {
	case PASS:
		return strv_add(env, entry);
	case WITHHOLD:
		return strv_add(withheld, name);
	case DROP:
		break;
	}
	return 0;
}

static int add_dotenv(const struct strv *dotenv, struct strv *env)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < dotenv->n; i++) {
		const char *equals = strchr(dotenv->v[i], '=');
		cleanup_free char *name = equals == NULL ? NULL : strndup(dotenv->v[i], (size_t) (equals - dotenv->v[i]));

		if (equals == NULL || equals == dotenv->v[i])
			continue;
		if (name == NULL)
			return -ENOMEM;
		if (!is_listed(replaced, name, strlen(name)) && !env_steers(name, strlen(name)))
			r = strv_setenv(env, name, equals + 1);
	}
	return r;
}

int env_build(const struct env_input *in, struct strv *env, struct strv *withheld)
{
	const struct strv *parent = believed(in->parent);
	int r = 0;

	for (char *const *entry = in->own; r == 0 && *entry != NULL; entry++)
		r = add_own(in, parent, *entry, env, withheld);
	return r == 0 && in->dotenv != NULL ? add_dotenv(in->dotenv, env) : r;
}

static bool is_left_out(const char *name, const struct strv *env, const struct strv *withheld)
{
	return strv_getenv(env, name) == NULL && !strv_contains(withheld, name) && !is_listed(replaced, name, strlen(name))
		&& !env_steers(name, strlen(name));
}

int env_left_out(const struct strv *own, const struct strv *env, const struct strv *withheld, struct strv *left_out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < own->n; i++) {
		size_t len = strcspn(own->v[i], "=");
		cleanup_free char *name = strndup(own->v[i], len);

		if (name == NULL)
			return -ENOMEM;
		if (len > 0 && own->v[i][len] == '=' && !strv_contains(left_out, name) && is_left_out(name, env, withheld))
			r = strv_add(left_out, name);
	}
	return r;
}

int env_split(const char *text, size_t len, struct strv *env)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len;) {
		size_t n = strnlen(text + at, len - at);

		if (n > 0)
			r = strv_take(env, strndup(text + at, n));
		at += n + 1;
	}
	return r;
}
