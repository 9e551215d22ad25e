/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/layout.h"

#include <stdio.h>
#include <string.h>

#include "common/bwrapopt.h"
#include "common/names.h"
#include "common/path.h"
#include "stubs/etc.h"

/* What is being made, and what it is made from. */
struct layout {
	const struct policy *policy;
	const struct facts *facts;
	struct plan *plan;
};

static struct op *add(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why)
{
	return plan_add(l->plan, kind, source, dest, why);
}

static int done(const struct op *op)
{
	return op == NULL ? -ENOMEM : 0;
}

/* --- binds ---------------------------------------------------------------- */

static int add_bind(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why, bool optional)
{
	cleanup_free char *real_dest = plan_resolve_dest(l->plan, dest);
	struct op *op = real_dest ? add(l, kind, source, real_dest, why) : NULL;

	if (op == NULL)
		return -ENOMEM;
	op->trust = facts_box_writable(l->facts, l->policy, source) ? TRUST_NONE : TRUST_HOST;
	op->optional = optional;
	return 0;
}

static int add_self(struct layout *l, enum op_kind kind, const char *path, const char *why)
{
	return add_bind(l, kind, path, path, why, false);
}

/* dir/name, bound on itself or on dest. */
static int add_child(struct layout *l, enum op_kind kind, const char *dir, const char *name, const char *dest, const char *why)
{
	cleanup_free char *path = path_join(dir, name);

	return path == NULL ? -ENOMEM : add_bind(l, kind, path, dest ? dest : path, why, false);
}

/* --- the system ------------------------------------------------------------ */

static int add_rows(struct layout *l)
{
	const struct manifest *m = l->policy->manifest;

	for (size_t i = 0; i < m->n_mounts; i++) {
		const struct mount_row *row = &m->mounts[i];
		struct op *op;

		if (l->policy->profile == PROFILE_SYSTEM ? !row->in_system : !row->in_minimal)
			continue;
		op = add(l, row->kind == MOUNT_RO ? OP_RO : row->kind == MOUNT_COPY ? OP_COPY : OP_SYMLINK,
			 row->source, row->dest, row->why);
		if (op == NULL)
			return -ENOMEM;
		op->trust = facts_box_writable(l->facts, l->policy, row->source) ? TRUST_NONE : TRUST_HOST;
		op->optional = row->kind != MOUNT_SYMLINK;
	}
	return 0;
}

/* The files kept beside the manifest are of the user who installed; for another (root on a user's venv) they are made here. */
static int add_etc(struct layout *l)
{
	static const char *const names[] = { "passwd", "group", "nsswitch.conf" };
	cleanup_free char *state = path_join(l->policy->manifest->venv, VB_STATE);
	cleanup_free char *etc = state ? path_join(state, VB_ETC) : NULL;
	cleanup_free char *home = path_join(l->policy->manifest->venv, VB_HOME);
	const char *user = l->facts->user ? l->facts->user : "user";

	if (etc == NULL || home == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_free char *source = path_join(etc, names[i]);
		cleanup_free char *dest = path_join("/etc", names[i]);
		struct op *op;

		if (source == NULL || dest == NULL)
			return -ENOMEM;
		op = add(l, l->facts->own_etc ? OP_COPY : OP_DATA, source, dest, "the user, and no other of the host");
		if (op == NULL)
			return -ENOMEM;
		op->trust = TRUST_NONE;
		if (l->facts->own_etc)
			continue;
		if (i == 0)
			etc_passwd(&op->data, getuid(), getgid(), user, home);
		else if (i == 1)
			etc_group(&op->data, getgid(), user, NULL, 0);
		else
			etc_nsswitch(&op->data);
		if (op->data.failed)
			return -ENOMEM;
	}
	return 0;
}

/* An empty directory that stays so. */
static int add_empty(struct layout *l, const char *path, const char *why)
{
	int r = done(add(l, OP_TMPFS, NULL, path, why));

	return r < 0 ? r : done(add(l, OP_REMOUNT_RO, NULL, path, why));
}

