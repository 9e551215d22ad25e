/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/interpreter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/names.h"
#include "common/path.h"

#define PRELOAD "LD_PRELOAD"

char *interpreter_venv(const char *program)
{
	static const char bin[] = "/bin";
	const char *name = strrchr(program, '/');
	size_t above = name != NULL ? (size_t) (name - program) : 0;
	size_t len = above > sizeof(bin) - 1 ? above - (sizeof(bin) - 1) : 0;

	if (len == 0 || program[0] != '/' || memcmp(program + len, bin, sizeof(bin) - 1) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return strndup(program, len);
}

char *interpreter_find(const char *venv, const char *link)
{
	cleanup_free char *state = path_join(venv, VB_STATE);
	cleanup_free char *path = state == NULL ? NULL : path_join(state, link);

	return path != NULL ? realpath(path, NULL) : NULL;
}

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

static int put_hints(const char *venv, const char *name)
{
	int r;

	if (!is_there(VB_BOX_HINTS))
		return 0;
	r = put_preload();
	if (r < 0)
		return r;
	return setenv(VB_ENV_VENV, venv, 1) < 0 || setenv(VB_ENV_NAME, name, 1) < 0 ? -errno : 0;
}

int interpreter_exec(const char *path, const char *venv, const char *name, char *const argv[])
{
	int err = put_hints(venv, name);

	if (err != 0)
		return err;
	(void) execv(path, argv);
	return -errno;
}
