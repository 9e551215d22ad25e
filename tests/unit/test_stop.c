/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/wire.h"
#include "host/signals.h"
#include "host/stop.h"

#include <cmocka.h>

#define NUMBER 7
#define CANNOT 66
#define NOTHING 77

static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
#define N_STOPS (sizeof(stops) / sizeof(stops[0]))

struct scene {
	int channel[2]; /* of the process that stops, and of PID 1, which is the test */
	pid_t pid;
};

static int signal_that_is_there(int signals)
{
	struct signalfd_siginfo si;

	return read(signals, &si, sizeof(si)) == sizeof(si) ? (int) signals_use(&si, getpid()) : NOTHING;
}

/* Stops itself once; its status is the use of a signal that it then finds. before: one that it finds pending. */
static void be_stopped(int channel, int sig, int before)
{
	struct caller_signals caller;
	int signals;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signals = signals_block(&caller) == 0 ? signals_open() : -1;
	if (signals < 0 || (before != 0 && kill(getpid(), before) < 0))
		_exit(99);
	if (!stop_likewise(sig, channel, NUMBER))
		_exit(CANNOT);
	_exit(signal_that_is_there(signals));
}

/* As a shell has it. */
static int lead_group(void)
{
	return setpgid(0, 0);
}

static int lead_session(void)
{
	return setsid() < 0 ? -1 : 0;
}

static void be_started(struct scene *s, int sig, int before, int (*lead)(void))
{
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		(void) close(s->channel[1]);
		if (lead() < 0)
			_exit(98);
		be_stopped(s->channel[0], sig, before);
	}
	(void) close(s->channel[0]);
}

static void open_channel(struct scene *s)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->channel), 0);
}

static void begin(struct scene *s, int sig, int before)
{
	open_channel(s);
	be_started(s, sig, before, lead_group);
}

/* Whoever has heard enough may have ended. */
static void say(const struct scene *s, uint32_t kind, int value)
{
	const struct report report = { .kind = kind, .value = value };
	int r = wire_send(s->channel[1], &report, sizeof(report));

	assert_true(r == 0 || r == -EPIPE);
}

static void be_asked(const struct scene *s)
{
	struct command c;

	assert_int_equal(wire_recv(s->channel[1], &c, sizeof(c), false), 0);
	assert_int_equal(c.kind, COMMAND_LOOK);
	assert_int_equal(c.value, NUMBER);
}

static void begin_and_be_asked(struct scene *s, int sig)
{
	begin(s, sig, 0);
	be_asked(s);
}

static int status_of(struct scene *s)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, WUNTRACED), s->pid);
	if (!WIFSTOPPED(status))
		(void) close(s->channel[1]);
	return status;
}

static void assert_stopped(struct scene *s, int sig)
{
	int status = status_of(s);

	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), sig);
}

static void assert_found(struct scene *s, int what)
{
	int status = status_of(s);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), what);
}

static void assert_stops_until_sigcont(struct scene *s, int sig)
{
	assert_stopped(s, sig);
	assert_int_equal(kill(s->pid, SIGCONT), 0);
	assert_found(s, SIGNAL_RELAY);
}

static void a_stop_ends_with_sigcont(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_stops_until_sigcont(&s, stops[i]);
	}
}

static void a_stop_ends_with_a_report(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_stopped(&s, stops[i]);
		say(&s, REPORT_CONTINUED, 0);
		assert_found(&s, SIGNAL_NEWS);
	}
}

static void a_stop_ends_with_the_box(void **state)
{
	struct scene s;

	(void) state;
	begin_and_be_asked(&s, SIGTSTP);
	say(&s, REPORT_LOOKED, NUMBER);
	assert_stopped(&s, SIGTSTP);
	(void) shutdown(s.channel[1], SHUT_RDWR);
	assert_found(&s, SIGNAL_NEWS);
}

static void a_report_before_the_answer_stops_nobody(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		say(&s, REPORT_CONTINUED, 0);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_found(&s, NOTHING);
	}
}

/* One was not waited for, as a report came before it. */
static void an_older_answer_is_none(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		say(&s, REPORT_LOOKED, NUMBER - 1);
		say(&s, REPORT_CONTINUED, 0);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_found(&s, NOTHING);

		begin_and_be_asked(&s, stops[i]);
		say(&s, REPORT_LOOKED, NUMBER - 1);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_stops_until_sigcont(&s, stops[i]);
	}
}

/* They are to be relayed first. */
static void signals_that_are_there_come_first(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		int before[] = { SIGCONT, stops[i] };

		for (size_t j = 0; j < (stops[i] == SIGSTOP ? 1 : 2); j++) {
			struct scene s;

			begin(&s, stops[i], before[j]);
			be_asked(&s);
			say(&s, REPORT_LOOKED, NUMBER);
			assert_found(&s, SIGNAL_DROP); /* its own is no caller's */
		}
	}
}

/* It wakes nobody: what is there when the stop begins is not waited for. */
static void a_report_behind_the_answer_stops_nobody(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		open_channel(&s);
		say(&s, REPORT_LOOKED, NUMBER);
		say(&s, REPORT_CONTINUED, 0);
		be_started(&s, stops[i], 0, lead_group);
		be_asked(&s);
		assert_found(&s, NOTHING);
	}
}

/* While PID 1 thinks, and the payload goes on: the caller has sent both. */
static void a_stop_signal_of_meanwhile_is_kept(void **state)
{
	(void) state;
	for (size_t i = 1; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		assert_int_equal(kill(s.pid, stops[i]), 0);
		say(&s, REPORT_CONTINUED, 0);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_found(&s, SIGNAL_RELAY);
	}
}

/* While PID 1 thinks. */
static void sigcont_of_meanwhile_is_found(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_STOPS; i++) {
		struct scene s;

		begin_and_be_asked(&s, stops[i]);
		assert_int_equal(kill(s.pid, SIGCONT), 0);
		say(&s, REPORT_LOOKED, NUMBER);
		assert_found(&s, SIGNAL_RELAY);
	}
}

static void without_pid_1_there_is_no_stop(void **state)
{
	struct scene s;

	(void) state;
	begin(&s, SIGTSTP, 0);
	(void) shutdown(s.channel[1], SHUT_RDWR);
	assert_found(&s, NOTHING);
}

/* The other stop signals have no effect on a group whose members have no parent in another of the session, setpgid(2). */
static void an_orphan_s_group_is_not_stopped(void **state)
{
	struct scene s;

	(void) state;
	open_channel(&s);
	be_started(&s, SIGTSTP, 0, lead_session);
	be_asked(&s);
	say(&s, REPORT_LOOKED, NUMBER);
	assert_found(&s, CANNOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_ends_with_sigcont),
		cmocka_unit_test(a_stop_ends_with_a_report),
		cmocka_unit_test(a_stop_ends_with_the_box),
		cmocka_unit_test(a_report_before_the_answer_stops_nobody),
		cmocka_unit_test(an_older_answer_is_none),
		cmocka_unit_test(a_report_behind_the_answer_stops_nobody),
		cmocka_unit_test(signals_that_are_there_come_first),
		cmocka_unit_test(a_stop_signal_of_meanwhile_is_kept),
		cmocka_unit_test(sigcont_of_meanwhile_is_found),
		cmocka_unit_test(without_pid_1_there_is_no_stop),
		cmocka_unit_test(an_orphan_s_group_is_not_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
