/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * credit.h - which signals the payload already has. Pure: the clock is the
 * caller's.
 *
 * A signal sent to the whole process group reaches launcher, PID 1 and payload, each once.
 * The launcher cannot tell that from one sent to it alone and relays both. PID 1 can: it has
 * a copy of its own. That copy is a credit, which pays for one relayed signal (design.md, Terminal and signals).
 */
#ifndef VB_CREDIT_H
#define VB_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

#define CREDIT_SIGNALS 65 /* 1 .. 64 */

/*
 * A relayed copy comes within milliseconds; what comes a second later is another
 * signal. One credit per signal, as the kernel keeps one pending instance per standard signal.
 */
#define CREDIT_LIFE_MS 1000

struct credits {
	int64_t until[CREDIT_SIGNALS]; /* CLOCK_MONOTONIC, ms; 0: none */
};

void credit_note(struct credits *c, int sig, int64_t now_ms);
/* True, once per credit, while it lives. */
bool credit_take(struct credits *c, int sig, int64_t now_ms);

/*
 * Does this copy of PID 1's (signalfd_siginfo: ssi_signo, ssi_code, ssi_pid) make a credit? It must
 * come from outside the pid namespace, which is pid 0, and be nothing that a process inside can forge:
 * sigqueue() may set any pid, but not SI_USER. Of what the terminal sends, SIGINT, SIGQUIT and SIGWINCH are
 * never relayed: no credit, else it would swallow a later kill(1).
 */
bool credit_is_due(uint32_t signo, int32_t code, uint32_t pid);

#endif
