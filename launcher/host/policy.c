/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/policy.h"

#include <errno.h>
#include <string.h>

#include "common/bwrapopt.h"
#include "common/path.h"
#include "host/capname.h"
#include "host/pipcmd.h"

/*
 * What a host tool executes or obeys when it merely stands in a directory:
 * git (core.fsmonitor, hooks), direnv, shells and compose files that read .env,
 * editors (tasks that run when a folder is opened).
 */
const struct protected_name policy_protected[] = {
	{ ".git", true },
	{ ".vscode", true },
	{ ".idea", true },
	{ ".env", false },
	{ ".envrc", false },
	{ NULL, false },
};

void policy_release(struct policy *p)
{
	strv_release(&p->user_mounts);
	strv_release(&p->user_options);
	strv_release(&p->env);
	strv_release(&p->cap_words);
	free(p->chdir);
	memset(p, 0, sizeof(*p));
}

int policy_job(const struct called *called, int argc, char *const argv[], const char *cwd, struct job *job)
{
	cleanup_free char *bin = NULL;
	int r;

	memset(job, 0, sizeof(*job));
	job->cwd = cwd;
	if (called->is_interpreter) {
		job->kind = JOB_PYTHON;
		pycmd_parse(argc, argv, &job->cmd);
		job->verbose = job->cmd.verbose;
		bin = path_join(called->venv_real, "bin");
		r = bin != NULL ? pipcmd_is_pip_run(&job->cmd, argv + job->cmd.first_arg, bin, cwd) : -ENOMEM;
		if (r < 0)
			return r;
		job->pip_run = r > 0;
	} else if (strcmp(called->name, "shell") == 0) {
		job->kind = JOB_SHELL;
	} else {
		job->kind = JOB_COMMAND;
		job->pip_run = pipcmd_is_pip_name(called->name) || pipcmd_is_installer_run(called->name, argv + (argc > 0));
	}
	return 0;
}

bool policy_is_unprotected(const struct policy *p, const char *relative)
{
	return path_is_within_any(relative, &p->conf->unprotect);
}

bool policy_box_writable(const struct policy *p, const char *path)
{
	if (path_is_within(path, p->manifest->project) || path_is_within(path, p->manifest->venv) || path_is_within_any(path, &p->conf->rw))
		return true;
	for (size_t i = 0; i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);

		if (opt->writable && opt->src >= 0 && path_is_within(path, p->user_mounts.v[i + 1 + (size_t) opt->src]))
			return true;
		i += opt->arity + 1;
	}
	return false;
}

