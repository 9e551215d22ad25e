/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/show.h"

#include <string.h>

#include "common/fd.h"
#include "common/path.h"
#include "host/bwrap.h"
#include "host/caller.h"
#include "host/explain.h"
#include "host/layout.h"
#include "host/payload.h"
#include "host/session.h"

struct show {
	struct session session;
	struct strv env;
	char *cwd;
	struct explained_box program, pip;
	struct payload payload;
};

static void show_init(struct show *s)
{
	memset(s, 0, sizeof(*s));
	session_init(&s->session);
	s->program.facts.masks.lock_fd = -1;
	s->pip.facts.masks.lock_fd = -1;
}

static void explained_box_release(struct explained_box *box)
{
	facts_release(&box->facts);
	policy_release(&box->policy);
	plan_release(&box->plan);
}

static void show_release(struct show *s)
{
	explained_box_release(&s->program);
	explained_box_release(&s->pip);
	payload_release(&s->payload);
	strv_release(&s->env);
	free(s->cwd);
	session_release(&s->session);
}

/* --- what a run would get ------------------------------------------------------------ */

static int open_session(struct show *s, const char *venv, struct failure *f)
{
	int r = caller_environment(&s->env);

	if (r == 0)
		r = called_open(venv, "python", &s->session.called, f);
	if (r == 0)
		r = session_open(&s->session, f);
	if (r == 0)
		r = session_check_sourced(&s->session, f);
	return r < 0 ? r : caller_cwd(&s->cwd, f);
}

static int make_box(struct show *s, const struct job *job, char *const argv[], struct explained_box *box, struct failure *f)
{
	const struct session *session = &s->session;
	int r = policy_make(job, &session->manifest, &session->conf, &s->env, &box->policy, f);

	box->policy.look_only = true;
	if (r == 0)
		r = facts_gather(&box->policy, job, argv, &s->env, session->called.state_fd, session->project_fd, s->cwd, &box->facts, f);
	if (r == 0)
		r = facts_find_nested(&box->policy, session->project_fd, &box->facts, f);
	if (r >= 0)
		r = masks_begin(&box->facts.masks, session->called.state_fd, session->project_fd, session->manifest.project,
				policy_protected, &session->conf.unprotect, true, f);
	return r < 0 ? r : layout_make(&box->policy, &box->facts, NULL, session->libexec, &box->plan, f);
}

static int make_program(struct show *s, struct job *job, struct failure *f)
{
	char *argv[] = { (char *) "python", NULL };
	int r = policy_job(&s->session.called, 1, argv, s->cwd, job);

	return r < 0 ? r : make_box(s, job, argv, &s->program, f);
}

static int make_pip(struct show *s, struct failure *f)
{
	const struct job job = { .kind = JOB_COMMAND, .pip_run = true, .cwd = s->cwd };
	char *argv[] = { (char *) "pip", NULL };

	return make_box(s, &job, argv, &s->pip, f);
}

/* What the caller's variables and .env come to. */
static int make_payload(struct show *s, const struct job *job, struct failure *f)
{
	char *argv[] = { (char *) "python", NULL };

	return payload_make(&s->session, job, &s->program.policy, 1, argv, &s->env, s->cwd, &s->payload, f);
}

/* --- words ------------------------------------------------------------------------------ */

static int plan_steps(struct show *s, const char *venv, struct buf *out, struct failure *f)
{
	struct job job;
	int r = open_session(s, venv, f);

	if (r == 0)
		r = make_program(s, &job, f);
	return r < 0 ? r : bwrap_print(&s->program.plan, VB_BWRAP, out);
}

static int explain(struct show *s, const char *path, struct buf *out, struct failure *f)
{
	cleanup_free char *clean = path_clean(s->cwd, path != NULL ? path : "");
	const struct explained e = { .program = &s->program, .pip = &s->pip, .env = &s->env, .withheld = &s->payload.withheld,
				     .ignored = &s->payload.warnings, .home = inputs_home(&s->program.facts.inputs) };

	if (clean == NULL)
		return -ENOMEM;
	return path != NULL ? explain_path(&e, clean, out, f) : explain_policy(&e, out);
}

static int explanation_steps(struct show *s, const char *venv, const char *path, struct buf *out, struct failure *f)
{
	struct job job;
	int r = open_session(s, venv, f);

	if (r == 0)
		r = make_program(s, &job, f);
	if (r == 0)
		r = make_pip(s, f);
	if (r == 0)
		r = make_payload(s, &job, f);
	if (r < 0)
		return r;
	seen_prune(&s->program.plan);
	seen_prune(&s->pip.plan);
	return explain(s, path, out, f);
}

static int finish(struct show *s, int r, const struct buf *out, struct failure *f)
{
	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, out->data, out->len);
	if (r < 0)
		r = failure_print(f, r);
	failure_release(f);
	show_release(s);
	return r;
}

int show_plan(const char *venv)
{
	cleanup_buf struct buf out = { 0 };
	struct failure f = { 0 };
	struct show s;

	show_init(&s);
	return finish(&s, plan_steps(&s, venv, &out, &f), &out, &f);
}

int show_explanation(const char *venv, const char *path)
{
	cleanup_buf struct buf out = { 0 };
	struct failure f = { 0 };
	struct show s;

	show_init(&s);
	return finish(&s, explanation_steps(&s, venv, path, &out, &f), &out, &f);
}
