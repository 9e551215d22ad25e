/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings and their values; conf_file.c reads and writes the file. */
#include "common/conf.h"

#include <string.h>

#include "common/bwrapopt.h"
#include "common/escape.h"
#include "common/path.h"

/* --- what a value may not be ---------------------------------------------- */

static const char *refuse_mount(const char *path, const char **hint)
{
	*hint = "name a directory or file below it";
	return bwrapopt_reserved(path);
}

static const char *refuse_variable(const char *name, const char **hint)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t letters = strspn(name, first);

	*hint = "a name is letters, digits and '_', without its value";
	return letters > 0 && name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] == '\0'
		       ? NULL : "it is not the name of a variable";
}

static const char *refuse_unprotect(const char *path, const char **hint)
{
	*hint = "give a name at the project root, such as .git, or a path below it, such as sub/.git";
	if (!path_is_clean_relative(path))
		return "it is not a plain path below the project";
	if (strcmp(path, ".venv") != 0 && strncmp(path, ".venv/", 6) != 0)
		return NULL;
	*hint = "to change the venv use its pip, or make a new one with python3 -m venv";
	return "the venv itself stays protected";
}

static const char *refuse_command(const char *name, const char **hint)
{
	*hint = "give the name of a command as it stands in bin";
	return path_is_name(name) ? NULL : "it is not a plain file name";
}

/* --- the table -------------------------------------------------------------- */

static const char *const profiles[] = { [PROFILE_MINIMAL] = "minimal", [PROFILE_SYSTEM] = "system", NULL };
static const char *const networks[] = { [NETWORK_HOST] = "host", [NETWORK_NONE] = "none", NULL };

#define MEMBER(name) .section = "box", .offset = offsetof(struct conf, name)
#define LIMIT(index, of) .section = "limits", .unit = (of), .offset = offsetof(struct conf, limits[index])

const struct setting conf_settings[] = {
	{ "profile", SETTING_CHOICE, "PROFILE", "what programs see of the system: minimal, or all of /usr (pip always sees system)",
	  profiles, MEMBER(profile) },
	{ "network", SETTING_CHOICE, "NETWORK", "the host's network, or none", networks, MEMBER(network) },
	{ "project", SETTING_PATH, "DIR", "the directory that is writable inside [the one that holds the venv]", MEMBER(project) },
	{ "ro", SETTING_PATHS, "PATH", "make PATH visible at the same place, read-only", MEMBER(ro), .refusal = refuse_mount },
	{ "rw", SETTING_PATHS, "PATH", "make PATH visible at the same place, writable", MEMBER(rw), .refusal = refuse_mount },
	{ "env", SETTING_NAMES, "NAME", "let this environment variable in, even if it looks like a credential", MEMBER(env),
	  .refusal = refuse_variable },
	{ "unprotect", SETTING_NAMES, "NAME", "leave this protected name below the project writable: .git, .vscode, sub/.git, all below .tox",
	  MEMBER(unprotect), .refusal = refuse_unprotect },
	{ "publish", SETTING_NAMES, "NAME", "publish this command that pip installed although it shadows one of the system",
	  MEMBER(publish), .refusal = refuse_command },
	{ "bwrap", SETTING_WORDS, "OPTION", "pass this option, with its arguments, to bubblewrap", MEMBER(bwrap) },
	{ "processes", SETTING_LIMIT, "N", "processes and threads of one box [1024, and 128 for each processor]",
	  LIMIT(LIMIT_PROCESSES, UNIT_COUNT) },
	{ "memory", SETTING_LIMIT, "SIZE", "address space of each process: 500M, 4G", LIMIT(LIMIT_MEMORY, UNIT_BYTES) },
	{ "cpu", SETTING_LIMIT, "TIME", "processor time of each process: 90 (seconds), 10m, 2h", LIMIT(LIMIT_CPU, UNIT_SECONDS) },
	{ "files", SETTING_LIMIT, "N", "open files of each process", LIMIT(LIMIT_FILES, UNIT_COUNT) },
	{ "file-size", SETTING_LIMIT, "SIZE", "size of each file that is written", LIMIT(LIMIT_FILE_SIZE, UNIT_BYTES) },
	{ "tmp", SETTING_LIMIT, "SIZE", "size of /tmp and of /dev/shm [/tmp a quarter of the memory, /dev/shm half of it]",
	  LIMIT(LIMIT_TMP, UNIT_BYTES) },
	{ 0 },
};

