/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-python - what <venv>/bin/python is inside the box. Runs no byte of
 * Python unless this process is sealed (spec C2, B3).
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "common/names.h"
#include "inside/embed.h"
#include "inside/interpreter.h"
#include "inside/piphint.h"
#include "inside/verify.h"

/* We are mounted at <venv>/bin/python, and the kernel knows where we were found. */
static int find_venv(char **venv, struct failure *f)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return fail_errno(f, errno, NULL, "cannot read /proc/self/exe");
	self[n] = '\0';
	*venv = interpreter_venv(self);
	return *venv != NULL ? 0 : fail_msg(f, errno, NULL, "this program is not in the bin directory of a venv");
}

static int refuse_unsealed(struct failure *f)
{
	const char *fact;
	int err = verify_inside(&fact);

	if (err == 0)
		return 0;
	return fail_msg(f, -err, "run the python of the venv, <venv>/bin/python: it makes the box first",
			"refusing to run Python outside a box: %s", fact);
}

static int find_interpreter(const char *venv, char **real, struct failure *f)
{
	*real = interpreter_find(venv, embed_link);
	return *real != NULL ? 0 : fail_errno(f, errno, EMBED_REPAIR, "cannot find the interpreter of '%s'", venv);
}

static int run(int argc, char **argv, int *status, struct failure *f)
{
	cleanup_free char *interpreter = NULL;
	cleanup_free char *venv = NULL;
	int err = refuse_unsealed(f);

	if (err == 0)
		err = find_venv(&venv, f);
	if (err == 0)
		err = find_interpreter(venv, &interpreter, f);
	if (err != 0)
		return err;
	piphint_say(argc, argv, venv);
	return embed_run(interpreter, venv, argc, argv, status, f);
}

int main(int argc, char **argv)
{
	cleanup(failure_release) struct failure f = { 0 };
	int status = VB_EXIT_FAILURE;
	int err;

	err = run(argc, argv, &status, &f);
	return err == 0 ? status : failure_print(&f, err);
}
