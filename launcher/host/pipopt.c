/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pipopt.h"

#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/path.h"

/* All of them: an abbreviation is one among all, and the argument of an option is not a requirement. */
static const struct pipopt options[] = {
	/* files that are read */
	{ "requirement", 'r', PIPOPT_LIST, true },
	{ "constraint", 'c', PIPOPT_LIST, true },
	{ "build-constraint", 0, PIPOPT_LIST, true },
	{ "requirements-from-script", 0, PIPOPT_LINK, true },
	{ "group", 0, PIPOPT_GROUP, true },
	{ "editable", 'e', PIPOPT_SOURCE, true },
	{ "find-links", 'f', PIPOPT_LINK, true },
	{ "index-url", 'i', PIPOPT_LINK, false },
	{ "index", 0, PIPOPT_LINK, false },
	{ "pypi-url", 0, PIPOPT_LINK, false },
	{ "extra-index-url", 0, PIPOPT_LINK, true },
	{ "cert", 0, PIPOPT_FILE, false },
	{ "client-cert", 0, PIPOPT_FILE, false },
	{ "path", 0, PIPOPT_FILE, true },
	/* what is written goes where the box may write anyway; the rest is no path */
	{ "abi", 0, PIPOPT_OTHER, false },
	{ "algorithm", 'a', PIPOPT_OTHER, false },
	{ "all-releases", 0, PIPOPT_OTHER, false },
	{ "build-option", 0, PIPOPT_OTHER, false },
	{ "cache-dir", 0, PIPOPT_OTHER, false },
	{ "config-settings", 'C', PIPOPT_OTHER, false },
	{ "default-timeout", 0, PIPOPT_OTHER, false },
	{ "dest", 'd', PIPOPT_OTHER, false },
	{ "destination-dir", 0, PIPOPT_OTHER, false },
	{ "destination-directory", 0, PIPOPT_OTHER, false },
	{ "editor", 0, PIPOPT_OTHER, false },
	{ "exclude", 0, PIPOPT_OTHER, false },
	{ "exists-action", 0, PIPOPT_OTHER, false },
	{ "format", 0, PIPOPT_OTHER, false },
	{ "global-option", 0, PIPOPT_OTHER, false },
	{ "hash", 0, PIPOPT_OTHER, false },
	{ "implementation", 0, PIPOPT_OTHER, false },
	{ "install-option", 0, PIPOPT_OTHER, false },
	{ "keyring-provider", 0, PIPOPT_OTHER, false },
	{ "local-log", 0, PIPOPT_OTHER, false },
	{ "log", 0, PIPOPT_OTHER, false },
	{ "log-file", 0, PIPOPT_OTHER, false },
	{ "no-binary", 0, PIPOPT_OTHER, false },
	{ "only-binary", 0, PIPOPT_OTHER, false },
	{ "only-final", 0, PIPOPT_OTHER, false },
	{ "output", 0, PIPOPT_OTHER, false },
	{ "platform", 0, PIPOPT_OTHER, false },
	{ "prefix", 0, PIPOPT_OTHER, false },
	{ "progress-bar", 0, PIPOPT_OTHER, false },
	{ "proxy", 0, PIPOPT_OTHER, false },
	{ "python", 0, PIPOPT_OTHER, false },
	{ "python-version", 0, PIPOPT_OTHER, false },
	{ "refresh-package", 0, PIPOPT_OTHER, false },
	{ "report", 0, PIPOPT_OTHER, false },
	{ "resume-retries", 0, PIPOPT_OTHER, false },
	{ "retries", 0, PIPOPT_OTHER, false },
	{ "root", 0, PIPOPT_OTHER, false },
	{ "root-user-action", 0, PIPOPT_OTHER, false },
	{ "source", 0, PIPOPT_OTHER, false },
	{ "source-dir", 0, PIPOPT_OTHER, false },
	{ "source-directory", 0, PIPOPT_OTHER, false },
	{ "src", 0, PIPOPT_OTHER, false },
	{ "target", 't', PIPOPT_OTHER, false },
	{ "timeout", 0, PIPOPT_OTHER, false },
	{ "trusted-host", 0, PIPOPT_OTHER, false },
	{ "upgrade-strategy", 0, PIPOPT_OTHER, false },
	{ "uploaded-prior-to", 0, PIPOPT_OTHER, false },
	{ "use-deprecated", 0, PIPOPT_OTHER, false },
	{ "use-feature", 0, PIPOPT_OTHER, false },
	{ "wheel-dir", 'w', PIPOPT_OTHER, false },
	/* flags that share a beginning with one of the above */
	{ "all", 0, PIPOPT_FLAG, false },
	{ "break-system-packages", 0, PIPOPT_FLAG, false },
	{ "check-build-dependencies", 0, PIPOPT_FLAG, false },
	{ "compile", 0, PIPOPT_FLAG, false },
	{ "debug", 0, PIPOPT_FLAG, false },
	{ "disable-pip-version-check", 0, PIPOPT_FLAG, false },
	{ "dry-run", 0, PIPOPT_FLAG, false },
	{ "exclude-editable", 0, PIPOPT_FLAG, false },
	{ "files", 0, PIPOPT_FLAG, false },
	{ "fish", 0, PIPOPT_FLAG, false },
	{ "force-reinstall", 0, PIPOPT_FLAG, false },
	{ "global", 0, PIPOPT_FLAG, false },
	{ "help", 'h', PIPOPT_FLAG, false },
	{ "ignore-installed", 'I', PIPOPT_FLAG, false },
	{ "ignore-requires-python", 0, PIPOPT_FLAG, false },
	{ "include-editable", 0, PIPOPT_FLAG, false },
	{ "isolated", 0, PIPOPT_FLAG, false },
	{ "local", 'l', PIPOPT_FLAG, false },
	{ "no-build-isolation", 0, PIPOPT_FLAG, false },
	{ "no-cache-dir", 0, PIPOPT_FLAG, false },
	{ "no-clean", 0, PIPOPT_FLAG, false },
	{ "no-color", 0, PIPOPT_FLAG, false },
	{ "no-compile", 0, PIPOPT_FLAG, false },
	{ "no-dependencies", 0, PIPOPT_FLAG, false },
	{ "no-deps", 0, PIPOPT_FLAG, false },
	{ "no-index", 0, PIPOPT_FLAG, false },
	{ "no-input", 0, PIPOPT_FLAG, false },
	{ "only-dependencies", 0, PIPOPT_FLAG, false },
	{ "only-deps", 0, PIPOPT_FLAG, false },
	{ "outdated", 'o', PIPOPT_FLAG, false },
	{ "powershell", 0, PIPOPT_FLAG, false },
	{ "pre", 0, PIPOPT_FLAG, false },
	{ "prefer-binary", 0, PIPOPT_FLAG, false },
	{ "quiet", 'q', PIPOPT_FLAG, false },
	{ "require-hashes", 0, PIPOPT_FLAG, false },
	{ "require-venv", 0, PIPOPT_FLAG, false },
	{ "require-virtualenv", 0, PIPOPT_FLAG, false },
	{ "site", 0, PIPOPT_FLAG, false },
	{ "upgrade", 'U', PIPOPT_FLAG, false },
	{ "uptodate", 'u', PIPOPT_FLAG, false },
	{ "use-pep517", 0, PIPOPT_FLAG, false },
	{ "user", 0, PIPOPT_FLAG, false },
	{ "verbose", 'v', PIPOPT_FLAG, false },
	{ "version", 'V', PIPOPT_FLAG, false },
	{ "yes", 'y', PIPOPT_FLAG, false },
	{ "bash", 'b', PIPOPT_FLAG, false },
	{ "zsh", 'z', PIPOPT_FLAG, false },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

const struct pipopt *pipopt_exact(const char *name, size_t len)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return &options[i];
	return NULL;
}

