/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-hints.so - brings notes and the module venvbox (hints.h) into an interpreter that is executed and not embedded. embed_exec.c has the
 * loader put it there, ld.so(8). What that took in the environment, no program sees: it is gone before the interpreter's main().
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "inside/hints.h"

/* What else is preloaded stays so, for the children too. */
static void give_back_preload(void)
{
	const char *value = getenv("LD_PRELOAD");
	const char *theirs = value != NULL ? strchr(value, ':') : NULL;

	if (theirs != NULL)
		(void) setenv("LD_PRELOAD", theirs + 1, 1);
	else
		(void) unsetenv("LD_PRELOAD");
}

static void __attribute__((constructor)) begin(void)
{
	const char *name = getenv(VB_ENV_NAME), *venv = getenv(VB_ENV_VENV);
	/* Kept as long as the process: programs that change their title write over the first environment. */
	char *kept = name != NULL && venv != NULL ? strdup(venv) : NULL;

	if (kept == NULL)
		return;
	(void) prctl(PR_SET_NAME, name);
	(void) unsetenv(VB_ENV_NAME);
	(void) unsetenv(VB_ENV_VENV);
	give_back_preload();
	hints_prepare(kept);
}
