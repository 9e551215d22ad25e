/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/inputs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"
#include "host/pipcmd.h"

#define MAX_LINKS 40 /* as the kernel has it: path_resolution(7) */
#define MAX_REQUIREMENTS 64
#define REQUIREMENTS_LIMIT (4u << 20)

const char *inputs_home(struct inputs *in)
{
	if (in->home == NULL && in->home_named != NULL) {
		in->home = realpath(in->home_named, NULL);
		if (in->home == NULL)
			in->home = strdup(in->home_named);
	}
	return in->home != NULL ? in->home : in->home_named;
}

void inputs_release(struct inputs *in)
{
	free(in->home);
	strv_release(&in->paths);
	strv_release(&in->links);
	strv_release(&in->dirs);
	strv_release(&in->refused);
	strv_release(&in->unasked);
}

static bool is_visible(const struct inputs *in, const char *path)
{
	return path_is_within_any(path, in->visible);
}

static int add_link(struct inputs *in, const char *text, const char *place)
{
	int r;

	for (size_t i = 0; i + 1 < in->links.n; i += 2)
		if (strcmp(in->links.v[i + 1], place) == 0)
			return 0;
	r = strv_add(&in->links, text);
	return r < 0 ? r : strv_add(&in->links, place);
}

enum step {
	STEP_DONE,   /* neither links nor dots are left: path is the real one, outside what is visible */
	STEP_LINK,   /* a link was followed: path has changed */
	STEP_DOTS,   /* dots were taken out: path has changed */
	STEP_INSIDE, /* it leads into the box */
	STEP_GONE,   /* there is nothing */
};

/* Follows link `place` (text), the rest of the path being `rest`: "", or from a slash on. */
static int follow(struct inputs *in, char **path, const char *place, const char *text, const char *rest)
{
	int dir = *text == '/' ? 0 : (int) (path_base(place) - place);
	char *joined;
	int r = add_link(in, text, place);

	if (r < 0)
		return r;
	if (asprintf(&joined, "%.*s%s%s", dir, place, text, rest) < 0)
		return -ENOMEM;
	free(*path);
	*path = joined;
	return STEP_LINK;
}

/* place: DIR/.. To go up from a directory it must be there. */
static int note_left(struct inputs *in, const char *place)
{
	cleanup_free char *dir = strndup(place, strlen(place) - strlen("/.."));

	if (dir == NULL)
		return -ENOMEM;
	return *dir == '\0' || strv_contains(&in->dirs, dir) ? 0 : strv_add(&in->dirs, dir);
}

/* place, the first part of *path, ends in "/", "/." or "/..", and no link is in it. */
static int take_dots_out(struct inputs *in, char **path, const char *place, const char *rest)
{
	cleanup_free char *clean = path_clean("/", place);
	char *joined;

	if (strcmp(path_base(place), "..") == 0 && note_left(in, place) < 0)
		return -ENOMEM;
	if (clean == NULL || asprintf(&joined, "%s%s", clean[1] == '\0' && *rest != '\0' ? "" : clean, rest) < 0)
		return -ENOMEM;
	free(*path);
	*path = joined;
	return STEP_DOTS;
}

/*
 * Walks *path (absolute) to the first link or dots. As the kernel does, path_resolution(7): ".." is the parent of where
 * a link has led to, and what a slash follows is a directory.
 */
static int walk(struct inputs *in, char **path)
{
	for (const char *end = *path; (*path)[1] != '\0' && *end != '\0';) {
		const char *name = end + 1;
		cleanup_free char *place = NULL;
		char text[PATH_MAX];
		ssize_t len;

		end = name + strcspn(name, "/");
		place = strndup(*path, (size_t) (end - *path));
		if (place == NULL)
			return -ENOMEM;
		if (is_visible(in, place))
			return STEP_INSIDE;
		len = readlink(place, text, sizeof(text) - 1);
		if (len < 0 && errno != EINVAL)
			return STEP_GONE;
		if (len >= 0) {
			text[len] = '\0';
			return follow(in, path, place, text, end);
		}
		if (!path_is_name(path_base(place)))
			return take_dots_out(in, path, place, end);
	}
	return STEP_DONE;
}

/* To its end. A *path that is NULL is the caller's failed strdup(): -ENOMEM. */
static int walk_whole(struct inputs *in, char **path)
{
	int step = *path != NULL ? STEP_DOTS : -ENOMEM;

	for (int links = 0; (step == STEP_LINK || step == STEP_DOTS) && links <= MAX_LINKS; links += step == STEP_LINK)
		step = walk(in, path);
	return step == STEP_LINK ? STEP_GONE : step; /* ELOOP */
}

/* Nobody means his whole home, with its keys, when he names a file; and a mount over the project would hide it. */
static bool is_too_much(struct inputs *in, const char *path)
{
	const char *home = inputs_home(in);

	return path_is_within(in->project, path) || (home != NULL && path_is_within(home, path));
}

