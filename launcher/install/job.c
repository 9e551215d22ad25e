/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/job.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bwrapopt.h"
#include "common/fd.h"
#include "common/hostcheck.h"
#include "common/names.h"
#include "common/path.h"
#include "install/bins.h"
#include "install/filter.h"
#include "install/mounts.h"
#include "install/project.h"
#include "install/scan.h"
#include "install/shared.h"
#include "install/state.h"
#include "install/swap.h"

void job_release(struct job_install *j)
{
	venv_release(&j->venv);
	if (j->state_fd >= 0)
		(void) close(j->state_fd);
	if (j->pip_lock >= 0)
		(void) close(j->pip_lock);
	account_release(&j->account);
	conf_release(&j->conf);
	free(j->project);
	strv_release(&j->writable);
	interpreter_release(&j->interpreter);
	buf_release(&j->filter);
	manifest_release(&j->manifest);
	free(j->launcher);
	free(j->banner_before);
	free(j->project_before);
	publish_report_release(&j->published);
	strv_release(&j->adopted);
	hardlinks_release(&j->links);
	strv_release(&j->shared);
}

/* --- the host, the venv, its policy --------------------------------------------------- */

static int check_host(struct job_install *j, struct failure *f)
{
	int r = hostcheck_bwrap(VB_BWRAP, f);

	if (r == 0)
		r = hostcheck_seccomp(f);
	if (r == 0)
		r = hostcheck_probe(VB_BWRAP, f);
	if (r == 0 && access(j->launcher, X_OK) < 0)
		r = fail_errno(f, errno, "install venvbox again", "cannot execute '%s'", j->launcher);
	return r;
}

