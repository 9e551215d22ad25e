/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/interpreter.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/hostcheck.h"
#include "common/names.h"
#include "common/path.h"

#define NEW_VENV "install that Python again, or make a new venv: python3 -m venv --clear VENV"

void interpreter_release(struct interpreter *i)
{
	free(i->found);
	free(i->executable);
	free(i->libpython);
	free(i->hints);
	probe_release(&i->probe);
	*i = (struct interpreter) { 0 };
}

/* --- where it is ---------------------------------------------------------------- */

static int try_candidate(const char *path, struct interpreter *i)
{
	struct stat st;

	if (path == NULL)
		return -ENOMEM;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return -ENOENT;
	i->found = strdup(path);
	i->executable = realpath(path, NULL);
	return i->found != NULL && i->executable != NULL ? 0 : -ENOMEM;
}

/* The most exact name first: after an upgrade `python3` may be another version. */
static int find_executable(const struct venv *v, struct interpreter *i, struct failure *f)
{
	char versioned[32];
	const char *const names[] = { versioned, "python3", "python" };
	int r = -ENOENT;

	(void) snprintf(versioned, sizeof(versioned), "python%u.%u", v->major, v->minor);
	for (size_t n = v->major == 0 ? 1 : 0; r == -ENOENT && n < sizeof(names) / sizeof(names[0]); n++) {
		cleanup_free char *path = path_join(v->home, names[n]);

		r = try_candidate(path, i);
	}
	if (r == -ENOENT && v->executable != NULL)
		r = try_candidate(v->executable, i);
	if (r == -ENOENT)
		return fail_msg(f, ENOENT, NEW_VENV, "the base interpreter of '%s' is gone: there is no Python in '%s'", v->path, v->home);
	return r;
}

/* Is path what its owner made it, and can no box have changed it? what: for people. */
static int check_trust(const char *path, const char *what, const struct strv *writable, struct file_id *id, struct failure *f)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, NEW_VENV, "cannot look at %s '%s'", what, path);
	for (size_t n = 0; n < writable->n; n++)
		if (path_is_within(path, writable->v[n]))
			return fail_msg(f, EPERM, "use a Python outside of it, or name a smaller directory: --project DIR",
					"%s '%s' lies in '%s', where code in the box can write", what, path, writable->v[n]);
	r = hostcheck_owner(&st, what, path, f);
	if (r == 0)
		file_id_from_stat(&st, id);
	return r;
}

static int check_probe(const struct venv *v, const struct interpreter *i, struct failure *f)
{
	const struct probe *p = &i->probe;
	unsigned major, minor;

	if (strcmp(p->implementation, "cpython") != 0)
		return fail_msg(f, ENOTSUP, "make a venv with CPython: python3 -m venv VENV", "the base interpreter '%s' is %s; venvbox runs CPython only",
				i->executable, p->implementation);
	if (sscanf(p->version, "%3u.%3u", &major, &minor) != 2)
		return fail_msg(f, EBADMSG, NEW_VENV, "the base interpreter '%s' says no version", i->executable);
	if (v->major != 0 && (major != v->major || minor != v->minor)) {
		(void) fail_msg(f, ESTALE, NULL, "'%s' is of Python %u.%u, but its base interpreter '%s' is %u.%u now",
				v->path, v->major, v->minor, i->executable, major, minor);
		fail_hint(f, "install Python %u.%u again, or make a new venv: %s -m venv --clear VENV", v->major, v->minor, i->executable);
		return -ESTALE;
	}
	if (major != 3 || minor < 8)
		return fail_msg(f, ENOTSUP, "make a new venv with a newer Python: python3 -m venv VENV",
				"'%s' is of Python %u.%u; venvbox needs 3.8 or later", v->path, major, minor);
	return path_is_clean(p->prefix) ? 0 : fail_msg(f, EBADMSG, NEW_VENV, "the base interpreter '%s' has no prefix", i->executable);
}

/* --- how it comes into the box --------------------------------------------------- */

