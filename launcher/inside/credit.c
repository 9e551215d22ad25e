/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/credit.h"

#include <signal.h>

static bool in_range(int sig)
{
	return sig > 0 && sig < CREDIT_SIGNALS;
}

void credit_note(struct credits *c, int sig, int64_t now_ms)
{
	if (in_range(sig))
		c->until[sig] = now_ms + CREDIT_LIFE_MS;
}

bool credit_take(struct credits *c, int sig, int64_t now_ms)
{
	bool live;

	if (!in_range(sig))
		return false;
	live = c->until[sig] > now_ms;
	c->until[sig] = 0;
	return live;
}

bool credit_is_due(uint32_t signo, int32_t code, uint32_t pid)
{
	if (pid != 0)
		return false;
	if (code == SI_USER)
		return true;
	return code == SI_KERNEL && signo != SIGINT && signo != SIGQUIT && signo != SIGWINCH;
}
