/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/tty.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/cleanup.h"

/* 0: it has no number in our own pid namespace, so we cannot know. */
static bool is_dead(pid_t group)
{
	return group > 0 && kill(-group, 0) < 0 && errno == ESRCH;
}

bool tty_take_back(void)
{
	cleanup_fd int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return tty >= 0 && is_dead(tcgetpgrp(tty)) && tcsetpgrp(tty, getpgrp()) == 0;
}
