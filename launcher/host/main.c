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

int main(int argc, char *argv[])
{
	/* Only venvbox-install calls us by our own name. */
	if (argc == 3 && strcmp(path_base(argv[0]), VB_LAUNCHER) == 0 && strcmp(argv[1], "--print-plan") == 0)
		return run_print_plan(argv[2]);
	return run_payload(argc, argv);
}
