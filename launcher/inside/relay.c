/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

/*
 * kill(2) of a group hands out all copies in one go, so our own is here when the launcher's
 * message is, or microseconds later on another processor.
 */
#define OWN_COPY_WAIT_MS 2

static int64_t now_ms(void)
{
	struct timespec ts = { 0 };

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Before it is attached the payload may not have got a copy, whoever sent ours: it is kept for it, and pays for the relayed one. */
static void note(struct relay *r, const struct signalfd_siginfo *si)
{
	bool early = r->payload == 0 && si->ssi_pid == 0 && (si->ssi_code == SI_USER || si->ssi_code == SI_KERNEL);

	/* Also one that was sent: of a merged pair the sender's word may be what is left, signal(7). */
	if (si->ssi_signo == SIGCHLD)
		r->child = true;
	if (early)
		r->early |= UINT64_C(1) << (si->ssi_signo - 1);
	if (early || credit_is_due(si->ssi_signo, si->ssi_code, si->ssi_pid))
		credit_note(&r->credits, (int) si->ssi_signo, now_ms());
}

int relay_drain(struct relay *r)
{
	struct signalfd_siginfo si[16];

	for (;;) {
		ssize_t n = read(r->signals, si, sizeof(si));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		for (size_t i = 0; i < (size_t) n / sizeof(si[0]); i++)
			note(r, &si[i]);
	}
}

/* ESRCH cannot be: an ended payload stays a zombie until we reap it. */
static int send(const struct relay *r, int sig)
{
	return kill(r->payload, sig) == 0 ? 0 : -errno;
}

int relay_attach(struct relay *r, pid_t payload)
{
	r->payload = payload;
	for (int sig = 1; sig < CREDIT_SIGNALS; sig++) {
		int err = (r->early >> (sig - 1) & 1) != 0 ? send(r, sig) : 0;

		if (err != 0)
			return err;
	}
	r->early = 0;
	return 0;
}

/* 1: the payload has this one already. */
static int take_own_copy(struct relay *r, int sig)
{
	int64_t deadline = now_ms() + OWN_COPY_WAIT_MS;

	for (;;) {
		struct pollfd p = { .fd = r->signals, .events = POLLIN };
		int64_t now = now_ms();
		int err = relay_drain(r);

		if (err != 0)
			return err;
		if (credit_take(&r->credits, sig, now))
			return 1;
		if (now >= deadline)
			return 0;
		if (poll(&p, 1, (int) (deadline - now)) < 0 && errno != EINTR)
			return -errno;
	}
}

/*
 * A stop signal deletes a pending SIGCONT, and the other way round (signal(7)), so a copy of ours may be gone before we
 * saw it. What deleted it came later and, as the launcher relays in order, still has its credit: the payload has both.
 */
static bool was_undone(const struct relay *r, int sig)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	int64_t now = now_ms();
	bool is_stop = false, stop_is_due = false;

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		is_stop |= sig == stops[i];
		stop_is_due |= r->credits.until[stops[i]] > now;
	}
	return sig == SIGCONT ? stop_is_due : is_stop && r->credits.until[SIGCONT] > now;
}

int relay_deliver(struct relay *r, int sig)
{
	int own;

	if (sig <= 0 || sig >= CREDIT_SIGNALS)
		return -EBADMSG;
	own = take_own_copy(r, sig);
	if (own != 0)
		return own < 0 ? own : 0;
	return was_undone(r, sig) ? 0 : send(r, sig);
}