/*
 * PID 1 is not dumpable, so its files in /proc are root's; for uid 0 the list of its descriptors would be
 * no secret. bwrap executes it through that directory otherwise: here it gets a path.
 */
static int add_hidden_fds(struct layout *l, const char *libexec)
{
	int r = add_child(l, OP_RO, libexec, VB_INIT, VB_RUN_INIT, "PID 1");

	return r < 0 ? r : add_empty(l, "/proc/1/fd", "the descriptors of PID 1");
}

/* Does something lie below dir by its own path? Then dir cannot be a link. */
static bool is_used(const struct facts *x, const char *dir)
{
	bool used = path_is_within(x->cwd, dir);

	for (size_t i = 0; i < x->visible.n; i++)
		used |= path_is_within(x->visible.v[i], dir);
	for (size_t i = 0; i < x->inputs.paths.n; i++)
		used |= path_is_within(x->inputs.paths.v[i], dir);
	for (size_t i = 0; i + 1 < x->inputs.links.n; i += 2)
		used |= path_is_within(x->inputs.links.v[i + 1], dir);
	return used;
}

/* Only /dev/shm takes files (multiprocessing needs it); a made-up /dev/sda could fool what looks for one. */
static int add_dev(struct layout *l)
{
	struct op *shm;
	int r = done(add(l, OP_DEV, NULL, "/dev", "null, zero, full, random, urandom, tty, pts"));

	if (r < 0)
		return r;
	shm = add(l, OP_TMPFS, NULL, "/dev/shm", "private shared memory");
	if (shm == NULL)
		return -ENOMEM;
	shm->mode = 01777;
	return done(add(l, OP_REMOUNT_RO, NULL, "/dev", "no new devices"));
}

static int add_runtime(struct layout *l, const char *libexec)
{
	const struct facts *x = l->facts;
	struct op *op;
	int r;

	r = done(add(l, OP_PROC, NULL, "/proc", "processes of the box"));
	for (size_t i = 0; r == 0 && i < x->proc.n; i++)
		r = add_self(l, OP_RO, x->proc.v[i], "root may write here whatever its capabilities");
	if (r == 0 && x->is_root)
		r = add_hidden_fds(l, libexec);
	if (r == 0)
		r = add_dev(l);
	if (r < 0)
		return r;
	/* Builds are large: pip's /tmp is on disk, anybody else's in memory. */
	op = x->pip_tmp ? add(l, OP_RW, x->pip_tmp, "/tmp", "private /tmp, on disk for builds")
			: add(l, OP_TMPFS, NULL, "/tmp", "private /tmp");
	if (op == NULL)
		return -ENOMEM;
	op->mode = 01777;
	op->trust = TRUST_NONE;
	op->fresh = true;
	return is_used(x, "/var/tmp") ? 0 : done(add(l, OP_SYMLINK, "/tmp", "/var/tmp", "private /tmp"));
}

/* --- project, the user's own, inputs --------------------------------------- */

static int add_user_option(struct layout *l, const struct bwrapopt *opt, char *const *args)
{
	struct op *op;
	int r;

	if (opt->act == BWRAPOPT_BIND && opt->src >= 0 && opt->dest >= 0 && strncmp(opt->name, "--dev-", 6) != 0)
		return add_bind(l, opt->writable ? OP_RW : OP_RO, args[opt->src], args[opt->dest], "your option", opt->optional);
	op = add(l, OP_WORDS, NULL, opt->dest >= 0 ? args[opt->dest] : NULL, "your option");
	if (op == NULL)
		return -ENOMEM;
	r = strv_add(&op->words, opt->name);
	for (unsigned i = 0; r == 0 && i < opt->arity; i++)
		r = strv_add(&op->words, args[i]);
	if (r < 0 || opt->src < 0)
		return r;
	/* bwrap knows no --dev-bind-fd: it gets the path, and PID 1 looks whether that led to what we opened. */
	op->source = strdup(args[opt->src]);
	op->optional = opt->optional;
	op->trust = facts_box_writable(l->facts, l->policy, args[opt->src]) ? TRUST_NONE : TRUST_HOST;
	return op->source == NULL ? -ENOMEM : 0;
}

