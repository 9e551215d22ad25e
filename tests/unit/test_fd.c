/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"

#include <cmocka.h>

#include "place.h"

/* --- reading and writing --------------------------------------------------- */

static void the_limit_is_the_last_size_that_is_read(void **state)
{
	const struct place *p = *state;
	cleanup_buf struct buf out = { 0 };

	put(p, "f", "12345");
	buf_puts(&out, "before ");
	assert_int_equal(fd_read_file(p->fd, "f", 4, &out), -EFBIG);
	assert_string_equal(out.data, "before ");
	assert_int_equal(fd_read_file(p->fd, "f", 5, &out), 0);
	assert_string_equal(out.data, "before 12345");
	assert_int_equal(fd_read_file(p->fd, "none", 5, &out), -ENOENT);
}

/* What has been seen to be a plain file needs no read(2) that says 0, and what it had then is read. */
static void a_plain_file_is_read_to_its_size(void **state)
{
	const struct place *p = *state;
	cleanup_buf struct buf out = { 0 }, big = { 0 };
	cleanup_free char *text = calloc(2 * TEXT_ROOM + 1, 1);
	int fd;

	memset(text, 'x', 2 * TEXT_ROOM);
	put(p, "big", text);
	fd = openat(p->fd, "big", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_plain(fd, 2 * TEXT_ROOM, 3 * TEXT_ROOM, &big), 0);
	assert_int_equal(big.len, 2 * TEXT_ROOM);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_plain(fd, 0, TEXT_ROOM, &out), -EFBIG);
	(void) close(fd);
	put(p, "f", "12345");
	fd = openat(p->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_plain(fd, 5, 5, &out), 0);
	assert_string_equal(out.data, "12345");
	assert_int_equal(fd_read_plain(fd, 5, 5, &out), 0); /* it has become shorter */
	assert_int_equal(out.len, 5);
	(void) close(fd);
}

static void a_fifo_does_not_hold_the_reader(void **state)
{
	const struct place *p = *state;
	cleanup_buf struct buf out = { 0 };

	assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
	assert_int_equal(fd_read_file(p->fd, "fifo", 5, &out), 0);
	assert_int_equal(out.len, 0);
}

static void all_is_written_to_a_full_nonblocking_pipe(void **state)
{
	size_t size = 300000;
	cleanup_free char *data = malloc(size);
	cleanup_buf struct buf got = { 0 };
	int ends[2], status;
	pid_t pid;

	(void) state;
	memset(data, 'x', size);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		(void) close(ends[0]);
		_exit(fd_write_all(ends[1], data, size) == 0 ? 0 : 1);
	}
	(void) close(ends[1]);
	assert_int_equal(fd_read_all(ends[0], size, &got), 0);
	assert_int_equal(got.len, size);
	(void) close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
}

static void a_file_is_replaced_and_not_written_through(void **state)
{
	const struct place *p = *state;
	struct stat st;
	mode_t mask = umask(077);

	put(p, "victim", "precious");
	assert_int_equal(symlinkat("victim", p->fd, "f"), 0);
	assert_int_equal(fd_replace_file(p->fd, "f", "new", 3, 0644), 0);
	(void) umask(mask);
	assert_content(p, "victim", "precious");
	assert_content(p, "f", "new");
	assert_int_equal(fstatat(p->fd, "f", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
	const struct place *p = *state;
	cleanup_dir DIR *dir = NULL;
	int entries = 0;

	assert_int_equal(mkdirat(p->fd, "d", 0755), 0);
	assert_int_equal(fd_replace_file(p->fd, "d", "x", 1, 0644), -EISDIR);
	assert_int_equal(fd_replace_file(p->fd, "d/x", "x", 1, 0644), -EINVAL);
	assert_int_equal(fd_replace_file(p->fd, "..", "x", 1, 0644), -EINVAL);
	dir = opendir(p->dir);
	while (readdir(dir) != NULL)
		entries++;
	assert_int_equal(entries, 3); /* ".", "..", "d" */
}

static void a_memfd_cannot_be_changed(void **state)
{
	cleanup_fd int fd = fd_memfd("vb-test", "data", 4);
	cleanup_fd int again = -1;
	cleanup_buf struct buf got = { 0 };
	char path[64];

	(void) state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 10, &got), 0);
	assert_string_equal(got.data, "data");
	assert_int_equal(fd_write_all(fd, "x", 1), -EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(again < 0 || fd_write_all(again, "x", 1) == -EPERM);
}

static void one_for_another_program_is_inherited(void **state)
{
	cleanup_fd int fd = fd_memfd_to_hand_on("vb-test", "data", 4), empty = fd_memfd_to_hand_on("vb-test", "", 0);
	cleanup_buf struct buf got = { 0 };

	(void) state;
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(empty, F_GETFD), 0);
	assert_int_equal(fd_read_all(fd, 10, &got) + fd_read_all(empty, 10, &got), 0);
	assert_string_equal(got.data, "data");
}

/* --- opening --------------------------------------------------------------- */

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

static bool without_openat2;

/* Linked with --wrap=syscall: a kernel that does not know openat2(2). */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[4];
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_openat2 && without_openat2) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3]);
}

static int setup_walk(void **state)
{
	without_openat2 = true;
	return setup(state);
}

static int teardown_walk(void **state)
{
	without_openat2 = false;
	return teardown(state);
}

static void no_link_is_followed_anywhere(void **state)
{
	const struct place *p = *state;
	static const int flags[] = { 0, O_PATH, O_PATH | O_DIRECTORY, O_RDONLY | O_NONBLOCK, O_RDONLY | O_DIRECTORY };
	static const char *const paths[] = { "link", "link/b", "a/link", "a/link/f", "a/b/link" };

	make_maze(p);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (size_t j = 0; j < sizeof(flags) / sizeof(flags[0]); j++)
			assert_int_equal(fd_open_below(p->fd, paths[i], flags[j]), -ELOOP);
	assert_int_equal(fd_open_nofollow("/proc/self/root", 0), -ELOOP);
	assert_int_equal(fd_open_nofollow("/proc/self", 0), -ELOOP);
}

