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

/* A process in a group of its own, as a shell has it, that stops itself once; its status is what it then finds about SIGCONT. */
static pid_t stopping(int sig, int news)
{
	pid_t pid = fork();
	struct caller_signals caller;
	struct signalfd_siginfo si;
	int signals;

	if (pid != 0)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signals = setpgid(0, 0) == 0 && signals_block(&caller) == 0 ? signals_open() : -1;
	signals_stop(sig, news);
	if (signals < 0)
		_exit(99);
	_exit(read(signals, &si, sizeof(si)) == sizeof(si) ? (int) signals_use(&si, getpid()) : 77);
}

static void a_stop_ends_with_news_or_sigcont(void **state)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	(void) state;
	for (size_t i = 0; i < 2 * sizeof(stops) / sizeof(stops[0]); i++) {
		bool by_news = i % 2 != 0;
		int channel[2], status;
		pid_t pid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
		pid = stopping(stops[i / 2], channel[0]);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == stops[i / 2]);
		if (by_news)
			assert_int_equal(write(channel[1], "x", 1), 1);
		else
			assert_int_equal(kill(pid, SIGCONT), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (by_news ? SIGNAL_NEWS : SIGNAL_RELAY));
		(void) close(channel[0]);
		(void) close(channel[1]);
	}
}

static void with_news_there_is_no_stop(void **state)
{
	static const int stops[] = { SIGSTOP, SIGTSTP };

	(void) state;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		int channel[2], status;
		pid_t pid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
		assert_int_equal(write(channel[1], "x", 1), 1);
		pid = stopping(stops[i], channel[0]);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 77);
		(void) close(channel[0]);
		(void) close(channel[1]);
	}
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
		cmocka_unit_test(a_stop_ends_with_news_or_sigcont),
		cmocka_unit_test(with_news_there_is_no_stop),
		cmocka_unit_test(what_is_ignored_blocked_or_harmless_is_not_deadly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