static bool lies_above(const char *path, const char *project)
{
	return path_is_within(project, path) && strcmp(path, project) != 0;
}

/* The dest of the option at index; --perms and --size go where the option that they shape goes. */
static const char *option_dest(const struct strv *words, size_t at)
{
	while (at < words->n) {
		const struct bwrapopt *opt = bwrapopt_find(words->v[at]);

		if (opt->dest >= 0)
			return words->v[at + 1 + (size_t) opt->dest];
		at += opt->arity + 1;
	}
	return "";
}

/*
 * The user's mounts in their order, but in two halves: what lies above the project
 * comes before it (`--ro-bind /srv /srv` must not hide /srv/project), the rest after.
 */
static int add_user(struct layout *l, bool above_project)
{
	const struct policy *p = l->policy;
	const char *project = p->manifest->project;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->conf->ro.n; i++)
		if (lies_above(p->conf->ro.v[i], project) == above_project)
			r = add_self(l, OP_RO, p->conf->ro.v[i], "your setting ro");
	for (size_t i = 0; r == 0 && i < p->conf->rw.n; i++)
		if (lies_above(p->conf->rw.v[i], project) == above_project)
			r = add_self(l, OP_RW, p->conf->rw.v[i], "your setting rw");
	for (size_t i = 0; r == 0 && i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);
		char *const *args = p->user_mounts.v + i + 1;

		if (lies_above(option_dest(&p->user_mounts, i), project) == above_project)
			r = add_user_option(l, opt, args);
		i += opt->arity + 1;
	}
	return r;
}

/* In the root or in a private /tmp: a link can be made there. Elsewhere the host's own link is seen. */
static bool is_empty_place(const struct plan *p, const char *path)
{
	const struct op *cover = plan_find_cover(p, path);

	return cover == NULL || cover->kind == OP_TMPFS || cover->fresh
		|| (cover->kind == OP_WORDS && strcmp(cover->words.v[0], "--tmpfs") == 0);
}

/* What the box can write, at dest or below it. */
static bool is_writable_place(const struct op *cover)
{
	return cover != NULL && !cover->fresh && cover->source != NULL && (cover->kind == OP_RW || cover->kind == OP_WORDS);
}

/*
 * The directories between what is writable and what is protected below it become mounts of their own: a mount
 * point cannot be renamed, but a directory that only holds one can, and then the name is free for the box.
 */
static int add_pins(struct layout *l, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		cleanup_free char *part = strndup(path, (size_t) (slash - path));
		const struct op *cover = part ? plan_find_cover(l->plan, part) : NULL;
		cleanup_free char *source = NULL;
		int r;

		if (part == NULL)
			return -ENOMEM;
		if (!is_writable_place(cover) || strcmp(cover->dest, part) == 0)
			continue;
		source = path_join(cover->source, path_below(part, cover->dest));
		r = source ? add_bind(l, OP_RW, source, part, "holds the project, a repository or a venv", false) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_project(struct layout *l)
{
	const char *project = l->policy->manifest->project;
	int r = add_pins(l, project);

	return r < 0 ? r : add_self(l, OP_RW, project, "the project");
}

static int add_inputs(struct layout *l)
{
	const struct inputs *in = &l->facts->inputs;
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < in->links.n; i += 2)
		if (is_empty_place(l->plan, in->links.v[i + 1]))
			r = done(add(l, OP_SYMLINK, in->links.v[i], in->links.v[i + 1], "named on the command line"));
	for (size_t i = 0; r == 0 && i < in->paths.n; i++)
		r = add_self(l, OP_RO, in->paths.v[i], "named on the command line");
	return r;
}

