/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/hardlink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"

#include <cmocka.h>

#include "place.h"

static bool dies_at_rename, disk_is_full, pip_only;
static void (*before_open)(const char *name);

int renameat(int olddir, const char *old, int newdir, const char *new)
{
	if (dies_at_rename)
		_exit(9);
	return (int) syscall(SYS_renameat2, olddir, old, newdir, new, 0);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
	va_end(more);
	if (before_open != NULL)
		before_open(path);
	return (int) syscall(SYS_openat, dirfd, path, flags, mode);
}

/* The blocks of a file system that can share them are never full. */
int ioctl(int fd, unsigned long request, ...)
{
	(void) fd;
	(void) request;
	errno = EOPNOTSUPP;
	return -1;
}

int fstatvfs(int fd, struct statvfs *fs)
{
	(void) fd;
	*fs = (struct statvfs) { .f_frsize = 4096, .f_bavail = disk_is_full ? 0 : 1000000 };
	return 0;
}

/* --- a venv, and a cache beside it ---------------------------------------------------------- */

static const struct place *here; /* of before_open */

static int set_up(void **state)
{
	static const char *const dirs[] = { "cache", "v", "v/bin", "v/lib", "v/lib/pkg", "v/home", "v/venvbox", "v/venvbox/inner-bin" };
	int r = setup(state);

	here = *state;
	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		r = mkdirat(here->fd, dirs[i], 0755);
	dies_at_rename = disk_is_full = pip_only = false;
	before_open = NULL;
	return r;
}

static void put_linked(const struct place *p, const char *name, const char *other)
{
	put(p, name, name);
	assert_int_equal(linkat(p->fd, name, p->fd, other, 0), 0);
}

