/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/forward.h"

#include <errno.h>

#include "common/ksignal.h"
#include "common/wire.h"

int forward_signal(struct forward *f, int channel, int sig)
{
	const struct command command = { .kind = COMMAND_SIGNAL, .value = sig };
	int r;

	if (!f->open) {
		f->early |= ksignal_bit(sig);
		return 0;
	}
	r = wire_send(channel, &command, sizeof(command));
	return r == -EPIPE ? 0 : r;
}

int forward_open(struct forward *f, int channel)
{
	int r = 0;

	f->open = true;
	for (int sig = 1; r == 0 && sig <= KSIGNAL_MAX; sig++)
		if ((f->early & ksignal_bit(sig)) != 0)
			r = forward_signal(f, channel, sig);
	return r;
}