const struct setting *conf_setting(const char *key)
{
	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

void conf_init(struct conf *c)
{
	*c = (struct conf) { .profile = PROFILE_MINIMAL, .network = NETWORK_HOST };
}

void conf_release(struct conf *c)
{
	free(c->project);
	strv_release(&c->ro);
	strv_release(&c->rw);
	strv_release(&c->env);
	strv_release(&c->unprotect);
	strv_release(&c->publish);
	strv_release(&c->bwrap);
	conf_init(c);
}

/* --- taking a value --------------------------------------------------------- */

static int refuse(const struct setting *s, const char *value, const char *why, const char *hint, struct failure *f)
{
	return fail_msg(f, EINVAL, hint, "%s: '%s' is refused: %s", s->key, value, why);
}

static int set_choice(const struct setting *s, unsigned *member, const char *value, struct failure *f)
{
	cleanup_buf struct buf known = { 0 };

	for (unsigned i = 0; s->choices[i] != NULL; i++) {
		if (strcmp(s->choices[i], value) == 0) {
			*member = i;
			return 0;
		}
		buf_printf(&known, "%s%s", i > 0 ? " or " : "", s->choices[i]);
	}
	(void) fail_msg(f, EINVAL, NULL, "%s: '%s' is not one of its values", s->key, value);
	fail_hint(f, "%s is %s", s->key, known.data);
	return -EINVAL;
}

/* The clean path, owned by the caller. */
static int take_path(const struct setting *s, const char *value, const char *cwd, char **path, struct failure *f)
{
	const char *hint, *why;

	if (value[0] == '\0')
		return refuse(s, value, "it is empty", "leave the key out for its default", f);
	if (value[0] != '/' && cwd == NULL)
		return refuse(s, value, "it is not an absolute path", "write the path from the root", f);
	*path = path_clean(cwd != NULL ? cwd : "/", value);
	if (*path == NULL)
		return -ENOMEM;
	why = s->refusal != NULL ? s->refusal(*path, &hint) : NULL;
	return why != NULL ? refuse(s, value, why, hint, f) : 0;
}

static int add_once(struct strv *list, const char *item)
{
	return strv_contains(list, item) ? 0 : strv_add(list, item);
}

/* A path is under ro or under rw: a file that says both was not meant so, the command line changes its mind. */
static int leave_other_list(struct strv *other, const struct setting *s, const char *path, bool move, struct failure *f)
{
	for (size_t i = 0; i < other->n; i++) {
		if (strcmp(other->v[i], path) != 0)
			continue;
		if (!move)
			return refuse(s, path, "it is under both ro and rw", "keep one of the two lines", f);
		strv_remove(other, i);
		break;
	}
	return 0;
}

static int add_name(const struct setting *s, struct strv *list, const char *value, struct failure *f)
{
	const char *hint, *why = s->refusal(value, &hint);

	return why != NULL ? refuse(s, value, why, hint, f) : add_once(list, value);
}

/* --- bubblewrap options ----------------------------------------------------- */

static bool same_words(const struct strv *a, size_t at, const struct strv *b, size_t bt, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(a->v[at + i], b->v[bt + i]) != 0)
			return false;
	return true;
}

static void remove_unit(struct strv *from, const struct strv *words, size_t at, size_t len)
{
	for (size_t i = 0, have; i < from->n; i += have) {
		have = bwrapopt_unit(from, i);
		if (have != len || !same_words(from, i, words, at, len))
			continue;
		while (have > 0) {
			strv_remove(from, i);
			have--;
		}
	}
}

int conf_add_bwrap(struct conf *c, const struct strv *words, struct failure *f)
{
	int r = bwrapopt_check(words, f);

	for (size_t at = 0, len; r == 0 && at < words->n; at += len) {
		len = bwrapopt_unit(words, at);
		remove_unit(&c->bwrap, words, at, len);
		for (size_t i = 0; r == 0 && i < len; i++)
			r = strv_add(&c->bwrap, words->v[at + i]);
	}
	return r;
}

/* One line of the file: words between blanks, with escapes. */
static int split_words(const char *text, struct strv *words)
{
	for (;;) {
		cleanup_buf struct buf word = { 0 };
		size_t len;
		int r;

		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (len == 0)
			return 0;
		if (len != 2 || strncmp(text, "\\e", 2) != 0) { /* \e alone: an empty word */
			r = escape_decode(&word, text, len);
			if (r < 0)
				return r;
		}
		r = strv_take(words, buf_take(&word));
		if (r < 0)
			return r;
		text += len;
	}
}

static int set_words(struct conf *c, const struct setting *s, const char *value, struct failure *f)
{
	cleanup_strv struct strv words = { 0 };
	int r = split_words(value, &words);

	if (r == -EBADMSG)
		return refuse(s, value, "it has a bad escape", "write a backslash as \\\\, a blank in a word as \\x20", f);
	return r < 0 ? r : conf_add_bwrap(c, &words, f);
}

static int set_limit(const struct setting *s, uint64_t *member, const char *value, struct failure *f)
{
	static const char *const hints[] = {
		[UNIT_COUNT] = "give a number above 0, none or default",
		[UNIT_BYTES] = "give a number above 0 with K, M, G or T behind it, none or default",
		[UNIT_SECONDS] = "give a number above 0, of seconds or with m, h or d behind it, none or default",
	};
	int r = limit_parse(value, s->unit, member);

	if (r == -EINVAL)
		return refuse(s, value, "it is no such number", hints[s->unit], f);
	return r < 0 ? refuse(s, value, "it is out of range", hints[s->unit], f) : 0;
}

int conf_set(struct conf *c, const char *key, const char *value, const char *cwd, struct failure *f)
{
	const struct setting *s = conf_setting(key);
	void *member = s != NULL ? (char *) c + s->offset : NULL;
	cleanup_free char *path = NULL;
	int r;

	if (s == NULL)
		return fail_msg(f, EINVAL, "venvbox-install --help lists the settings", "unknown setting '%s'", key);
	switch (s->type) {
	case SETTING_CHOICE:
		return set_choice(s, member, value, f);
	case SETTING_NAMES:
		return add_name(s, member, value, f);
	case SETTING_WORDS:
		return set_words(c, s, value, f);
	case SETTING_LIMIT:
		return set_limit(s, member, value, f);
	case SETTING_PATH:
	case SETTING_PATHS:
		break;
	}
	r = take_path(s, value, cwd, &path, f);
	if (r < 0 || path == NULL)
		return r;
	if (s->type == SETTING_PATHS) {
		r = leave_other_list(member == &c->ro ? &c->rw : &c->ro, s, path, cwd != NULL, f);
		return r < 0 ? r : add_once(member, path);
	}
	free(*(char **) member);
	*(char **) member = take_ptr(&path);
	return 0;
}
