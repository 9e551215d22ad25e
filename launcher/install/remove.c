/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/remove.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/conf.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/manifest.h"
#include "common/names.h"
#include "common/path.h"
#include "install/bins.h"
#include "install/project.h"
#include "install/state.h"
#include "install/swap.h"
#include "install/venv.h"
#include "stubs/publish.h"

struct removing {
	struct venv venv;
	struct manifest manifest;
	struct conf conf;
	int state_fd, box_lock, pip_lock;
	struct strv copied;
	struct strv left_out; /* "ls: shadows /usr/bin/ls" */
};

static void release(struct removing *x)
{
	const int fds[] = { x->state_fd, x->box_lock, x->pip_lock };

	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			(void) close(fds[i]);
	venv_release(&x->venv);
	manifest_release(&x->manifest);
	conf_release(&x->conf);
	strv_release(&x->copied);
	strv_release(&x->left_out);
}

/* A box that runs holds mounts over what is taken away; the kernel would let go of them, and its code could write there. */
static int lock(struct removing *x, struct failure *f)
{
	x->box_lock = state_lock(x->state_fd, true);
	x->pip_lock = x->box_lock < 0 ? x->box_lock : state_lock(x->state_fd, false);
	if (x->pip_lock == -EAGAIN)
		return fail_msg(f, EBUSY, "end the programs that run in it (lsns -t pid lists boxes), and run this again",
				"a box of '%s' is running", x->venv.path);
	return x->pip_lock < 0 ? fail_errno(f, -x->pip_lock, NULL, "cannot lock '%s/" VB_STATE "'", x->venv.path) : 0;
}

static int open_boxed(const char *path, struct removing *x, struct failure *f)
{
	int r = venv_open(path, &x->venv, f);

	if (r == 0)
		r = venv_lock(&x->venv, f);
	if (r == 0)
		r = swap_recover(&x->venv, f);
	if (r < 0)
		return r;
	if (x->venv.shape != VENV_BOXED)
		return fail_msg(f, EINVAL, "there is nothing to remove", "'%s' is not boxed", x->venv.path);
	x->state_fd = fd_open_below(x->venv.fd, VB_STATE, O_RDONLY | O_DIRECTORY);
	if (x->state_fd < 0)
		return fail_errno(f, -x->state_fd, NULL, "cannot open '%s/" VB_STATE "'", x->venv.path);
	r = manifest_load(x->state_fd, &x->manifest, f);
	if (r == 0)
		r = conf_load(x->state_fd, &x->conf, f);
	return r < 0 ? r : lock(x, f);
}

/* --- what pip added ----------------------------------------------------------------------------- */

/* Of a removal that was cut short. */
static int drop_unrecorded(const struct removing *x, int orig)
{
	cleanup_strv struct strv names = { 0 };
	int r = bins_names(orig, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!strv_contains(&x->manifest.recorded, names.v[i]))
			r = fd_remove_tree(orig, names.v[i]);
	return r;
}

/*
 * A plain bin is first in PATH once it is activated: what could not be published does not get there by this way
 * either. Nor does a link, which no installer of packages makes, and which leads whoever opens it somewhere else.
 */
static bool leave_out(struct removing *x, int inner, const char *name, int *r)
{
	const struct publish_input in = { .bin_fd = -1, .inner_fd = inner, .launcher = "", .recorded = &x->manifest.recorded,
					  .allowed = &x->conf.publish };
	char why[512];
	bool can_be_allowed; /* not here: the policy goes with the box */
	const char *refusal = publish_refusal(name, &in, why, sizeof(why), &can_be_allowed);
	struct stat st;

	if (fstatat(inner, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return true; /* __pycache__ */
	if (!S_ISREG(st.st_mode))
		refusal = "not a plain file";
	if (refusal != NULL)
		*r = strv_addf(&x->left_out, "%s: %s", name, refusal);
	return refusal != NULL;
}

static int add_new(struct removing *x, int orig)
{
	cleanup_fd int inner = fd_open_below(x->state_fd, VB_INNER_BIN, O_RDONLY | O_DIRECTORY);
	cleanup_strv struct strv names = { 0 };
	int r = inner < 0 ? inner : bins_names(inner, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.v[i];

		if (bins_is_interpreter(name) || strv_contains(&x->manifest.recorded, name) || leave_out(x, inner, name, &r))
			continue;
		r = bins_copy(inner, name, orig, name);
		if (r == 0)
			r = strv_add(&x->copied, name);
	}
	return r;
}

/* A first installation obeys it, and pip could write it: what the box's project was says the manifest alone. */
static int drop_project_file(struct removing *x)
{
	cleanup_free char *dir = NULL, *real = NULL;
	int r = project_read_file(&x->venv, &dir, NULL);

	if (r == -ENOMEM || (r == 0 && dir == NULL))
		return r;
	real = dir != NULL ? realpath(dir, NULL) : NULL;
	if (real != NULL && strcmp(real, x->manifest.project) == 0)
		return 0;
	r = fd_remove_tree(x->venv.fd, ".project");
	return r < 0 ? r : strv_add(&x->left_out, ".project: it does not name the project of the box");
}

static int restore(struct removing *x, struct failure *f)
{
	cleanup_fd int orig = fd_open_below(x->state_fd, VB_ORIG_BIN, O_RDONLY | O_DIRECTORY);
	int r = orig < 0 ? orig : drop_unrecorded(x, orig);

	if (r == 0)
		r = add_new(x, orig);
	if (r == 0)
		r = drop_project_file(x);
	if (r < 0 && orig >= 0)
		(void) !drop_unrecorded(x, orig);
	if (r < 0)
		return fail_errno(f, -r, "the venv must be writable, with space on its file system: see df(1)", "cannot restore the bin of '%s'",
				  x->venv.path);
	return swap_out(&x->venv, f);
}

/* --- words ------------------------------------------------------------------------------------------ */

static void put_list(struct buf *out, const char *title, const struct strv *items)
{
	for (size_t i = 0; i < items->n; i++) {
		buf_puts(out, i == 0 ? title : ", ");
		log_escape(out, items->v[i]);
	}
	buf_puts(out, items->n > 0 ? "\n" : "");
}

int remove_run(const char *path, struct buf *out, struct failure *f)
{
	cleanup(release) struct removing x = { .venv = { .fd = -1 }, .state_fd = -1, .box_lock = -1, .pip_lock = -1 };
	int r;

	conf_init(&x.conf);
	r = open_boxed(path, &x, f);
	if (r == 0)
		r = restore(&x, f);
	if (r < 0)
		return r;
	log_escape(out, x.venv.path);
	buf_puts(out, " is a plain venv again; what runs in it is no longer contained.\n");
	put_list(out, "  added by pip since, and kept: ", &x.copied);
	put_list(out, "  added by pip since, and left out: ", &x.left_out);
	buf_puts(out, "  kept: " VB_HOME " and " VB_CACHE ", what programs had in their home and their cache\n");
	return out->failed ? -ENOMEM : 0;
}
