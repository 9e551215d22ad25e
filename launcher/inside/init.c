/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-init - PID 1 of the box: executed by bwrap, sealed before anything
 * hostile runs, parent of the payload (design.md, "The four programs").
 */
#include <errno.h>

#include "common/failure.h"
#include "common/names.h"
#include "inside/handover.h"
#include "inside/reap.h"
#include "inside/seal.h"

/* Closed once it is sent: with a copy in the box, a call would wait for a watcher that is gone, instead of being refused. */
static int hand_over_listener(const struct box *b, int listener)
{
	const struct report r = { .kind = REPORT_WATCH };
	int err = wire_send_with(b->channel, &r, sizeof(r), listener);

	(void) close(listener);
	return err;
}

static int seal(struct box *b, struct failure *f)
{
	struct seal s = { .keep_caps = b->orders.keep_caps, .filter_fd = b->filter, .status_fd = -1,
			  .watch = b->orders.watch, .listener = -1 };
	int err = seal_prepare(&s);

	if (err == 0)
		err = seal_apply(&s);
	(void) close(b->filter);
	if (s.status_fd >= 0)
		(void) close(s.status_fd);
	if (err != 0 && s.fact != NULL)
		return fail_msg(f, -err, NULL, "%s: %s", s.what, s.fact);
	if (err != 0)
		return fail_msg(f, -err, NULL, "%s", s.what);
	if (s.listener >= 0)
		err = hand_over_listener(b, s.listener);
	return err != 0 ? err : box_report(b, REPORT_SEALED, s.landlock, 0, NULL);
}

/* Mounts and files are looked at before the seal, while no call is refused; no line of the payload has run either way. */
static int run(struct box *b, struct failure *f)
{
	int err = handover_receive(b, f);

	if (err == 0)
		err = handover_check_mounts(b, f);
	if (err == 0)
		err = handover_open_files(b, f);
	if (err == 0)
		err = seal(b, f);
	if (err == 0)
		err = reap_run(b, f);
	return err;
}

int main(void)
{
	cleanup(failure_release) struct failure f = { 0 };
	struct box b = { .channel = -1, .signals = -1, .filter = -1, .payload = -1 };
	int err = handover_settle(&b, &f);

	/* Before there is a channel, words go where bwrap's go. */
	if (err != 0)
		return failure_print(&f, err);
	err = run(&b, &f);
	/* Without words it was a report that did not get through, or memory. */
	if (err != 0)
		(void) !box_report(&b, REPORT_FAILED, -err, 0, f.what != NULL ? f.what : "its first process cannot go on");
	return err == 0 ? 0 : VB_EXIT_FAILURE;
}