static void a_real_path_is_opened(void **state)
{
	const struct place *p = *state;
	cleanup_free char *path = path_join(p->dir, "a/b/f");
	cleanup_fd int below = -1, absolute = -1, reading = -1, root = -1, given = -1, given_below = -1;
	cleanup_buf struct buf got = { 0 };
	struct stat a, b;

	make_maze(p);
	below = fd_open_below(p->fd, "a/b/f", 0);
	absolute = fd_open_nofollow(path, O_PATH);
	reading = fd_open_below(p->fd, "a/b/f", O_RDONLY | O_NONBLOCK);
	root = fd_open_nofollow("/", O_RDONLY | O_DIRECTORY);
	assert_true(below >= 0 && absolute >= 0 && reading >= 0 && root >= 0);
	assert_int_equal(fcntl(below, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(root, F_GETFD), FD_CLOEXEC);
	given = fd_open_nofollow_to_hand_on(path, O_PATH);
	given_below = fd_open_below_to_hand_on(p->fd, "a/b/f", 0);
	assert_int_equal(fcntl(given, F_GETFD), 0);
	assert_int_equal(fcntl(given_below, F_GETFD), 0);
	assert_true((fcntl(given_below, F_GETFL) & O_PATH) != 0);
	assert_true((fcntl(below, F_GETFL) & O_PATH) != 0);
	assert_int_equal(fstat(below, &a), 0);
	assert_int_equal(fstat(absolute, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fd_read_all(reading, 100, &got), 0);
	assert_string_equal(got.data, "content");
}

static void what_is_no_path_of_names_is_refused(void **state)
{
	const struct place *p = *state;
	static const char *const relative[] = { "", ".", "..", "a/..", "a/../a", "a//b", "a/", "/a", "./a" };
	static const char *const absolute[] = { "", "tmp", "/tmp/", "//", "//tmp", "/tmp/..", "/tmp/../etc" };
	char long_name[300];

	make_maze(p);
	for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++)
		assert_int_equal(fd_open_below(p->fd, relative[i], 0), -EINVAL);
	for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++)
		assert_int_equal(fd_open_nofollow(absolute[i], 0), -EINVAL);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(fd_open_below(p->fd, long_name, 0), -ENAMETOOLONG);
	assert_int_equal(fd_open_below(p->fd, "new", O_WRONLY | O_CREAT), -EINVAL);
	assert_int_equal(fd_open_below(p->fd, "a", O_RDWR | O_TMPFILE), -EINVAL);
	assert_int_equal(fd_open_below(p->fd, "a/b/f/x", 0), -ENOTDIR);
	assert_int_equal(fd_open_below(p->fd, "a/none", 0), -ENOENT);
	assert_false(there(p, "new"));
}

/* --- closing, identity ------------------------------------------------------ */

static int close_and_look(bool without_call)
{
	scmp_filter_ctx filter = without_call ? seccomp_init(SCMP_ACT_ALLOW) : NULL;

	if (without_call && (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_close_range, 0) < 0 || seccomp_load(filter) < 0))
		return 1;
	for (int fd = 5; fd < 40; fd += 3)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 2;
	if (fd_close_from(8) < 0)
		return 3;
	for (int fd = 8; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 4;
	return fcntl(5, F_GETFD) >= 0 ? 0 : 5;
}

static void everything_from_a_number_on_is_closed(void **state)
{
	(void) state;
	for (int without_call = 0; without_call < 2; without_call++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(close_and_look(without_call == 1));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void a_changed_file_is_not_the_same(void **state)
{
	struct stat st = { .st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = { .tv_sec = 4, .tv_nsec = 5 } };
	struct file_id a, b;

	(void) state;
	file_id_from_stat(&st, &a);
	assert_int_equal(a.mtime_ns, 4000000005);
	b = a;
	assert_true(file_id_same(&a, &b));
	st.st_dev++; /* as after a reboot */
	st.st_ino++; /* as after a restored backup */
	file_id_from_stat(&st, &b);
	assert_true(file_id_same(&a, &b));
	b.size++;
	assert_false(file_id_same(&a, &b));
	b = a;
	b.mtime_ns++;
	assert_false(file_id_same(&a, &b));
	st.st_mtim.tv_sec = INT64_MAX; /* wraps, and is not undefined */
	file_id_from_stat(&st, &b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WALK(name) cmocka_unit_test_setup_teardown(name, setup_walk, teardown_walk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_limit_is_the_last_size_that_is_read),
		TEST(a_plain_file_is_read_to_its_size),
		TEST(a_fifo_does_not_hold_the_reader),
		cmocka_unit_test(all_is_written_to_a_full_nonblocking_pipe),
		TEST(a_file_is_replaced_and_not_written_through),
		TEST(a_failed_replacement_leaves_nothing_behind),
		cmocka_unit_test(a_memfd_cannot_be_changed),
		cmocka_unit_test(one_for_another_program_is_inherited),
		TEST(no_link_is_followed_anywhere),
		TEST(a_real_path_is_opened),
		TEST(what_is_no_path_of_names_is_refused),
		TEST_WALK(no_link_is_followed_anywhere),
		TEST_WALK(a_real_path_is_opened),
		TEST_WALK(what_is_no_path_of_names_is_refused),
		cmocka_unit_test(everything_from_a_number_on_is_closed),
		cmocka_unit_test(a_changed_file_is_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
