/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/embed.h"

#include <dlfcn.h>
#include <errno.h>

#include "common/names.h"
#include "common/path.h"
#include "inside/hints.h"

typedef int bytes_main_fn(int argc, char **argv);

static const char *const repair = "run venvbox-install on this venv again";

/* The path with its links resolved: CPython and the loader ($ORIGIN) look beside the real file. */
static int find(const char *venv, const char *name, char **real)
{
	cleanup_free char *state = path_join(venv, VB_STATE);
	cleanup_free char *link = state == NULL ? NULL : path_join(state, name);

	if (link == NULL)
		return -ENOMEM;
	*real = realpath(link, NULL);
	return *real == NULL ? -errno : 0;
}

/*
 * RTLD_GLOBAL: extension modules are not linked with libpython (bpo-21536) and find
 * its symbols only in the global scope. Never closed: Python's static data does not survive it.
 */
static int run_library(const char *path, const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	bytes_main_fn *bytes_main;

	if (lib == NULL)
		return fail_msg(f, ELIBACC, repair, "cannot open libpython: %s", dlerror());
	*(void **) &bytes_main = dlsym(lib, "Py_BytesMain");
	if (bytes_main == NULL)
		return fail_msg(f, ELIBBAD, repair, "'%s' is no libpython of 3.8 or later", path);
	hints_prepare(venv);
	*status = bytes_main(argc, argv);
	return 0;
}

int embed_run(const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	cleanup_free char *path = NULL;
	int err = find(venv, VB_LIBPYTHON, &path);

	if (err == 0)
		return run_library(path, venv, argc, argv, status, f);
	if (err == -ENOENT)
		err = find(venv, VB_BASE_PYTHON, &path);
	if (err != 0)
		return fail_errno(f, -err, repair, "cannot find the interpreter of '%s'", venv);
	(void) execv(path, argv);
	return fail_errno(f, errno, repair, "cannot execute '%s'", path);
}

const char *embed_version(void)
{
	return NULL;
}
