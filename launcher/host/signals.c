/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/ksignal.h"

static int change(int sig, void (*handler)(int), struct caller_signals *caller)
{
	void (*before)(int) = signal(sig, handler);

	if (before == SIG_ERR)
		return -errno;
	if (before == SIG_IGN)
		caller->ignored |= ksignal_bit(sig);
	return 0;
}

int signals_block(struct caller_signals *caller)
{
	int r;

	*caller = (struct caller_signals) { 0 };
	r = ksignal_mask(SIG_SETMASK, KSIGNAL_ALL, &caller->blocked);
	if (r == 0)
		r = change(SIGPIPE, SIG_IGN, caller);
	return r < 0 ? r : change(SIGCHLD, SIG_DFL, caller);
}

void signals_look(struct caller_signals *caller)
{
	for (int sig = 1; sig <= KSIGNAL_MAX; sig++)
		if (sig != SIGPIPE && sig != SIGCHLD && ksignal_is_ignored(sig))
			caller->ignored |= ksignal_bit(sig);
}

int signals_open(void)
{
	return ksignal_fd(KSIGNAL_ALL);
}

/* The terminal sends these to its whole foreground group, the payload included. */
static bool is_of_terminal(const struct signalfd_siginfo *si)
{
	return si->ssi_code == SI_KERNEL &&
	       (si->ssi_signo == SIGINT || si->ssi_signo == SIGQUIT || si->ssi_signo == SIGWINCH);
}

/* Of the kernel, about a descriptor, see wake_for(): kill(2) and sigqueue(3) send no such code. */
static bool is_news(const struct signalfd_siginfo *si)
{
	return si->ssi_signo == SIGCONT && si->ssi_code > 0 && si->ssi_code != SI_KERNEL;
}

enum signal_use signals_use(const struct signalfd_siginfo *si, pid_t self)
{
	if (is_news(si))
		return SIGNAL_NEWS;
	/* kill(2) by somebody has a code of 0 or less; the kernel's own, about a child, CLD_EXITED and up. */
	if (si->ssi_signo == SIGCHLD && si->ssi_code > 0 && si->ssi_code != SI_KERNEL)
		return SIGNAL_REAP;
	/* Our own SIGCONT to the group, and SIGPIPE and SIGXFSZ for a write of ours that failed. */
	if (si->ssi_code == SI_USER && si->ssi_pid == (uint32_t) self)
		return SIGNAL_DROP;
	return is_of_terminal(si) ? SIGNAL_DROP : SIGNAL_RELAY;
}

bool signals_is_stop(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static bool is_deadly_by_default(int sig)
{
	return !signals_is_stop(sig) && sig != SIGCHLD && sig != SIGCONT && sig != SIGURG && sig != SIGWINCH;
}

bool signals_is_deadly(const struct caller_signals *caller, int sig)
{
	return is_deadly_by_default(sig) && ((caller->ignored | caller->blocked) & ksignal_bit(sig)) == 0;
}

static sigset_t only(int sig)
{
	sigset_t one;

	(void) sigemptyset(&one);
	(void) sigaddset(&one, sig);
	return one;
}

/* With its default action and unblocked, a pending sig takes effect before sigprocmask(2) returns. */
static void let_in(int sig)
{
	(void) !ksignal_default(sig); /* SIGSTOP and SIGKILL need it not */
	(void) !ksignal_mask(SIG_UNBLOCK, ksignal_bit(sig), NULL);
	(void) !ksignal_mask(SIG_BLOCK, ksignal_bit(sig), NULL);
}

/* What a stopped process cannot wait for is sent to it as SIGCONT, by the kernel: F_SETSIG, fcntl(2). */
static void wake_for(int news, bool on)
{
	int flags = fcntl(news, F_GETFL);

	if (flags < 0 || (on && (fcntl(news, F_SETOWN, getpid()) < 0 || fcntl(news, F_SETSIG, SIGCONT) < 0)))
		return;
	(void) fcntl(news, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static bool is_pending(int sig)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, sig) == 1;
}

/*
 * A SIGCONT deletes a stop signal that is pending, and is deleted by one that comes later (signal(7)), and nobody would send
 * another. So it is looked for last, right before the stop signal; that is sent while it is blocked, and news that
 * came before are looked for between that and the stop. SIGSTOP cannot be blocked: news of the very moment in
 * which it is sent wake nobody, and we wait for more, or for a SIGCONT of the caller's. Two that are pending are one, with
 * the code of the first: a caller's that comes microseconds after news is taken for them. The payload runs then; if
 * it stops again at once, it takes another.
 */
static void stop_unless_news(int sig, int news)
{
	const struct timespec at_once = { 0 };
	sigset_t one = only(sig);

	if ((sig == SIGSTOP && is_readable(news)) || is_pending(SIGCONT))
		return;
	(void) kill(getpid(), sig);
	if (is_readable(news))
		(void) sigtimedwait(&one, NULL, &at_once);
	else
		let_in(sig);
}

void signals_stop(int sig, int news)
{
	wake_for(news, true);
	stop_unless_news(sig, news);
	wake_for(news, false);
}

void signals_die(int sig)
{
	const struct rlimit none = { 0, 0 };

	/* The core, if any, is the payload's. The limit does not hold for a core that goes to a pipe, core(5). */
	(void) setrlimit(RLIMIT_CORE, &none);
	(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void) kill(getpid(), sig);
	let_in(sig);
}
