/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/signals.h"

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

/* Of the kernel, about a descriptor, stop.c: kill(2) and sigqueue(3) send no such code. */
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

void signals_let_in(int sig)
{
	(void) !ksignal_default(sig); /* SIGSTOP and SIGKILL need it not */
	(void) !ksignal_mask(SIG_UNBLOCK, ksignal_bit(sig), NULL);
	(void) !ksignal_mask(SIG_BLOCK, ksignal_bit(sig), NULL);
}

void signals_die(int sig)
{
	const struct rlimit none = { 0, 0 };

	/* The core, if any, is the payload's. The limit does not hold for a core that goes to a pipe, core(5). */
	(void) setrlimit(RLIMIT_CORE, &none);
	(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void) kill(getpid(), sig);
	signals_let_in(sig);
}
