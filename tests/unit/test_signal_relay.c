/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inside/relay.c: what PID 1 makes of a relayed signal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside/relay.h"

#include <cmocka.h>

/* A payload that only waits; no copies of our own but those that a test notes. */
static int set_up(void **state)
{
	static struct relay r;
	sigset_t none;

	(void) sigemptyset(&none);
	r = (struct relay) { .signals = signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK), .payload = fork() };
	if (r.payload == 0) {
		for (;;)
			(void) pause();
	}
	*state = &r;
	/* A group of its own, with a parent in another: in an orphan's SIGTSTP stops nobody. */
	return r.payload < 0 || r.signals < 0 || setpgid(r.payload, r.payload) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	const struct relay *r = *state;

	(void) close(r->signals);
	(void) kill(r->payload, SIGKILL);
	return waitpid(r->payload, NULL, 0) == r->payload ? 0 : -1;
}

static void have_own_copy(struct relay *r, int sig)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	credit_note(&r->credits, sig, (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void stop_payload(const struct relay *r)
{
	int status;

	assert_int_equal(kill(r->payload, SIGSTOP), 0);
	assert_int_equal(waitpid(r->payload, &status, WUNTRACED), r->payload);
	assert_true(WIFSTOPPED(status));
}

/* kill(2) has continued it when it returns, and left that to be waited for. */
static bool is_continued(const struct relay *r)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PID, (id_t) r->payload, &info, WCONTINUED | WNOHANG), 0);
	return info.si_pid == r->payload;
}

static void a_relayed_continue_continues(void **state)
{
	struct relay *r = *state;

	stop_payload(r);
	assert_int_equal(relay_deliver(r, SIGCONT), 0);
	assert_true(is_continued(r));
}

static void one_that_the_group_had_is_dropped(void **state)
{
	struct relay *r = *state;

	stop_payload(r);
	have_own_copy(r, SIGCONT);
	assert_int_equal(relay_deliver(r, SIGCONT), 0);
	assert_false(is_continued(r));
}

/* `fg`, then at once Ctrl-Z: the stop deleted our copy of SIGCONT, and must not be undone. */
static void a_continue_that_a_stop_followed_is_dropped(void **state)
{
	struct relay *r = *state;

	stop_payload(r);
	have_own_copy(r, SIGTSTP);
	assert_int_equal(relay_deliver(r, SIGCONT), 0);
	assert_false(is_continued(r));
	assert_int_equal(relay_deliver(r, SIGTSTP), 0);
	assert_int_equal(relay_deliver(r, SIGCONT), 0);
	assert_true(is_continued(r));
}

/* Ctrl-Z, then at once `fg`: the other way round. */
static void a_stop_that_a_continue_followed_is_dropped(void **state)
{
	struct relay *r = *state;
	int status;

	have_own_copy(r, SIGCONT);
	assert_int_equal(relay_deliver(r, SIGTSTP), 0);
	assert_int_equal(relay_deliver(r, SIGCONT), 0);
	/* Had it stopped for SIGTSTP, that is what would be told. */
	assert_int_equal(relay_deliver(r, SIGSTOP), 0);
	assert_int_equal(waitpid(r->payload, &status, WUNTRACED), r->payload);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

static void no_signal_is_refused(void **state)
{
	struct relay *r = *state;

	assert_int_equal(relay_deliver(r, 0), -EBADMSG);
	assert_int_equal(relay_deliver(r, -1), -EBADMSG);
	assert_int_equal(relay_deliver(r, 65), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_relayed_continue_continues),
		TEST(one_that_the_group_had_is_dropped),
		TEST(a_continue_that_a_stop_followed_is_dropped),
		TEST(a_stop_that_a_continue_followed_is_dropped),
		TEST(no_signal_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
