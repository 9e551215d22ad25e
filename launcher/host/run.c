/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/run.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "host/aftermath.h"
#include "host/caller.h"
#include "host/callfilter.h"
#include "host/diagnosis.h"
#include "host/draft.h"
#include "host/env.h"
#include "host/facts.h"
#include "host/ownfiles.h"
#include "host/payload.h"
#include "host/policy.h"
#include "host/service.h"
#include "host/session.h"
#include "host/shield.h"
#include "host/signals.h"
#include "host/sources.h"
#include "host/supervise.h"
#include "host/unseen.h"
#include "host/userfds.h"

/* All that one run holds; each part is released by its owner's function. */
struct run {
	struct session session;
	struct job job;
	struct policy policy;
	struct facts facts;
	struct userfds fds;
	struct payload payload;
	struct draft draft;
	struct orders orders;
	struct diagnosis diagnosis;
	int argc;
	char **argv;
	struct strv env; /* our own */
	char *cwd;
	int pip_lock;
	int old_mounts; /* shield.h */
	struct caller_signals caller;
	rlim_t files; /* soft RLIMIT_NOFILE of the caller */
	struct timespec started;
};

static void run_init(struct run *run, int argc, char *argv[])
{
	memset(run, 0, sizeof(*run));
	run->argc = argc;
	run->argv = argv;
	session_init(&run->session);
	run->facts.masks.lock_fd = -1;
	run->pip_lock = -1;
	run->old_mounts = -1;
	draft_init(&run->draft);
	diagnosis_init(&run->diagnosis);
}

/* What others would miss. */
static void run_end(struct run *run)
{
	userfds_restore(&run->fds);
	/* Also when the box has failed: a build may have filled the disk. */
	if (run->pip_lock >= 0 && fd_remove_tree(run->session.called.state_fd, VB_PIP_TMP) < 0)
		log_warn("cannot empty '%s/" VB_STATE "/" VB_PIP_TMP "'", run->session.manifest.venv);
}

static void run_release(struct run *run)
{
	run_end(run);
	diagnosis_release(&run->diagnosis);
	facts_release(&run->facts); /* lets the lock go; uses descriptors of the session */
	policy_release(&run->policy);
	payload_release(&run->payload);
	draft_release(&run->draft);
	orders_release(&run->orders);
	userfds_release(&run->fds);
	strv_release(&run->env);
	free(run->cwd);
	session_release(&run->session);
	if (run->pip_lock >= 0)
		(void) close(run->pip_lock);
	if (run->old_mounts >= 0)
		(void) close(run->old_mounts);
}

/* --- before ----------------------------------------------------------------- */

/*
 * A box of many mounts needs many descriptors at once, and the caller's may have numbers above the soft limit, where dup2(2)
 * puts none: ours, bwrap's and PID 1's is the hard one. The program gets back what the caller has.
 */
static int raise_files(struct run *run, struct failure *f)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fail_errno(f, errno, NULL, "cannot tell the limit of open files");
	run->files = limit.rlim_cur;
	run->fds.limit = limit.rlim_max;
	if (limit.rlim_cur == limit.rlim_max)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : fail_errno(f, errno, NULL, "cannot raise the limit of open files");
}

static int collect_fds(struct run *run, struct failure *f)
{
	cleanup_strv struct strv writable = { 0 };
	int listen = strv_getenv(&run->env, "LISTEN_FDS") != NULL ? service_listen_fds(&run->env, getpid()) : 0;
	int r = strv_add(&writable, run->session.manifest.project);

	if (r == 0)
		r = strv_add_all(&writable, &run->session.conf.rw);
	return r < 0 ? r : userfds_collect(&run->fds, &writable, listen, f);
}

/* Decides; nothing on the host has changed when this fails. */
static int decide(struct run *run, struct failure *f)
{
	struct session *s = &run->session;
	int r = session_open(s, f);

	if (r == 0)
		r = caller_cwd(&run->cwd, f);
	if (r < 0)
		return r;
	r = policy_job(&s->called, run->argc, run->argv, run->cwd, &run->job);
	return r < 0 ? r : policy_make(&run->job, &s->manifest, &s->conf, &run->env, &run->policy, f);
}

static const char *start_dir(const struct run *run)
{
	return run->policy.chdir ? run->policy.chdir : run->cwd;
}

static struct draft_of made_from(struct run *run)
{
	return (struct draft_of) { .session = &run->session, .policy = &run->policy, .facts = &run->facts, .fds = &run->fds };
}

