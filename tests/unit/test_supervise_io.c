/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/launched.h"
#include "tests/unit/scratch.h"

#include <cmocka.h>

/* --- files ---------------------------------------------------------------------------------- */

static void open_file_for_reading(void)
{
	int fd = open("in", O_RDONLY);

	(void) lseek(fd, 2, SEEK_SET);
	(void) dup2(fd, FILE_FD);
	(void) close(fd);
}

static void open_file_for_writing(void)
{
	int fd = open("out", O_CREAT | O_WRONLY | O_APPEND, 0600);

	(void) dup2(fd, FILE_FD);
	(void) close(fd);
}

static void open_unlinked(void)
{
	open_file_for_reading();
	(void) unlink("in");
}

static void assert_content(const char *name, const char *text)
{
	cleanup_buf struct buf out = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, name, 4096, &out), 0);
	assert_int_equal(out.len, strlen(text));
	assert_string_equal(out.len > 0 ? out.data : "", text);
}

/* Its index in orders.fds is the last: 0, 1, 2, 30, 31. */
static void the_final_offset_is_handed_back(void **state)
{
	const struct fake_step script[] = {
		HELLO, ACT(FAKE_ORDERS, 0), SEALED, STARTED,
		{ .act = FAKE_REPORT, .report = { .kind = REPORT_OFFSET, .value = 4, .offset = 5 } }, EXIT(0), END,
	};
	char text[TEXT_MAX];
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), open_file_for_reading);
	hear(&s, text);
	assert_non_null(strstr(text, " 31:/run/venvbox/fd/31:2"));
	assert_int_equal(end(&s), 0);
	assert_int_equal(s.result->offset, 5);
	forget(&s);
}

static void output_is_in_the_file_at_the_end(void **state)
{
	const struct fake_step script[] = { HELLO, SEALED, STARTED, ACT(FAKE_WRITE, FILE_FD), EXIT(0), END };
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), open_file_for_writing);
	assert_int_equal(end(&s), 0);
	assert_content("out", "text");
	forget(&s);
}

static void input_is_read_for_the_box_as_far_as_it_wants(void **state)
{
	const struct fake_step script[] = { HELLO, SEALED, STARTED, ACT(FAKE_READ, FILE_FD), EXIT(0), END };
	char text[TEXT_MAX];
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), open_unlinked);
	hear(&s, text);
	assert_string_equal(text, "2345");
	assert_int_equal(end(&s), 0);
	assert_int_equal(s.result->offset, 6);
	forget(&s);
}

/* --- signals ------------------------------------------------------------------------------------ */

static void a_signal_is_relayed(void **state)
{
	static const int signals[] = { SIGUSR1, SIGINT, SIGHUP, SIGTERM, SIGTSTP, SIGCONT, SIGCHLD, SIGPIPE };
	const struct fake_step script[] = {
		HELLO, SEALED, STARTED, ACT(FAKE_TELL, 1), ACT(FAKE_COMMAND, 0), EXIT(0), END,
	};

	(void) state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct scene s;

		launch(&s, script);
		assert_int_equal(hear_number(&s), 1);
		assert_int_equal(kill(s.launcher, signals[i]), 0);
		assert_int_equal(hear_number(&s), signals[i]);
		assert_int_equal(end(&s), 0);
		forget(&s);
	}
}

static void what_would_kill_ends_an_unsealed_box(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_TELL, 1), HANG };
	struct scene s;
	int status;

	(void) state;
	launch(&s, script);
	assert_int_equal(hear_number(&s), 1);
	assert_int_equal(kill(s.launcher, SIGTERM), 0);
	status = end(&s);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_false(s.result->o.sealed);
	forget(&s);
}

static void what_the_caller_ignores_does_not(void **state)
{
	const struct fake_step script[] = {
		HELLO, ACT(FAKE_TELL, 1), ACT(FAKE_COMMAND, 0), SEALED, STARTED, EXIT(W_EXITCODE(3, 0)), END,
	};
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), set_signals);
	assert_int_equal(hear_number(&s), 1);
	assert_int_equal(kill(s.launcher, SIGHUP), 0);
	assert_int_equal(hear_number(&s), SIGHUP);
	assert_int_equal(end(&s), W_EXITCODE(3, 0));
	forget(&s);
}

static void a_stop_is_repeated_and_continued(void **state)
{
	static const int signals[] = { SIGTSTP, SIGSTOP, SIGTTIN, SIGTTOU };

	(void) state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		const struct fake_step script[] = {
			HELLO, SEALED, STARTED, REPORT(REPORT_STOPPED, signals[i]), ACT(FAKE_LOOK, 1), ACT(FAKE_COMMAND, 0), EXIT(0), END,
		};
		struct scene s;
		int status;

		launch(&s, script);
		assert_int_equal(waitpid(s.launcher, &status, WUNTRACED), s.launcher);
		assert_true(WIFSTOPPED(status));
		assert_int_equal(WSTOPSIG(status), signals[i]);
		assert_int_equal(kill(s.launcher, SIGCONT), 0);
		assert_int_equal(hear_number(&s), SIGCONT);
		assert_int_equal(end(&s), 0);
		forget(&s);
	}
}

