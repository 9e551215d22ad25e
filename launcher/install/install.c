/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/install.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "install/bins.h"
#include "install/job.h"
#include "install/state.h"
#include "install/swap.h"

static struct state_input state_of(const struct job_install *j)
{
	return (struct state_input) { .manifest = &j->manifest, .conf = &j->conf, .write_conf = j->write_conf,
				      .filter = &j->filter, .account = &j->account };
}

static int cannot_write(const struct job_install *j, int err, struct failure *f)
{
	return fail_errno(f, err, "the venv must be writable, with space on its file system: see df(1)", "cannot write the state of '%s'", j->venv.path);
}

/* --- a plain venv ------------------------------------------------------------------------ */

/* Everything in venvbox.new, with the host's new bin where orig-bin will be. */
static int build(const struct job_install *j)
{
	const struct state_input in = state_of(j);
	const char *version = j->manifest.python_version;
	cleanup_fd int orig = fd_open_below(j->venv.fd, "bin", O_RDONLY | O_DIRECTORY);
	cleanup_fd int state = -1, inner = -1, host = -1;
	int r;

	if (orig < 0)
		return orig;
	if (mkdirat(j->venv.fd, SWAP_NEW, 0700) < 0)
		return -errno;
	state = fd_open_below(j->venv.fd, SWAP_NEW, O_RDONLY | O_DIRECTORY);
	r = state < 0 ? state : state_make_places(state);
	if (r < 0)
		return r;
	if (mkdirat(state, VB_ORIG_BIN, 0755) < 0)
		return -errno;
	inner = fd_open_below(state, VB_INNER_BIN, O_RDONLY | O_DIRECTORY);
	host = fd_open_below(state, VB_ORIG_BIN, O_RDONLY | O_DIRECTORY);
	if (inner < 0 || host < 0)
		return inner < 0 ? inner : host;
	r = bins_fill_inner(orig, inner, version);
	if (r == 0)
		r = bins_fill_host(orig, host, j->launcher, version);
	return r < 0 ? r : state_write(state, &in);
}

static int box(const struct job_install *j, struct failure *f)
{
	unsigned home = 0;
	int r = state_make_home(j->venv.fd, &home);

	if (r == 0)
		r = state_forget(j->venv.fd);
	if (r == 0)
		r = build(j);
	if (r < 0)
		r = cannot_write(j, -r, f);
	else
		r = swap_in(&j->venv, f);
	if (r < 0) {
		(void) !fd_remove_tree(j->venv.fd, SWAP_NEW);
		state_unmake_home(j->venv.fd, home);
	}
	return r;
}

/* --- a boxed one -------------------------------------------------------------------------- */

/* 1: neither what bins_fill_host() makes nor what it mends. */
static int is_foreign(const struct job_install *j, int host, const char *name)
{
	enum bin_kind kind = bins_kind(host, name);

	if (kind == BIN_UNKNOWN)
		return -errno;
	return kind == BIN_COMMAND || (kind == BIN_FILE && !strv_contains(&j->manifest.recorded, name));
}

static int adopt_one(struct job_install *j, int host, int inner, const char *name)
{
	bool command = bins_kind(host, name) == BIN_COMMAND;
	int r = fd_remove_tree(inner, name);

	if (r == 0)
		r = bins_copy(host, name, inner, name);
	if (r == 0 && command)
		r = bins_put_link(host, name, j->launcher);
	else if (r == 0 && unlinkat(host, name, 0) < 0)
		r = -errno;
	return r < 0 ? r : strv_add(&j->adopted, name);
}

/*
 * What a tool of the host put into bin since (uv, for one): a command goes where the box sees it and pip can
 * remove it, and a link takes its place.
 */