/* Takes pip's lock, opens what the box is expected to need. */
static int prepare(struct run *run, struct failure *f)
{
	const struct draft_of of = made_from(run);
	struct session *s = &run->session;
	/* pip's cache is mounted in the box's own; and what pip's run breaks hard links of is looked at before. */
	int r = run->policy.user_pip_cache ? session_make_home(s, f) : 0;

	if (r == 0 && run->job.pip_run)
		r = session_check_sourced(s, f);
	if (r == 0 && run->job.pip_run) {
		run->pip_lock = session_pip_lock(s, f);
		r = run->pip_lock < 0 ? run->pip_lock : ownfiles_look(s->called.venv_fd, s->called.state_fd, &s->manifest, f);
	}
	if (r == 0)
		r = facts_gather(&run->policy, &run->job, run->argv, &run->env, s->called.state_fd, s->project_fd, run->cwd, &run->facts, f);
	if (r == 0)
		r = diagnosis_open(&run->diagnosis, &run->job, &run->env, s, &run->policy, &run->facts, &run->fds, run->cwd, f);
	/* From here on there is something to take away again: a Ctrl-C waits until supervise_run() reads it. */
	if (r == 0)
		r = signals_block(&run->caller);
	if (r == 0)
		r = collect_fds(run, f);
	return r < 0 ? r : draft_make(&run->draft, &of, f);
}

/* --- the run ------------------------------------------------------------------ */

static int payload_memfd(const struct payload *p)
{
	cleanup_buf struct buf text = { 0 };
	int r = payload_pack(&p->argv, &p->env, &text);

	return r < 0 ? r : fd_memfd("venvbox-payload", text.data, text.len);
}

static int fill_orders(struct run *run)
{
	run->orders.keep_caps = run->policy.keep_caps;
	run->orders.files = run->files;
	run->orders.watch = diagnosis_watcher(&run->diagnosis) != NULL;
	memcpy(run->orders.limits, run->facts.quota.rlimits, sizeof(run->orders.limits));
	run->orders.cwd = strdup(start_dir(run));
	run->orders.program = strdup(run->payload.program);
	run->orders.base = run->job.kind == JOB_PYTHON && run->session.manifest.way == EMBED_EXEC;
	return run->orders.cwd && run->orders.program ? 0 : -ENOMEM;
}

/* Nobody else asks for it. */
static int name_left_out(struct run *run)
{
	if (run->diagnosis.tell.form == TELL_NOTHING || run->policy.clear_env)
		return 0;
	return env_left_out(&run->env, &run->payload.env, &run->payload.withheld, &run->payload.left_out);
}

/* A service that cannot say that it is ready is ended by its manager, which cannot say why. A service leads its session; what merely inherited the variable does not. */
static void say_deaf(const struct run *run)
{
	const char *path = strv_getenv(&run->payload.env, "NOTIFY_SOCKET");
	cleanup_buf struct buf text = { 0 };

	if (path != NULL && path_is_clean(path) && getsid(0) == getpid() && !unseen_is_seen(&run->policy, &run->facts, path))
		log_warn("the service manager's NOTIFY_SOCKET '%s' is not in the box: %s (and NotifyAccess=all in the unit)", path,
			 log_command(&text, run->session.manifest.venv, "--rw", path));
}

/* What cannot be written, to a full disk or a closed pipe, is no reason not to run. */
static void say_before(const struct run *run)
{
	for (size_t i = 0; i < run->payload.warnings.n; i++)
		log_warn("%s/.env: %s", run->session.manifest.project, run->payload.warnings.v[i]);
	for (size_t i = 0; i < run->facts.inputs.refused.n; i++)
		log_warn("'%s' is not shown to the box: it holds the project or your home", run->facts.inputs.refused.v[i]);
	for (size_t i = 0; i < run->facts.inputs.unasked.n; i++)
		log_warn("'%s' is not shown to the box: a requirements file names it, and it does not lie beside that (name it on the command line, or see --ro)",
			 run->facts.inputs.unasked.v[i]);
	say_deaf(run);
	tell_before(&run->diagnosis.tell, &(struct verbose_of) { .session = &run->session, .policy = &run->policy, .quota = &run->facts.quota,
								 .plan = &run->draft.plan, .payload = &run->payload });
}

/* launch.offer */
static int offer_box(struct launch *l, void *data, struct failure *f)
{
	struct run *run = data;
	const struct draft_of of = made_from(run);

	return draft_offer(&run->draft, &of, l, f);
}

/* launch.settle */
static int settle_box(struct launch *l, void *data, struct failure *f)
{
	struct run *run = data;
	const struct draft_of of = made_from(run);
	int r = draft_settle(&run->draft, &of, l, f);

	/* After the masks, which are not the program's. */
	(void) clock_gettime(CLOCK_REALTIME_COARSE, &run->started);
	return r;
}

/* launch.ended */
static void box_is_dead(void *data)
{
	struct run *run = data;

	aftermath_end_masks(&run->session, &run->facts);
}

