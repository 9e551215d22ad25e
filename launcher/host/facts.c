/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts_part.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bwrapopt.h"
#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "host/appeared.h"
#include "host/editable.h"
#include "host/nested.h"
#include "host/ownid.h"
#include "host/pipcmd.h"

void facts_release(struct facts *x)
{
	free(x->cwd);
	free(x->home);
	free(x->pip_tmp);
	free(x->user_cache);
	strv_release(&x->known);
	strv_release(&x->nested);
	strv_release(&x->fresh);
	strv_release(&x->proc);
	strv_release(&x->writable);
	strv_release(&x->visible);
	strv_release(&x->copies);
	inputs_release(&x->inputs);
	strv_release(&x->editables);
	(void) masks_end(&x->masks);
	memset(x, 0, sizeof(*x));
	x->masks.lock_fd = -1;
}

/* One that the user removed since is no loss. */
static int protect(const struct policy *p, int project_fd, const struct strv *names, struct facts *x, struct failure *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		cleanup_fd int fd = -1;

		if (policy_is_unprotected(p, names->v[i]))
			continue;
		fd = fd_open_below(project_fd, names->v[i], O_PATH);
		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return fail_errno(f, -fd, "if you moved it yourself, run venvbox-install on this venv again",
					  "cannot protect '%s/%s'", p->manifest->project, names->v[i]);
		r = strv_add(&x->nested, names->v[i]);
	}
	strv_sort(&x->nested); /* a directory comes before what is below it */
	return r;
}

static int gather_nested(const struct policy *p, int state_fd, int project_fd, struct facts *x, struct failure *f)
{
	int r = nested_known(state_fd, p->manifest, &x->known);

	return r == 0 ? protect(p, project_fd, &x->known, x, f)
		      : fail_errno(f, -r, "run venvbox-install on this venv again", "cannot read '%s/" VB_STATE "/" VB_NESTED "'", p->manifest->venv);
}

/*
 * bwrap covers what of /proc it finds writable by access(2), which does not see that
 * the kernel lets the owner, uid 0, write sysctls such as core_pattern (a program
 * that the host's kernel runs as root at the next crash).
 */
static int gather_proc(struct facts *x)
{
	static const char *const covered[] = {
		"/proc/sys", "/proc/sysrq-trigger", "/proc/mtrr", "/proc/scsi", "/proc/driver", "/proc/fs", "/proc/acpi", "/proc/latency_stats",
	};

	for (size_t i = 0; x->is_root && i < sizeof(covered) / sizeof(covered[0]); i++) {
		/* Whatever else the kernel says: it may be there. */
		int r = access(covered[i], F_OK) == 0 || errno != ENOENT ? strv_add(&x->proc, covered[i]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A writable bind of the venv, of the project or of what is above them under another name would be a way around the
 * protective mounts, which lie at their own paths.
 */
static int check_alias(const struct policy *p, const struct facts *x, const char *source, const char *dest, struct failure *f)
{
	const struct manifest *m = p->manifest;
	char real[PATH_MAX];
	bool related;

	if (realpath(source, real) == NULL || strcmp(real, dest) == 0)
		return 0;
	related = path_is_within(m->venv, real) || path_is_within(real, m->venv) || path_is_within(m->project, real);
	for (size_t i = 0; !related && policy_protected[i].name != NULL; i++) {
		cleanup_free char *path = path_join(m->project, policy_protected[i].name);

		if (path == NULL)
			return -ENOMEM;
		related = path_is_within(real, path) && !policy_is_unprotected(p, policy_protected[i].name);
	}
	for (size_t i = 0; !related && i < x->nested.n; i++) {
		cleanup_free char *path = path_join(m->project, x->nested.v[i]);

		if (path == NULL)
			return -ENOMEM;
		related = path_is_within(real, path) || path_is_within(path, real);
	}
	return related ? fail_msg(f, EPERM, "bind it read-only, or a directory below the project",
				  "'%s' cannot be writable as '%s': it holds the venv or what is protected", source, dest) : 0;
}

bool facts_box_writable(const struct facts *x, const struct policy *p, const char *path)
{
	return policy_box_writable(p, path) || path_is_within_any(path, &x->writable);
}

static int add_writable(struct facts *x, const char *path)
{
	char real[PATH_MAX];
	int r = strv_add(&x->writable, path);

	return r == 0 && realpath(path, real) != NULL && strcmp(real, path) != 0 ? strv_add(&x->writable, real) : r;
}

static int gather_writable(const struct policy *p, struct facts *x)
{
	/* Both were opened by these paths, no component of which is a link: session_open(), venv_find(). */
	int r = strv_add(&x->writable, p->manifest->project);

	if (r == 0)
		r = strv_add(&x->writable, p->manifest->venv);
	for (size_t i = 0; r == 0 && i < p->conf->rw.n; i++)
		r = add_writable(x, p->conf->rw.v[i]);
	for (size_t i = 0; r == 0 && i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);

		if (opt->writable && opt->src >= 0)
			r = add_writable(x, p->user_mounts.v[i + 1 + (size_t) opt->src]);
		i += opt->arity + 1;
	}
	return r;
}

/* /opt/data -> project/data: the path is the user's own, the rest of the way is what a box makes it. */
static int check_way(const struct policy *p, const struct facts *x, const char *source, struct failure *f)
{
	bool below = false;
	int r = facts_box_writable(x, p, source) ? 0 : inputs_lead_below(&x->writable, source, &below);

	if (r < 0 || !below)
		return r;
	return fail_msg(f, ELOOP, "name the place itself, without a link on the way",
			"'%s' is or leads through a link to where code in a box can write", source);
}

static int check_user_mounts(const struct policy *p, const struct facts *x, struct failure *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->conf->ro.n; i++)
		r = check_way(p, x, p->conf->ro.v[i], f);
	for (size_t i = 0; r == 0 && i < p->conf->rw.n; i++)
		r = check_alias(p, x, p->conf->rw.v[i], p->conf->rw.v[i], f);
	for (size_t i = 0; r == 0 && i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);
		char *const *args = p->user_mounts.v + i + 1;

		if (opt->src >= 0)
			r = opt->writable ? check_alias(p, x, args[opt->src], args[opt->dest], f) : check_way(p, x, args[opt->src], f);
		i += opt->arity + 1;
	}
	return r;
}