static int adopt(struct job_install *j, int host, int inner)
{
	cleanup_strv struct strv names = { 0 };
	int r = bins_names(host, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.v[i];
		char text[4096] = "";
		ssize_t len = readlinkat(host, name, text, sizeof(text) - 1);

		if (len < 0 && errno != EINVAL) /* EINVAL: no link, readlink(2) */
			return -errno;
		text[len > 0 ? len : 0] = '\0';
		if (venv_is_launcher(text)) { /* perhaps of another installation of venvbox */
			r = bins_put_link(host, name, j->launcher);
			continue;
		}
		r = is_foreign(j, host, name);
		if (r > 0)
			r = adopt_one(j, host, inner, name);
	}
	return r;
}

static int publish(struct job_install *j, int host, int inner, struct failure *f)
{
	const struct publish_input in = { .bin_fd = host, .inner_fd = inner, .launcher = j->launcher, .venv = j->venv.path,
					  .recorded = &j->manifest.recorded, .allowed = &j->conf.publish };

	return publish_sync(&in, &j->published, f);
}

/* Half-made files of an installer that was killed: bins.c and fd_replace_file() name them so. */
static int sweep(int state, int inner, int host)
{
	cleanup_fd int etc = fd_open_below(state, VB_ETC, O_RDONLY | O_DIRECTORY);
	const int dirs[] = { state, etc, inner, host };
	int r = etc < 0 ? etc : 0;

	for (size_t d = 0; r == 0 && d < sizeof(dirs) / sizeof(dirs[0]); d++) {
		cleanup_strv struct strv names = { 0 };

		r = bins_names(dirs[d], &names);
		for (size_t i = 0; r == 0 && i < names.n; i++)
			if (strncmp(names.v[i], ".vb-", 4) == 0 || strcmp(names.v[i], BINS_TEMPORARY) == 0)
				r = fd_remove_tree(dirs[d], names.v[i]);
	}
	return r;
}

/* The links of the host last: until then the launcher of before runs what there was. */
static int update(struct job_install *j, struct failure *f)
{
	const struct state_input in = state_of(j);
	const char *version = j->manifest.python_version;
	cleanup_fd int orig = fd_open_below(j->state_fd, VB_ORIG_BIN, O_RDONLY | O_DIRECTORY);
	cleanup_fd int inner = -1;
	cleanup_fd int host = fd_open_below(j->venv.fd, "bin", O_RDONLY | O_DIRECTORY);
	unsigned home;
	int r = state_make_places(j->state_fd);

	if (r == 0)
		r = state_make_home(j->venv.fd, &home);
	if (r == 0)
		r = state_forget(j->venv.fd);
	inner = fd_open_below(j->state_fd, VB_INNER_BIN, O_RDONLY | O_DIRECTORY);
	if (orig < 0 || inner < 0 || host < 0)
		r = orig < 0 ? orig : inner < 0 ? inner : host;
	if (r == 0 && fchmod(j->state_fd, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = sweep(j->state_fd, inner, host);
	/* The scan has just found what is there. */
	if (r == 0 && unlinkat(j->state_fd, VB_NESTED, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = bins_fix_inner(inner, version);
	if (r == 0)
		r = state_write(j->state_fd, &in);
	if (r == 0)
		r = adopt(j, host, inner);
	if (r == 0)
		r = bins_fill_host(orig, host, j->launcher, version);
	return r < 0 ? cannot_write(j, -r, f) : publish(j, host, inner, f);
}

int install_run(const struct args *a, const char *libexec, struct buf *out, struct failure *f)
{
	cleanup_job struct job_install j = { .args = a, .libexec = libexec, .venv = { .fd = -1 }, .state_fd = -1, .pip_lock = -1 };
	int r;

	conf_init(&j.conf);
	r = job_learn(&j, f);
	/* Before anything of it is copied into the state: whoever has the other name could change it meanwhile. */
	if (r == 0)
		r = hardlinks_break(j.venv.fd, j.venv.path, false, &j.links, f);
	if (r == 0)
		r = j.state_fd < 0 ? box(&j, f) : update(&j, f);
	return r < 0 ? r : job_summary(&j, out);
}
