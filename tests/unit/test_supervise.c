/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/filter.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/fd.h"

#include "tests/unit/launched.h"

#include <cmocka.h>

/* --- how it ends --------------------------------------------------------------------- */

static void an_exit_status_is_repeated(void **state)
{
	const struct fake_step script[] = { HELLO, SEALED, STARTED, EXIT(W_EXITCODE(7, 0)), END };
	struct scene s;

	(void) state;
	launch(&s, script);
	assert_int_equal(end(&s), W_EXITCODE(7, 0));
	assert_int_equal(s.result->r, 0);
	assert_true(s.result->o.sealed);
	forget(&s);
}

static void allow_cores(void)
{
	struct rlimit limit;

	(void) getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_CORE, &limit);
}

static void a_death_by_signal_is_repeated(void **state)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGPIPE, SIGHUP };

	(void) state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		const struct fake_step script[] = { HELLO, SEALED, STARTED, EXIT(W_EXITCODE(0, signals[i])), END };
		struct scene s;
		int status;

		launch_with(&s, script, sizeof(script), allow_cores);
		status = end(&s);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_false(WCOREDUMP(status));
		forget(&s);
	}
}

static void a_program_that_cannot_be_executed_has_the_status_of_env(void **state)
{
	const struct fake_step missing[] = { HELLO, SEALED, REPORT(REPORT_EXEC_FAILED, ENOENT), EXIT(W_EXITCODE(127, 0)), END };
	const struct fake_step forbidden[] = { HELLO, SEALED, REPORT(REPORT_EXEC_FAILED, EACCES), EXIT(W_EXITCODE(126, 0)), END };
	struct scene s;

	(void) state;
	launch(&s, missing);
	assert_int_equal(end(&s), W_EXITCODE(127, 0));
	assert_int_equal(s.result->o.exec_errno, ENOENT);
	forget(&s);
	launch(&s, forbidden);
	assert_int_equal(end(&s), W_EXITCODE(126, 0));
	assert_int_equal(s.result->o.exec_errno, EACCES);
	forget(&s);
}

/* --- how it fails ---------------------------------------------------------------------- */

static void assert_fails_in(const struct fake_step *script, size_t len, void (*prepare)(void), int r, const char *words)
{
	struct scene s;
	int status;

	launch_with(&s, script, len, prepare);
	status = end(&s);
	if (status != W_EXITCODE(125, 0) || (r != 0 && s.result->r != r) || strstr(s.result->what, words) == NULL)
		fail_msg("%x, %d, '%s' has no '%s'", (unsigned) status, s.result->r, s.result->what, words);
	assert_int_equal(s.result->kept, 0);
	forget(&s);
}

static void assert_fails(const struct fake_step *script, size_t len, int r, const char *words)
{
	assert_fails_in(script, len, NULL, r, words);
}

static void an_end_without_a_report_is_a_failure(void **state)
{
	const struct fake_step at_once[] = { ACT(FAKE_END, 3) };
	const struct fake_step sealed[] = { HELLO, SEALED, END };
	const struct fake_step running[] = { HELLO, SEALED, STARTED, END };

	(void) state;
	assert_fails(at_once, sizeof(at_once), 0, "");
	assert_fails(sealed, sizeof(sealed), -ECHILD, "without a report");
	assert_fails(running, sizeof(running), -ECHILD, "without a report");
}

static void the_words_of_bwrap_are_in_the_failure(void **state)
{
	const struct fake_step script[] = { ACT(FAKE_WORDS, 0), ACT(FAKE_END, 1) };

	(void) state;
	assert_fails(script, sizeof(script), 0, "Can't do what was asked");
}

/* With SIGCHLD ignored the kernel reaps, and nobody learns the status: sigaction(2). */
static void the_status_of_bwrap_is_known_when_the_caller_ignores_children(void **state)
{
	const struct fake_step script[] = { ACT(FAKE_WORDS, 0), ACT(FAKE_END, 3) };
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), set_signals);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_non_null(strstr(s.result->what, "status 3"));
	forget(&s);
}

