/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/caller.h"

#include <limits.h>
#include <string.h>

#include "common/names.h"
#include "common/path.h"

int caller_environment(struct strv *env)
{
	for (char **e = environ; *e != NULL; e++) {
		int r = strv_add(env, *e);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_of_the_box(const char *cwd)
{
	return path_below(cwd, VB_RUN_DIR) != NULL
		|| ((path_is_within(cwd, "/proc") || path_is_within(cwd, "/dev"))
		    && strcmp(cwd, "/proc") != 0 && strcmp(cwd, "/dev") != 0 && strcmp(cwd, "/dev/shm") != 0);
}

int caller_cwd(char **cwd, struct failure *f)
{
	char path[PATH_MAX];
	const char *found = getcwd(path, sizeof(path));

	if (found == NULL && errno != ENOENT)
		return fail_errno(f, errno, "go to a directory that you can read", "cannot tell the working directory");
	*cwd = strdup(found != NULL && *found == '/' ? found : "/");
	if (*cwd == NULL)
		return -ENOMEM;
	if (is_of_the_box(*cwd))
		return fail_msg(f, EINVAL, "go to another directory first", "'%s' is no directory of the box", *cwd);
	return 0;
}
