/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/ready.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

static const struct ready_id known = { .ino = 7, .size = 8, .mtime_ns = -9, .ctime_ns = INT64_MAX };

static void fill(struct ready *ready)
{
	ready->tree = strdup("etc.0");
	assert_int_equal(ready_add(ready, READY_FILE, "/etc/a\tb", "/etc/a\nb", &known), 0);
	assert_int_equal(ready_add(ready, READY_LINK, "../x", "/etc/link", NULL), 0);
	assert_int_equal(ready_add(ready, READY_DIR, "/usr/d", "/etc/d", NULL), 0);
	assert_int_equal(ready_add(ready, READY_MOUNT, "/etc/m", "/etc/m", NULL), 0);
	assert_int_equal(ready_add(ready, READY_OWN, "/state/etc/passwd", "/etc/passwd", NULL), 0);
}

static void test_a_list_reads_back(void **state)
{
	cleanup_ready struct ready ready = { 0 }, back = { 0 };
	cleanup_buf struct buf text = { 0 };

	(void) state;
	fill(&ready);
	assert_int_equal(ready_pack(&ready, &text), 0);
	assert_int_equal(ready_unpack(text.data, text.len, &back), 0);
	assert_string_equal(back.tree, "etc.0");
	assert_true(ready_is_alike(&ready, &back));
	assert_memory_equal(&back.v[0].id, &known, sizeof(known));
	assert_int_equal(back.v[1].id.ino, 0);
}

static void test_what_is_no_list_is_empty(void **state)
{
	static const char *const texts[] = {
		"", "tree=a", "file=/etc/a\t/etc/a\t1\t2\t3\t4\n", "tree=a\ntree=b\n", "tree=a\tb\n", "tree=..\n", "tree=a/b\n", "tree=\n", "tree=a\nfile=/etc/a\n",
		"tree=a\nsocket=/etc/a\t/etc/a\t1\t2\t3\t4\n", "tree=a\nfile=/etc/a\t/etc/a\t1\t2\t3\t4\t5\n", "tree=a\nfile=/etc/a\t/etc/a\t1\t2\t3\t4",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ready ready;

		assert_int_equal(ready_unpack(texts[i], strlen(texts[i]), &ready), -EBADMSG);
		assert_null(ready.tree);
		assert_int_equal(ready.n, 0);
	}
}

static void test_one_more_is_not_alike(void **state)
{
	cleanup_ready struct ready a = { 0 }, b = { 0 };

	(void) state;
	fill(&a);
	fill(&b);
	b.v[0].id.ino++;
	assert_true(ready_is_alike(&a, &b));
	assert_int_equal(ready_add(&b, READY_DIR, "/etc/x", "/etc/x", NULL), 0);
	assert_false(ready_is_alike(&a, &b));
	assert_false(ready_is_alike(&b, &a));
	assert_int_equal(ready_add(&a, READY_MOUNT, "/etc/x", "/etc/x", NULL), 0);
	assert_false(ready_is_alike(&a, &b));
}

/* Of one tick of the clock there may be two contents. */
static void test_what_has_just_changed_is_not_known(void **state)
{
	struct stat st = { .st_mode = S_IFREG | 0644, .st_ino = 5, .st_size = 6 };
	struct ready_id id;

	(void) state;
	(void) clock_gettime(CLOCK_REALTIME, &st.st_ctim);
	ready_id_of(&st, &id);
	assert_false(ready_is_same(&id, &st));
	st.st_ctim.tv_sec -= 10;
	ready_id_of(&st, &id);
	assert_true(ready_is_same(&id, &st));
	/* By a clock that was wrong: such a file does not change when nobody changes it. */
	st.st_ctim.tv_sec += 3600;
	ready_id_of(&st, &id);
	assert_true(ready_is_same(&id, &st));
}

static void test_every_difference_counts(void **state)
{
	struct stat st = { .st_mode = S_IFREG | 0644, .st_ino = 5, .st_size = 6, .st_mtim = { 1, 2 }, .st_ctim = { 3, 4 } };
	struct stat other[6];
	struct ready_id id;

	(void) state;
	ready_id_of(&st, &id);
	for (size_t i = 0; i < 6; i++)
		other[i] = st;
	other[0].st_ino++;
	other[1].st_size++;
	other[2].st_mtim.tv_nsec++;
	other[3].st_ctim.tv_nsec++;
	other[4].st_ctim.tv_sec++;
	other[5].st_mode = S_IFLNK | 0777;
	assert_true(ready_is_same(&id, &st));
	for (size_t i = 0; i < 6; i++)
		assert_false(ready_is_same(&id, &other[i]));
}

static void test_names_of_lists(void **state)
{
	cleanup_free char *etc = ready_list_name("/etc"), *bin = ready_list_name("/usr/bin");

	(void) state;
	assert_string_equal(etc, "etc.list");
	assert_string_equal(bin, "usr-bin.list");
}

static int put(int dir, const char *name, const char *text, mode_t mode)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct timespec times[] = { { 1000, 5 }, { 1000, 5 } };

	return write(fd, text, strlen(text)) != (ssize_t) strlen(text) || fchmod(fd, mode) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

static void test_a_file_is_copied_with_its_time_and_what_may_be_executed(void **state)
{
	static const struct {
		mode_t source, copy;
	} modes[] = { { 0600, 0444 }, { 0755, 0555 }, { 04755, 0555 }, { 0711, 0555 } };
	char dir[32];
	cleanup_fd int fd = -1;

	(void) state;
	assert_int_equal(scratch_make(dir), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fd, "etc.0", 0755), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		cleanup_fd int source = -1, copy = -1;
		struct ready_id id = { 0 };
		char text[16] = "";
		struct stat st;

		assert_int_equal(put(fd, "source", "content", modes[i].source), 0);
		source = openat(fd, "source", O_RDONLY | O_CLOEXEC);
		assert_int_equal(ready_put_file(fd, "etc.0/copy", source, &id), 0);
		copy = openat(fd, "etc.0/copy", O_RDONLY | O_CLOEXEC);
		assert_int_equal(read(copy, text, sizeof(text)), 7);
		assert_string_equal(text, "content");
		assert_int_equal(fstat(copy, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i].copy);
		assert_int_equal(st.st_mtim.tv_sec, 1000);
		assert_int_equal(st.st_mtim.tv_nsec, 5);
	}
	assert_int_equal(scratch_remove(dir), 0);
}

/* Nothing is left of it, and what was there stays. */
static void test_what_cannot_be_put_leaves_nothing(void **state)
{
	char dir[32];
	cleanup_fd int fd = -1, directory = -1, source = -1;
	struct ready_id id;

	(void) state;
	assert_int_equal(scratch_make(dir), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(put(fd, "source", "content", 0644), 0);
	source = openat(fd, "source", O_RDONLY | O_CLOEXEC);
	directory = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(ready_put_file(fd, "copy", directory, &id), -EINVAL);
	assert_int_equal(ready_put_file(fd, "nowhere/copy", source, &id), -ENOENT);
	assert_int_equal(unlinkat(fd, "source", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_reads_back),
		cmocka_unit_test(test_what_is_no_list_is_empty),
		cmocka_unit_test(test_one_more_is_not_alike),
		cmocka_unit_test(test_what_has_just_changed_is_not_known),
		cmocka_unit_test(test_every_difference_counts),
		cmocka_unit_test(test_names_of_lists),
		cmocka_unit_test(test_a_file_is_copied_with_its_time_and_what_may_be_executed),
		cmocka_unit_test(test_what_cannot_be_put_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