static bool names_file(const struct pipopt *opt)
{
	return opt->use != PIPOPT_FLAG && opt->use != PIPOPT_OTHER;
}

/*
 * What is no abbreviation to one command may be one to another, which has fewer options: of several
 * the one that names a file is taken, then one with an argument.
 */
const struct pipopt *pipopt_find(const char *name, size_t len)
{
	const struct pipopt *found = pipopt_exact(name, len);

	for (size_t i = 0; len > 0 && i < N_OPTIONS; i++) {
		const struct pipopt *opt = &options[i];

		if (found != NULL && strlen(found->name) == len)
			break;
		if (strncmp(opt->name, name, len) != 0)
			continue;
		if (found == NULL || (names_file(opt) && !names_file(found)) || (found->use == PIPOPT_FLAG && opt->use != PIPOPT_FLAG))
			found = opt;
	}
	return found;
}

const struct pipopt *pipopt_letter(char letter)
{
	for (size_t i = 0; letter != '\0' && i < N_OPTIONS; i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* --- values ------------------------------------------------------------------ */

static bool has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int add_path(const char *base, const char *path, struct strv *paths)
{
	cleanup_free char *clean = NULL;

	if (paths->n == PIPOPT_PATHS_MAX)
		return 0;
	clean = path_clean(base, path);
	if (clean == NULL)
		return -ENOMEM;
	return strv_contains(paths, clean) ? 0 : strv_take(paths, take_ptr(&clean));
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

	return at == NULL ? -1 : (int) (at - digits);
}

/* Undoes %XX in place. False: it would hold a NUL, so it is no path. */
static bool percent_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		int high = from[0] == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		if (low >= 0 && high * 16 + low == 0)
			return false;
		*to = low >= 0 ? (char) (high * 16 + low) : *from;
		from += low >= 0 ? 3 : 1;
	}
	*to = '\0';
	return true;
}

