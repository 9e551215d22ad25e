/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-filter - writes a seccomp program to standard output, for a run of
 * the launcher with SANDBOX_SECCOMP_ALLOW (spec S8). Reads nothing but its arguments.
 *
 *   venvbox-filter NAME...     only these calls, and what a start needs
 *   venvbox-filter             everything but what protects terminal and namespaces
 *   venvbox-filter --default   the table
 */
#include <string.h>

#include "common/fd.h"
#include "common/names.h"
#include "install/filter.h"

static int run(int argc, char **argv, struct failure *f)
{
	cleanup_buf struct buf program = { 0 };
	cleanup_strv struct strv allow = { 0 };
	bool table = argc == 2 && strcmp(argv[1], "--default") == 0;
	unsigned calls;
	int r = 0;

	for (int i = 1; r == 0 && !table && i < argc; i++)
		r = strv_add(&allow, argv[i]);
	if (r == 0)
		r = filter_compile(table ? NULL : &allow, &program, &calls, f);
	if (r < 0)
		return r;
	r = fd_write_all(STDOUT_FILENO, program.data, program.len);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot write the seccomp filter") : 0;
}

int main(int argc, char **argv)
{
	cleanup(failure_release) struct failure f = { 0 };
	int r = run(argc, argv, &f);

	return r < 0 ? failure_print(&f, r) : 0;
}
