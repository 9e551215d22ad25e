/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/signals.h"

#include <cmocka.h>

#define SELF 1000

static enum signal_use use(int sig, int code, uint32_t pid)
{
	struct signalfd_siginfo si = { .ssi_signo = (uint32_t) sig, .ssi_code = code, .ssi_pid = pid };

	return signals_use(&si, SELF);
}

/* The payload is in the foreground group as we are. */
static void the_terminal_s_own_are_not_relayed(void **state)
{
	(void) state;
	assert_int_equal(use(SIGINT, SI_KERNEL, 0), SIGNAL_DROP);
	assert_int_equal(use(SIGQUIT, SI_KERNEL, 0), SIGNAL_DROP);
	assert_int_equal(use(SIGWINCH, SI_KERNEL, 0), SIGNAL_DROP);
	assert_int_equal(use(SIGINT, SI_USER, 1), SIGNAL_RELAY);
	assert_int_equal(use(SIGQUIT, SI_USER, 0), SIGNAL_RELAY);
	assert_int_equal(use(SIGWINCH, SI_QUEUE, 1), SIGNAL_RELAY);
}

/* A hangup goes to a session leader alone; PID 1 drops what reached the group (inside/credit.h). */
static void all_else_of_the_kernel_is_relayed(void **state)
{
	(void) state;
	assert_int_equal(use(SIGHUP, SI_KERNEL, 0), SIGNAL_RELAY);
	assert_int_equal(use(SIGTSTP, SI_KERNEL, 0), SIGNAL_RELAY);
	assert_int_equal(use(SIGALRM, SI_KERNEL, 0), SIGNAL_RELAY);
}

static void a_child_s_end_is_told_from_a_signal_of_that_name(void **state)
{
	(void) state;
	assert_int_equal(use(SIGCHLD, CLD_EXITED, 1), SIGNAL_REAP);
	assert_int_equal(use(SIGCHLD, CLD_KILLED, 1), SIGNAL_REAP);
	assert_int_equal(use(SIGCHLD, SI_USER, 1), SIGNAL_RELAY);
}

static void our_own_are_not_relayed(void **state)
{
	(void) state;
	assert_int_equal(use(SIGCONT, SI_USER, SELF), SIGNAL_DROP);
	assert_int_equal(use(SIGPIPE, SI_USER, SELF), SIGNAL_DROP);
	assert_int_equal(use(SIGCONT, SI_USER, SELF + 1), SIGNAL_RELAY);
}

static void news_are_no_signal_of_anybody(void **state)
{
	(void) state;
	assert_int_equal(use(SIGCONT, POLL_IN, 0), SIGNAL_NEWS);
	assert_int_equal(use(SIGCONT, POLL_HUP, 0), SIGNAL_NEWS);
	assert_int_equal(use(SIGCONT, SI_KERNEL, 0), SIGNAL_RELAY);
}

static void what_is_ignored_blocked_or_harmless_is_not_deadly(void **state)
{
	const struct caller_signals none = { 0 };
	const struct caller_signals some = { .ignored = 1U << (SIGHUP - 1), .blocked = 1U << (SIGTERM - 1) };

	(void) state;
	assert_true(signals_is_deadly(&none, SIGHUP));
	assert_true(signals_is_deadly(&none, SIGTERM));
	assert_true(signals_is_deadly(&some, SIGINT));
	assert_true(signals_is_deadly(&none, SIGRTMAX));
	assert_false(signals_is_deadly(&some, SIGHUP));
	assert_false(signals_is_deadly(&some, SIGTERM));
	assert_false(signals_is_deadly(&none, SIGWINCH));
	assert_false(signals_is_deadly(&none, SIGCONT));
	assert_false(signals_is_deadly(&none, SIGTSTP));
	assert_false(signals_is_deadly(&none, SIGCHLD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_terminal_s_own_are_not_relayed),
		cmocka_unit_test(all_else_of_the_kernel_is_relayed),
		cmocka_unit_test(a_child_s_end_is_told_from_a_signal_of_that_name),
		cmocka_unit_test(our_own_are_not_relayed),
		cmocka_unit_test(news_are_no_signal_of_anybody),
		cmocka_unit_test(what_is_ignored_blocked_or_harmless_is_not_deadly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