/* After "file:", in a URL of git and the like also "@revision" at the end. */
static int add_file_url(const char *rest, bool is_vcs, const char *base, struct strv *paths)
{
	cleanup_free char *path = NULL;
	char *at;

	if (strncmp(rest, "//", 2) == 0) {
		rest += 2;
		if (has_prefix(rest, "localhost/"))
			rest += strlen("localhost");
		if (*rest != '/')
			return 0; /* on another host */
	}
	path = strndup(rest, strcspn(rest, "?#"));
	if (path == NULL)
		return -ENOMEM;
	at = is_vcs ? strrchr(path, '@') : NULL;
	if (at != NULL)
		*at = '\0';
	if (*path == '\0' || !percent_decode(path))
		return 0;
	return add_path(base, path, paths);
}

/* The text after "file:" if text is such a URL; *is_vcs: it was "git+file:" or the like. */
static const char *file_url(const char *text, bool *is_vcs)
{
	static const char *const kinds[] = { "git+", "hg+", "svn+", "bzr+" };

	*is_vcs = false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (has_prefix(text, kinds[i])) {
			*is_vcs = true;
			text += strlen(kinds[i]);
			break;
		}
	}
	return has_prefix(text, "file:") ? text + strlen("file:") : NULL;
}

/* A path or a URL. */
static int add_link(const char *text, const char *base, struct strv *paths)
{
	bool is_vcs;
	const char *rest = file_url(text, &is_vcs);

	if (rest != NULL)
		return add_file_url(rest, is_vcs, base, paths);
	if (*text == '\0' || strstr(text, "://") != NULL)
		return 0;
	return add_path(base, text, paths);
}

static bool is_archive(const char *path)
{
	static const char *const ends[] = {
		".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma",
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (len > strlen(ends[i]) && strcasecmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* "x[dev,test]" becomes "x". */
static void cut_extras(char *word)
{
	size_t len = strlen(word);
	char *bracket = len > 0 && word[len - 1] == ']' ? strrchr(word, '[') : NULL;

	if (bracket != NULL && bracket > word)
		*bracket = '\0';
}

/* Cuts the environment marker ("; python_version > '3'") and the extras off, as pip does: in this order. */
static void cut_word(char *word)
{
	bool is_vcs;
	char *marker = strstr(word, file_url(word, &is_vcs) != NULL || strstr(word, "://") != NULL ? "; " : ";");
	size_t len;

	if (marker != NULL)
		*marker = '\0';
	len = strlen(word);
	while (len > 0 && strchr(" \t", word[len - 1]) != NULL)
		word[--len] = '\0';
	cut_extras(word);
}

/* "name @ URL": the URL. A path may hold an '@' as well. */
static const char *direct_reference(const char *word)
{
	const char *at = strchr(word, '@');
	const char *rest = at == NULL ? word : at + 1 + strspn(at + 1, " \t");
	bool is_vcs;

	return file_url(rest, &is_vcs) != NULL || strstr(rest, "://") != NULL ? rest : word;
}

/* any: a bare name is a path as well. */
static int add_requirement(const char *word, bool any, const char *base, struct strv *paths)
{
	cleanup_free char *cut = strdup(direct_reference(word + strspn(word, " \t")));
	bool is_vcs;

	if (cut == NULL)
		return -ENOMEM;
	cut_word(cut);
	if (!any && file_url(cut, &is_vcs) == NULL && strchr(cut, '/') == NULL && cut[0] != '.' && !is_archive(cut))
		return 0;
	return add_link(cut, base, paths);
}

int pipopt_add_word(const char *word, const char *base, struct strv *paths)
{
	return add_requirement(word, false, base, paths);
}

/* pip 26 takes extras after the name of a pylock.toml; before, a name with brackets was the file's own. */
static int add_list(const char *value, const char *base, struct strv *paths)
{
	cleanup_free char *cut = strdup(value);
	int r = add_link(value, base, paths);

	if (cut == NULL)
		return -ENOMEM;
	cut_extras(cut);
	return r < 0 ? r : add_link(cut, base, paths);
}

int pipopt_add(const struct pipopt *opt, const char *value, const char *base, struct strv *paths)
{
	cleanup_free char *file = NULL;

	switch (opt->use) {
	case PIPOPT_FLAG:
	case PIPOPT_OTHER:
		break;
	case PIPOPT_FILE:
		return *value == '\0' ? 0 : add_path(base, value, paths);
	case PIPOPT_LINK:
		return add_link(value, base, paths);
	case PIPOPT_LIST:
		return add_list(value, base, paths);
	case PIPOPT_SOURCE:
		return add_requirement(value, true, base, paths);
	case PIPOPT_GROUP:
		if (strchr(value, ':') == NULL)
			return add_path(base, "pyproject.toml", paths);
		file = strndup(value, strcspn(value, ":"));
		return file == NULL ? -ENOMEM : add_path(base, file, paths);
	}
	return 0;
}
