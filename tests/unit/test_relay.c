/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <poll.h>
#include <signal.h>

#include "host/relay.h"

#include "tests/unit/scratch.h"

#include <cmocka.h>

static int set_up(void **state)
{
	char *dir = malloc(sizeof(SCRATCH));

	if (dir == NULL || scratch_make(dir) < 0 || chdir(dir) < 0)
		return -1;
	*state = dir;
	return 0;
}

static int tear_down(void **state)
{
	int r = chdir("/") < 0 ? -1 : scratch_remove(*state);

	free(*state);
	return r;
}

/* As userfds_collect() leaves it. */
static struct userfd relay(int fd, enum userfd_fate fate)
{
	struct userfd u = { .fd = fd, .fate = fate };
	int ends[2];
	int out = fate == USERFD_RELAY_OUT;

	assert_true(fd >= 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	u.pipe_box = ends[out ? 1 : 0];
	u.pipe_host = ends[out ? 0 : 1];
	assert_int_equal(fcntl(u.pipe_host, F_SETFL, O_NONBLOCK), 0);
	return u;
}

static int make_file(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void assert_content(const char *name, const char *text)
{
	cleanup_buf struct buf out = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, name, 1 << 20, &out), 0);
	assert_string_equal(out.data ? out.data : "", text);
}

static void output_reaches_the_file_in_its_mode(void **state)
{
	cleanup_fd int old = make_file("log", "before\n");
	struct userfd u = relay(open("log", O_WRONLY | O_APPEND | O_CLOEXEC), USERFD_RELAY_OUT);

	(void) state;
	assert_true(old >= 0);
	assert_int_equal(fdrelay_events(&u), POLLIN);
	assert_int_equal(write(u.pipe_box, "one\n", 4), 4);
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_content("log", "before\none\n");
	assert_int_equal(write(u.pipe_box, "two\n", 4), 4);
	(void) close(u.pipe_box);
	assert_int_equal(fdrelay_finish(&u), 0);
	assert_content("log", "before\none\ntwo\n");
	assert_int_equal(fdrelay_events(&u), 0);
	(void) close(u.fd);
}

/* The payload may have sent its end to a process of the host: nobody waits for that one. */
static void the_end_does_not_wait_for_other_writers(void **state)
{
	struct userfd u = relay(make_file("log", ""), USERFD_RELAY_OUT);

	(void) state;
	assert_int_equal(write(u.pipe_box, "all of it", 9), 9);
	assert_int_equal(fdrelay_finish(&u), 0);
	assert_content("log", "all of it");
	assert_int_equal(u.pipe_host, -1);
	(void) close(u.pipe_box);
	(void) close(u.fd);
}

static void more_than_a_pipe_holds_is_drained_at_the_end(void **state)
{
	enum { SIZE = 300000 };
	struct userfd u = relay(make_file("log", ""), USERFD_RELAY_OUT);
	cleanup_free char *text = malloc(SIZE);
	struct stat st;

	(void) state;
	memset(text, 'x', SIZE);
	assert_true(fcntl(u.pipe_box, F_SETPIPE_SZ, 1 << 20) >= SIZE);
	assert_int_equal(write(u.pipe_box, text, SIZE), SIZE);
	assert_int_equal(fdrelay_finish(&u), 0);
	assert_int_equal(fstat(u.fd, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	(void) close(u.pipe_box);
	(void) close(u.fd);
}

static void a_full_disk_closes_the_pipe(void **state)
{
	struct userfd u = relay(open("/dev/full", O_WRONLY | O_CLOEXEC), USERFD_RELAY_OUT);

	(void) state;
	(void) signal(SIGPIPE, SIG_IGN);
	assert_int_equal(write(u.pipe_box, "x", 1), 1);
	assert_int_equal(fdrelay_turn(&u), -ENOSPC);
	assert_int_equal(write(u.pipe_box, "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_int_equal(fdrelay_finish(&u), 0);
	(void) close(u.pipe_box);
	(void) close(u.fd);
}

static void input_begins_at_the_offset_and_ends(void **state)
{
	struct userfd u = relay(make_file("in", "header\nbody\n"), USERFD_RELAY_IN);
	char text[64];

	(void) state;
	assert_int_equal(lseek(u.fd, 7, SEEK_SET), 7);
	assert_int_equal(fdrelay_events(&u), POLLOUT);
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_int_equal(fdrelay_events(&u), 0);
	assert_int_equal(read(u.pipe_box, text, sizeof(text)), 5);
	assert_memory_equal(text, "body\n", 5);
	assert_int_equal(read(u.pipe_box, text, sizeof(text)), 0);
	(void) close(u.pipe_box);
	(void) close(u.fd);
}

static void what_was_not_read_is_given_back(void **state)
{
	struct userfd u = relay(make_file("in", "line one\nline two\n"), USERFD_RELAY_IN);
	char text[9];

	(void) state;
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_int_equal(lseek(u.fd, 0, SEEK_CUR), 18);
	assert_int_equal(read(u.pipe_box, text, sizeof(text)), 9);
	assert_int_equal(fdrelay_finish(&u), 0);
	assert_int_equal(lseek(u.fd, 0, SEEK_CUR), 9);
	(void) close(u.pipe_box);
	(void) close(u.pipe_host);
	(void) close(u.fd);
}

static void a_file_longer_than_the_pipe_is_given_whole(void **state)
{
	enum { SIZE = 200000 };
	cleanup_free char *text = calloc(1, SIZE + 1);
	cleanup_free char *got = calloc(1, SIZE + 1);
	struct userfd u;
	size_t n = 0;

	(void) state;
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char) ('a' + i % 23);
	u = relay(make_file("in", text), USERFD_RELAY_IN);
	for (;;) {
		ssize_t some;

		assert_int_equal(fdrelay_turn(&u), 0);
		some = read(u.pipe_box, got + n, n < 50000 ? 777 : SIZE + 1 - n);
		assert_true(some >= 0);
		if (some == 0)
			break;
		n += (size_t) some;
	}
	assert_int_equal(n, SIZE);
	assert_memory_equal(got, text, SIZE);
	(void) close(u.pipe_box);
	(void) close(u.fd);
}

static void one_without_relay_is_left_alone(void **state)
{
	struct userfd u = { .fd = make_file("a", "x"), .fate = USERFD_REOPEN, .pipe_box = -1, .pipe_host = -1 };

	(void) state;
	assert_int_equal(fdrelay_events(&u), 0);
	assert_int_equal(fdrelay_turn(&u), 0);
	assert_int_equal(fdrelay_finish(&u), 0);
	assert_int_equal(lseek(u.fd, 0, SEEK_CUR), 0);
	(void) close(u.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(output_reaches_the_file_in_its_mode),
		TEST(the_end_does_not_wait_for_other_writers),
		TEST(more_than_a_pipe_holds_is_drained_at_the_end),
		TEST(a_full_disk_closes_the_pipe),
		TEST(input_begins_at_the_offset_and_ends),
		TEST(what_was_not_read_is_given_back),
		TEST(a_file_longer_than_the_pipe_is_given_whole),
		TEST(one_without_relay_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
