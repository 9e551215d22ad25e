/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/supervise.h"

#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/log.h"
#include "host/box.h"
#include "host/forward.h"
#include "host/handout.h"
#include "host/relay.h"
#include "host/signals.h"
#include "host/stop.h"
#include "host/tty.h"

/* Not in POSIX: the wait status of one that exited, or died of sig. */
#ifndef W_EXITCODE
#define W_EXITCODE(ret, sig) ((ret) << 8 | (sig))
#endif
/* Between the end of PID 1, which the channel shows, and that of bwrap, which reaps it. */
#define LAST_WAIT_MS 2000

enum phase {
	PHASE_MAKING,
	PHASE_SEALED,  /* nothing of the payload has run before this was reported */
	PHASE_RUNNING,
	PHASE_ENDED,   /* the last report has come */
};

enum { POLL_CHANNEL, POLL_SIGNALS, POLL_WORDS, POLL_CALLS, POLL_RELAYS };

struct watch {
	struct launch *l;
	struct outcome *o;
	struct failure *f;
	struct handout handout;
	struct box box;
	int signals;         /* signalfd */
	enum phase phase;
	struct forward forward; /* open: the orders and descriptors have been sent */
	bool channel_gone;
	int stopped;         /* the signal that stopped the payload; 0: it runs, or we cannot stop */
	int looks;           /* how often PID 1 was asked for news of it */
	struct pollfd *poll; /* POLL_RELAYS and one for each of fds */
};

static void watch_release(struct watch *w)
{
	if (w->signals >= 0)
		(void) close(w->signals);
	box_release(&w->box);
	handout_release(&w->handout);
	free(w->poll);
}

