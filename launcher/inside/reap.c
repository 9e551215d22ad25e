/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/reap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "inside/payload.h"
#include "inside/relay.h"

/* How long what is left of the box may take to die before its end is reported; the kernel kills on when we are gone. */
#define LAST_REAP_TRIES 200
#define LAST_REAP_WAIT_MS 10

struct life {
	struct box *box;
	struct relay relay;
	int exec_pipe;     /* -1 once execve() is decided */
	bool asked;        /* for news, by a COMMAND_LOOK with this value */
	int question;
	bool ended;
	int wait_status;
};

enum { POLL_EXEC, POLL_CHANNEL, POLL_SIGNALS, POLL_N };

static const char *exec_words(const struct payload_trouble *t)
{
	if (t->kind == TROUBLE_EXEC_INTERPRETER)
		return "it is there, but the interpreter or loader that it names is not";
	/* The launcher was started with what the caller gave. */
	return t->err == E2BIG ? "the box adds a few variables to yours: give shorter arguments, or put them in a file" : NULL;
}

static int on_trouble(struct life *l, const struct payload_trouble *t, struct failure *f)
{
	if (t->kind == TROUBLE_SETUP)
		return fail_msg(f, t->err, NULL, "%.*s", (int) sizeof(t->what), t->what);
	return box_report(l->box, REPORT_EXEC_FAILED, t->err, 0, exec_words(t));
}

/* The pipe closes at execve(); a child killed before it counts as started, its wait status says the rest. */
static int on_exec(struct life *l, struct failure *f)
{
	struct payload_trouble t;
	ssize_t n;

	do
		n = read(l->exec_pipe, &t, sizeof(t));
	while (n < 0 && errno == EINTR);
	(void) close(l->exec_pipe);
	l->exec_pipe = -1;
	if (n == sizeof(t))
		return on_trouble(l, &t, f);
	if (n != 0)
		return fail_msg(f, n < 0 ? errno : EPROTO, NULL, "cannot hear of the program's start");
	return box_report(l->box, REPORT_STARTED, (int) l->relay.payload, 0, NULL);
}

static int on_payload(struct life *l, int status)
{
	if (WIFSTOPPED(status))
		return box_report(l->box, REPORT_STOPPED, WSTOPSIG(status), 0, NULL);
	if (WIFCONTINUED(status))
		return box_report(l->box, REPORT_CONTINUED, 0, 0, NULL);
	l->ended = true;
	l->wait_status = status;
	return 0;
}

/*
 * All that changed state, ours and orphans alike: only the payload is of interest. As long as that has not
 * been reaped there is a child; if the kernel knows of none, its end will never be heard of.
 */
static int reap(struct life *l, struct failure *f)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
		int err;

		if (pid < 0)
			return fail_msg(f, errno, NULL, "cannot hear of the program's end");
		if (pid == 0)
			return 0;
		if (pid != l->relay.payload)
			continue;
		err = on_payload(l, status);
		if (err != 0 || l->ended)
			return err;
	}
}

static int obey(struct life *l, const struct command *c)
{
	if (c->kind == COMMAND_SIGNAL)
		return relay_deliver(&l->relay, c->value);
	if (c->kind != COMMAND_LOOK)
		return -EBADMSG;
	l->asked = true;
	l->question = c->value;
	return 0;
}

/*
 * -EPIPE: the launcher is gone, nobody is left to run for. Our end is then that of every process
 * of the box, pid_namespaces(7).
 */
static int on_command(struct life *l, struct failure *f)
{
	struct command c;
	int err = wire_recv(l->box->channel, &c, sizeof(c), true);

	if (err == -EAGAIN || err == -EPIPE)
		return err == -EPIPE ? err : 0;
	if (err == 0)
		err = obey(l, &c);
	return err == 0 ? 0 : fail_msg(f, -err, NULL, "cannot carry out a command of the launcher");
}

/* One turn. The exec pipe comes first: REPORT_STARTED precedes whatever the payload does. */
static int turn(struct life *l, struct failure *f)
{
	struct pollfd p[POLL_N] = {
		[POLL_EXEC] = { .fd = l->exec_pipe, .events = POLLIN },
		[POLL_CHANNEL] = { .fd = l->box->channel, .events = POLLIN },
		[POLL_SIGNALS] = { .fd = l->relay.signals, .events = POLLIN },
	};
	int err;

	if (poll(p, POLL_N, -1) < 0)
		return errno == EINTR ? 0 : fail_msg(f, errno, NULL, "cannot wait for events");
	err = p[POLL_EXEC].revents != 0 ? on_exec(l, f) : 0;
	if (err == 0)
		err = relay_drain(&l->relay);
	if (err == 0 && p[POLL_CHANNEL].revents != 0)
		err = on_command(l, f);
	if (err != 0 || !(l->relay.child || l->asked))
		return err;
	l->relay.child = false;
	err = reap(l, f);
	if (err != 0 || !l->asked || l->ended)
		return err;
	l->asked = false;
	return box_report(l->box, REPORT_LOOKED, l->question, 0, NULL);
}

static int report_offsets(const struct box *b)
{
	for (size_t i = 0; i < b->orders.n_fds; i++) {
		off_t offset = b->orders.fds[i].how == FD_REOPEN ? lseek(b->fds[i], 0, SEEK_CUR) : -1;
		int err = offset < 0 ? 0 : box_report(b, REPORT_OFFSET, (int) i, offset, NULL);

		if (err != 0)
			return err;
	}
	return 0;
}

/* So that nothing of the box still writes to the caller's terminal or pipes when the launcher hears of the end. */
static void kill_the_rest(struct life *l)
{
	(void) kill(-1, SIGKILL);
	for (int i = 0; i < LAST_REAP_TRIES; i++) {
		struct pollfd p = { .fd = l->relay.signals, .events = POLLIN };
		pid_t pid;

		do
			pid = waitpid(-1, NULL, WNOHANG);
		while (pid > 0);
		if (pid < 0)
			return;
		(void) poll(&p, 1, LAST_REAP_WAIT_MS);
		if (relay_drain(&l->relay) != 0)
			return;
	}
}

static int finish(struct life *l, struct failure *f)
{
	/* The events of one poll() may be those of a whole short life. */
	int err = l->exec_pipe >= 0 ? on_exec(l, f) : 0;

	if (err == 0)
		err = report_offsets(l->box);
	if (err != 0)
		return err;
	kill_the_rest(l);
	return box_report(l->box, REPORT_EXIT, l->wait_status, 0, NULL);
}

/*
 * Of a signal to the group that is here when the payload has been forked nobody knows whether it came before: the payload gets it in any case, and
 * as it holds still with all signals blocked, what it has already is one with that (signal(7); not so real-time signals).
 */
static int start(struct life *l, struct failure *f)
{
	cleanup_fd int hold = -1;
	pid_t pid = 0;
	int err = payload_start(l->box, &pid, &l->exec_pipe, &hold);

	if (err == 0)
		err = relay_drain(&l->relay);
	if (err == 0)
		err = relay_attach(&l->relay, pid);
	if (err == 0)
		return 0;
	/* Before it is let go. */
	if (pid > 0)
		(void) kill(pid, SIGKILL);
	return fail_msg(f, -err, NULL, "cannot start the program");
}

int reap_run(struct box *b, struct failure *f)
{
	struct life l = { .box = b, .relay.signals = b->signals, .exec_pipe = -1 };
	int err = start(&l, f);

	while (err == 0 && !l.ended)
		err = turn(&l, f);
	return err == 0 ? finish(&l, f) : err;
}