static void a_flood_of_words_stops_nothing(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_WORDS, 300000), SEALED, STARTED, EXIT(0), END };
	struct scene s;

	(void) state;
	launch(&s, script);
	assert_int_equal(end(&s), 0);
	forget(&s);
}

static void a_failure_is_reported_in_its_words(void **state)
{
	const struct fake_step script[] = {
		HELLO, { .act = FAKE_REPORT, .report = { .kind = REPORT_FAILED, .value = EPERM, .text = "cannot load the filter" } }, END,
	};
	const struct fake_step unended[] = { /* every byte of the text is used: no NUL */
		HELLO, { .act = FAKE_REPORT, .report = { .kind = REPORT_FAILED, .value = EPERM, .offset = -1 } }, HANG,
	};
	struct fake_step copy[sizeof(unended) / sizeof(unended[0])];

	(void) state;
	assert_fails(script, sizeof(script), -EPERM, "cannot load the filter");
	memcpy(copy, unended, sizeof(copy));
	memset(copy[1].report.text, 'x', sizeof(copy[1].report.text));
	assert_fails(copy, sizeof(copy), -EPERM, "xxxx");
}

/* Each is followed by a hang: the box must be ended by us. */
static void reports_out_of_turn_are_failures(void **state)
{
	static const struct fake_step scripts[][5] = {
		{ HELLO, STARTED, HANG },
		{ HELLO, EXIT(0), HANG },
		{ HELLO, SEALED, SEALED, HANG },
		{ HELLO, SEALED, EXIT(0), HANG },
		{ HELLO, SEALED, STARTED, STARTED, HANG },
		{ HELLO, SEALED, STARTED, EXIT(0x137f), HANG },
		{ HELLO, SEALED, STARTED, EXIT(-1), HANG },
		{ HELLO, SEALED, STARTED, REPORT(REPORT_STOPPED, SIGTERM), HANG },
		{ HELLO, REPORT(REPORT_STOPPED, SIGSTOP), HANG },
		{ HELLO, REPORT(REPORT_CONTINUED, 0), HANG },
		{ HELLO, REPORT(REPORT_LOOKED, 0), HANG },
		{ HELLO, SEALED, STARTED, REPORT(REPORT_OFFSET, -1), HANG },
		{ HELLO, SEALED, STARTED, REPORT(REPORT_OFFSET, 1000), HANG },
		{ HELLO, SEALED, STARTED, REPORT(REPORT_OFFSET, 0), HANG }, /* no reopened file */
		{ HELLO, SEALED, STARTED, REPORT(REPORT_EXEC_FAILED, ENOENT), HANG },
		{ HELLO, SEALED, REPORT(REPORT_EXEC_FAILED, 0), HANG },
		{ HELLO, REPORT(0, 0), HANG },
		{ HELLO, REPORT(99, 0), HANG },
		{ HELLO, ACT(FAKE_RAW, 8), HANG },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		assert_fails(scripts[i], sizeof(scripts[i]), -EBADMSG, "bad report");
}

/* --- the listener of a watched box ------------------------------------------------------- */

static struct watcher watcher;

static void tell_nobody(const struct denial *d, void *data)
{
	(void) d;
	(void) data;
}

static void be_watched(void)
{
	static const uint64_t limits[RLIM_NLIMITS];
	static const struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV) };
	const struct watched of = { .venv = "/v", .box_home = "/v/home", .limits = limits, .tell = tell_nobody };

	watcher_init(&watcher, &of);
	launch_filter = fd_memfd("filter", all, sizeof(all));
	launch_watcher = &watcher;
}

#define LISTENER WITH(REPORT_WATCH, 1)
#define EVENT_WITH(kind) WITH(kind, 0)

static void a_watched_box_is_answered(void **state)
{
	const struct fake_step script[] = { HELLO, LISTENER, SEALED, STARTED, ACT(FAKE_CALL, 0), EXIT(W_EXITCODE(7, 0)), END };
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), be_watched);
	assert_int_equal(hear_number(&s), EXDEV);
	assert_int_equal(end(&s), W_EXITCODE(7, 0));
	assert_true(s.result->o.sealed);
	forget(&s);
}

