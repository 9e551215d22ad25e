/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of a distribution whose interpreter is linked without a shared libpython, what is fast is the interpreter itself: it is optimized as a whole,
 * its archive and its library are not (docs/performance.md). The seal outlives execve(2); and after an update of the system it is
 * the new interpreter that runs.
 */
#include "inside/embed.h"

#include <sys/prctl.h>

#include "common/names.h"
#include "inside/interpreter.h"

const char *const embed_link = VB_BASE_PYTHON;

int embed_run(const char *path, const char *venv, int argc, char **argv, int *status, struct failure *f)
{
	char name[16] = ""; /* TASK_COMM_LEN */
	int err;

	(void) argc;
	(void) status;
	(void) prctl(PR_GET_NAME, name);
	err = interpreter_exec(path, venv, name, argv);
	return fail_errno(f, -err, EMBED_REPAIR, "cannot execute '%s'", path);
}