/* The real path behind a named one, NULL if it is in the box already or not there. */
static int resolve(struct inputs *in, const char *named, char **real)
{
	cleanup_free char *path = strdup(named);
	int step = walk_whole(in, &path);

	*real = NULL;
	if (step == STEP_DONE)
		*real = take_ptr(&path);
	return step < 0 ? step : 0;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")) != NULL; p++)
		if (p[3] == '/' || p[3] == '\0')
			return true;
	return false;
}

int inputs_lead_below(const struct strv *places, const char *path, bool *below)
{
	struct inputs in = { .visible = places };
	cleanup_free char *at = strdup(path);
	cleanup_free char *clean = NULL;
	int step = walk_whole(&in, &at);

	inputs_release(&in);
	if (at == NULL || (clean = path_clean("/", at)) == NULL)
		return -ENOMEM;
	/* Where ".." leads from something below is what a box makes it, whatever the text looks like. */
	*below = step == STEP_INSIDE && (has_dotdot(at) || !strv_contains(places, clean));
	return step < 0 ? step : 0;
}

int inputs_add(struct inputs *in, const char *path)
{
	cleanup_free char *real = NULL;
	struct stat st;
	int r = resolve(in, path, &real);

	if (r < 0 || real == NULL || strv_contains(&in->paths, real))
		return r;
	if (lstat(real, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	return strv_add(is_too_much(in, real) ? &in->refused : &in->paths, real);
}

int inputs_add_index(struct inputs *in, const char *path)
{
	cleanup_free char *real = NULL;
	cleanup_free char *parent = NULL;
	struct stat st;
	int r = resolve(in, path, &real);

	if (r < 0 || real == NULL || lstat(real, &st) < 0 || !S_ISDIR(st.st_mode))
		return r;
	parent = path_clean(real, "..");
	if (parent == NULL)
		return -ENOMEM;
	if (strchr(parent + 1, '/') == NULL || is_too_much(in, parent))
		return inputs_add(in, path);
	return strv_contains(&in->paths, parent) ? 0 : strv_add(&in->paths, parent);
}

/* A pipe or a terminal is its reader's: what we took out of it would be lost. */
static int read_list(const char *real, struct buf *text)
{
	struct stat st;

	if (lstat(real, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_file(AT_FDCWD, real, REQUIREMENTS_LIMIT, text);
}

/*
 * The file that the user named is his choice, its text may be anybody's: "--find-links ../../.ssh" in a repository just cloned.
 * So it names what lies beside it or below, nothing hidden; in the home, where everything lies, files beside it only.
 */
static bool may_name(struct inputs *in, const char *base, const char *real)
{
	const char *below = path_below(real, base), *home = inputs_home(in);
	struct stat st;

	if (below == NULL || below[0] == '.' || strstr(below, "/.") != NULL)
		return false;
	if (home == NULL || !path_is_within(home, base))
		return true;
	return *below != '\0' && strchr(below, '/') == NULL && lstat(real, &st) == 0 && S_ISREG(st.st_mode);
}

/* *shown: the file may be read for more. */
static int add_if_may(struct inputs *in, const char *base, const char *path, bool *shown)
{
	cleanup_free char *real = NULL;
	int r = resolve(in, path, &real);

	*shown = r == 0 && real != NULL && may_name(in, base, real);
	if (r < 0 || real == NULL)
		return r;
	if (*shown)
		return inputs_add(in, path);
	return access(real, F_OK) < 0 || strv_contains(&in->unasked, real) ? 0 : strv_add(&in->unasked, real);
}

static int add_what_it_names(struct inputs *in, const char *base, const char *dir, const struct buf *text, struct strv *files)
{
	cleanup_strv struct strv named = { 0 };
	cleanup_strv struct strv nested = { 0 };
	bool shown;
	int r = pipcmd_paths_from_requirements(text->data ? text->data : "", text->len, dir, &named, &nested);

	for (size_t k = 0; r == 0 && k < named.n; k++)
		r = add_if_may(in, base, named.v[k], &shown);
	for (size_t k = 0; r == 0 && k < nested.n; k++) {
		r = add_if_may(in, base, nested.v[k], &shown);
		if (r == 0 && shown && !strv_contains(files, nested.v[k]))
			r = strv_add(files, nested.v[k]);
	}
	return r;
}

int inputs_add_requirements(struct inputs *in, const char *path)
{
	cleanup_strv struct strv files = { 0 };
	cleanup_free char *base = NULL; /* where the file lies that the user named */
	int r = strv_add(&files, path);

	for (size_t i = 0; r == 0 && i < files.n && i < MAX_REQUIREMENTS; i++) {
		cleanup_buf struct buf text = { 0 };
		cleanup_free char *real = NULL;
		cleanup_free char *dir = NULL;

		r = resolve(in, files.v[i], &real);
		if (r < 0)
			return r;
		/* In the project a box may have written it: then it may name what it likes, it is not given. */
		if (real == NULL || read_list(real, &text) < 0)
			continue;
		dir = path_clean(real, "..");
		if (dir == NULL)
			return -ENOMEM;
		if (base == NULL && (base = strdup(dir)) == NULL)
			return -ENOMEM;
		r = inputs_add(in, files.v[i]);
		if (r == 0)
			r = add_what_it_names(in, base, dir, &text, &files);
	}
	return r;
}
