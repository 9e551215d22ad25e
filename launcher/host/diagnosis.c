/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/diagnosis.h"

#include <errno.h>

#include "common/names.h"
#include "common/path.h"

void diagnosis_init(struct diagnosis *d)
{
	*d = (struct diagnosis) { .tell = { .fd = -1 } };
	watcher_init(&d->watcher, &(struct watched) { 0 });
}

void diagnosis_release(struct diagnosis *d)
{
	watcher_release(&d->watcher);
	tell_release(&d->tell);
	free(d->box_home);
	d->box_home = NULL;
}

static void tell(const struct denial *denial, void *data)
{
	const struct diagnosis *d = data;

	tell_denied(&d->tell, &d->of, denial);
}

int diagnosis_open(struct diagnosis *d, const struct job *job, const struct strv *env, const struct session *s, const struct policy *p,
		   struct facts *x, struct userfds *fds, const char *cwd, struct failure *f)
{
	const char *home;

	tell_init(&d->tell, job, env);
	if (d->tell.form == TELL_NOTHING)
		return 0;
	d->box_home = path_join(s->manifest.venv, VB_HOME);
	if (d->box_home == NULL)
		return -ENOMEM;
	home = inputs_home(&x->inputs);
	d->of = (struct remedy_of) { .venv = s->manifest.venv, .project = s->manifest.project, .box_home = d->box_home,
				     .real_home = home, .own_network = p->network_unshared, .nested = &x->nested };
	watcher_init(&d->watcher, &(struct watched) { .venv = s->manifest.venv, .box_home = d->box_home, .real_home = home,
						      .network_unshared = p->network_unshared, .limits = x->quota.rlimits,
						      .looks = d->tell.form == TELL_LEARNED, .tell = tell, .data = d });
	return tell_open(&d->tell, p, env, fds, cwd, f);
}

struct watcher *diagnosis_watcher(struct diagnosis *d)
{
	return d->tell.form != TELL_NOTHING ? &d->watcher : NULL;
}

void diagnosis_end(const struct diagnosis *d, int wait_status)
{
	tell_summary(&d->tell, &d->of, &d->watcher.denials, wait_status, d->watcher.blind);
}