static int gather_visible(const struct policy *p, struct facts *x)
{
	static const char *const always[] = { "/proc", "/dev", VB_RUN_DIR };
	const struct manifest *m = p->manifest;
	int r = strv_add_all(&x->visible, &x->writable);

	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		r = strv_add(&x->visible, always[i]);
	if (r == 0)
		r = strv_add_all(&x->visible, &p->conf->ro);
	for (size_t i = 0; r == 0 && i < m->n_mounts; i++)
		if (p->profile == PROFILE_SYSTEM ? m->mounts[i].in_system : m->mounts[i].in_minimal)
			r = strv_add(&x->visible, m->mounts[i].dest);
	for (size_t i = 0; r == 0 && i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);

		if (opt->dest >= 0)
			r = strv_add(&x->visible, p->user_mounts.v[i + 1 + (size_t) opt->dest]);
		i += opt->arity + 1;
	}
	return r;
}

/* ------------------------------------------------------------------------- */

static int gather_script(const struct job *job, struct facts *x)
{
	cleanup_free char *path = NULL;

	if (job->kind != JOB_PYTHON || job->cmd.kind != PYCMD_SCRIPT)
		return 0;
	path = path_clean(x->cwd, job->cmd.target);
	return path == NULL ? -ENOMEM : inputs_add(&x->inputs, path);
}

/* What an earlier pip run was told to install with -e. */
static int gather_editables(const struct policy *p, int state_fd, struct facts *x, struct failure *f)
{
	cleanup_strv struct strv known = { 0 };
	int r = editable_known(state_fd, &known);

	if (r < 0)
		return fail_errno(f, -r, "remove it, and install with pip -e again", "cannot read '%s/" VB_STATE "/" VB_EDITABLE "'", p->manifest->venv);
	for (size_t i = 0; r == 0 && i < known.n; i++)
		r = inputs_add(&x->inputs, known.v[i]);
	return r;
}

static int gather_certificates(const struct strv *env, struct facts *x)
{
	cleanup_strv struct strv paths = { 0 };
	int r = pipcmd_certificates_from_env(env, x->cwd, &paths);

	for (size_t i = 0; r == 0 && i < paths.n; i++)
		r = inputs_add(&x->inputs, paths.v[i]);
	return r;
}