/* Before it is sealed nothing of the box is believed, and a watched one is not sealed before its listener is here. */
static void a_listener_out_of_turn_is_a_failure(void **state)
{
	static const struct fake_step unwatched[][5] = {
		{ HELLO, LISTENER, HANG },
		{ HELLO, REPORT(REPORT_WATCH, 0), HANG },
		{ HELLO, EVENT_WITH(REPORT_SEALED), HANG },
		{ HELLO, SEALED, EVENT_WITH(REPORT_STARTED), HANG },
	};
	static const struct fake_step watched[][5] = {
		{ HELLO, SEALED, HANG },
		{ HELLO, REPORT(REPORT_WATCH, 0), HANG },
		{ HELLO, EVENT_WITH(REPORT_SEALED), HANG },
		{ HELLO, LISTENER, EVENT_WITH(REPORT_WATCH), HANG },
		{ HELLO, LISTENER, REPORT(REPORT_WATCH, 0), HANG },
		{ HELLO, LISTENER, EVENT_WITH(REPORT_SEALED), HANG },
		{ HELLO, LISTENER, SEALED, EVENT_WITH(REPORT_WATCH), HANG },
		{ HELLO, LISTENER, SEALED, EVENT_WITH(REPORT_STARTED), HANG },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(unwatched) / sizeof(unwatched[0]); i++)
		assert_fails(unwatched[i], sizeof(unwatched[i]), -EBADMSG, "bad report");
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		assert_fails_in(watched[i], sizeof(watched[i]), be_watched, -EBADMSG, "bad report");
}

/* What is sent for a listener and is none cannot be watched: the box is ended. */
static void a_descriptor_that_tells_nothing_is_a_failure(void **state)
{
	const struct fake_step script[] = { HELLO, EVENT_WITH(REPORT_WATCH), SEALED, STARTED, HANG };

	(void) state;
	assert_fails_in(script, sizeof(script), be_watched, 0, "cannot watch the system calls");
}

/* What would be refused of its calls is not known, and PID 1 itself fills nothing in: it is sent nothing. */
static void a_watched_box_without_numbers_gets_no_filter(void **state)
{
	static const struct fake_step watched[][2] = {
		{ HELLO_OF(-1, 0), HANG },
		{ HELLO_OF(0, -1), HANG },
		{ HELLO_OF(0, UINT32_MAX), HANG },
		{ HELLO_OF(0, 1LL << 32), HANG },
	};
	const struct fake_step unwatched[] = { HELLO_OF(-1, -1), SEALED, STARTED, EXIT(0), END };
	struct scene s;

	(void) state;
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		assert_fails_in(watched[i], sizeof(watched[i]), be_watched, -EBADMSG, "bad report");
	launch(&s, unwatched);
	assert_int_equal(end(&s), 0);
	forget(&s);
}

static void a_bwrap_that_is_missing_is_named(void **state)
{
	struct userfds fds = { 0 };
	struct orders orders = { .cwd = strdup("/"), .program = strdup("/p") };
	struct failure f = { 0 };
	struct outcome o;
	struct caller_signals caller;
	int empty = fd_memfd("empty", "", 0);
	struct launch l = {
		.bwrap = "/nowhere/bwrap", .args_fd = empty, .init_fd = empty, .filter_fd = empty, .payload_fd = empty,
		.orders = &orders, .fds = &fds, .caller = &caller,
	};
	sigset_t mask;

	(void) state;
	(void) sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(signals_block(&caller), 0);
	assert_true(supervise_run(&l, &o, &f) < 0);
	assert_non_null(strstr(f.what, "/nowhere/bwrap"));
	(void) sigprocmask(SIG_SETMASK, &mask, NULL);
	(void) signal(SIGPIPE, SIG_DFL);
	orders_release(&orders);
	failure_release(&f);
	(void) close(empty);
}

/* --- nothing is left ---------------------------------------------------------------------- */

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* kill -9 of bwrap alone: PID 1 lives on for a moment, and must not when the launcher has returned. */
static void the_first_process_does_not_outlive_bwrap(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_FORK, 0), SEALED, STARTED, ACT(FAKE_KILL_PARENT, 0), HANG };
	struct scene s;
	pid_t init;

	(void) state;
	launch(&s, script);
	init = hear_number(&s);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_false(is_alive(init));
	forget(&s);
}

