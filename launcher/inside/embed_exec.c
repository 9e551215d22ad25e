/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of a distribution whose interpreter is linked without a shared libpython, what is fast is the interpreter itself: it is optimized as a whole,
 * its archive and its library are not (docs/performance.md). The seal outlives execve(2); and after an update of the system it is
 * the new interpreter that runs.
 */
#include "inside/embed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/names.h"

#define PRELOAD "LD_PRELOAD"

const char *const embed_link = VB_BASE_PYTHON;

/* Before what is preloaded already: hints.so takes the first name away again. */
static int put_preload(void)
{
	const char *theirs = getenv(PRELOAD);
	cleanup_free char *both = NULL;

	if (theirs == NULL)
		return setenv(PRELOAD, VB_BOX_HINTS, 1) < 0 ? -errno : 0;
	if (asprintf(&both, "%s:%s", VB_BOX_HINTS, theirs) < 0)
		return -ENOMEM;
	return setenv(PRELOAD, both, 1) < 0 ? -errno : 0;
}

/* execve(2) would call the process by the name of the file; in a plain venv it has that of the command. */
static int put_hints(const char *venv)
{
	char name[16] = ""; /* TASK_COMM_LEN */

	if (access(VB_BOX_HINTS, R_OK) < 0)
		return 0;
	(void) prctl(PR_GET_NAME, name);
	if (setenv(VB_ENV_VENV, venv, 1) < 0 || setenv(VB_ENV_NAME, name, 1) < 0)
		return -errno;
	return put_preload();
}

int embed_run(const char *path, const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	int err = put_hints(venv);

	(void) argc;
	(void) status;
	if (err != 0)
		return fail_errno(f, -err, NULL, "cannot prepare the environment of '%s'", path);
	(void) execv(path, argv);
	return fail_errno(f, errno, EMBED_REPAIR, "cannot execute '%s'", path);
}
