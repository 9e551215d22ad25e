/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-hints.so - brings notes and the module venvbox (hints.h) into an interpreter that is executed and not embedded. interpreter.c has the
 * loader put it there, ld.so(8). What that took in the environment is gone before the interpreter's main(), also where /proc/PID/environ shows it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "inside/hints.h"

/* All are the last of the environment, so no NUL comes to stand between others. */
static void wipe(char *text)
{
	memset(text, 0, strlen(text));
}

static void take_away(const char *name)
{
	char *value = getenv(name);

	if (value == NULL)
		return;
	(void) unsetenv(name);
	wipe(value - strlen(name) - 1);
}

/* What else is preloaded stays so, for the children too. */
static void give_back_preload(void)
{
	char *value = getenv("LD_PRELOAD");
	char *ours = value != NULL ? strrchr(value, ':') : NULL;

	if (ours != NULL)
		wipe(ours);
	else
		take_away("LD_PRELOAD");
}

static void __attribute__((constructor)) begin(void)
{
	const char *name = getenv(VB_ENV_NAME), *venv = getenv(VB_ENV_VENV);
	/* Kept as long as the process. */
	char *kept = name != NULL && venv != NULL ? strdup(venv) : NULL;

	if (kept == NULL)
		return;
	(void) prctl(PR_SET_NAME, name);
	take_away(VB_ENV_NAME);
	take_away(VB_ENV_VENV);
	give_back_preload();
	hints_prepare(kept);
}
