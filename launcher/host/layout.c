/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/layout.h"

#include <stdio.h>
#include <string.h>

#include "common/bwrapopt.h"
#include "common/names.h"
#include "common/path.h"
#include "host/layout_part.h"

static int add_user_option(struct layout *l, const struct bwrapopt *opt, char *const *args, const char *why)
{
	struct op *op;
	int r;

	if (opt->act == BWRAPOPT_BIND && opt->src >= 0 && opt->dest >= 0 && strncmp(opt->name, "--dev-", 6) != 0)
		return layout_bind(l, opt->writable ? OP_RW : OP_RO, args[opt->src], args[opt->dest], why, opt->optional);
	op = layout_add(l, OP_WORDS, NULL, opt->dest >= 0 ? args[opt->dest] : NULL, why);
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
			r = layout_self(l, OP_RO, p->conf->ro.v[i], "your setting ro");
	for (size_t i = 0; r == 0 && i < p->conf->rw.n; i++)
		if (lies_above(p->conf->rw.v[i], project) == above_project)
			r = layout_self(l, OP_RW, p->conf->rw.v[i], "your setting rw");
	for (size_t i = 0; r == 0 && i < p->user_mounts.n;) {
		const struct bwrapopt *opt = bwrapopt_find(p->user_mounts.v[i]);
		char *const *args = p->user_mounts.v + i + 1;

		if (lies_above(option_dest(&p->user_mounts, i), project) == above_project)
			r = add_user_option(l, opt, args, i < p->kept_mounts ? "your option, kept with the venv" : "your option in BWRAP_ARGS");
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

static int add_project(struct layout *l)
{
	const char *project = l->policy->manifest->project;
	int r = layout_pins(l, project);

	return r < 0 ? r : layout_self(l, OP_RW, project, "the project");
}

static int add_inputs(struct layout *l)
{
	static const char why[] = "named on the command line, by a variable or in pip.conf";
	const struct inputs *in = &l->facts->inputs;
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < in->links.n; i += 2)
		if (is_empty_place(l->plan, in->links.v[i + 1]))
			r = layout_done(layout_add(l, OP_SYMLINK, in->links.v[i], in->links.v[i + 1], why));
	for (size_t i = 0; r == 0 && i < in->dirs.n; i++)
		if (is_empty_place(l->plan, in->dirs.v[i]))
			r = layout_done(layout_add(l, OP_DIR, NULL, in->dirs.v[i], why));
	for (size_t i = 0; r == 0 && i < in->paths.n; i++)
		r = layout_self(l, OP_RO, in->paths.v[i], why);
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
		op = layout_add(l, OP_RO, NULL, dest, "a file the caller opened");
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
	return layout_done(layout_add(l, OP_DIR, NULL, cwd, "the working directory, empty"));
}

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
		r = layout_system(&l, libexec);
	if (r == 0)
		r = add_user(&l, true);
	if (r == 0)
		r = add_project(&l);
	if (r == 0)
		r = add_user(&l, false);
	if (r == 0)
		r = add_inputs(&l);
	if (r == 0)
		r = layout_seal_dev(&l);
	if (r == 0)
		r = layout_protective(&l, libexec);
	if (r == 0)
		r = add_userfds(&l, fds);
	if (r == 0)
		r = add_cwd(&l);
	if (r == 0)
		r = layout_done(layout_add(&l, OP_REMOUNT_RO, NULL, "/", "nothing may be added to the root"));
	return r < 0 ? fail_errno(f, -r, NULL, "cannot lay out the box") : 0;
}
