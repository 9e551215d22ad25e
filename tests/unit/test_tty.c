/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/tty.h"

#include <cmocka.h>

/* The leader of a new session with a terminal, whose number is returned; -1 on failure. */
static int become_leader(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int tty;

	if (setsid() < 0 || master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	tty = open(ptsname(master), O_RDWR | O_NOCTTY);
	(void) signal(SIGHUP, SIG_IGN);
	(void) signal(SIGTTOU, SIG_IGN);
	return tty < 0 || ioctl(tty, TIOCSCTTY, 0) < 0 ? -1 : tty;
}

/* A child in a group of its own that has the terminal, as an interactive shell makes it. */
static pid_t give_away(int tty)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			(void) pause();
	}
	return setpgid(pid, pid) < 0 || tcsetpgrp(tty, pid) < 0 ? -1 : pid;
}

/* The result is the number of the check that failed: cmocka's own do not work in a child. */
static int check(void)
{
	int tty = become_leader();
	pid_t child;

	if (tty < 0 || tcgetpgrp(tty) != getpgrp())
		return 1;
	if (tty_take_back())
		return 2; /* it is ours already */
	child = give_away(tty);
	if (child < 0)
		return 3;
	if (tty_take_back() || tcgetpgrp(tty) != child)
		return 4; /* it lives */
	(void) kill(child, SIGKILL);
	(void) waitpid(child, NULL, 0);
	if (tcgetpgrp(tty) == getpgrp())
		return 5;
	if (!tty_take_back() || tcgetpgrp(tty) != getpgrp())
		return 6;
	return 0;
}

/* Without a terminal there is nothing to take. */
static int check_none(void)
{
	return setsid() < 0 || tty_take_back() ? 1 : 0;
}

static void in_child(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void only_a_dead_group_loses_the_terminal(void **state)
{
	(void) state;
	in_child(check);
}

static void no_terminal_is_no_error(void **state)
{
	(void) state;
	in_child(check_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_dead_group_loses_the_terminal),
		cmocka_unit_test(no_terminal_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