static struct stat look(const struct place *p, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static int run(const struct place *p, size_t *broken, struct failure *f)
{
	cleanup_fd int venv = fd_open_below(p->fd, "v", O_RDONLY | O_DIRECTORY);
	cleanup_hardlinks struct hardlinks h = { 0 };
	int r = hardlinks_break(venv, "/the/venv", pip_only, &h, f);

	*broken = h.broken;
	return r;
}

static size_t broken(const struct place *p)
{
	size_t n;

	assert_int_equal(run(p, &n, NULL), 0);
	return n;
}

/* --- what is broken, and what is not ------------------------------------------------------------ */

static void a_link_to_outside_becomes_a_copy(void **state)
{
	const struct place *p = *state;
	const struct timespec old[] = { { .tv_sec = 1000 }, { .tv_sec = 2000, .tv_nsec = 3 } };
	struct stat ours, theirs;

	put_linked(p, "cache/x", "v/lib/pkg/x.py");
	assert_int_equal(fchmodat(p->fd, "cache/x", 06755, 0), 0);
	assert_int_equal(utimensat(p->fd, "cache/x", old, 0), 0);
	assert_int_equal(broken(p), 1);
	ours = look(p, "v/lib/pkg/x.py");
	theirs = look(p, "cache/x");
	assert_true(ours.st_ino != theirs.st_ino);
	assert_int_equal(ours.st_nlink, 1);
	assert_int_equal(ours.st_mode, S_IFREG | 0755);
	assert_int_equal(theirs.st_mode, S_IFREG | 06755);
	assert_int_equal(ours.st_mtim.tv_sec, 2000);
	assert_int_equal(ours.st_mtim.tv_nsec, 3);
	assert_content(p, "v/lib/pkg/x.py", "cache/x");
	assert_content(p, "cache/x", "cache/x");
	assert_int_equal(broken(p), 0);
}

static void links_within_one_part_stay(void **state)
{
	const struct place *p = *state;

	put_linked(p, "v/lib/a", "v/lib/pkg/b");
	put_linked(p, "v/venvbox/inner-bin/a", "v/venvbox/inner-bin/b");
	assert_int_equal(broken(p), 0);
	assert_int_equal(look(p, "v/lib/a").st_ino, look(p, "v/lib/pkg/b").st_ino);
	/* and go as soon as there is one name more */
	assert_int_equal(linkat(p->fd, "v/lib/a", p->fd, "cache/c", 0), 0);
	assert_int_equal(broken(p), 2);
	assert_int_equal(look(p, "cache/c").st_nlink, 1);
}

static void parts_are_kept_apart(void **state)
{
	static const char *const pairs[][2] = {
		{ "v/bin/activate", "v/lib/a" }, { "v/pyvenv.cfg", "v/lib/b" }, { "v/lib/c", "v/home/c" }, { "v/home/pyvenv.cfg", "v/home/bin" },
		{ "v/venvbox/manifest", "v/venvbox/inner-bin/d" },
	};
	const struct place *p = *state;

	for (size_t i = 0; i < 5; i++)
		put_linked(p, pairs[i][0], pairs[i][1]);
	assert_int_equal(broken(p), 4);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(look(p, pairs[i][0]).st_nlink, i == 3 ? 2 : 1); /* names at the top of the venv only */
}

static void pip_cannot_write_the_home(void **state)
{
	const struct place *p = *state;

	put_linked(p, "cache/x", "v/home/x");
	put_linked(p, "v/home/y", "v/lib/y");
	pip_only = true;
	assert_int_equal(broken(p), 1);
	assert_int_equal(look(p, "v/lib/y").st_nlink, 1);
	assert_int_equal(look(p, "v/home/x").st_nlink, 2);
	pip_only = false;
	assert_int_equal(broken(p), 1);
}

static void nothing_is_followed(void **state)
{
	const struct place *p = *state;

	put_linked(p, "cache/x", "cache/y");
	assert_int_equal(symlinkat("../../cache", p->fd, "v/lib/dir"), 0);
	assert_int_equal(symlinkat("../../cache/x", p->fd, "v/lib/file"), 0);
	assert_int_equal(mkfifoat(p->fd, "v/lib/fifo", 0644), 0);
	assert_int_equal(linkat(p->fd, "v/lib/fifo", p->fd, "cache/fifo", 0), 0);
	assert_int_equal(broken(p), 0);
	assert_int_equal(look(p, "cache/x").st_nlink, 2);
}

static void odd_names(void **state)
{
	static const char *const names[] = { "v/lib/a\nb", "v/lib/-rf", "v/lib/\xff", "v/lib/ " };
	const struct place *p = *state;

	put(p, "cache/x", "x");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(linkat(p->fd, "cache/x", p->fd, names[i], 0), 0);
	assert_int_equal(broken(p), 4);
	for (size_t i = 0; i < 4; i++)
		assert_content(p, names[i], "x");
}

/* --- cut short, in company, without room ----------------------------------------------------------- */

static void a_killed_process_leaves_nothing_for_long(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid;

	put_linked(p, "cache/x", "v/lib/pkg/x.py");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t n;

		dies_at_rename = true;
		_exit(run(p, &n, NULL) == 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_content(p, "v/lib/pkg/x.py", "cache/x");
	assert_true(there(p, "v/lib/pkg/" HARDLINK_TEMPORARY));
	assert_int_equal(broken(p), 1);
	assert_false(there(p, "v/lib/pkg/" HARDLINK_TEMPORARY));
	assert_content(p, "v/lib/pkg/x.py", "cache/x");
}

static void a_left_copy_goes_though_nothing_is_linked(void **state)
{
	const struct place *p = *state;

	put(p, "v/lib/" HARDLINK_TEMPORARY, "half");
	assert_int_equal(broken(p), 0);
	assert_false(there(p, "v/lib/" HARDLINK_TEMPORARY));
}

static void swap_for_a_link(const char *name)
{
	if (strcmp(name, "x") != 0)
		return;
	before_open = NULL;
	assert_int_equal(unlinkat(here->fd, "v/home/x", 0), 0);
	assert_int_equal(symlinkat("../../cache/secret", here->fd, "v/home/x"), 0);
}

static void swap_for_a_file(const char *name)
{
	if (strcmp(name, "x") != 0)
		return;
	before_open = NULL;
	assert_int_equal(renameat(here->fd, "cache/secret", here->fd, "v/home/x"), 0);
}

static void what_is_swapped_meanwhile_is_left(void **state)
{
	static void (*const swaps[])(const char *) = { swap_for_a_link, swap_for_a_file };
	const struct place *p = *state;

	for (size_t i = 0; i < 2; i++) {
		put(p, "cache/secret", "secret");
		put_linked(p, "cache/x", "v/home/x");
		before_open = swaps[i];
		assert_int_equal(broken(p), 0);
		assert_null(before_open); /* it was swapped */
		assert_int_equal(S_ISLNK(look(p, "v/home/x").st_mode), i == 0);
		assert_int_equal(unlinkat(p->fd, "v/home/x", 0), 0);
		assert_int_equal(unlinkat(p->fd, "cache/x", 0), 0);
	}
}

static void a_full_disk_is_noticed_before_anything_is_copied(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	const struct place *p = *state;
	size_t n;

	put_linked(p, "cache/x", "v/lib/x");
	disk_is_full = true;
	assert_int_equal(run(p, &n, &f), -ENOSPC);
	assert_non_null(strstr(f.what, "'/the/venv/lib/x'"));
	assert_non_null(strstr(f.hint, "df(1)"));
	assert_int_equal(look(p, "v/lib/x").st_ino, look(p, "cache/x").st_ino);
	assert_false(there(p, "v/lib/" HARDLINK_TEMPORARY));
}

static void what_is_too_deep_is_refused(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	const struct place *p = *state;
	cleanup_fd int at = fd_open_below(p->fd, "v/lib", O_RDONLY | O_DIRECTORY);
	size_t n;

	for (unsigned i = 1; i <= HARDLINK_DEPTH; i++) {
		int below;

		if (i == HARDLINK_DEPTH)
			assert_int_equal(broken(p), 0);
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		below = fd_open_below(at, "d", O_RDONLY | O_DIRECTORY);
		(void) close(at);
		at = below;
	}
	assert_int_equal(run(p, &n, &f), -ELOOP);
	assert_non_null(strstr(f.what, "/the/venv/lib/d/d"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_link_to_outside_becomes_a_copy),
		TEST(links_within_one_part_stay),
		TEST(parts_are_kept_apart),
		TEST(pip_cannot_write_the_home),
		TEST(nothing_is_followed),
		TEST(odd_names),
		TEST(a_killed_process_leaves_nothing_for_long),
		TEST(a_left_copy_goes_though_nothing_is_linked),
		TEST(what_is_swapped_meanwhile_is_left),
		TEST(a_full_disk_is_noticed_before_anything_is_copied),
		TEST(what_is_too_deep_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
