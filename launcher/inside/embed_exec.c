/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of a distribution whose interpreter is linked without a shared libpython, what is fast is the interpreter itself: it is optimized as a whole,
 * its archive and its library are not (docs/performance.md). The seal outlives execve(2); and after an update of the system it is
 * the new interpreter that runs.
 */
#include "inside/embed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/names.h"

#define PRELOAD "LD_PRELOAD"

const char *const embed_link = VB_BASE_PYTHON;

/* Behind what is preloaded already: a sanitizer's library wants to be the first. */
static int put_preload(void)
{
	const char *theirs = getenv(PRELOAD);
	cleanup_free char *all = NULL;

	if ((theirs != NULL ? asprintf(&all, "%s:%s", theirs, VB_BOX_HINTS) : asprintf(&all, "%s", VB_BOX_HINTS)) < 0)
		return -ENOMEM;
	/* At the end of the environment, with the others, where the library wipes them out. */
	(void) unsetenv(PRELOAD);
	return setenv(PRELOAD, all, 1) < 0 ? -errno : 0;
}

/* Where the library cannot be mapped the loader would say so, at each start of each program. */
static bool is_there(const char *library)
{
	struct statvfs fs;

	return statvfs(library, &fs) == 0 && (fs.f_flag & ST_NOEXEC) == 0;
}

/* execve(2) would call the process by the name of the file; in a plain venv it has that of the command. */
static int put_hints(const char *venv)
{
	char name[16] = ""; /* TASK_COMM_LEN */
	int r;

	if (!is_there(VB_BOX_HINTS))
		return 0;
	(void) prctl(PR_GET_NAME, name);
	r = put_preload();
	if (r < 0)
		return r;
	return setenv(VB_ENV_VENV, venv, 1) < 0 || setenv(VB_ENV_NAME, name, 1) < 0 ? -errno : 0;
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
