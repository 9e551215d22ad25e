/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/names.h"
#include "common/path.h"
#include "host/layout_part.h"
#include "stubs/etc.h"

static int add_rows(struct layout *l)
{
	const struct manifest *m = l->policy->manifest;

	for (size_t i = 0; i < m->n_mounts; i++) {
		const struct mount_row *row = &m->mounts[i];
		struct op *op;

		if (l->policy->profile == PROFILE_SYSTEM ? !row->in_system : !row->in_minimal)
			continue;
		op = layout_add(l, row->kind == MOUNT_RO ? OP_RO : row->kind == MOUNT_COPY ? OP_COPY : OP_SYMLINK,
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
	cleanup_free char *state = path_join(l->policy->manifest->venv, VB_STATE);
	cleanup_free char *etc = state ? path_join(state, VB_ETC) : NULL;
	cleanup_free char *home = path_join(l->policy->manifest->venv, VB_HOME);
	const char *user = l->facts->user ? l->facts->user : "user";

	if (etc == NULL || home == NULL)
		return -ENOMEM;
	for (size_t i = 0; etc_files[i] != NULL; i++) {
		cleanup_free char *source = path_join(etc, etc_files[i]);
		cleanup_free char *dest = path_join("/etc", etc_files[i]);
		struct op *op;

		if (source == NULL || dest == NULL)
			return -ENOMEM;
		op = layout_add(l, l->facts->own_etc ? OP_COPY : OP_DATA, source, dest, "the user, and no other of the host");
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

/*
 * PID 1 is not dumpable, so its files in /proc are root's; for uid 0 the list of its descriptors would be
 * no secret. bwrap executes it through that directory otherwise: here it gets a path.
 */
static int add_hidden_fds(struct layout *l, const char *libexec)
{
	static const char why[] = "the descriptors of PID 1";
	struct op *op;
	int r = layout_child(l, OP_RO, libexec, VB_INIT, VB_RUN_INIT, "PID 1");

	if (r < 0)
		return r;
	op = layout_add(l, OP_TMPFS, NULL, "/proc/1/fd", why);
	if (op == NULL)
		return -ENOMEM;
	op->mode = 0111; /* not even an empty list, as for anybody else */
	return layout_done(layout_add(l, OP_REMOUNT_RO, NULL, "/proc/1/fd", why));
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

/* Only /dev/shm takes files (multiprocessing needs it): layout_seal_dev(). */
static int add_dev(struct layout *l)
{
	struct op *shm;
	int r = layout_done(layout_add(l, OP_DEV, NULL, "/dev", "null, zero, full, random, urandom, tty, pts"));

	if (r < 0)
		return r;
	shm = layout_add(l, OP_TMPFS, NULL, "/dev/shm", "private shared memory");
	if (shm == NULL)
		return -ENOMEM;
	shm->mode = 01777;
	shm->size = l->facts->quota.shm;
	return 0;
}

int layout_seal_dev(struct layout *l)
{
	const struct op *cover = plan_find_cover(l->plan, "/dev");

	/* What is optional may be left out, and ours would lie open. */
	if (cover == NULL || (cover->kind != OP_DEV && !cover->optional))
		return 0;
	return layout_done(layout_add(l, OP_REMOUNT_RO, NULL, "/dev", "no new devices"));
}

/* Before /proc/sys is covered; afterwards nobody in the box can change it. */
static int add_pid_max(struct layout *l)
{
	struct op *op;

	if (l->facts->quota.pid_max == 0)
		return 0;
	op = layout_add(l, OP_SET, NULL, "/proc/sys/kernel/pid_max", "how many processes root may have");
	if (op == NULL)
		return -ENOMEM;
	buf_printf(&op->data, "%" PRIu64 "\n", l->facts->quota.pid_max);
	return op->data.failed ? -ENOMEM : 0;
}

static int add_runtime(struct layout *l, const char *libexec)
{
	const struct facts *x = l->facts;
	struct op *op;
	int r;

	r = layout_done(layout_add(l, OP_PROC, NULL, "/proc", "processes of the box"));
	if (r == 0)
		r = add_pid_max(l);
	for (size_t i = 0; r == 0 && i < x->proc.n; i++)
		r = layout_self(l, OP_RO, x->proc.v[i], "root may write here whatever its capabilities");
	if (r == 0 && x->is_root)
		r = add_hidden_fds(l, libexec);
	/*
	 * /proc/self/autogroup is the priority of the whole session, the user's shell included (sched(7)); and what mode root
	 * gives a file of /proc it has on the host too.
	 */
	if (r == 0)
		r = layout_done(layout_add(l, OP_REMOUNT_RO, NULL, "/proc", "the session's priority, and modes of the host's files"));
	if (r == 0)
		r = add_dev(l);
	if (r < 0)
		return r;
	/* Builds are large: pip's /tmp is on disk, anybody else's in memory. */
	op = x->pip_tmp ? layout_add(l, OP_RW, x->pip_tmp, "/tmp", "private /tmp, on disk for builds")
			: layout_add(l, OP_TMPFS, NULL, "/tmp", "private /tmp");
	if (op == NULL)
		return -ENOMEM;
	op->mode = 01777;
	op->size = x->quota.tmp;
	op->trust = TRUST_NONE;
	op->fresh = true;
	return is_used(x, "/var/tmp") ? 0 : layout_done(layout_add(l, OP_SYMLINK, "/tmp", "/var/tmp", "private /tmp"));
}

int layout_system(struct layout *l, const char *libexec)
{
	int r = add_rows(l);

	if (r == 0)
		r = add_etc(l);
	return r < 0 ? r : add_runtime(l, libexec);
}
