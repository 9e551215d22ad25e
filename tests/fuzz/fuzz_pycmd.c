/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Python's command line, read twice: by the launcher, and inside for a hint about pip. */
#include "host/pipcmd.h"
#include "host/pycmd.h"
#include "inside/piphint.h"
#include "tests/fuzz/fuzz.h"

/* Points at a byte of one of the words. */
static bool is_in(const struct strv *argv, const char *target)
{
	for (size_t i = 0; i < argv->n; i++)
		if (target >= argv->v[i] && target <= argv->v[i] + strlen(argv->v[i]))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv argv = { 0 };
	cleanup_free char **exact = NULL;
	struct pycmd cmd;
	int argc;

	fuzz_words(&in, &argv);
	argc = (int) argv.n;
	/* Without the NULL behind the last one: argc says where they end. */
	exact = malloc(argv.n > 0 ? argv.n * sizeof(*exact) : 1);
	must(exact != NULL);
	for (size_t i = 0; i < argv.n; i++)
		exact[i] = argv.v[i];
	pycmd_parse(argc, exact, &cmd);
	must(cmd.first_arg <= argc);
	must(cmd.first_arg >= (argc > 0 ? 1 : 0));
	must((cmd.target == NULL) == (cmd.kind == PYCMD_STDIN || cmd.kind == PYCMD_INFO));
	must(cmd.target == NULL || is_in(&argv, cmd.target));
	/* The word that is run comes before its arguments. */
	must(cmd.kind != PYCMD_SCRIPT || cmd.target == argv.v[cmd.first_arg - 1]);
	must(pipcmd_is_pip_run(&cmd, strv_argv(&argv) + cmd.first_arg, "/venv/bin", "/cwd") == 0 || cmd.kind == PYCMD_MODULE || cmd.kind == PYCMD_SCRIPT);
	/* What the hint takes for a change by pip names pip somewhere. */
	if (piphint_is_change(argc, exact, "/venv"))
		must(argc >= 3);
	return 0;
}
