/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What BWRAP_ARGS and the like make of a run. Parts: our environment; the name we were called by and the words of the command. */
#include "common/bwrapopt.h"
#include "common/path.h"
#include "host/policy.h"
#include "tests/fuzz/fuzz.h"

static void check_mounts(const struct policy *p)
{
	must(bwrapopt_check(&p->user_mounts, NULL) == 0);
	for (size_t i = 0; i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);
		char *const *args = p->user_mounts.v + i + 1;

		must(opt != NULL && opt->act == BWRAPOPT_BIND);
		must(opt->src < 0 || path_is_clean(args[opt->src]));
		must(opt->dest < 0 || (path_is_clean(args[opt->dest]) && bwrapopt_reserved(args[opt->dest]) == NULL));
		/* Else its links would be followed. */
		must(!opt->writable || opt->src < 0 || policy_box_writable(p, args[opt->src]));
		i += opt->arity + 1;
	}
	must(policy_box_writable(p, "/project/x") && policy_box_writable(p, "/project/.venv"));
}

static void check(const struct policy *p)
{
	check_mounts(p);
	for (size_t i = 0; i < p->user_options.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_options.v[i]);

		must(opt != NULL && opt->act == BWRAPOPT_PASS);
		i += opt->arity + 1;
	}
	for (size_t i = 0; i < p->env.n; i++)
		must(p->env.v[i][0] != '=' && p->env.v[i][0] != '\0');
	must(p->chdir == NULL || path_is_clean(p->chdir));
	must(p->cap_words.n % 2 == 0 && (p->keep_caps == 0 || p->cap_words.n > 0));
	must(!p->pip_run || p->profile == PROFILE_SYSTEM);
}

/* Only these can ask for a run that may change the venv; by another name it would be a way to get one. */
static bool is_name_of_installer(const char *name)
{
	return strncmp(name, "pip", 3) == 0 || strcmp(name, "uv") == 0 || strcmp(name, "poetry") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	struct manifest m = { .venv = (char *) (uintptr_t) "/project/.venv", .project = (char *) (uintptr_t) "/project" };
	struct called called = { .venv_real = m.venv, .is_interpreter = size % 2 == 0, .venv_fd = -1, .state_fd = -1 };
	cleanup_strv struct strv env = { 0 }, argv = { 0 };
	cleanup_policy struct policy p = { 0 };
	cleanup_conf struct conf c;
	struct failure f = { 0 };
	struct job job;
	int r;

	conf_init(&c);
	fuzz_words(&in, &env);
	fuzz_words(&in, &argv);
	called.name = argv.n > 0 ? argv.v[0] : (char *) (uintptr_t) "python";
	must(policy_job(&called, (int) argv.n, strv_argv(&argv), "/project", &job) == 0);
	must(job.kind == JOB_PYTHON || called.name == NULL || !job.pip_run || is_name_of_installer(called.name));
	r = policy_make(&job, &m, &c, &env, &p, &f);
	fuzz_refused(r, &f);
	if (r == 0)
		check(&p);
	return 0;
}
