/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "common/names.h"
#include "tests/unit/callerfds.h"

static int open_eventfd(void)
{
	return eventfd(0, 0);
}

static int open_null(void)
{
	return open("/dev/null", O_RDWR);
}

static int open_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void) close(ends[1]);
	return dup(ends[0]);
}

static int open_reading(void)
{
	return open_new("a", O_RDONLY);
}

/* --- what goes with it --------------------------------------------------------------- */

static void a_reopened_file_has_offset_and_descriptor_for_bwrap(void **state)
{
	struct scene *s = *state;
	const struct userfd *u;
	struct stat st;

	place(open_reading(), HIGH);
	assert_int_equal(lseek(HIGH, 2, SEEK_SET), 2);
	u = collect(s, HIGH, 0);
	assert_int_equal(u->offset, 2);
	assert_true(u->bind_fd >= VB_FREE_FD && u->bind_fd != HIGH);
	assert_true(fcntl(u->bind_fd, F_GETFL) & O_PATH);
	assert_int_equal(fstat(u->bind_fd, &st), 0);
	assert_true(st.st_ino == u->ino && st.st_dev == u->dev);
	assert_int_equal(u->pipe_box, -1);
}

static void all_become_close_on_exec(void **state)
{
	struct scene *s = *state;

	place(open_eventfd(), HIGH);
	place(open_null(), HIGH + 1);
	(void) collect(s, HIGH, 0);
	assert_int_equal(fcntl(HIGH, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(HIGH + 1, F_GETFD), FD_CLOEXEC);
}

static void ours_are_left_out(void **state)
{
	struct scene *s = *state;
	cleanup_fd int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);

	place(open_null(), HIGH);
	(void) collect(s, HIGH, 0);
	assert_null(find(&s->u, ours));
}

static void one_open_file_has_one_pipe(void **state)
{
	struct scene *s = *state;
	const struct userfd *first, *second;

	place(open_new("a", O_WRONLY), HIGH);
	place(dup(HIGH), HIGH + 1);
	first = collect(s, HIGH, 0);
	second = find(&s->u, HIGH + 1);
	assert_true(first->pipe_box >= 0 && first->pipe_host >= 0);
	assert_int_equal(second->pipe_box, -1);
	assert_int_equal(second->pipe_host, -1);
	assert_ptr_equal(&s->u.v[second->same_as], first);
	assert_ptr_equal(&s->u.v[first->same_as], first);
}

/* `>a 2>a` are two streams with an offset each, `>>a 2>>a` are one. */
static void two_open_files_have_two_pipes_unless_both_append(void **state)
{
	struct scene *s = *state;

	place(open_new("a", O_WRONLY), HIGH);
	place(open("a", O_WRONLY), HIGH + 1);
	(void) collect(s, HIGH, 0);
	assert_true(find(&s->u, HIGH + 1)->pipe_box >= 0);
	place(open("a", O_WRONLY | O_APPEND), HIGH);
	place(open("a", O_WRONLY | O_APPEND), HIGH + 1);
	(void) collect(s, HIGH, 0);
	assert_int_equal(find(&s->u, HIGH + 1)->pipe_box, -1);
}

/* --- 0, 1, 2 ----------------------------------------------------------------------------- */

/* In a child: cmocka writes to these. The result is the number of the check that failed. */
static int check_reserve(void)
{
	struct userfds u = { 0 };
	struct strv none = { 0 };
	struct stat st;

	(void) close(0);
	(void) close(2);
	if (userfds_reserve(&u) != 0)
		return 1;
	if (!u.was_closed[0] || u.was_closed[1] || !u.was_closed[2])
		return 2;
	if (fstat(0, &st) < 0 || !S_ISCHR(st.st_mode) || fcntl(0, F_GETFD) != FD_CLOEXEC)
		return 3;
	if (userfds_list(&u, NULL) != 0 || userfds_collect(&u, &none, 0, NULL) != 0)
		return 4;
	if (find(&u, 0) != NULL || find(&u, 1) == NULL || find(&u, 2) != NULL)
		return 5;
	userfds_release(&u);
	return 0;
}

static void a_closed_one_is_reserved_and_not_given(void **state)
{
	pid_t pid = fork();
	int status;

	(void) state;
	if (pid == 0)
		_exit(check_reserve());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void letting_go_closes_pipes_but_keeps_files_and_what_is_refused(void **state)
{
	struct scene *s = *state;
	struct stat st;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	place(ends[1], HIGH);
	place(open_eventfd(), HIGH + 1);
	place(open_reading(), 0);
	(void) collect(s, HIGH, 0);
	assert_int_equal(userfds_let_go(&s->u), 0);
	assert_int_equal(fcntl(HIGH, F_GETFD), -1);
	assert_true(fcntl(HIGH + 1, F_GETFD) >= 0); /* its reader would take the end for ours */
	assert_true(fstat(0, &st) == 0 && S_ISREG(st.st_mode));
	assert_true(fcntl(2, F_GETFD) >= 0);
	(void) close(ends[0]);
}

static void a_pipe_on_standard_input_becomes_null(void **state)
{
	struct scene *s = *state;
	struct stat st;

	place(open_pipe(), 0);
	(void) collect(s, 0, 0);
	assert_int_equal(userfds_let_go(&s->u), 0);
	assert_true(fstat(0, &st) == 0 && S_ISCHR(st.st_mode));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reopened_file_has_offset_and_descriptor_for_bwrap),
		TEST(all_become_close_on_exec),
		TEST(ours_are_left_out),
		TEST(one_open_file_has_one_pipe),
		TEST(two_open_files_have_two_pipes_unless_both_append),
		cmocka_unit_test(a_closed_one_is_reserved_and_not_given),
		TEST(letting_go_closes_pipes_but_keeps_files_and_what_is_refused),
		TEST(a_pipe_on_standard_input_becomes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
