/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/draft.h"

#include <string.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "host/bwrap.h"
#include "host/layout.h"
#include "host/sources.h"

void draft_init(struct draft *d)
{
	*d = (struct draft) { .options_fd = -1, .args_fd = -1, .init_fd = -1 };
}

static void withdraw(struct draft *d)
{
	close_fd(&d->options_fd);
	close_fd(&d->args_fd);
	close_fd(&d->init_fd);
	free(d->bwrap_fds);
	d->bwrap_fds = NULL;
}

void draft_release(struct draft *d)
{
	withdraw(d);
	fold_release(&d->fold);
	plan_release(&d->plan);
}

/* --- what is expected ---------------------------------------------------------------- */

static int begin_masks(const struct draft_of *of, bool look_only, struct failure *f)
{
	const struct session *s = of->session;

	return masks_begin(&of->facts->masks, s->called.state_fd, s->project_fd, s->manifest.project, policy_protected, &s->conf.unprotect,
			   look_only, f);
}

/* Only for whoever installed: a user could have written there what root's box is to have in /etc and to execute; and another user has another passwd. */
static int fold(struct draft *d, const struct draft_of *of, struct failure *f)
{
	cleanup_free char *state = path_join(of->session->manifest.venv, VB_STATE);
	int r = state ? 0 : -ENOMEM;

	if (r == 0 && of->facts->own_etc)
		r = fold_plan(&d->plan, of->session->called.state_fd, state, d->settled ? NULL : &d->fold);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot lay out the box") : 0;
}

/* In the place of what was laid out before. */
static int lay_out(struct draft *d, const struct draft_of *of, struct failure *f)
{
	int r;

	plan_release(&d->plan);
	r = layout_make(of->policy, of->facts, of->fds, of->session->libexec, &d->plan, f);

	if (r == 0)
		r = fold(d, of, f);
	return r < 0 ? r : sources_open(&d->plan, f);
}

/* 0: it is as expected, 1: it is not. The masks are in place then, and nobody takes them away. */
static int ask(const struct draft *d, const struct draft_of *of, struct failure *f)
{
	const struct session *s = of->session;
	const struct masks expected = of->facts->masks;
	int r = session_make_home(s, f);
	int other;

	if (r == 0)
		r = session_check_sourced(s, f);
	if (r < 0)
		return r;
	other = facts_find_nested(of->policy, s->project_fd, of->facts, f);
	if (other < 0)
		return other;
	r = begin_masks(of, false, f);
	if (r < 0)
		return r;
	return other == 0 && masks_are_alike(&expected, &of->facts->masks) && fold_holds(d->fold) ? 0 : 1;
}

/* Nothing is expected any more: what is laid out from now on is what was asked. */
static int settle(struct draft *d, const struct draft_of *of, struct failure *f)
{
	int r = ask(d, of, f);

	d->settled = true;
	fold_release(&d->fold);
	return r;
}

int draft_make(struct draft *d, const struct draft_of *of, struct failure *f)
{
	int r = begin_masks(of, true, f);

	if (r < 0)
		return r;
	r = lay_out(d, of, f);
	if (r != -ENOENT && r != -ENOTDIR)
		return r;
	/* The user has removed the box's home, or another venv's box has ended and taken its masks away: without expectations, then. */
	failure_release(f);
	r = settle(d, of, f);
	return r < 0 ? r : lay_out(d, of, f);
}

/* --- what bwrap is started with ------------------------------------------------------- */

static int open_options(struct draft *d)
{
	int ends[2];

	/* The other end is marked close-on-exec with all that bwrap is not to have: spawn_box(). */
	if (pipe(ends) < 0)
		return -errno;
	d->options_fd = ends[1];
	d->args_fd = sources_lift(ends[0]);
	return d->args_fd < 0 ? d->args_fd : 0;
}

static int open_init(struct draft *d, const struct draft_of *of, struct failure *f)
{
	cleanup_free char *init = path_join(of->session->libexec, VB_INIT);

	if (init == NULL)
		return -ENOMEM;
	d->init_fd = sources_open_program(init);
	return d->init_fd < 0 ? fail_errno(f, -d->init_fd, "install venvbox again", "cannot open '%s'", init) : 0;
}

int draft_offer(struct draft *d, const struct draft_of *of, struct launch *l, struct failure *f)
{
	int r;

	withdraw(d);
	r = open_options(d);
	if (r == 0)
		r = bwrap_fds(&d->plan, &d->bwrap_fds, &l->n_bwrap_fds);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot prepare the start of '%s'", l->bwrap);
	l->args_fd = d->args_fd;
	l->bwrap_fds = d->bwrap_fds;
	r = open_init(d, of, f);
	l->init_fd = d->init_fd;
	return r;
}

/* --- what bwrap is told --------------------------------------------------------------- */

/* NUL after each. A bwrap that has failed reads them no more, and says why in its own words. */
static int send_options(struct draft *d)
{
	cleanup_strv struct strv words = { 0 };
	cleanup_buf struct buf text = { 0 };
	int r = bwrap_words(&d->plan, &words);

	for (size_t i = 0; r == 0 && i < words.n; i++)
		buf_add(&text, words.v[i], strlen(words.v[i]) + 1);
	if (r == 0 && text.failed)
		r = -ENOMEM;
	if (r < 0)
		return r;
	close_fd(&d->args_fd); /* or a write(2) to a bwrap that is gone would wait for ever */
	r = fd_write_all(d->options_fd, text.data, text.len);
	close_fd(&d->options_fd);
	return r == -EPIPE ? 0 : r;
}

int draft_settle(struct draft *d, const struct draft_of *of, struct launch *l, struct failure *f)
{
	int r = d->settled ? 0 : settle(d, of, f);

	if (r > 0) {
		r = lay_out(d, of, f);
		return r < 0 ? r : 1;
	}
	if (r == 0)
		r = sources_check_dests(&d->plan, f);
	if (r < 0)
		return r;
	r = send_options(d);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot tell '%s' its options", l->bwrap) : 0;
}
