/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pipcmd.h"

#include <string.h>

#include "common/buf.h"
#include "common/path.h"
#include "host/pipopt.h"

#define DIGITS "0123456789"

bool pipcmd_is_pip_name(const char *name)
{
	if (strncmp(name, "pip", 3) != 0)
		return false;
	name += 3;
	if (*name == '\0')
		return true;
	if (*name++ != '3')
		return false;
	if (*name == '\0')
		return true;
	return name[0] == '.' && name[1] != '\0' && name[1 + strspn(name + 1, DIGITS)] == '\0';
}

/* Other programs that change the venv, and what they are asked for then. `options` take a value in the next word. */
static const struct installer {
	const char *name;
	const char *asked[8]; /* "": whatever it is asked for */
	const char *options;
} installers[] = {
	{ "uv", { "pip install", "pip sync", "pip uninstall", "sync", "add", "remove" }, "--directory --project --cache-dir --config-file --color" },
	{ "poetry", { "install", "sync", "update", "add", "remove" }, "--directory --project -C -P" },
	{ "pip-sync", { "" }, "" },
};

static bool is_in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* The next word that is no option, or NULL. */
static const char *next_word(const struct installer *x, char *const **args)
{
	while (**args != NULL) {
		const char *word = *(*args)++;

		if (word[0] != '-')
			return word;
		if (is_in_list(x->options, word) && **args != NULL)
			(*args)++;
	}
	return NULL;
}

/* asked: up to two words. */
static bool is_asked(const struct installer *x, const char *asked, char *const args[])
{
	while (*asked != '\0') {
		size_t len = strcspn(asked, " ");
		const char *word = next_word(x, &args);

		if (word == NULL || strlen(word) != len || memcmp(word, asked, len) != 0)
			return false;
		asked += len + (asked[len] == ' ');
	}
	return true;
}

bool pipcmd_is_installer_run(const char *name, char *const args[])
{
	for (size_t i = 0; i < sizeof(installers) / sizeof(installers[0]); i++) {
		const struct installer *x = &installers[i];

		for (size_t k = 0; strcmp(name, x->name) == 0 && x->asked[k] != NULL; k++)
			if (is_asked(x, x->asked[k], args))
				return true;
	}
	return false;
}

static bool is_pip_module(const char *module)
{
	static const char *const modules[] = { "pip", "pip.__main__", "ensurepip", "ensurepip.__main__" };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (strcmp(module, modules[i]) == 0)
			return true;
	return false;
}

int pipcmd_is_pip_run(const struct pycmd *cmd, char *const args[], const char *venv_bin, const char *cwd)
{
	cleanup_free char *script = NULL;
	const char *name;

	if (cmd->kind == PYCMD_MODULE)
		return is_pip_module(cmd->target) || pipcmd_is_installer_run(cmd->target, args);
	if (cmd->kind != PYCMD_SCRIPT)
		return false;
	script = path_clean(cwd, cmd->target);
	if (script == NULL)
		return -ENOMEM;
	name = path_below(script, venv_bin);
	return name != NULL && (pipcmd_is_pip_name(name) || pipcmd_is_installer_run(name, args));
}

/* --- command line -------------------------------------------------------------- */

struct words {
	char *const *next;
	const char *base;
	struct strv *paths;
	const struct pipopt *only; /* NULL: every option, and every word */
};

static int take_value(struct words *w, const struct pipopt *opt, const char *attached)
{
	if (attached == NULL)
		attached = *w->next != NULL ? *w->next++ : NULL;
	if (attached == NULL || (w->only != NULL && opt != w->only))
		return 0;
	return pipopt_add(opt, attached, w->base, w->paths);
}

/* word: after "--". */
static int take_long(struct words *w, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct pipopt *opt = pipopt_find(word, len);

	if (opt == NULL || opt->use == PIPOPT_FLAG)
		return 0;
	return take_value(w, opt, word[len] == '=' ? word + len + 1 : NULL);
}

