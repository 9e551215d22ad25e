/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-install - boxes a venv, reports on it, attacks it, undoes itself. Runs on the
 * host, as the user: args -> venv -> interpreter -> manifest -> swap.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "install/args.h"
#include "install/doctor.h"
#include "install/install.h"
#include "install/learn.h"
#include "install/remove.h"
#include "install/status.h"

/* Lost words are a failure as well: a script may wait for them. */
static int print(const struct buf *out, int status, struct failure *f)
{
	int r = fd_write_all(STDOUT_FILENO, out->data != NULL ? out->data : "", out->len);

	return r < 0 ? failure_print(f, fail_errno(f, -r, NULL, "cannot write to standard output")) : status;
}

/* The launcher is the one who knows; it takes our place. */
static int ask_launcher(const char *option, const struct args *a, struct failure *f)
{
	static const char launcher[] = PKGLIBEXECDIR "/" VB_LAUNCHER;

	(void) execv(launcher, (char *const[]) { (char *) VB_LAUNCHER, (char *) option, a->venv, a->path, NULL });
	return fail_errno(f, errno, "install venvbox again", "cannot execute '%s'", launcher);
}

static int act(const struct args *a, struct buf *out, int *status, struct failure *f)
{
	enum doctor health;
	enum status found;
	int r;

	switch (a->action) {
	case ACTION_HELP:
		return args_help(out);
	case ACTION_VERSION:
		buf_puts(out, "venvbox " PACKAGE_VERSION "\n");
		return 0;
	case ACTION_STATUS:
		r = status_run(a->venv, PKGLIBEXECDIR, &found, out, f);
		*status = r == 0 ? (int) found : VB_EXIT_FAILURE;
		return r;
	case ACTION_DOCTOR:
		r = doctor_run(a->venv, a->json, PKGLIBEXECDIR, &health, out, f);
		*status = r == 0 ? (int) health : VB_EXIT_FAILURE;
		return r;
	case ACTION_LEARN:
		return learn_run(a, PKGLIBEXECDIR, out, f);
	case ACTION_REMOVE:
		return remove_run(a->venv, out, f);
	case ACTION_PRINT_PLAN:
		return ask_launcher("--print-plan", a, f);
	case ACTION_EXPLAIN:
		return ask_launcher("--explain", a, f);
	case ACTION_INSTALL:
		break;
	}
	return install_run(a, PKGLIBEXECDIR, out, f);
}

/* Nothing of ours may land on a number that the programs we run get anew. For reading: what is printed to a closed output is lost, and told. */
static void reserve_low_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < 2);
	if (fd > 2)
		(void) close(fd);
}

int main(int argc, char *argv[])
{
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_args struct args args = { 0 };
	cleanup_buf struct buf out = { 0 };
	int status = 0;
	int r;

	/* What is made here has its own modes; a caller's 077 would hide the interpreter from nobody but the box. */
	(void) umask(022);
	reserve_low_fds();
	r = args_parse(argc, argv, &args, &f);
	if (r == 0)
		r = act(&args, &out, &status, &f);
	return r < 0 ? failure_print(&f, r) : print(&out, status, &f);
}