/* The answer to the first question comes late, and is not taken for one to the second. */
static void a_payload_that_goes_on_at_once_stops_nobody(void **state)
{
	static const int signals[] = { SIGTSTP, SIGSTOP, SIGTTIN, SIGTTOU };

	(void) state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		const struct fake_step script[] = {
			HELLO, SEALED, STARTED,
			REPORT(REPORT_STOPPED, signals[i]), ACT(FAKE_LOOK, 0), REPORT(REPORT_CONTINUED, 0),
			REPORT(REPORT_STOPPED, signals[i]), ACT(FAKE_LOOK, 0), REPORT(REPORT_LOOKED, 1), REPORT(REPORT_CONTINUED, 0), REPORT(REPORT_LOOKED, 2),
			EXIT(W_EXITCODE(4, 0)), END,
		};
		struct scene s;
		int status;

		launch(&s, script);
		assert_int_equal(waitpid(s.launcher, &status, WUNTRACED), s.launcher);
		assert_false(WIFSTOPPED(status));
		assert_int_equal(status, W_EXITCODE(4, 0));
		forget(&s);
	}
}

/* SIGCONT reached us and not the payload, which the shell has stopped again meanwhile: else it would be taken for running. */
static void a_payload_that_stays_stopped_stops_us_again(void **state)
{
	const struct fake_step script[] = {
		HELLO, SEALED, STARTED, REPORT(REPORT_STOPPED, SIGTSTP), ACT(FAKE_LOOK, 1), ACT(FAKE_COMMAND, 0), ACT(FAKE_LOOK, 1),
		ACT(FAKE_COMMAND, 0), REPORT(REPORT_CONTINUED, 0), EXIT(0), END,
	};
	struct scene s;

	(void) state;
	launch(&s, script);
	for (int i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(s.launcher, &status, WUNTRACED), s.launcher);
		assert_true(WIFSTOPPED(status));
		assert_int_equal(kill(s.launcher, SIGCONT), 0);
		assert_int_equal(hear_number(&s), SIGCONT);
	}
	assert_int_equal(end(&s), 0);
	forget(&s);
}

/* PID 1 would take it for the orders. */
static void a_signal_before_the_orders_comes_after_them(void **state)
{
	const struct fake_step script[] = {
		ACT(FAKE_SIGNAL, SIGCONT), HELLO, SEALED, STARTED, ACT(FAKE_COMMAND, 0), EXIT(0), END,
	};
	struct scene s;

	(void) state;
	launch(&s, script);
	assert_int_equal(hear_number(&s), SIGCONT);
	assert_int_equal(end(&s), 0);
	forget(&s);
}

/* A Ctrl-Z while it is started. */
static void a_payload_may_stop_before_its_execve(void **state)
{
	const struct fake_step script[] = {
		HELLO, SEALED, REPORT(REPORT_STOPPED, SIGTSTP), ACT(FAKE_LOOK, 1), ACT(FAKE_COMMAND, 0), REPORT(REPORT_CONTINUED, 0), STARTED, EXIT(0), END,
	};
	struct scene s;
	int status;

	(void) state;
	launch(&s, script);
	assert_int_equal(waitpid(s.launcher, &status, WUNTRACED), s.launcher);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(s.launcher, SIGCONT), 0);
	assert_int_equal(hear_number(&s), SIGCONT);
	assert_int_equal(end(&s), 0);
	forget(&s);
}

static int set_up(void **state)
{
	char *dir = malloc(sizeof(SCRATCH));
	cleanup_fd int fd = -1;

	if (dir == NULL || scratch_make(dir) < 0 || chdir(dir) < 0)
		return -1;
	fd = open("in", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	*state = dir;
	return fd_write_all(fd, "0123456789", 10);
}

static int tear_down(void **state)
{
	int r = chdir("/") < 0 ? -1 : scratch_remove(*state);

	free(*state);
	return r;
}

#define IN_SCRATCH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(the_final_offset_is_handed_back),
		IN_SCRATCH(output_is_in_the_file_at_the_end),
		IN_SCRATCH(input_is_read_for_the_box_as_far_as_it_wants),
		cmocka_unit_test(a_signal_is_relayed),
		cmocka_unit_test(what_would_kill_ends_an_unsealed_box),
		cmocka_unit_test(what_the_caller_ignores_does_not),
		cmocka_unit_test(a_stop_is_repeated_and_continued),
		cmocka_unit_test(a_payload_that_goes_on_at_once_stops_nobody),
		cmocka_unit_test(a_payload_that_stays_stopped_stops_us_again),
		cmocka_unit_test(a_signal_before_the_orders_comes_after_them),
		cmocka_unit_test(a_payload_may_stop_before_its_execve),
	};

	if (fake_is_called(argc, argv))
		return fake_main(argv);
	(void) alarm(300); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
