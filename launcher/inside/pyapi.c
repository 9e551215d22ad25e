/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/pyapi.h"

#include <dlfcn.h>
#include <errno.h>

/* A shared library was opened with RTLD_GLOBAL; an interpreter that is executed exports them for extension modules. */
static void *find(const char *name, int *err)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	if (found == NULL)
		*err = -ENOSYS;
	return found;
}

int pyapi_find(struct pyapi *api)
{
	struct pyapi_builtin **builtins;
	int err = 0;

#define PYAPI_FIND(type, name, args) *(void **) &api->name = find(#name, &err);
	PYAPI_FUNCTIONS(PYAPI_FIND)
#undef PYAPI_FIND
	api->none = find("_Py_NoneStruct", &err);
	builtins = find("PyImport_Inittab", &err);
	if (builtins != NULL)
		api->builtins = *builtins;
	return err;
}
