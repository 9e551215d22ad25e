/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/path.h"
#include "install/readycopy.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

/* A directory of the host's, `source`, and the tree that it is copied into. */
struct place {
	char dir[32];
	char *source;
	int fd; /* of dir */
	struct ready parts;
	struct ready_id id;
};

static void put_file(const struct place *p, const char *name, size_t size)
{
	cleanup_fd int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t) size), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->source = path_join(p->dir, "source");
	if (mkdirat(p->fd, "source", 0755) < 0 || mkdirat(p->fd, "source/sub", 0755) < 0 || mkdirat(p->fd, "tree", 0755) < 0 ||
	    symlinkat("../elsewhere", p->fd, "source/link") < 0 || symlinkat("file", p->fd, "source/sub/link") < 0)
		return -1;
	put_file(p, "source/file", 5);
	put_file(p, "source/sub/file", 7);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(scratch_remove(p->dir), 0);
	ready_release(&p->parts);
	(void) close(p->fd);
	free(p->source);
	free(p);
	return 0;
}

static int copy(struct place *p)
{
	return readycopy_dir(p->fd, "tree", p->source, "/etc/d", &p->parts, &p->id);
}

static const struct ready_item *part(const struct place *p, const char *dest)
{
	for (size_t i = 0; i < p->parts.n; i++)
		if (strcmp(p->parts.v[i].dest, dest) == 0)
			return &p->parts.v[i];
	return NULL;
}

static void test_all_of_it_is_copied(void **state)
{
	struct place *p = *state;
	struct stat st;
	char text[32] = "";

	assert_int_equal(readycopy_fits(p->source), 1);
	assert_int_equal(copy(p), 1);
	assert_true(ready_has_copy(&p->id));
	/* Made in this moment: it may change within the same tick of the clock. */
	assert_int_equal(stat(p->source, &st), 0);
	assert_false(ready_is_same(&p->id, &st));
	assert_int_equal(p->parts.n, 3);
	assert_non_null(part(p, "/etc/d/file"));
	assert_non_null(part(p, "/etc/d/sub"));
	assert_int_equal(part(p, "/etc/d/sub/file")->id.size, 7);
	assert_int_equal(fstatat(p->fd, "tree/sub/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(readlinkat(p->fd, "tree/link", text, sizeof(text)), 12);
	assert_string_equal(text, "../elsewhere");
	/* For whoever may be in the box. */
	assert_int_equal(fstatat(p->fd, "tree/sub", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(readycopy_has_links(p->fd, "tree", p->source), 1);
}

static void test_a_link_that_is_another_or_gone(void **state)
{
	struct place *p = *state;

	assert_int_equal(copy(p), 1);
	assert_int_equal(unlinkat(p->fd, "tree/sub/link", 0), 0);
	assert_int_equal(readycopy_has_links(p->fd, "tree", p->source), 0);
	assert_int_equal(symlinkat("fil", p->fd, "tree/sub/link"), 0);
	assert_int_equal(readycopy_has_links(p->fd, "tree", p->source), 0);
	assert_int_equal(unlinkat(p->fd, "tree/sub/link", 0) + symlinkat("file", p->fd, "tree/sub/link"), 0);
	assert_int_equal(readycopy_has_links(p->fd, "tree", p->source), 1);
}

static void expect_not_copied(struct place *p)
{
	assert_int_equal(readycopy_fits(p->source), 0);
	assert_int_equal(copy(p), 0);
	assert_false(ready_has_copy(&p->id));
}

static void test_what_is_too_large_is_not_copied(void **state)
{
	struct place *p = *state;

	put_file(p, "source/large", 1 << 20);
	expect_not_copied(p);
	assert_int_equal(p->parts.n, 0);
	assert_int_equal(unlinkat(p->fd, "source/large", 0), 0);
	for (int i = 0; i < 33; i++) {
		char name[32];

		(void) snprintf(name, sizeof(name), "source/%d", i);
		put_file(p, name, 0);
	}
	expect_not_copied(p);
}

static void test_what_is_too_deep_is_not_copied(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->fd, "source/sub/3", 0755) + mkdirat(p->fd, "source/sub/3/4", 0755), 0);
	assert_int_equal(readycopy_fits(p->source), 1);
	assert_int_equal(mkdirat(p->fd, "source/sub/3/4/5", 0755), 0);
	expect_not_copied(p);
}

/* By root it could be read, and would be everybody's. */
static void test_what_is_not_for_all_is_not_copied(void **state)
{
	static const struct {
		const char *name;
		mode_t mode, good;
	} rows[] = { { "source/sub/file", 0640, 0644 }, { "source/sub", 0750, 0755 }, { "source/sub", 0754, 0755 }, { "source", 0700, 0755 } };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(fchmodat(p->fd, rows[i].name, rows[i].mode, 0), 0);
		expect_not_copied(p);
		assert_int_equal(fchmodat(p->fd, rows[i].name, rows[i].good, 0), 0);
		assert_int_equal(readycopy_fits(p->source), 1);
	}
}

static void test_what_is_of_another_kind_is_not_copied(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkfifoat(p->fd, "source/sub/fifo", 0600), 0);
	expect_not_copied(p);
	assert_int_equal(unlinkat(p->fd, "source/sub/fifo", 0), 0);
	assert_int_equal(readycopy_fits(p->source), 1);
	free(p->source);
	p->source = path_join(p->dir, "nowhere");
	expect_not_copied(p);
}

/* In a process of its own: its mounts are its own too. 9: there are none. */
static int fits_with_a_mount(const struct place *p)
{
	cleanup_free char *sub = path_join(p->source, "sub");
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || mount("none", sub, "tmpfs", 0, NULL) < 0)
			_exit(9);
		_exit(readycopy_fits(p->source) == 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void test_what_is_mounted_there_is_not_copied(void **state)
{
	const struct place *p = *state;

	assert_int_equal(readycopy_fits(p->source), 1);
	assert_int_equal(fits_with_a_mount(p), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_of_it_is_copied),
		TEST(test_a_link_that_is_another_or_gone),
		TEST(test_what_is_too_large_is_not_copied),
		TEST(test_what_is_too_deep_is_not_copied),
		TEST(test_what_is_not_for_all_is_not_copied),
		TEST(test_what_is_of_another_kind_is_not_copied),
		TEST(test_what_is_mounted_there_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
