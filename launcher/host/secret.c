/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/secret.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define TOKEN_CHARS LETTERS DIGITS "_-"

/* --- names ---------------------------------------------------------------------- */

#define MAX_WORDS 16

struct words {
	char *v[MAX_WORDS];
	size_t n;
};

static bool is_one_of(const char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (strcasecmp(*list, word) == 0)
			return true;
	return false;
}

/* A word that says so wherever it stands. */
static const char *const telling[] = {
	"PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "TOKEN", "TOKENS", "CREDENTIAL", "CREDENTIALS", "CREDS",
	"APIKEY", "APIKEYS", "ACCESSKEY", "SECRETKEY", "PRIVATEKEY", "AUTHTOKEN", "ACCESSTOKEN", "APITOKEN", "AUTHORIZATION", "BEARER", NULL,
};

/* Words written without a break: PGPASSWORD, CLIENTSECRET. Not TOKEN: TIKTOKEN_CACHE_DIR is none. */
static const char *const telling_ends[] = { "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "APIKEY", "SSHPASS", NULL };

/* Words that say so at the end of a name: REDIS_AUTH, DB_PASS, MYSQL_PWD; but SSH_AUTH_SOCK, PWD, PATH_PASS_COUNT do not. */
static const char *const telling_last[] = { "AUTH", "PASS", "PWD", "PAT", "JWT", "COOKIE", "COOKIES", NULL };

/* KEY is one (OPENAI_KEY, AWS_ACCESS_KEY_ID), but for these that go before it. */
static const char *const harmless_keys[] = {
	"PUBLIC", "SORT", "PARTITION", "PRIMARY", "FOREIGN", "CACHE", "ROW", "INDEX", "GROUP", "UNIQUE", "HOT", "SHORTCUT", "MAP", "COMPOSE", "ROUTING",
	"META", "HASH", "CONFIG", NULL,
};

/* What a name ends with that speaks of a credential and is none: where it is, how it is made. */
static const char *const harmless_last[] = {
	"FILE", "FILES", "PATH", "PATHS", "DIR", "URL", "URI", "ENDPOINT", "HOST", "PORT", "NAME", "NAMES", "TYPE", "LENGTH", "LEN", "SIZE", "TTL", "EXPIRY",
	"EXPIRES", "EXPIRATION", "AGE", "TIMEOUT", "LIMIT", "COUNT", "MAX", "MIN", "ENABLED", "DISABLED", "REQUIRED", "MODE", "METHOD", "PREFIX", "SUFFIX",
	"FORMAT", "POLICY", "PROVIDER", "BACKEND", "CLASS", "HEADER", "FIELD", "ALGORITHM", "ALG", "VERSION", "REGION", "PARALLELISM", "COMMAND", "CMD", NULL,
};

static void split(char *name, struct words *w)
{
	char *rest = name, *word;

	w->n = 0;
	while ((word = strsep(&rest, "_-.")) != NULL) {
		if (*word == '\0')
			continue;
		if (w->n == MAX_WORDS) /* the end counts most */
			memmove(w->v, w->v + 1, --w->n * sizeof(w->v[0]));
		w->v[w->n++] = word;
	}
	/* GITHUB_TOKEN_2 */
	while (w->n > 1 && w->v[w->n - 1][strspn(w->v[w->n - 1], DIGITS)] == '\0')
		w->n--;
}

static bool has_end(const char *const *ends, const char *word)
{
	for (; *ends != NULL; ends++) {
		size_t len = strlen(word), n = strlen(*ends);

		if (len >= n && strcasecmp(word + len - n, *ends) == 0)
			return true;
	}
	return false;
}

/* KEY alone is no more than a word; at the end, or between these, it names the thing. */
static bool is_key_at(const struct words *w, size_t i)
{
	static const char *const before[] = { "API", "ACCESS", "PRIVATE", "SIGNING", "ENCRYPTION", NULL };
	static const char *const after[] = { "ID", "VALUE", "B64", "BASE64", "PEM", "JSON", "DATA", "LIVE", "TEST", "PROD", "DEV", NULL };

	if (strcasecmp(w->v[i], "KEY") != 0 && strcasecmp(w->v[i], "KEYS") != 0)
		return false;
	if (i == 0 || is_one_of(harmless_keys, w->v[i - 1]))
		return false;
	return i + 1 == w->n || is_one_of(before, w->v[i - 1]) || is_one_of(after, w->v[i + 1]);
}

static bool name_tells(struct words *w)
{
	const char *last;

	if (w->n == 0)
		return false;
	last = w->v[w->n - 1];
	if (is_one_of(harmless_last, last))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (is_one_of(telling, w->v[i]) || has_end(telling_ends, w->v[i]) || is_key_at(w, i))
			return true;
	return w->n > 1 && is_one_of(telling_last, last);
}

/* A switch, or a number of tokens, is a setting: USE_AUTH=true, MAX_TOKENS=4096. A password can be anything. */
static bool is_setting(const struct words *w, const char *value)
{
	static const char *const switches[] = { "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1", NULL };
	bool tokens = false;

	for (size_t i = 0; i < w->n; i++) {
		if (strncasecmp(w->v[i], "PASS", 4) == 0 || has_end(telling_ends, w->v[i]) || strcasecmp(w->v[i], "PWD") == 0)
			return false;
		tokens |= strcasecmp(w->v[i], "TOKENS") == 0;
	}
	return is_one_of(switches, value) || (tokens && value[strspn(value, DIGITS)] == '\0');
}

/* --- values ------------------------------------------------------------------------- */

struct shape {
	const char *begin;
	size_t more; /* so many characters of TOKEN_CHARS, at least, follow */
};

/* As the issuers document them, or as secret scanners know them. */
static const struct shape shapes[] = {
	{ "ghp_", 30 }, { "gho_", 30 }, { "ghu_", 30 }, { "ghs_", 30 }, { "ghr_", 30 }, { "github_pat_", 20 }, /* GitHub */
	{ "glpat-", 20 }, { "gldt-", 20 }, { "glrt-", 20 }, { "glcbt-", 20 }, { "glptt-", 20 },                /* GitLab */
	{ "sk-ant-", 16 }, { "sk-proj-", 16 }, { "sk-or-", 16 }, { "gsk_", 30 }, { "xai-", 30 }, { "hf_", 30 }, { "r8_", 30 },
	{ "sk_live_", 10 }, { "sk_test_", 10 }, { "rk_live_", 10 }, { "rk_test_", 10 }, { "whsec_", 20 },      /* Stripe */
	{ "xoxb-", 10 }, { "xoxp-", 10 }, { "xoxa-", 10 }, { "xoxr-", 10 }, { "xoxs-", 10 }, { "xoxe-", 10 }, { "xapp-", 10 }, /* Slack */
	{ "AIza", 30 }, { "ya29.", 16 }, { "GOCSPX-", 16 },                                                    /* Google */
	{ "npm_", 30 }, { "pypi-AgE", 16 }, { "dckr_pat_", 16 }, { "rubygems_", 30 }, { "dop_v1_", 30 },
	{ "hvs.", 16 }, { "hvb.", 16 }, { "SG.", 16 }, { "shpat_", 16 }, { "tskey-", 12 }, { "lin_api_", 16 }, { "figd_", 16 },
	{ "PMAK-", 16 }, { "NRAK-", 16 }, { "sntrys_", 16 }, { "ATATT3", 30 }, { "AGE-SECRET-KEY-1", 16 },
};

/* Parts of a longer text that are the whole of a credential's address. */
static const char *const addresses[] = { "hooks.slack.com/services/", "discord.com/api/webhooks/", NULL };

/* "...;Password=x", "?sig=x": names of parameters in connection strings and URLs. */
static const char *const parameters[] = {
	"password", "passwd", "pwd", "accountkey", "sharedaccesskey", "sharedaccesssignature", "secret", "client_secret", "access_token", "auth_token",
	"token", "api_key", "apikey", "sig", NULL,
};

static bool is_token_char(char c)
{
	return c != '\0' && strchr(TOKEN_CHARS, c) != NULL;
}

static bool has_shape(const char *at)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		size_t n = strlen(shapes[i].begin);

		if (strncmp(at, shapes[i].begin, n) == 0 && strspn(at + n, TOKEN_CHARS) >= shapes[i].more)
			return true;
	}
	return false;
}