/* letters: after "-"; "qr" is -q -r. */
static int take_letters(struct words *w, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		const struct pipopt *opt = pipopt_letter(*letters);

		if (opt != NULL && opt->use != PIPOPT_FLAG)
			return take_value(w, opt, letters[1] != '\0' ? letters + 1 : NULL);
	}
	return 0;
}

static int take_words(struct words *w)
{
	bool options = true;
	int r = 0;

	while (r == 0 && *w->next != NULL) {
		const char *word = *w->next++;

		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strncmp(word, "--", 2) == 0)
			r = take_long(w, word + 2);
		else if (options && word[0] == '-' && word[1] != '\0')
			r = take_letters(w, word + 1);
		else if (w->only == NULL)
			r = pipopt_add_word(word, w->base, w->paths);
	}
	return r;
}

int pipcmd_paths_from_args(char *const args[], const char *cwd, struct strv *paths)
{
	struct words w = { .next = args, .base = cwd, .paths = paths };

	return take_words(&w);
}

int pipcmd_editables_from_args(char *const args[], const char *cwd, struct strv *paths)
{
	struct words w = { .next = args, .base = cwd, .paths = paths, .only = pipopt_exact("editable", strlen("editable")) };
	bool installs = false;

	/* To `pip list` -e is something else. */
	for (size_t i = 0; !installs && args[i] != NULL; i++)
		installs = strcmp(args[i], "install") == 0 || strcmp(args[i], "add") == 0;
	return installs ? take_words(&w) : 0;
}

/* --- environment ------------------------------------------------------------------ */

/* The option that the variable PIP_NAME or the key NAME sets: pip lower-cases the name and reads '_' as '-'. */
static const struct pipopt *option_of(const char *name, size_t len)
{
	char option[64];

	if (len > 2 && strncmp(name, "--", 2) == 0) {
		name += 2;
		len -= 2;
	}
	if (len >= sizeof(option))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		option[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
	}
	return pipopt_exact(option, len);
}

/* A value from the environment or pip.conf: one, or several separated by white space. */
static int add_value(const struct pipopt *opt, const char *value, const char *base, struct strv *paths)
{
	cleanup_free char *copy = strdup(value);
	char *rest, *word;
	int r = 0;

	if (copy == NULL)
		return -ENOMEM;
	if (!opt->many)
		return pipopt_add(opt, copy, base, paths);
	word = strtok_r(copy, " \t\r\n\v\f", &rest);
	for (; r == 0 && word != NULL; word = strtok_r(NULL, " \t\r\n\v\f", &rest))
		r = pipopt_add(opt, word, base, paths);
	return r;
}

int pipcmd_paths_from_env(const struct strv *env, const char *cwd, struct strv *paths)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < env->n; i++) {
		const char *entry = env->v[i];
		const char *equals = strchr(entry, '=');
		const struct pipopt *opt;

		if (equals == NULL || strncmp(entry, "PIP_", 4) != 0)
			continue;
		opt = option_of(entry + 4, (size_t) (equals - entry) - 4);
		if (opt != NULL)
			r = add_value(opt, equals + 1, cwd, paths);
	}
	return r;
}

