/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/aftermath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/names.h"
#include "common/path.h"
#include "host/appeared.h"
#include "host/editable.h"
#include "host/nested.h"
#include "host/ownfiles.h"
#include "host/policy.h"
#include "stubs/publish.h"

/*
 * Without its link the name means the next one in PATH: what was `pytest` in a box runs the project's code on the host. A
 * package can see to that as well as the user.
 */
static void say_uncovered(const struct strv *env, const char *name)
{
	const char *path = strv_getenv(env, "PATH");
	cleanup_free char *dirs = strdup(path != NULL ? path : "");
	char *rest = dirs, *dir;

	while (dirs != NULL && (dir = strsep(&rest, ":")) != NULL) {
		cleanup_free char *other = *dir == '/' ? path_join(dir, name) : NULL;

		if (other == NULL || access(other, X_OK) != 0)
			continue;
		log_warn("'%s' is gone from the venv: the name now means '%s', which runs in no box", name, other);
		return;
	}
}

static int publish(const struct aftermath *a, struct failure *f)
{
	const struct session *s = a->session;
	cleanup_free char *launcher = path_join(s->libexec, VB_LAUNCHER);
	cleanup_fd int bin = fd_open_below(s->called.venv_fd, "bin", O_RDONLY | O_DIRECTORY);
	cleanup_fd int inner = fd_open_below(s->called.state_fd, VB_INNER_BIN, O_RDONLY | O_DIRECTORY);
	struct publish_report report = { 0 };
	struct publish_input in = {
		.bin_fd = bin, .inner_fd = inner, .launcher = launcher, .venv = s->manifest.venv,
		.recorded = &s->manifest.recorded, .allowed = &s->conf.publish,
	};
	int r;

	if (launcher == NULL)
		return -ENOMEM;
	if (bin < 0 || inner < 0)
		return fail_errno(f, bin < 0 ? -bin : -inner, NULL, "cannot open the commands of '%s'", s->manifest.venv);
	r = publish_sync(&in, &report, f);
	for (size_t i = 0; i < report.held_back.n; i++)
		log_warn("not published: %s", report.held_back.v[i]);
	for (size_t i = 0; i < report.removed.n; i++)
		say_uncovered(a->env, report.removed.v[i]);
	publish_report_release(&report);
	return r;
}

/* tox and nox make venvs and come back to them: who meets the protection then must have been told how to lift it. */
static void say_appeared(const char *project, const char *found)
{
	const char *base = path_base(found);
	int len = (int) (base - found) - 1;

	if (strcmp(base, "pyvenv.cfg") == 0 && len > 0)
		log_warn("'%s/%s' appeared or changed during this run: programs outside the box may execute or obey it; from the next run on '%.*s' is read-only (see --unprotect)",
			 project, found, len, found);
	else
		log_warn("'%s/%s' appeared or changed during this run: programs outside the box may execute or obey it", project, found);
}

/* What is new is said; a repository or venv that was there before is known from now on. */
static int look_after(const struct aftermath *a)
{
	const struct manifest *m = &a->session->manifest;
	cleanup_strv struct strv known = { 0 };
	struct appeared seen = { 0 };
	/* What was protected in this run, and no more: one that was known and gone may be a box's by now. */
	int r = strv_add_all(&known, &a->facts->nested);

	if (r == 0)
		r = strv_add_all(&known, &a->session->conf.unprotect);
	for (size_t i = 0; r == 0 && policy_protected[i].name != NULL; i++)
		r = strv_add(&known, policy_protected[i].name);
	if (r == 0)
		r = appeared_scan(a->session->project_fd, &a->started, &known, path_below(m->venv, m->project), &seen);
	for (size_t i = 0; r == 0 && i < seen.found.n; i++)
		say_appeared(m->project, seen.found.v[i]);
	if (r == 0 && seen.unread)
		tell_unread(a->tell);
	if (r == 0)
		r = strv_add_all(&seen.nested, &a->facts->fresh);
	if (r == 0)
		r = nested_learn(a->session->called.state_fd, &seen.nested);
	appeared_release(&seen);
	return r == -EROFS || r == -EACCES ? 0 : r;
}

/* What was installed with -e is seen from now on; a build that writes beside its sources, as setuptools does, cannot. */
static void settle_editables(const struct aftermath *a)
{
	const struct outcome *o = a->outcome;
	const struct strv *named = &a->facts->editables;
	cleanup_strv struct strv fresh = { 0 };
	cleanup_buf struct buf text = { 0 };
	struct failure f = { 0 };

	if (named->n == 0 || o->exec_errno != 0 || !WIFEXITED(o->wait_status))
		return;
	if (WEXITSTATUS(o->wait_status) != 0) {
		(void) fail_msg(&f, EROFS, NULL, "the box sees '%s' read-only, and some builds write there", named->v[0]);
		fail_hint(&f, "%s lets this one write; --ro afterwards, read", log_command(&text, a->session->manifest.venv, "--rw", named->v[0]));
		(void) failure_print(&f, -EROFS);
		failure_release(&f);
		return;
	}
	if (editable_learn(a->session->called.state_fd, named, &fresh) < 0)
		log_warn("later runs do not see '%s': %s", named->v[0], log_command(&text, a->session->manifest.venv, "--ro", named->v[0]));
	for (size_t i = 0; i < fresh.n; i++)
		log_warn("later runs see '%s', read-only, for you installed it with -e", fresh.v[i]);
}

void aftermath_end_masks(const struct session *s, struct facts *x)
{
	int r = masks_end(&x->masks);

	if (r == -EBUSY)
		log_warn("what was put into '%s' under a masked name just when the box ended lies in '%s/" VB_STATE "/" VB_SPARE "'",
			 s->manifest.project, s->manifest.venv);
	else if (r < 0)
		log_warn("cannot take the names away again that were masked in '%s': %s; the next run does",
			 s->manifest.project, strerror(-r));
}

/* Whatever the payload did: the venv is left in order, and the user told what he must know. */
static int tidy(const struct aftermath *a, struct failure *f)
{
	int r = 0;

	settle_editables(a);
	if (a->pip_run) {
		ownfiles_note(a->session->called.venv_fd, a->session->called.state_fd, &a->session->manifest);
		r = publish(a, f);
	}
	aftermath_end_masks(a->session, a->facts);
	/* The program has ended as it has: what we could not see or remember changes nothing about that. */
	if (look_after(a) < 0)
		log_warn("cannot look for repositories and venvs that appeared in '%s'", a->session->manifest.project);
	return r;
}

int aftermath_settle(const struct aftermath *a, int ended, struct failure *f)
{
	if (ended == 0)
		return tidy(a, f);
	if (a->pip_run)
		(void) !publish(a, NULL);
	return ended;
}