static void a_bad_report_ends_both(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_FORK, 0), SEALED, SEALED, HANG };
	struct scene s;
	pid_t init;

	(void) state;
	launch(&s, script);
	init = hear_number(&s);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_false(is_alive(init));
	forget(&s);
}

static int cannot_complete(struct launch *l, void *data, struct failure *f)
{
	(void) l;
	(void) data;
	return fail_errno(f, EIO, NULL, "the orders cannot be made");
}

static void be_incomplete(void)
{
	launch_complete = cannot_complete;
}

/* bwrap runs by then. */
static void what_cannot_be_completed_is_ended(void **state)
{
	const struct fake_step script[] = { SEALED, STARTED, EXIT(0), HANG };
	struct scene s;
	int status;

	(void) state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	launch_with(&s, script, sizeof(script), be_incomplete);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_string_equal(s.result->what, "the orders cannot be made: Input/output error");
	assert_int_equal(s.result->r, -EIO);
	assert_false(s.result->o.sealed);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1); /* nobody came to us */
	assert_int_equal(errno, ECHILD);
	forget(&s);
}

static void give_up_two(void)
{
	launch_given_up = 2;
}

static void what_bwrap_was_started_for_may_turn_out_to_be_another_box(void **state)
{
	const struct fake_step script[] = { HELLO, SEALED, STARTED, EXIT(W_EXITCODE(7, 0)), END };
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), give_up_two);
	assert_int_equal(end(&s), W_EXITCODE(7, 0));
	assert_true(s.result->childless);
	forget(&s);
}

static void have_no_other(void)
{
	launch_given_up = 2;
	launch_offered_once = true;
}

/* There is no bwrap then; to end the number that stands for none would end everybody: kill(2). */
static void without_another_nobody_is_killed(void **state)
{
	const struct fake_step script[] = { HANG };
	struct scene s;
	pid_t bystander = fork();
	int status;

	(void) state;
	if (bystander == 0) {
		(void) pause();
		_exit(0);
	}
	launch_with(&s, script, sizeof(script), have_no_other);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_string_equal(s.result->what, "no other box: Too many open files in system");
	assert_true(s.result->childless);
	assert_int_equal(waitpid(bystander, &status, WNOHANG | WUNTRACED), 0);
	assert_int_equal(kill(bystander, SIGKILL), 0);
	assert_int_equal(waitpid(bystander, &status, 0), bystander);
	forget(&s);
}

static void do_not_settle(void)
{
	launch_given_up = 1;
	launch_settled = -EMLINK;
}

/* It waits for ever, and is told nothing. */
static void a_box_that_does_not_settle_is_ended(void **state)
{
	const struct fake_step script[] = { HANG };
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), do_not_settle);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_int_equal(s.result->r, -EMLINK);
	assert_string_equal(s.result->what, "it does not settle: Too many links");
	assert_true(s.result->childless);
	forget(&s);
}

/* `server & exec python`: the child survives our execve(2). A refusal is none of its business. */
static void be_a_parent(void)
{
	launch_settled = -EMLINK;
	launch_given_up = 1;
	if (fork() == 0) {
		for (int fd = 0; fd < 1024; fd++)
			(void) close(fd);
		(void) pause();
		_exit(0);
	}
}

static void a_child_of_the_caller_s_outlives_a_refusal(void **state)
{
	const struct fake_step script[] = { HANG };
	cleanup_file FILE *children = fopen("/proc/thread-self/children", "re");
	struct scene s;
	int status;
	pid_t left;

	(void) state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	launch_with(&s, script, sizeof(script), be_a_parent);
	assert_int_equal(end(&s), W_EXITCODE(125, 0));
	assert_string_equal(s.result->what, "it does not settle: Too many links");
	assert_int_equal(waitpid(-1, &status, WNOHANG), 0); /* it has come to us, and is alive */
	assert_true(fscanf(children, "%d", &left) == 1 && left > 0);
	assert_int_equal(kill(left, SIGKILL), 0);
	assert_int_equal(waitpid(left, &status, 0), left);
	assert_true(WIFSIGNALED(status));
	forget(&s);
}