/* All are blocked, and bwrap has no child yet that could come to us. */
static int prepare_signals(struct watch *w)
{
	int r = w->signals = signals_open();

	if (r >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? fail_errno(w->f, -r, "see whether prctl(2) and signalfd(2) are allowed here", "cannot prepare for signals") : 0;
}

/* bwrap is at work: there is a second processor, or time while it waits for one. */
static int complete(struct watch *w)
{
	int r = w->l->complete != NULL ? w->l->complete(w->l, w->l->data, w->f) : 0;

	if (r < 0)
		return r;
	signals_look(w->l->caller);
	w->l->orders->sig_ignored = w->l->caller->ignored;
	w->l->orders->sig_blocked = w->l->caller->blocked;
	return handout_make(w->l, &w->handout, w->f);
}

/* --- reports -------------------------------------------------------------------------------- */

/* With the numbers that PID 1 has: BWRAP_ARGS may say --uid and --gid. They are filled in here alone, so without them it gets no filter at all. */
static int prepare_filter(struct watch *w, const struct report *ready)
{
	uid_t uid = (uid_t) ready->value;
	gid_t gid = (gid_t) ready->offset;
	int r;

	if (uid == (uid_t) -1 || ready->offset < 0 || ready->offset >= UINT32_MAX)
		return -EBADMSG;
	r = watcher_prepare(w->l->watcher, &w->l->filter_fd, uid, gid, w->f);
	w->handout.fds[WIRE_FILTER] = w->l->filter_fd;
	return r;
}

/*
 * The descriptors are sent when PID 1 asks: if we are killed before, the child that bwrap may leave behind
 * (spawn.c) has the channel open, and all that waits in it, such as the pipe whose end the caller's shell waits for.
 */
static int on_ready(struct watch *w, const struct report *report)
{
	int r;

	if (w->phase != PHASE_MAKING || w->forward.open)
		return -EBADMSG;
	r = w->l->watcher != NULL ? prepare_filter(w, report) : 0;
	if (r == 0)
		r = handout_send(&w->handout, w->box.channel, w->f);
	if (r < 0)
		return r;
	r = forward_open(&w->forward, w->box.channel);
	if (r < 0)
		return fail_errno(w->f, -r, NULL, "cannot relay a signal");
	r = userfds_let_go(w->l->fds);
	return r < 0 ? fail_errno(w->f, -r, NULL, "cannot close the caller's descriptors") : 0;
}

static int on_offset(struct watch *w, const struct report *report)
{
	const struct orders *orders = w->l->orders;
	const struct userfd *u;

	if (report->value < 0 || (size_t) report->value >= orders->n_fds || report->offset < 0)
		return -EBADMSG;
	u = &w->l->fds->v[w->handout.given[report->value]];
	if (u->fate != USERFD_REOPEN)
		return -EBADMSG;
	return lseek(u->fd, report->offset, SEEK_SET) < 0 ? -errno : 0;
}

static int on_exec_failed(struct watch *w, const struct report *report)
{
	if (w->phase != PHASE_SEALED || report->value <= 0)
		return -EBADMSG;
	w->phase = PHASE_RUNNING;
	w->o->exec_errno = report->value;
	(void) snprintf(w->o->exec_words, sizeof(w->o->exec_words), "%s", report->text);
	return 0;
}

static int on_exit_report(struct watch *w, int status)
{
	if (w->phase != PHASE_RUNNING || !(WIFEXITED(status) || WIFSIGNALED(status)))
		return -EBADMSG;
	w->phase = PHASE_ENDED;
	w->stopped = 0;
	w->o->wait_status = w->o->exec_errno == 0 ? status : W_EXITCODE(w->o->exec_errno == ENOENT ? 127 : 126, 0);
	if (w->l->ended != NULL)
		w->l->ended(w->l->data);
	return 0;
}

static int on_failed(struct watch *w, const struct report *report)
{
	int err = report->value > 0 ? report->value : EPROTO;
	const char *hint = w->phase == PHASE_MAKING ? "nothing of the program has run" : NULL;

	/* A process has one listener, seccomp(2): perhaps what we run in watches us. */
	if (w->l->watcher != NULL && w->phase == PHASE_MAKING && err == EBUSY)
		hint = "system calls are watched here already, and cannot be a second time: run it without venvbox-verbose";
	return fail_errno(w->f, err, hint, "the box could not be completed: %s", report->text);
}

static bool has_payload(const struct watch *w)
{
	return w->phase == PHASE_SEALED || w->phase == PHASE_RUNNING;
}

/* What is out of turn is an error: PID 1 is ours, and such a report is not. */
static int on_report(struct watch *w, const struct report *report)
{
	switch (report->kind) {
	case REPORT_READY:
		return on_ready(w, report);
	case REPORT_SEALED:
		if (w->phase != PHASE_MAKING || !w->forward.open || (w->l->watcher != NULL && watcher_fd(w->l->watcher) < 0))
			return -EBADMSG;
		w->phase = PHASE_SEALED;
		w->o->sealed = true;
		if (w->l->tell != NULL)
			tell_sealed(w->l->tell, report->value != 0);
		return 0;
	case REPORT_WATCH:
		return 0; /* take_listener() */
	case REPORT_STARTED:
		if (w->phase != PHASE_SEALED)
			return -EBADMSG;
		w->phase = PHASE_RUNNING;
		return 0;
	/* A stop may take effect before execve(2). */
	case REPORT_STOPPED:
		w->stopped = report->value;
		return has_payload(w) && signals_is_stop(report->value) ? 0 : -EBADMSG;
	case REPORT_CONTINUED:
		w->stopped = 0;
		return has_payload(w) ? 0 : -EBADMSG;
	case REPORT_LOOKED: /* another report came before it */
		return has_payload(w) ? 0 : -EBADMSG;
	case REPORT_OFFSET:
		return w->phase == PHASE_RUNNING ? on_offset(w, report) : -EBADMSG;
	case REPORT_EXIT:
		return on_exit_report(w, report->value);
	case REPORT_EXEC_FAILED:
		return on_exec_failed(w, report);
	case REPORT_FAILED:
		return on_failed(w, report);
	default:
		return -EBADMSG;
	}
}

/* The listener, which comes with one report and no other, and once. */
static int take_listener(struct watch *w, const struct report *report, int *fd)
{
	bool expected = report->kind == REPORT_WATCH && w->phase == PHASE_MAKING && w->forward.open && w->l->watcher != NULL
		&& watcher_fd(w->l->watcher) < 0;

	if (!expected || *fd < 0)
		return expected || *fd >= 0 || report->kind == REPORT_WATCH ? -EBADMSG : 0;
	return watcher_begin(w->l->watcher, take_fd(fd));
}

static int take_reports(struct watch *w)
{
	while (!w->channel_gone) {
		cleanup_fd int fd = -1;
		struct report report;
		int r = wire_recv_with(w->box.channel, &report, sizeof(report), &fd);

		if (r == -EAGAIN)
			return 0;
		if (r == -EPIPE) {
			w->channel_gone = true;
			return 0;
		}
		report.text[sizeof(report.text) - 1] = '\0';
		if (r == 0)
			r = take_listener(w, &report, &fd);
		if (r == 0)
			r = on_report(w, &report);
		if (r < 0)
			return w->f->what != NULL ? r : fail_errno(w->f, -r, NULL, "the first process of the box sent a bad report");
	}
	return 0;
}

/* --- signals ----------------------------------------------------------------------------------- */

/* Before the seal there is no payload to relay to: what would have killed it kills the box. 1: so it is. */
static int relay(struct watch *w, int sig)
{
	if (w->phase == PHASE_MAKING && signals_is_deadly(w->l->caller, sig)) {
		w->o->wait_status = W_EXITCODE(0, sig);
		w->phase = PHASE_ENDED;
		return 1;
	}
	return w->phase != PHASE_ENDED && !w->channel_gone ? forward_signal(&w->forward, w->box.channel, sig) : 0;
}

/* As relay(); a Ctrl-C that came before there was a payload is not dropped. */
static int on_signal(struct watch *w, const struct signalfd_siginfo *si, pid_t self)
{
	enum signal_use use = signals_use(si, self);
	int sig = (int) si->ssi_signo;

	switch (use) {
	case SIGNAL_REAP:
		box_reap(&w->box);
		return 0;
	case SIGNAL_DROP:
		return w->phase == PHASE_MAKING && si->ssi_code == SI_KERNEL && sig != SIGWINCH ? relay(w, sig) : 0;
	case SIGNAL_NEWS:
		return 0;
	case SIGNAL_RELAY:
		break;
	}
	return relay(w, sig);
}

static int take_signals(struct watch *w)
{
	struct signalfd_siginfo si[16];
	pid_t self = getpid();

	for (;;) {
		ssize_t n = read(w->signals, si, sizeof(si));

		if (n < 0)
			return errno == EAGAIN ? 0 : fail_errno(w->f, errno, NULL, "cannot read signals");
		for (size_t i = 0; i < (size_t) n / sizeof(si[0]); i++) {
			int r = on_signal(w, &si[i], self);

			if (r != 0)
				return r > 0 ? r : fail_errno(w->f, -r, NULL, "cannot relay signal %u", si[i].ssi_signo);
		}
	}
}

/*
 * The shell must see a stop. Not so if the payload wanted the terminal and only a dead group has it (tty.h): the kernel
 * stopped our whole group then, which may have members outside the box. Our copy of the signal is relayed
 * before, as PID 1 expects: afterwards it would stop the payload again. That the payload goes on is known when it is reported: a SIGCONT
 * that woke us is relayed, and may have come before the stop.
 */
static int stop(struct watch *w)
{
	int sig = w->stopped;
	int r = take_signals(w);

	if (r != 0)
		return r;
	if ((sig == SIGTTIN || sig == SIGTTOU) && tty_take_back())
		(void) kill(0, SIGCONT);
	else if (!stop_likewise(sig, w->box.channel, ++w->looks))
		w->stopped = 0;
	return 0;
}

/* --- the loop ------------------------------------------------------------------------------------ */

/* A call that is not answered waits for ever. */
static int answer_call(struct watch *w)
{
	int r = watcher_turn(w->l->watcher, w->poll[POLL_CALLS].revents);

	return r < 0 ? fail_errno(w->f, -r, "run it without venvbox-verbose", "cannot watch the system calls of the box") : 0;
}

/* The payload sees EPIPE or end of file, and cannot know why. */
static void complain(const struct userfd *u, int r)
{
	if (r < 0)
		log_warn("the file at descriptor %d cannot be %s: %s", u->fd,
			 u->fate == USERFD_RELAY_OUT ? "written" : "read", strerror(-r));
}

static void relay_files(struct watch *w)
{
	for (size_t i = 0; i < w->l->fds->n; i++)
		if (w->poll[POLL_RELAYS + i].revents != 0)
			complain(&w->l->fds->v[i], fdrelay_turn(&w->l->fds->v[i]));
}

static int wait_for_events(struct watch *w)
{
	struct pollfd *p = w->poll;
	const struct userfds *fds = w->l->fds;

	p[POLL_CHANNEL] = (struct pollfd) { .fd = w->channel_gone ? -1 : w->box.channel, .events = POLLIN };
	p[POLL_SIGNALS] = (struct pollfd) { .fd = w->signals, .events = POLLIN };
	p[POLL_CALLS] = (struct pollfd) { .fd = w->l->watcher != NULL ? watcher_fd(w->l->watcher) : -1, .events = POLLIN };
	p[POLL_WORDS] = (struct pollfd) { .fd = w->box.words, .events = POLLIN };
	for (size_t i = 0; i < fds->n; i++) {
		short events = fdrelay_events(&fds->v[i]);

		p[POLL_RELAYS + i] = (struct pollfd) { .fd = events != 0 ? fds->v[i].pipe_host : -1, .events = events };
	}
	return poll(p, POLL_RELAYS + fds->n, w->channel_gone ? LAST_WAIT_MS : -1);
}

/*
 * Until bwrap has ended. 1: it is to be ended. Reports are taken before signals: a seal
 * that is reported decides what a signal means.
 */
static int watch_box(struct watch *w)
{
	while (!w->box.reaped) {
		int n = wait_for_events(w);
		int r;

		if (n <= 0)
			return n == 0 ? 1 : fail_errno(w->f, errno, NULL, "cannot wait for events");
		r = take_reports(w);
		if (r == 0 && w->poll[POLL_SIGNALS].revents != 0)
			r = take_signals(w);
		if (r == 0 && w->poll[POLL_CALLS].revents != 0)
			r = answer_call(w);
		if (r == 0 && w->stopped != 0)
			r = stop(w);
		if (r != 0)
			return r;
		if (w->poll[POLL_WORDS].revents != 0)
			box_read_words(&w->box);
		relay_files(w);
	}
	return take_reports(w);
}

/* --- the end --------------------------------------------------------------------------------------- */

static void finish_files(struct watch *w)
{
	for (size_t i = 0; i < w->l->fds->n; i++)
		complain(&w->l->fds->v[i], fdrelay_finish(&w->l->fds->v[i]));
}

static int run(struct watch *w)
{
	int r;

	w->poll = calloc(POLL_RELAYS + w->l->fds->n, sizeof(*w->poll));
	r = w->poll != NULL ? box_start(&w->box, w->l, w->f) : -ENOMEM;
	if (w->box.bwrap <= 0)
		return r;
	if (r == 0)
		r = prepare_signals(w);
	if (r == 0)
		r = box_settle(&w->box, w->l, w->f);
	if (r == 0)
		r = complete(w);
	if (r == 0)
		r = watch_box(w);
	box_end(&w->box, w->phase == PHASE_ENDED);
	finish_files(w);
	(void) tty_take_back();
	if (r < 0)
		return r;
	return w->phase == PHASE_ENDED ? 0 : box_explain(&w->box, w->l->bwrap, w->o->sealed, w->f);
}

int supervise_run(struct launch *l, struct outcome *o, struct failure *f)
{
	struct watch w = {
		.l = l, .o = o, .f = f, .signals = -1, .handout = { .null = -1, .orders = -1 },
	};
	int r;

	*o = (struct outcome) { 0 };
	box_init(&w.box);
	r = run(&w);
	watch_release(&w);
	return r;
}

void supervise_end(const struct outcome *o)
{
	if (WIFSIGNALED(o->wait_status)) {
		signals_die(WTERMSIG(o->wait_status));
		_exit(128 + WTERMSIG(o->wait_status));
	}
	_exit(WEXITSTATUS(o->wait_status));
}