/* In the box's own cache, which boxes write: nothing there is followed. */
static int make_cache_mount_point(const struct policy *p, struct failure *f)
{
	cleanup_free char *cache = path_join(p->manifest->venv, VB_CACHE);
	cleanup_fd int fd = cache ? fd_open_nofollow(cache, O_RDONLY | O_DIRECTORY) : -ENOMEM;

	if (fd < 0)
		return fail_errno(f, -fd, NULL, "cannot open '%s'", cache ? cache : VB_CACHE);
	if (mkdirat(fd, "pip", 0700) < 0 && errno != EEXIST)
		return fail_errno(f, errno, "unset SANDBOX_USE_PIP_CACHE", "cannot make '%s/pip'", cache);
	return 0;
}

static int gather_user_cache(const struct policy *p, const char *home, struct facts *x, struct failure *f)
{
	cleanup_free char *cache = NULL;

	if (!p->user_pip_cache || home == NULL)
		return 0;
	cache = path_join(home, ".cache");
	x->user_cache = cache ? path_join(cache, "pip") : NULL;
	if (x->user_cache == NULL)
		return -ENOMEM;
	if (p->look_only)
		return 0;
	if ((mkdir(cache, 0700) < 0 && errno != EEXIST) || (mkdir(x->user_cache, 0700) < 0 && errno != EEXIST))
		return fail_errno(f, errno, "unset SANDBOX_USE_PIP_CACHE, or make the directory", "cannot make '%s'", x->user_cache);
	return p->pip_run ? 0 : make_cache_mount_point(p, f);
}

static int gather_quota(const struct policy *p, struct facts *x, struct failure *f)
{
	struct machine machine;
	int r = machine_read(&machine);

	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot tell what this machine has");
	quota_make(p->conf->limits, &machine, x->is_root, &x->quota);
	return 0;
}

int facts_gather(const struct policy *p, const struct job *job, char *const argv[], const struct strv *env,
		 int state_fd, int project_fd, const char *cwd, struct facts *x, struct failure *f)
{
	const char *home_env = strv_getenv(env, "HOME");
	int r;

	memset(x, 0, sizeof(*x));
	x->masks.lock_fd = -1;
	x->is_root = own_uid() == 0;
	x->user = strv_getenv(env, "LOGNAME");
	if (x->user == NULL)
		x->user = strv_getenv(env, "USER");
	x->own_etc = p->manifest->uid == own_uid();
	x->cwd = strdup(cwd);
	x->home = home_env && *home_env == '/' ? path_clean("/", home_env) : NULL;
	x->inputs = (struct inputs) { .visible = &x->visible, .home_named = x->home, .project = p->manifest->project };
	r = x->cwd ? gather_writable(p, x) : -ENOMEM;
	if (r == 0)
		r = gather_nested(p, state_fd, project_fd, x, f);
	if (r == 0)
		r = check_user_mounts(p, x, f);
	if (r == 0)
		r = gather_proc(x);
	if (r == 0)
		r = gather_quota(p, x, f);
	if (r == 0)
		r = gather_visible(p, x);
	if (r == 0)
		r = gather_script(job, x);
	if (r == 0)
		r = gather_certificates(env, x);
	if (r == 0)
		r = gather_editables(p, state_fd, x, f);
	if (r == 0 && p->pip_run)
		r = facts_gather_pip(p, job, argv, env, x->home, x);
	if (r == 0)
		r = gather_user_cache(p, x->home, x, f);
	return r;
}

/* A venv made beside ours since, or a clone: the first run after that must not be the one that may write it. */
int facts_find_nested(const struct policy *p, int project_fd, struct facts *x, struct failure *f)
{
	cleanup_strv struct strv before = x->nested;
	int r = appeared_before(project_fd, &x->known, path_below(p->manifest->venv, p->manifest->project), &x->fresh);

	x->nested = (struct strv) { 0 };
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot look through the project '%s'", p->manifest->project);
	r = protect(p, project_fd, &x->known, x, f);
	if (r == 0 && x->fresh.n > 0)
		r = protect(p, project_fd, &x->fresh, x, f);
	if (r < 0 || strv_equal(&before, &x->nested))
		return r;
	r = check_user_mounts(p, x, f);
	return r < 0 ? r : 1;
}