static int add_words(struct strv *to, const struct strv *words, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		int r = strv_add(to, words->v[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_capability(struct policy *p, const char *name, bool add, struct failure *f)
{
	uint64_t mask = capname_mask(name);
	int r;

	if (mask == 0)
		return fail_msg(f, EINVAL, "the names are those of capabilities(7), for example cap_net_bind_service",
				"'%s' is no capability", name);
	/* A drop is not passed on: bwrap would take CAP_SETPCAP from PID 1, which drops what is not kept itself. */
	if (!add) {
		p->keep_caps &= ~mask;
		return 0;
	}
	p->keep_caps |= mask;
	r = strv_add(&p->cap_words, "--cap-add");
	return r < 0 ? r : strv_add(&p->cap_words, name);
}

/*
 * Paths are made clean: a relative source would be no path below the project to those who ask what a box can
 * write, and its links be followed; "/opt/" would be neither "/opt" nor above "/opt/x".
 */
static int take_mount(struct policy *p, const struct bwrapopt *opt, char *const *args, const char *cwd)
{
	int r = strv_add(&p->user_mounts, opt->name);

	for (int i = 0; r == 0 && i < (int) opt->arity; i++)
		r = i == opt->src || i == opt->dest ? strv_take(&p->user_mounts, path_clean(i == opt->src && cwd ? cwd : "/", args[i]))
						    : strv_add(&p->user_mounts, args[i]);
	return r;
}

/* The network is a setting of ours and an option of bwrap's; the later word wins. */
static bool take_network(struct policy *p, const char *name)
{
	if (strcmp(name, "--unshare-net") == 0)
		p->network_unshared = true;
	else if (strcmp(name, "--share-net") == 0)
		p->network_unshared = false;
	else
		return false;
	return true;
}

/* One option and its arguments, words[at ...]. */
static int take_option(struct policy *p, const struct bwrapopt *opt, const struct strv *words, size_t at, const char *cwd,
		       struct failure *f)
{
	char *const *args = words->v + at + 1;
	int r;

	switch (opt->act) {
	case BWRAPOPT_BIND:
		return take_mount(p, opt, args, cwd);
	case BWRAPOPT_PASS:
		return take_network(p, opt->name) ? 0 : add_words(&p->user_options, words, at, opt->arity + 1);
	case BWRAPOPT_SETENV:
		return strv_addf(&p->env, "%s=%s", args[0], args[1]);
	case BWRAPOPT_UNSETENV:
		return strv_add(&p->env, args[0]);
	case BWRAPOPT_CLEARENV:
		p->clear_env = true;
		strv_release(&p->env);
		return 0;
	case BWRAPOPT_CHDIR:
		free(p->chdir);
		p->chdir = path_clean("/", args[0]);
		return p->chdir == NULL ? -ENOMEM : 0;
	case BWRAPOPT_CAP_ADD:
	case BWRAPOPT_CAP_DROP:
		r = take_capability(p, args[0], opt->act == BWRAPOPT_CAP_ADD, f);
		return r;
	case BWRAPOPT_NOOP:
		return 0;
	case BWRAPOPT_REFUSED:
		break;
	}
	/* bwrapopt_check() has refused it with its reason; here only so that nothing unsorted slips through. */
	return fail_msg(f, EINVAL, NULL, "bubblewrap option '%s' cannot be used here", opt->name);
}

static int take_options(struct policy *p, const struct strv *words, const char *cwd, struct failure *f)
{
	int r = bwrapopt_check(words, f);

	for (size_t i = 0; r == 0 && i < words->n;) {
		const struct bwrapopt *opt = bwrapopt_find(words->v[i]);

		if (opt == NULL)
			return -EINVAL;
		r = take_option(p, opt, words, i, cwd, f);
		i += opt->arity + 1;
	}
	return r;
}

static int take_bwrap_args(struct policy *p, const char *text, const char *cwd, struct failure *f)
{
	cleanup_strv struct strv words = { 0 };
	int r = bwrapopt_split(text, &words);

	if (r < 0)
		return r;
	r = take_options(p, &words, cwd, f);
	if (r == -EINVAL)
		fail_hint(f, "it comes from the environment variable BWRAP_ARGS");
	return r;
}

int policy_make(const struct job *job, const struct manifest *m, const struct conf *c, const struct strv *env,
		struct policy *p, struct failure *f)
{
	const char *bwrap_args = strv_getenv(env, "BWRAP_ARGS");
	const char *pip_cache = strv_getenv(env, "SANDBOX_USE_PIP_CACHE");
	int r;

	memset(p, 0, sizeof(*p));
	p->manifest = m;
	p->conf = c;
	p->pip_run = job->pip_run;
	/* Building from source takes compilers and headers: pip sees all of /usr whatever programs see. */
	p->profile = job->pip_run ? PROFILE_SYSTEM : c->profile;
	p->network_unshared = c->network == NETWORK_NONE;
	p->user_pip_cache = pip_cache != NULL && *pip_cache != '\0';
	p->allow_calls = strv_getenv(env, "SANDBOX_SECCOMP_ALLOW");
	r = take_options(p, &c->bwrap, job->cwd, f);
	p->kept_mounts = p->user_mounts.n;
	if (r == 0 && bwrap_args != NULL)
		r = take_bwrap_args(p, bwrap_args, job->cwd, f);
	return r;
}
