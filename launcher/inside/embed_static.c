/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/embed.h"

#include "inside/hints.h"

/* Both are in the stable ABI. Python.h itself does not compile under our warnings. */
extern int Py_BytesMain(int argc, char **argv);
extern const char *Py_GetVersion(void);

int embed_run(const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	(void) f;
	hints_prepare(venv);
	*status = Py_BytesMain(argc, argv);
	return 0;
}

const char *embed_version(void)
{
	return Py_GetVersion();
}