/* AKIA and ASIA with 16 capitals and digits: AWS. Nothing more, nothing less. */
static bool is_aws_key(const char *at)
{
	if (strncmp(at, "AKIA", 4) != 0 && strncmp(at, "ASIA", 4) != 0)
		return false;
	return strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS) == 20 && !is_token_char(at[20]);
}

/* "sk-" and letters and digits without a break: OpenAI's first kind. sk-learn-... is none. */
static bool is_sk_key(const char *at)
{
	size_t len = strncmp(at, "sk-", 3) == 0 ? strspn(at + 3, LETTERS DIGITS) : 0;

	return len >= 32 && strcspn(at + 3, DIGITS) < len;
}

/* A JSON web token: base64 of '{"', twice, and a signature. */
static bool is_jwt(const char *at)
{
	size_t head = strspn(at, TOKEN_CHARS);

	if (strncmp(at, "eyJ", 3) != 0 || at[head] != '.' || strncmp(at + head + 1, "eyJ", 3) != 0)
		return false;
	return at[head + 1 + strspn(at + head + 1, TOKEN_CHARS)] == '.';
}

/* at: "://". The user part of the URL holds a password. */
static bool has_password(const char *at)
{
	size_t end = strcspn(at + 3, "/?# \t\r\n\"'<>"), colon = strcspn(at + 3, ":");
	const char *sign = memrchr(at + 3, '@', end);

	return sign != NULL && at + 3 + colon + 1 < sign;
}

