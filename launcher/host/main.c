/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-launcher - what the names in <venv>/bin lead to. It runs on the host,
 * as the user: venv -> policy -> plan -> bubblewrap -> supervise -> publish. It
 * runs no shell, searches no PATH and trusts nothing that a box could have
 * written (design.md, The law).
 */
#include <string.h>

#include "common/names.h"
#include "common/path.h"
#include "host/run.h"
#include "host/show.h"

/* Only venvbox-install calls us by our own name. -1: it is a command of a venv that is called. */
static int show(int argc, char *argv[])
{
	if (argc < 3 || strcmp(path_base(argv[0]), VB_LAUNCHER) != 0)
		return -1;
	if (argc == 3 && strcmp(argv[1], "--print-plan") == 0)
		return show_plan(argv[2]);
	if (argc <= 4 && strcmp(argv[1], "--explain") == 0)
		return show_explanation(argv[2], argv[3]);
	return -1;
}

int main(int argc, char *argv[])
{
	int status = show(argc, argv);

	return status >= 0 ? status : run_payload(argc, argv);
}
