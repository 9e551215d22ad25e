/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"

#include <cmocka.h>

#include "place.h"

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
	const struct rlimit few = { .rlim_cur = 16, .rlim_max = 16 };
	int status;
	pid_t pid;

	make_chain(p, 900);
	pid = fork();
	if (pid == 0) {
		if (dup2(p->fd, 3) < 0 || fd_close_from(4) < 0 || setrlimit(RLIMIT_NOFILE, &few) < 0)
			_exit(1);
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

/*
 * Stands in for libc's: the moment at which fd_remove_tree() removes "trigger" is the
 * moment at which somebody else moves the directory it stands in.
 */
int unlinkat(int dirfd, const char *name, int flags)
{
	int r = (int) syscall(SYS_unlinkat, dirfd, name, flags);

	if (strcmp(name, "trigger") == 0 && r == 0)
		r = renameat(dirfd, "../../tree/sub", dirfd, "../../victim/sub");
	return r;
}

static void a_tree_moved_meanwhile_leads_nowhere_else(void **state)
{
	const struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "victim", 0755), 0);
	put(p, "victim/f", "precious");
	assert_int_equal(mkdirat(p->fd, "tree", 0755), 0);
	assert_int_equal(mkdirat(p->fd, "tree/sub", 0755), 0);
	put(p, "tree/sub/trigger", "");
	assert_int_equal(fd_remove_tree(p->fd, "tree"), -ESTALE);
	assert_true(there(p, "victim/sub"));
	assert_content(p, "victim/f", "precious");
	assert_int_equal(fd_remove_tree(p->fd, "tree"), 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_is_removed_and_what_it_points_to_is_not),
		TEST(only_a_name_can_be_removed),
		TEST(directories_without_rights_go_too),
		TEST(a_deep_tree_takes_no_descriptors),
		TEST(a_bottomless_tree_is_an_error),
		TEST(a_tree_moved_meanwhile_leads_nowhere_else),
		TEST(no_mount_is_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