/* What is in it is believed, so nobody else may have been able to put it there. */
static int check_state(const struct job_install *j, struct failure *f)
{
	struct stat st;

	if (fstat(j->state_fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fail_msg(f, EPERM, "use the venv as the user who installed it, or make a venv of your own",
				"'%s/" VB_STATE "' belongs to user %u, neither to you nor to root", j->venv.path, (unsigned) st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	(void) fail_msg(f, EPERM, NULL, "'%s/" VB_STATE "' is writable by others (mode %04o)", j->venv.path, st.st_mode & 07777U);
	fail_hint(f, "make a new venv, or, if you are sure that nobody changed it: chmod 700 '%s/" VB_STATE "'", j->venv.path);
	return -EPERM;
}

static int open_state(struct job_install *j, struct failure *f)
{
	int r;

	j->state_fd = fd_open_below(j->venv.fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	if (j->state_fd < 0)
		return fail_errno(f, -j->state_fd, NULL, "cannot open '%s/" VB_STATE "'", j->venv.path);
	r = check_state(j, f);
	if (r < 0)
		return r;
	j->pip_lock = state_lock(j->state_fd, false);
	if (j->pip_lock == -EAGAIN)
		return fail_msg(f, EBUSY, "wait for it to end, and run this again", "pip is at work in '%s'", j->venv.path);
	return j->pip_lock < 0 ? fail_errno(f, -j->pip_lock, NULL, "cannot lock '%s/" VB_STATE "'", j->venv.path) : 0;
}

static int learn_venv(struct job_install *j, struct failure *f)
{
	int r = venv_open(j->args->venv, &j->venv, f);

	if (r == 0)
		r = venv_read_cfg(&j->venv, f);
	if (r == 0)
		r = check_host(j, f);
	if (r == 0)
		r = venv_lock(&j->venv, f);
	if (r == 0)
		r = swap_recover(&j->venv, f);
	return r == 0 && j->venv.shape == VENV_BOXED ? open_state(j, f) : r;
}

/* The manifest of before says nothing that is not found out again; but whose it is, and that nobody else wrote it, counts. People are told of which Python it was. */
static int check_old_manifest(struct job_install *j, struct failure *f)
{
	cleanup_manifest struct manifest old = { 0 };
	int r = manifest_load(j->state_fd, &old, f);

	if (r == -EPERM || r == -ELOOP)
		return r;
	failure_release(f);
	j->banner_before = take_ptr(&old.python_banner);
	if (old.venv != NULL && strcmp(old.venv, j->venv.path) == 0)
		j->project_before = take_ptr(&old.project);
	return r == -ENOMEM ? r : 0;
}

static int learn_conf(struct job_install *j, struct failure *f)
{
	cleanup_free char *cwd = getcwd(NULL, 0);
	int r = 0;

	if (cwd == NULL)
		return fail_errno(f, errno, "change to a directory that is there", "cannot tell the working directory");
	if (j->state_fd >= 0)
		r = check_old_manifest(j, f);
	if (r == 0 && j->state_fd >= 0)
		r = conf_load(j->state_fd, &j->conf, f);
	j->write_conf = j->state_fd < 0 || j->args->settings.n > 0 || j->args->bwrap.n > 0 ||
			faccessat(j->state_fd, VB_CONF, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	return r < 0 ? r : args_apply(j->args, cwd, &j->conf, f);
}

/* --- what boxes may write ----------------------------------------------------------------- */

static int add_writable(struct job_install *j, const char *path)
{
	cleanup_free char *real = realpath(path, NULL);

	return strv_add(&j->writable, real != NULL ? real : path);
}

static int list_writable(struct job_install *j)
{
	int r = strv_add(&j->writable, j->project);

	if (r == 0)
		r = strv_add(&j->writable, j->venv.path);
	for (size_t i = 0; r == 0 && i < j->conf.rw.n; i++)
		r = add_writable(j, j->conf.rw.v[i]);
	for (size_t i = 0; r == 0 && i < j->conf.bwrap.n;) {
		const struct bwrapopt *opt = bwrapopt_find(j->conf.bwrap.v[i]);

		if (opt->writable && opt->src >= 0)
			r = add_writable(j, j->conf.bwrap.v[i + 1 + (size_t) opt->src]);
		i += opt->arity + 1;
	}
	return r;
}

static int learn_project(struct job_install *j, struct failure *f)
{
	const struct project_input in = {
		.venv = &j->venv, .named = j->conf.project, .first = j->state_fd < 0, .before = j->project_before, .homes = &j->account.homes, .libexec = j->libexec,
	};
	int r = project_choose(&in, &j->project, &j->project_from_file, f);

	if (r < 0)
		return r;
	/* What .project said once is policy from now on: pip can write that file. So is the real path of what was named. */
	if (j->project_from_file || (j->conf.project != NULL && strcmp(j->conf.project, j->project) != 0)) {
		j->write_conf = true;
		r = conf_set(&j->conf, "project", j->project, "/", f);
	}
	if (r == 0)
		r = list_writable(j);
	for (size_t i = 0; r == 0 && i < j->writable.n; i++)
		if (path_is_within(j->libexec, j->writable.v[i]) || path_is_within(VB_BWRAP, j->writable.v[i]))
			r = fail_msg(f, EPERM, "name a smaller directory", "programs would be let to write in '%s': the programs that make the box are in it",
				     j->writable.v[i]);
	return r;
}

/* --- the manifest ----------------------------------------------------------------------------- */

static int scan_project(struct job_install *j, struct failure *f)
{
	cleanup_fd int fd = fd_open_nofollow(j->project, O_RDONLY | O_DIRECTORY);
	cleanup_scan struct scan scan = { 0 };
	int r = fd < 0 ? fd : scan_nested(fd, path_below(j->venv.path, j->project), &scan);

	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot look through the project '%s'", j->project);
	j->scan_cut = scan.cut;
	r = strv_add_all(&j->manifest.nested, &scan.found);
	return r < 0 ? r : shared_find(fd, &scan.found, &j->shared);
}

/* The names that bin held before the first installation. */
static int list_recorded(struct job_install *j, struct failure *f)
{
	const char *dir = j->state_fd < 0 ? "bin" : VB_STATE "/" VB_ORIG_BIN;
	cleanup_fd int fd = fd_open_below(j->venv.fd, dir, O_RDONLY | O_DIRECTORY);
	int r = fd < 0 ? fd : bins_names(fd, &j->manifest.recorded);

	return r < 0 ? fail_errno(f, -r, "make a new venv: python3 -m venv --clear VENV", "cannot read '%s/%s'", j->venv.path, dir) : 0;
}

static int copy(char **to, const char *text)
{
	*to = strdup(text != NULL ? text : "");
	return *to != NULL ? 0 : -ENOMEM;
}

static int fill_manifest(struct job_install *j)
{
	struct manifest *m = &j->manifest;
	const struct interpreter *i = &j->interpreter;
	const struct {
		char **to;
		const char *text;
	} texts[] = {
		{ &m->version, PACKAGE_VERSION }, { &m->venv, j->venv.path }, { &m->project, j->project },
		{ &m->python_version, i->probe.version }, { &m->python_banner, i->probe.banner },
		{ &m->base_executable, i->executable }, { &m->base_prefix, i->probe.prefix }, { &m->libpython, i->libpython },
	};
	int r = 0;

	for (size_t n = 0; r == 0 && n < sizeof(texts) / sizeof(texts[0]); n++)
		r = copy(texts[n].to, texts[n].text);
	m->uid = geteuid();
	m->way = i->way;
	m->base_id = i->id;
	m->libpython_id = i->libpython_id;
	return r;
}

static int learn_manifest(struct job_install *j, struct failure *f)
{
	const struct mounts_input mounts = {
		.root = "", .interpreter = &j->interpreter, .project = j->project,
		.home = j->account.homes.n > 0 ? j->account.homes.v[0] : NULL,
	};
	int r = fill_manifest(j);

	if (r == 0)
		r = mounts_add(&mounts, &j->manifest);
	if (r == 0)
		r = scan_project(j, f);
	if (r == 0)
		r = list_recorded(j, f);
	if (r == 0)
		r = filter_compile(NULL, &j->filter, &j->manifest.calls_allowed, f);
	j->manifest.filter_size = j->filter.len;
	return r;
}

int job_learn(struct job_install *j, struct failure *f)
{
	int r;

	j->launcher = path_join(j->libexec, VB_LAUNCHER);
	r = j->launcher != NULL ? learn_venv(j, f) : -ENOMEM;
	if (r == 0)
		r = account_read(&j->account); /* root may be somebody else by now: venv_open() */
	if (r == 0)
		r = learn_conf(j, f);
	if (r == 0)
		r = learn_project(j, f);
	if (r == 0)
		r = interpreter_find(&j->venv, &j->writable, j->libexec, &j->interpreter, f);
	return r < 0 ? r : learn_manifest(j, f);
}