int pipcmd_certificates_from_env(const struct strv *env, const char *cwd, struct strv *paths)
{
	static const char *const certificates[] = { "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE" };
	const struct pipopt *file = pipopt_exact("cert", strlen("cert"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		const char *value = strv_getenv(env, certificates[i]);

		if (value != NULL && *value != '\0')
			r = pipopt_add(file, value, cwd, paths);
	}
	return r;
}

/* --- pip.conf ----------------------------------------------------------------------- */

/* What is known while the lines of an INI file are read, as configparser.RawConfigParser reads them. */
struct ini {
	const char *base;
	struct strv *paths;
	const struct pipopt *opt; /* of the value being read, NULL: none that matters */
	struct buf value;
	size_t indent; /* of the line with the key; a line further in goes on with the value */
	bool has_key;
};

static int end_value(struct ini *x)
{
	const struct pipopt *opt = x->opt;
	int r = 0;

	x->opt = NULL;
	if (x->value.failed)
		r = -ENOMEM;
	else if (opt != NULL && x->value.data != NULL)
		r = add_value(opt, x->value.data, x->base, x->paths);
	buf_release(&x->value);
	return r;
}

static int begin_value(struct ini *x, const char *line, size_t len)
{
	size_t name = strcspn(line, "=:"), end = name;
	int r = end_value(x);

	x->has_key = line[0] != '[' && name < len;
	if (!x->has_key)
		return r;
	while (end > 0 && strchr(" \t", line[end - 1]) != NULL)
		end--;
	x->opt = option_of(line, end);
	name++;
	name += strspn(line + name, " \t");
	buf_add(&x->value, line + name, len - name);
	return r;
}

static int take_ini_line(struct ini *x, char *line)
{
	size_t indent = strspn(line, " \t"), len = strlen(line);

	while (len > indent && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	if (len == indent || strchr("#;", line[indent]) != NULL)
		return 0;
	if (x->has_key && indent > x->indent) {
		buf_putc(&x->value, '\n');
		buf_add(&x->value, line + indent, len - indent);
		return 0;
	}
	x->indent = indent;
	return begin_value(x, line + indent, len - indent);
}

int pipcmd_paths_from_conf(const char *conf, size_t len, const char *cwd, struct strv *paths)
{
	cleanup_free char *text = strndup(conf == NULL ? "" : conf, len);
	struct ini x = { .base = cwd, .paths = paths };
	char *rest = text;
	int r = text == NULL ? -ENOMEM : 0;

	while (r == 0 && rest != NULL)
		r = take_ini_line(&x, strsep(&rest, "\n"));
	if (r == 0)
		r = end_value(&x);
	buf_release(&x.value);
	return r;
}

/* --- configuration files ----------------------------------------------------------------- */

static int add_conf_below(struct strv *files, const char *dir, const char *name)
{
	cleanup_free char *path = *dir == '/' ? path_clean(dir, name) : NULL;

	if (*dir != '/')
		return 0;
	return path == NULL ? -ENOMEM : strv_contains(files, path) ? 0 : strv_take(files, take_ptr(&path));
}

static int add_system_conf(const struct strv *env, struct strv *files)
{
	const char *set = strv_getenv(env, "XDG_CONFIG_DIRS");
	cleanup_free char *dirs = strdup(set != NULL && *set != '\0' ? set : "/etc/xdg");
	char *rest, *dir;
	int r = 0;

	if (dirs == NULL)
		return -ENOMEM;
	for (dir = strtok_r(dirs, ":", &rest); r == 0 && dir != NULL; dir = strtok_r(NULL, ":", &rest))
		r = add_conf_below(files, dir, "pip/pip.conf");
	return r < 0 ? r : add_conf_below(files, "/etc", "pip.conf");
}

static int add_user_conf(const struct strv *env, const char *home, struct strv *files)
{
	const char *xdg = strv_getenv(env, "XDG_CONFIG_HOME");
	int r = home == NULL ? 0 : add_conf_below(files, home, ".pip/pip.conf");

	if (r < 0)
		return r;
	if (xdg != NULL && *xdg == '/')
		return add_conf_below(files, xdg, "pip/pip.conf");
	return home == NULL ? 0 : add_conf_below(files, home, ".config/pip/pip.conf");
}

int pipcmd_config_files(const struct strv *env, const char *home, struct strv *files)
{
	const char *named = strv_getenv(env, "PIP_CONFIG_FILE");
	int r;

	if (named != NULL && strcmp(named, "/dev/null") == 0)
		return 0;
	r = add_system_conf(env, files);
	if (r == 0)
		r = add_user_conf(env, home, files);
	return r == 0 && named != NULL ? add_conf_below(files, named, "") : r;
}
