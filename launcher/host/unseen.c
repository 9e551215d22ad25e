/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/unseen.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/names.h"
#include "common/path.h"

#define MANY 64 /* words of a command line that are looked at */

bool unseen_is_seen(const struct policy *p, const struct facts *x, const char *path)
{
	/* The box has others in their place, and people do not mean these. */
	static const char *const replaced[] = { "/tmp", "/etc/passwd", "/etc/group" };

	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++)
		if (path_is_within(path, replaced[i]))
			return true;
	return policy_box_writable(p, path) || path_is_within_any(path, &x->visible) || path_is_within_any(path, &x->inputs.paths)
		|| path_is_within(p->manifest->venv, path); /* the way to it is there too */
}

/* The command to paste; path NULL: without a setting. */
static void hint_command(const struct policy *p, const char *before, const char *path, struct failure *f)
{
	cleanup_buf struct buf text = { 0 };

	fail_hint(f, "%s%s", before, log_command(&text, p->manifest->venv, path != NULL ? "--ro" : NULL, path));
}

/*
 * uv on the host asks a venv about itself with code of its own, which it unpacks in its cache. To show that would be easy;
 * but what uv then does it does outside: it runs builds there and puts programs of packages into bin, and what
 * it does all this with is the answer of a box.
 */
static int find_uv(const struct policy *p, const struct facts *x, const struct job *job, struct failure *f)
{
	const char *code = job->kind == JOB_PYTHON && job->cmd.kind == PYCMD_CODE ? job->cmd.target : "";
	const char *begin = strstr(code, "\"/");
	const char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
	cleanup_free char *named = NULL;
	cleanup_free char *dir = NULL;
	cleanup_free char *cache = NULL;

	if (end == NULL || strstr(code, "from python.get_interpreter_info import") == NULL)
		return 0;
	named = strndup(begin + 1, (size_t) (end - begin - 1));
	dir = named != NULL ? path_clean("/", named) : NULL;
	cache = dir != NULL ? path_clean(dir, "..") : NULL;
	if (cache == NULL)
		return -ENOMEM;
	if (unseen_is_seen(p, x, dir))
		return 0;
	(void) fail_msg(f, ENOENT, NULL, "the box does not see '%s', where uv of the host has the code that asks about this venv", dir);
	hint_command(p, "uv in the venv is boxed: pip install uv there, then its bin/uv; for uv of the host, which builds and installs in no box: ",
		     cache, f);
	return 1;
}

/* Is there more than the script beside the script? */
static int has_siblings(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d != NULL && n < 2) {
		const struct dirent *entry = readdir(d);

		if (entry == NULL)
			break;
		n += entry->d_name[0] != '.';
	}
	if (d != NULL)
		(void) closedir(d);
	return n > 1;
}

/* A script of elsewhere is seen alone; Python looks for modules beside it. */
static int find_siblings(const struct policy *p, const struct facts *x, const struct job *job, struct failure *f)
{
	cleanup_free char *script = NULL;
	cleanup_free char *dir = NULL;

	if (job->kind != JOB_PYTHON || job->cmd.kind != PYCMD_SCRIPT)
		return 0;
	script = path_clean(x->cwd, job->cmd.target);
	dir = script != NULL ? path_clean(script, "..") : NULL;
	if (dir == NULL)
		return -ENOMEM;
	if (unseen_is_seen(p, x, dir) || !has_siblings(dir))
		return 0;
	(void) fail_msg(f, ENOENT, NULL, "of '%s' the box sees '%s' alone", dir, path_base(script));
	hint_command(p, "if it needs what lies beside it: ", dir, f);
	return 1;
}

/* What uv of the host puts into bin lies in the host's bin, and the box has another. */
static int find_foreign(const struct policy *p, const struct facts *x, const struct job *job, struct failure *f)
{
	cleanup_free char *script = job->kind == JOB_PYTHON && job->cmd.kind == PYCMD_SCRIPT ? path_clean(x->cwd, job->cmd.target) : NULL;
	cleanup_free char *bin = path_join(p->manifest->venv, "bin");
	cleanup_free char *state = path_join(p->manifest->venv, VB_STATE);
	cleanup_free char *inner = state != NULL ? path_join(state, VB_INNER_BIN) : NULL;
	cleanup_free char *boxed = NULL;
	const char *name;

	if (bin == NULL || inner == NULL)
		return -ENOMEM;
	name = script != NULL ? path_below(script, bin) : NULL;
	if (name == NULL || !path_is_name(name))
		return 0;
	boxed = path_join(inner, name);
	if (boxed == NULL)
		return -ENOMEM;
	if (faccessat(AT_FDCWD, boxed, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || access(script, F_OK) != 0)
		return 0;
	(void) fail_msg(f, ENOENT, NULL, "a tool of the host put '%s' into bin, where the box does not see it", name);
	hint_command(p, "to take it in: ", NULL, f);
	return 1;
}

static int find_word(const struct policy *p, const struct facts *x, const char *word, struct failure *f)
{
	const char *value = word[0] == '-' ? strchr(word, '=') : NULL;
	cleanup_free char *path = NULL;

	if (value != NULL)
		word = value + 1;
	if (strchr(word, '/') == NULL || word[0] == '-')
		return 0;
	path = path_clean(x->cwd, word);
	if (path == NULL)
		return -ENOMEM;
	if (unseen_is_seen(p, x, path) || access(path, F_OK) != 0)
		return 0;
	(void) fail_msg(f, ENOENT, NULL, "the box does not see '%s'", path);
	hint_command(p, "to show it (--rw: writable): ", path, f);
	return 1;
}

int unseen_find(const struct policy *p, const struct facts *x, const struct job *job, char *const argv[], struct failure *f)
{
	int r = find_uv(p, x, job, f);

	if (r == 0)
		r = find_foreign(p, x, job, f);
	for (int i = job->kind == JOB_PYTHON ? job->cmd.first_arg : 1, n = 0; r == 0 && argv[i] != NULL && n < MANY; i++, n++)
		r = find_word(p, x, argv[i], f);
	return r != 0 ? r : find_siblings(p, x, job, f);
}
