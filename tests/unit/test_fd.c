/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "scratch.h"

#include <cmocka.h>

struct place {
	char dir[32];
	int fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL || scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int r = scratch_remove(p->dir);

	(void) close(p->fd);
	free(p);
	return r;
}

static void put(const struct place *p, const char *name, const char *text)
{
	cleanup_fd int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static bool there(const struct place *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_content(const struct place *p, const char *name, const char *text)
{
	cleanup_buf struct buf got = { 0 };

	assert_int_equal(fd_read_file(p->fd, name, 1000, &got), 0);
	assert_string_equal(got.data, text);
}

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

/* --- opening --------------------------------------------------------------- */

static void make_maze(const struct place *p)
{
	assert_int_equal(mkdirat(p->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "a/b", 0755), 0);
	put(p, "a/b/f", "content");
	assert_int_equal(symlinkat("a", p->fd, "link"), 0);
	assert_int_equal(symlinkat("b", p->fd, "a/link"), 0);
	assert_int_equal(symlinkat("f", p->fd, "a/b/link"), 0);
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
	cleanup_fd int below = -1, absolute = -1, reading = -1, root = -1;
	cleanup_buf struct buf got = { 0 };
	struct stat a, b;

	make_maze(p);
	below = fd_open_below(p->fd, "a/b/f", 0);
	absolute = fd_open_nofollow(path, O_PATH);
	reading = fd_open_below(p->fd, "a/b/f", O_RDONLY | O_NONBLOCK);
	root = fd_open_nofollow("/", O_RDONLY | O_DIRECTORY);
	assert_true(below >= 0 && absolute >= 0 && reading >= 0 && root >= 0);
	assert_int_equal(fcntl(below, F_GETFD), FD_CLOEXEC);
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

/* --- removing -------------------------------------------------------------- */

static void a_tree_is_removed_and_what_it_points_to_is_not(void **state)
{
	const struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "victim", 0755), 0);
	put(p, "victim/f", "precious");
	make_maze(p);
	assert_int_equal(symlinkat("../victim", p->fd, "a/to-dir"), 0);
	assert_int_equal(symlinkat("../victim/f", p->fd, "a/to-file"), 0);
	assert_int_equal(mkfifoat(p->fd, "a/b/fifo", 0), 0);
	assert_int_equal(fd_remove_tree(p->fd, "a"), 0);
	assert_false(there(p, "a"));
	assert_content(p, "victim/f", "precious");
	assert_int_equal(fd_remove_tree(p->fd, "a"), 0); /* missing */
	assert_int_equal(symlinkat("victim", p->fd, "top"), 0);
	assert_int_equal(fd_remove_tree(p->fd, "top"), 0);
	assert_false(there(p, "top"));
	assert_content(p, "victim/f", "precious");
}

static void only_a_name_can_be_removed(void **state)
{
	const struct place *p = *state;
	static const char *const bad[] = { "", ".", "..", "a/b", "a/" };

	make_maze(p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(fd_remove_tree(p->fd, bad[i]), -EINVAL);
	assert_content(p, "a/b/f", "content");
}

/* As an ordinary user: root would not notice. */
static void directories_without_rights_go_too(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid;

	assert_int_equal(fchmod(p->fd, 0777), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		if (mkdirat(p->fd, "d", 0755) < 0 || mkdirat(p->fd, "d/e", 0755) < 0 || mkdirat(p->fd, "d/e/f", 0) < 0 ||
		    fchmodat(p->fd, "d/e", 0500, 0) < 0 || fchmodat(p->fd, "d", 0, 0) < 0)
			_exit(2);
		_exit(fd_remove_tree(p->fd, "d") == 0 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(there(p, "d"));
}

/* A chain of depth directories called "d" in p; the deepest holds a file. */
static void make_chain(const struct place *p, int depth)
{
	cleanup_fd int at = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);

	for (int i = 0; i < depth; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void) close(at);
		at = next;
	}
	assert_int_equal(symlinkat("/", at, "file"), 0);
}

static void a_deep_tree_takes_no_descriptors(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid;

	make_chain(p, 900);
	pid = fork();
	if (pid == 0) {
		if (dup2(p->fd, 3) < 0 || fd_close_from(8) < 0)
			_exit(1);
		for (int fd = open("/dev/null", O_RDONLY); fd >= 0 && fd < 1000; fd = dup(fd))
			; /* leaves no more than the few below the limit of 1024 */
		_exit(fd_remove_tree(3, "d") == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(there(p, "d"));
}

static void a_bottomless_tree_is_an_error(void **state)
{
	struct place *p = *state;
	cleanup_fd int middle = -1;

	make_chain(p, 1500);
	assert_int_equal(fd_remove_tree(p->fd, "d"), -ELOOP);
	/* For the teardown: the lower half first. */
	middle = openat(p->fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 700; i++) {
		int next = openat(middle, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		(void) close(middle);
		middle = next;
	}
	assert_int_equal(fd_remove_tree(middle, "d"), 0);
}

static void write_text(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	(void) !write(fd, text, strlen(text));
}

/* In namespaces of its own: a bind mount of the same file system, which st_dev does not show. */
static int remove_around_mount(const struct place *p)
{
	char map[64];
	uid_t uid = geteuid();
	int dir;

	(void) snprintf(map, sizeof(map), "0 %u 1", uid);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 1;
	write_text("/proc/self/uid_map", map);
	if (chdir(p->dir) < 0 || mount("victim", "a/b/mnt", NULL, MS_BIND, NULL) < 0)
		return 2;
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* p->fd is of the other mount namespace */
	if (fd_remove_tree(dir, "a") != -EXDEV || access("victim/f", F_OK) < 0)
		return 3;
	return umount("a/b/mnt") == 0 && fd_remove_tree(dir, "a") == 0 ? 0 : 4;
}

static void no_mount_is_crossed(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid;

	assert_int_equal(mkdirat(p->fd, "victim", 0755), 0);
	put(p, "victim/f", "precious");
	assert_int_equal(mkdirat(p->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "a/b/mnt", 0755), 0);
	pid = fork();
	if (pid == 0)
		_exit(remove_around_mount(p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_content(p, "victim/f", "precious");
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
	b.dev++;
	assert_false(file_id_same(&a, &b));
	b = a;
	b.ino++;
	assert_false(file_id_same(&a, &b));
	b = a;
	b.size++;
	assert_false(file_id_same(&a, &b));
	b = a;
	b.mtime_ns++;
	assert_false(file_id_same(&a, &b));
	st.st_mtim.tv_sec = INT64_MAX; /* wraps, and is not undefined */
	file_id_from_stat(&st, &b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_limit_is_the_last_size_that_is_read),
		TEST(a_fifo_does_not_hold_the_reader),
		cmocka_unit_test(all_is_written_to_a_full_nonblocking_pipe),
		TEST(a_file_is_replaced_and_not_written_through),
		TEST(a_failed_replacement_leaves_nothing_behind),
		cmocka_unit_test(a_memfd_cannot_be_changed),
		TEST(no_link_is_followed_anywhere),
		TEST(a_real_path_is_opened),
		TEST(what_is_no_path_of_names_is_refused),
		TEST(a_tree_is_removed_and_what_it_points_to_is_not),
		TEST(only_a_name_can_be_removed),
		TEST(directories_without_rights_go_too),
		TEST(a_deep_tree_takes_no_descriptors),
		TEST(a_bottomless_tree_is_an_error),
		TEST(no_mount_is_crossed),
		cmocka_unit_test(everything_from_a_number_on_is_closed),
		cmocka_unit_test(a_changed_file_is_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
