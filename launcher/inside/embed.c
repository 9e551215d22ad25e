/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/embed.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "common/names.h"
#include "inside/hints.h"

typedef int bytes_main_fn(int argc, char **argv);

const char *const embed_link = VB_LIBPYTHON;

/*
 * RTLD_GLOBAL: extension modules are not linked with libpython (bpo-21536) and find
 * its symbols only in the global scope. Never closed: Python's static data does not survive it.
 */
int embed_run(const char *path, const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	bytes_main_fn *bytes_main;

	if (lib == NULL)
		return fail_msg(f, ELIBACC, EMBED_REPAIR, "cannot open libpython: %s", dlerror());
	*(void **) &bytes_main = dlsym(lib, "Py_BytesMain");
	if (bytes_main == NULL)
		return fail_msg(f, ELIBBAD, EMBED_REPAIR, "'%s' is no libpython of 3.8 or later", path);
	hints_prepare(venv);
	*status = bytes_main(argc, argv);
	return 0;
}
