/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/stop.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/wire.h"
#include "host/signals.h"

static bool is_pending(int sig)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, sig) == 1;
}

/* The answer to an earlier question may come first: that one was not waited for, as there was a report. */
static bool nothing_new(int channel, int number)
{
	const struct command look = { .kind = COMMAND_LOOK, .value = number };
	struct report next;

	if (wire_send(channel, &look, sizeof(look)) < 0)
		return false;
	while (wire_peek(channel, &next, sizeof(next)) == 0 && next.kind == REPORT_LOOKED) {
		if (wire_recv(channel, &next, sizeof(next), true) == 0 && next.value == number)
			return true;
	}
	return false;
}

/* What a stopped process cannot wait for is sent to it as SIGCONT, by the kernel: F_SETSIG, fcntl(2). */
static void wake_for(int channel, bool on)
{
	int flags = fcntl(channel, F_GETFL);

	if (flags < 0 || (on && (fcntl(channel, F_SETOWN, getpid()) < 0 || fcntl(channel, F_SETSIG, SIGCONT) < 0)))
		return;
	(void) fcntl(channel, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void take_away(int sig)
{
	const struct timespec at_once = { 0 };
	sigset_t one;

	(void) sigemptyset(&one);
	(void) sigaddset(&one, sig);
	(void) sigtimedwait(&one, NULL, &at_once);
}

/* False: it had no effect, as our process group is an orphan's. In any other case it is over with SIGCONT, or another stop is under way. */
static bool has_stopped(void)
{
	sigset_t pending;

	return sigpending(&pending) < 0 || sigismember(&pending, SIGCONT) == 1 || sigismember(&pending, SIGTSTP) == 1 ||
	       sigismember(&pending, SIGTTIN) == 1 || sigismember(&pending, SIGTTOU) == 1;
}

/*
 * The stop signal deletes a SIGCONT that is pending, and would be one with a copy that the caller sent, which is to be relayed: so
 * both are looked for right before. It is sent while it is blocked, and news that came before are looked for between that and the stop.
 * SIGSTOP cannot be blocked: news of the very moment in which it is sent wake nobody, and we wait for more, or for a SIGCONT
 * of the caller's. One to us alone, within microseconds of news, is taken for them.
 */
static bool stop_until_news(int sig, int channel)
{
	if (is_readable(channel) || is_pending(SIGCONT) || is_pending(sig))
		return true;
	(void) kill(getpid(), sig);
	if (is_readable(channel)) {
		take_away(sig);
		return true;
	}
	signals_let_in(sig);
	return has_stopped();
}

bool stop_likewise(int sig, int channel, int number)
{
	bool can;

	if (!nothing_new(channel, number))
		return true;
	wake_for(channel, true);
	can = stop_until_news(sig, channel);
	wake_for(channel, false);
	return can;
}