/* --- protective mounts, last ------------------------------------------------ */

static int add_caches(struct layout *l, const char *venv, const char *home)
{
	const struct facts *x = l->facts;
	cleanup_free char *cache = path_join(home, ".cache");
	cleanup_free char *pip_cache = cache ? path_join(cache, "pip") : NULL;
	cleanup_free char *state = path_join(venv, VB_STATE);
	int r = 0;

	if (pip_cache == NULL || state == NULL)
		return -ENOMEM;
	if (!l->policy->pip_run)
		r = add_child(l, OP_RW, venv, VB_CACHE, cache, "~/.cache");
	if (r < 0)
		return r;
	if (x->user_cache != NULL)
		return add_bind(l, OP_RW, x->user_cache, pip_cache, "SANDBOX_USE_PIP_CACHE", false);
	return l->policy->pip_run ? add_child(l, OP_RW, state, VB_PIP_CACHE, pip_cache, "pip's own cache") : 0;
}

/* pip may write the venv, but nothing that the host executes or trusts; a pip.conf planted by a program must not steer it: its home is empty. */
static int add_pip_state(struct layout *l, const char *venv, const char *home)
{
	struct op *op;
	int r = add_child(l, OP_RO, venv, VB_STATE, NULL, "the state of venvbox");

	if (r == 0)
		r = add_child(l, OP_RO, venv, "pyvenv.cfg", NULL, "protected");
	if (r == 0)
		r = add_child(l, OP_RO, venv, VB_CACHE, NULL, "protected");
	if (r < 0)
		return r;
	op = add(l, OP_TMPFS, NULL, home, "an empty home for pip");
	if (op == NULL)
		return -ENOMEM;
	op->mode = 0700;
	for (size_t i = 0; i + 1 < l->facts->copies.n; i += 2) {
		op = add(l, OP_COPY, l->facts->copies.v[i], l->facts->copies.v[i + 1], "pip's configuration");
		if (op == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int add_venv(struct layout *l, const char *libexec)
{
	const struct manifest *m = l->policy->manifest;
	bool pip = l->policy->pip_run;
	cleanup_free char *state = path_join(m->venv, VB_STATE);
	cleanup_free char *bin = path_join(m->venv, "bin");
	cleanup_free char *python = bin ? path_join(bin, "python") : NULL;
	cleanup_free char *home = path_join(m->venv, VB_HOME);
	int r;

	if (state == NULL || python == NULL || home == NULL)
		return -ENOMEM;
	r = add_self(l, pip ? OP_RW : OP_RO, m->venv, pip ? "the venv, writable for pip" : "the venv");
	if (r == 0)
		r = add_child(l, pip ? OP_RW : OP_RO, state, VB_INNER_BIN, bin, "commands of the venv as the box sees them");
	if (r == 0)
		r = add_child(l, OP_RO, libexec, m->way == EMBED_STATIC ? VB_PYTHON_STATIC : VB_PYTHON, python, "the interpreter");
	if (r == 0)
		r = pip ? add_pip_state(l, m->venv, home) : add_self(l, OP_RW, home, "HOME, private and kept");
	return r < 0 ? r : add_caches(l, m->venv, home);
}

static int add_mask(struct layout *l, const struct mask *mask)
{
	cleanup_free char *path = path_join(l->policy->manifest->project, mask->name);

	if (path == NULL)
		return -ENOMEM;
	if (mask->state == MASK_NOTHING)
		return 0;
	if (mask->state == MASK_PRESENT)
		return add_self(l, OP_RO, path, "protected");
	if (!mask->is_dir)
		return done(add(l, OP_DATA, "/dev/null", path, "protected, absent"));
	return add_empty(l, path, "protected, absent");
}

static int add_nested(struct layout *l, const char *relative)
{
	cleanup_free char *path = path_join(l->policy->manifest->project, relative);
	int r = path ? add_pins(l, path) : -ENOMEM;

	return r < 0 ? r : add_child(l, OP_RO, l->policy->manifest->project, relative, NULL, "nested repository or venv");
}

static int add_protective(struct layout *l, const char *libexec)
{
	const struct manifest *m = l->policy->manifest;
	const struct facts *x = l->facts;
	int r = add_pins(l, m->venv);

	if (r == 0)
		r = add_venv(l, libexec);
	for (size_t i = 0; r == 0 && i < x->masks.n; i++)
		r = add_mask(l, &x->masks.v[i]);
	for (size_t i = 0; r == 0 && i < x->nested.n; i++)
		r = add_nested(l, x->nested.v[i]);
	return r;
}

/* Plain files that the caller opened for reading: bound, so that they cannot be reopened for writing (design.md, law 6). */
static int add_userfds(struct layout *l, const struct userfds *fds)
{
	for (size_t i = 0; fds != NULL && i < fds->n; i++) {
		char dest[64];
		struct op *op;

		if (fds->v[i].fate != USERFD_REOPEN)
			continue;
		(void) snprintf(dest, sizeof(dest), VB_RUN_FD "/%d", fds->v[i].fd);
		op = add(l, OP_RO, NULL, dest, "a file the caller opened");
		if (op == NULL)
			return -ENOMEM;
		op->fd = fds->v[i].bind_fd;
		op->fd_borrowed = true;
	}
	return 0;
}

/* A working directory outside exists inside, empty (spec S13). */
static int add_cwd(struct layout *l)
{
	const char *cwd = l->policy->chdir ? l->policy->chdir : l->facts->cwd;

	if (strcmp(cwd, "/") == 0 || !is_empty_place(l->plan, cwd))
		return 0;
	return done(add(l, OP_DIR, NULL, cwd, "the working directory, empty"));
}

/* --- options that are no mounts ---------------------------------------------- */

static int add_options(struct layout *l)
{
	static const char *const always[] = {
		"--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try",
		"--disable-userns", "--die-with-parent", "--as-pid-1",
		"--cap-drop", "ALL",
	};
	/* PID 1 empties the bounding set and locks the securebits with it, then drops it (design.md, Sealing). After the user's --cap-drop ALL. */
	static const char *const needed[] = { "--cap-add", "CAP_SETPCAP" };
	struct strv *options = &l->plan->options;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		r = strv_add(options, always[i]);
	if (r == 0 && l->policy->network_unshared)
		r = strv_add(options, "--unshare-net");
	if (r == 0)
		r = strv_add_all(options, &l->policy->cap_words);
	for (size_t i = 0; r == 0 && i < sizeof(needed) / sizeof(needed[0]); i++)
		r = strv_add(options, needed[i]);
	return r < 0 ? r : strv_add_all(options, &l->policy->user_options);
}

int layout_make(const struct policy *p, const struct facts *x, const struct userfds *fds, const char *libexec,
		struct plan *plan, struct failure *f)
{
	struct layout l = { .policy = p, .facts = x, .plan = plan };
	int r = add_options(&l);

	/* Order: design.md, law 9. The working directory comes after all that may hold it, the root's remount after everything. */
	if (r == 0)
		r = add_rows(&l);
	if (r == 0)
		r = add_etc(&l);
	if (r == 0)
		r = add_runtime(&l, libexec);
	if (r == 0)
		r = add_user(&l, true);
	if (r == 0)
		r = add_project(&l);
	if (r == 0)
		r = add_user(&l, false);
	if (r == 0)
		r = add_inputs(&l);
	if (r == 0)
		r = add_protective(&l, libexec);
	if (r == 0)
		r = add_userfds(&l, fds);
	if (r == 0)
		r = add_cwd(&l);
	if (r == 0)
		r = done(add(&l, OP_REMOUNT_RO, NULL, "/", "nothing may be added to the root"));
	return r < 0 ? fail_errno(f, -r, NULL, "cannot lay out the box") : 0;
}