/* In "--token=x" as well as in "?token=x", not in "max_token=x". */
static bool has_parameter(const char *value, const char *at)
{
	if (at > value && at[-1] != '-' && is_token_char(at[-1]))
		return false;
	for (const char *const *p = parameters; *p != NULL; p++) {
		size_t n = strlen(*p);

		if (strncasecmp(at, *p, n) == 0 && at[n] == '=' && at[n + 1] != '\0' && strchr(" &;\"'", at[n + 1]) == NULL)
			return true;
	}
	return false;
}

static bool value_tells(const char *value)
{
	const char *key = strstr(value, "-----BEGIN");

	if (key != NULL && strstr(key, "PRIVATE KEY") != NULL)
		return true;
	for (const char *const *a = addresses; *a != NULL; a++)
		if (strstr(value, *a) != NULL)
			return true;
	for (const char *url = strstr(value, "://"); url != NULL; url = strstr(url + 1, "://"))
		if (has_password(url))
			return true;
	for (const char *at = value; *at != '\0'; at++) {
		if (has_parameter(value, at))
			return true;
		if (at > value && is_token_char(at[-1]))
			continue; /* not where a word begins */
		if (has_shape(at) || is_aws_key(at) || is_sk_key(at) || is_jwt(at))
			return true;
	}
	return false;
}

static bool name_and_value_tell(char *name, const char *value)
{
	struct words words;

	split(name, &words);
	return name_tells(&words) && !is_setting(&words, value);
}

bool secret_looks_like(const char *name, const char *value)
{
	cleanup_free char *copy = strdup(name);

	if (copy == NULL)
		return true; /* out of memory: it stays outside */
	return *value != '\0' && (name_and_value_tell(copy, value) || value_tells(value));
}