/* The fake bwrap does nothing of its own to die: it holds the pipe until PR_SET_PDEATHSIG ends it. */
static void bwrap_dies_with_the_launcher(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_TELL, 1), HANG };
	char rest[TEXT_MAX];
	struct scene s;

	(void) state;
	launch(&s, script);
	assert_int_equal(hear_number(&s), 1);
	assert_int_equal(kill(s.launcher, SIGKILL), 0);
	hear(&s, rest);
	assert_string_equal(rest, "");
	assert_true(WIFSIGNALED(end(&s)));
	forget(&s);
}

/* --- what bwrap and PID 1 are given ------------------------------------------------------------ */

/* A descriptor of the caller that is not to go in. launched.c adds one that was forgotten. */
static void open_some(void)
{
	(void) dup2(eventfd(0, 0), FILE_FD);
	(void) setenv("SECRET", "1", 1);
}

static void bwrap_has_nothing_of_the_caller(void **state)
{
	const struct fake_step script[] = { ACT(FAKE_FACTS, 0), SEALED, STARTED, EXIT(0), END };
	char text[TEXT_MAX];
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), open_some);
	hear(&s, text);
	assert_string_equal(text, "env=0 null=1,1 blocked=1 pdeath=9 waiting=0 fds=0,1,2,3,");
	assert_int_equal(end(&s), 0);
	forget(&s);
}

static void the_caller_s_signals_are_ordered(void **state)
{
	const struct fake_step script[] = { HELLO, ACT(FAKE_ORDERS, 0), SEALED, STARTED, EXIT(W_EXITCODE(5, 0)), END };
	char text[TEXT_MAX], expected[TEXT_MAX];
	struct scene s;

	(void) state;
	launch_with(&s, script, sizeof(script), set_signals);
	hear(&s, text);
	(void) snprintf(expected, sizeof(expected), "ignored=%x blocked=%x 30:pass:0",
			1U << (SIGHUP - 1) | 1U << (SIGPIPE - 1) | 1U << (SIGCHLD - 1), 1U << (SIGUSR2 - 1));
	assert_string_equal(text, expected);
	assert_int_equal(end(&s), W_EXITCODE(5, 0));
	forget(&s);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_status_is_repeated),
		cmocka_unit_test(a_death_by_signal_is_repeated),
		cmocka_unit_test(a_program_that_cannot_be_executed_has_the_status_of_env),
		cmocka_unit_test(an_end_without_a_report_is_a_failure),
		cmocka_unit_test(the_words_of_bwrap_are_in_the_failure),
		cmocka_unit_test(the_status_of_bwrap_is_known_when_the_caller_ignores_children),
		cmocka_unit_test(a_flood_of_words_stops_nothing),
		cmocka_unit_test(a_failure_is_reported_in_its_words),
		cmocka_unit_test(reports_out_of_turn_are_failures),
		cmocka_unit_test(a_watched_box_is_answered),
		cmocka_unit_test(a_listener_out_of_turn_is_a_failure),
		cmocka_unit_test(a_descriptor_that_tells_nothing_is_a_failure),
		cmocka_unit_test(a_watched_box_without_numbers_gets_no_filter),
		cmocka_unit_test(a_bwrap_that_is_missing_is_named),
		cmocka_unit_test(the_first_process_does_not_outlive_bwrap),
		cmocka_unit_test(a_bad_report_ends_both),
		cmocka_unit_test(what_cannot_be_completed_is_ended),
		cmocka_unit_test(what_bwrap_was_started_for_may_turn_out_to_be_another_box),
		cmocka_unit_test(without_another_nobody_is_killed),
		cmocka_unit_test(a_box_that_does_not_settle_is_ended),
		cmocka_unit_test(a_child_of_the_caller_s_outlives_a_refusal),
		cmocka_unit_test(bwrap_dies_with_the_launcher),
		cmocka_unit_test(bwrap_has_nothing_of_the_caller),
		cmocka_unit_test(the_caller_s_signals_are_ordered),
	};

	if (fake_is_called(argc, argv))
		return fake_main(argv);
	(void) alarm(300); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
