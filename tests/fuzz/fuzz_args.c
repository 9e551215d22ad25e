/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of venvbox-install: any byte may be in a setting, and the policy must give it back. */
#include "install/args.h"
#include "tests/fuzz/sameconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv argv = { 0 };
	cleanup_args struct args a = { 0 };
	cleanup_conf struct conf c;
	struct failure f = { 0 };
	int r;

	conf_init(&c);
	must(strv_add(&argv, "venvbox-install") == 0);
	fuzz_words(&in, &argv);
	r = args_parse((int) argv.n, strv_argv(&argv), &a, &f);
	fuzz_refused(r, &f);
	if (r < 0)
		return 0;
	if (a.venv == NULL)
		must(a.action == ACTION_DOCTOR); /* of this host, not of a venv */
	else
		must(a.venv[0] != '\0');
	must(a.settings.n % 2 == 0);
	must(a.path == NULL || (a.action == ACTION_EXPLAIN && a.path[0] != '\0'));
	r = args_apply(&a, "/cwd", &c, &f);
	fuzz_refused(r, &f);
	if (r == 0)
		fuzz_conf_comes_back(&c);
	return 0;
}