/* What PID 1 gets: launch.complete. The descriptors are closed by carry_out(). */
static int complete(struct launch *l, void *data, struct failure *f)
{
	struct run *run = data;
	const struct session *s = &run->session;
	int r = payload_make(s, &run->job, &run->policy, run->argc, run->argv, &run->env, start_dir(run), &run->payload, f);

	if (r < 0)
		return r;
	r = name_left_out(run);
	if (r < 0)
		return r;
	say_before(run);
	r = fill_orders(run);
	if (r == 0)
		r = sources_order(&run->draft.plan, &run->orders, f);
	if (r < 0)
		return r;
	plan_release(&run->draft.plan); /* now, not when somebody waits for our end */
	l->payload_fd = payload_memfd(&run->payload);
	if (l->payload_fd < 0)
		return fail_errno(f, -l->payload_fd, NULL, "cannot make a file in memory");
	l->filter_fd = callfilter_open(&s->manifest, s->called.state_fd, s->libexec, run->policy.allow_calls, f);
	return l->filter_fd < 0 ? l->filter_fd : 0;
}

static int carry_out(struct run *run, struct outcome *o, struct failure *f)
{
	struct launch l = { .bwrap = VB_BWRAP, .orders = &run->orders, .fds = &run->fds, .caller = &run->caller,
			    .offer = offer_box, .settle = settle_box, .complete = complete, .ended = box_is_dead, .data = run, .payload_fd = -1, .filter_fd = -1,
			    .init_path = run->facts.is_root ? VB_RUN_INIT : NULL,
			    .tell = &run->diagnosis.tell, .watcher = diagnosis_watcher(&run->diagnosis) };
	int r;

	(void) clock_gettime(CLOCK_REALTIME_COARSE, &run->started);
	r = supervise_run(&l, o, f);
	cleanup_fd_fn(&l.payload_fd);
	cleanup_fd_fn(&l.filter_fd);
	return r;
}

/* --- the whole ------------------------------------------------------------------ */

static void say_exec_failed(const struct run *run, const struct outcome *o)
{
	struct failure f = { 0 };

	(void) fail_errno(&f, o->exec_errno, *o->exec_words ? o->exec_words : NULL, "cannot run '%s'", run->payload.program);
	(void) failure_print(&f, o->exec_errno);
	failure_release(&f);
}

/* A program that failed for want of what we did not show said so in its own words. */
static void say_unseen(const struct run *run, const struct outcome *o)
{
	struct failure f = { 0 };

	if (o->exec_errno != 0 || !WIFEXITED(o->wait_status) || WEXITSTATUS(o->wait_status) == 0 || run->job.pip_run)
		return;
	if (unseen_find(&run->policy, &run->facts, &run->job, run->argv, &f) > 0)
		(void) failure_print(&f, -ENOENT);
	failure_release(&f);
}

/* The filter answers for itself (design.md, law 8); an environment variable would be anybody's word. */
static int check_outside(struct failure *f)
{
	if (prctl(VB_PRCTL_SEALED, 0, 0, 0, 0) == 0 || errno != VB_ERRNO_SEALED)
		return 0;
	return fail_msg(f, EPERM, "run it from a shell outside; the box that you are in holds for what it starts",
			"no box can be made inside a box");
}

static int settle(struct run *run, const struct outcome *o, int ended, struct failure *f)
{
	const struct aftermath a = { .session = &run->session, .outcome = o, .facts = &run->facts, .env = &run->env,
				     .started = run->started, .pip_run = run->job.pip_run, .tell = &run->diagnosis.tell };

	return aftermath_settle(&a, ended, f);
}

static int run_steps(struct run *run, struct outcome *o, struct failure *f)
{
	int r = userfds_reserve(&run->fds);

	if (r == 0)
		r = raise_files(run, f);
	if (r == 0)
		r = userfds_list(&run->fds, f);
	if (r == 0)
		r = check_outside(f);
	/* Before anything is opened that a box gets. */
	if (r == 0)
		r = shield_devices(&run->old_mounts, f);
	if (r == 0)
		r = caller_environment(&run->env);
	if (r == 0)
		r = venv_find((const char *) getauxval(AT_EXECFN), run->argv, strv_getenv(&run->env, "PATH"), &run->session.called, f);
	if (r == 0)
		r = decide(run, f);
	if (r == 0)
		r = prepare(run, f);
	if (r < 0)
		return r;
	r = carry_out(run, o, f);
	if (r == 0)
		diagnosis_end(&run->diagnosis, o->wait_status);
	if (r == 0 && o->exec_errno != 0)
		say_exec_failed(run, o);
	else if (r == 0)
		say_unseen(run, o);
	return settle(run, o, r, f);
}

int run_payload(int argc, char *argv[])
{
	struct outcome outcome = { 0 };
	struct failure f = { 0 };
	struct run run;
	int r;

	run_init(&run, argc, argv);
	r = run_steps(&run, &outcome, &f);
	if (r < 0) {
		int status = failure_print(&f, r);

		failure_release(&f);
		run_release(&run);
		return status;
	}
	run_end(&run);
	supervise_end(&outcome); /* the kernel is faster in giving back the rest */
}