static bool is_mapped(const struct probe *p, const char *part)
{
	for (size_t n = 0; n < p->mapped.n; n++)
		if (strstr(path_base(p->mapped.v[n]), part) != NULL)
			return true;
	return false;
}

/* Is the library the very interpreter: same version, same build? */
static bool is_same_build(const char *library, const char *wanted)
{
	char *banner = NULL;
	bool same = probe_library(library, &banner) == 0 && banner != NULL && strcmp(banner, wanted) == 0;

	free(banner);
	return same;
}

static int try_library(const char *dir, const char *name, const struct strv *writable, struct interpreter *i)
{
	cleanup_free char *path = dir[0] == '/' && name[0] != '\0' ? path_join(dir, name) : NULL;
	cleanup_free char *real = path != NULL ? realpath(path, NULL) : NULL;

	if (i->libpython != NULL || real == NULL || strstr(name, ".so") == NULL)
		return 0;
	/* Looked at before it is opened: its constructors run then. */
	if (check_trust(real, "the library of the interpreter", writable, &i->libpython_id, NULL) < 0)
		return 0;
	if (is_same_build(real, i->probe.banner))
		i->libpython = take_ptr(&real);
	return 0;
}

static int find_library(const struct strv *writable, struct interpreter *i)
{
	const struct probe *p = &i->probe;
	char name[64], multiarch[PATH_MAX], lib[PATH_MAX];
	const char *const dirs[] = { p->libdir, multiarch, lib, "/usr/lib64", "/usr/lib" };
	int r = 0;

	/* What it runs with itself, wherever that is: a copy of an interpreter still names the directories of the first. */
	for (size_t n = 0; r == 0 && n < p->mapped.n; n++)
		if (strncmp(path_base(p->mapped.v[n]), "libpython", 9) == 0)
			r = try_library("/", p->mapped.v[n] + 1, writable, i);
	(void) snprintf(name, sizeof(name), "libpython%s.so.1.0", p->version);
	(void) snprintf(multiarch, sizeof(multiarch), "/usr/lib/%s", p->multiarch);
	(void) snprintf(lib, sizeof(lib), "%s/lib", p->prefix);
	for (size_t n = 0; r == 0 && n < sizeof(dirs) / sizeof(dirs[0]); n++) {
		r = try_library(dirs[n], p->instsoname, writable, i);
		if (r == 0)
			r = try_library(dirs[n], p->ldlibrary, writable, i);
		if (r == 0)
			r = try_library(dirs[n], name, writable, i);
	}
	return r;
}

/* Can it be told what a Python is told that is embedded? hints: owned by i, or NULL. */
static int find_hints(const char *libexec, struct interpreter *i)
{
	cleanup_free char *hints = path_join(libexec, VB_HINTS);
	bool takes;
	int r = hints != NULL ? probe_preload(i->executable, hints, &takes) : -ENOMEM;

	if (r == 0 && takes)
		i->hints = take_ptr(&hints);
	return r;
}

static int choose_way(const char *libexec, const struct strv *writable, struct interpreter *i)
{
	/* One that is itself linked with the library loses nothing by it; where both are there the library is up to 25 % slower. */
	int r = is_mapped(&i->probe, "libpython") ? find_library(writable, i) : 0;

	if (r < 0)
		return r;
	i->way = i->libpython != NULL ? EMBED_SHARED : EMBED_EXEC;
	return i->way == EMBED_EXEC ? find_hints(libexec, i) : 0;
}

int interpreter_find(const struct venv *v, const struct strv *writable, const char *libexec, struct interpreter *i, struct failure *f)
{
	int r;

	*i = (struct interpreter) { 0 };
	r = find_executable(v, i, f);
	if (r == 0)
		r = check_trust(i->executable, "the base interpreter", writable, &i->id, f);
	if (r == 0)
		r = probe_run(i->executable, &i->probe, f);
	if (r == 0)
		r = check_probe(v, i, f);
	return r < 0 ? r : choose_way(libexec, writable, i);
}
