/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/ready.h"
#include "host/fold.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

/* A state with a directory for /etc: two files, a link, and mount points for a directory and a large file. */
struct place {
	char dir[32];
	char *file, *other, *large, *inside;
	int state_fd, ready_fd;
	struct plan plan;
};

static void write_file(const char *path, const char *text, time_t when)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const struct timespec times[] = { { when, 0 }, { when, 0 } };

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(futimens(fd, times), 0);
}

static void add(struct place *p, enum op_kind kind, const char *source, const char *dest, bool optional)
{
	struct op *op = plan_add(&p->plan, kind, source, dest, "test");

	assert_non_null(op);
	op->optional = optional;
}

/* Files as if they had been there for long: no test waits until their content is old enough to be known. */
static struct ready_id id_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (struct ready_id) { .ino = st.st_ino, .size = (uint64_t) st.st_size,
				   .mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
				   .ctime_ns = st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec };
}

/* copied: with what is in the directory. */
static void put_list(struct place *p, bool copied)
{
	cleanup_ready struct ready ready = { .tree = strdup("etc.0") };
	cleanup_buf struct buf text = { 0 };
	const char *const files[] = { p->file, p->other };
	const char *const dests[] = { "/etc/file", "/etc/other" };

	for (size_t i = 0; i < 2; i++) {
		const struct ready_id id = id_of(files[i]);

		assert_int_equal(ready_add(&ready, READY_FILE, files[i], dests[i], &id), 0);
	}
	assert_int_equal(ready_add(&ready, READY_LINK, "file", "/etc/link", NULL), 0);
	assert_int_equal(ready_add(&ready, READY_DIR, p->inside, "/etc/inside", NULL), 0);
	if (copied) {
		cleanup_free char *part = path_join(p->inside, "part");
		struct ready_id id;

		write_file(part, "part", 1000);
		id = id_of(part);
		assert_int_equal(ready_add(&ready, READY_PART, part, "/etc/inside/part", &id), 0);
		ready.v[3].id = id_of(p->inside);
	}
	assert_int_equal(ready_add(&ready, READY_MOUNT, p->large, "/etc/large", NULL), 0);
	assert_int_equal(ready_pack(&ready, &text), 0);
	assert_int_equal(fd_replace_file(p->ready_fd, "etc.list", text.data, text.len, 0600), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->file = path_join(p->dir, "file");
	p->other = path_join(p->dir, "other");
	p->large = path_join(p->dir, "large");
	p->inside = path_join(p->dir, "inside");
	write_file(p->file, "one", 1000);
	write_file(p->other, "two", 1000);
	write_file(p->large, "large", 1000);
	p->state_fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(p->state_fd, "inside", 0755) < 0 || mkdirat(p->state_fd, VB_READY, 0755) < 0 ||
	    mkdirat(p->state_fd, VB_READY "/etc.0", 0755) < 0)
		return -1;
	p->ready_fd = openat(p->state_fd, VB_READY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_list(p, false);
	add(p, OP_RO, "/usr", "/usr", false);
	add(p, OP_COPY, p->file, "/etc/file", true);
	add(p, OP_SYMLINK, "usr/lib", "/lib", false);
	add(p, OP_RO, p->other, "/etc/other", true);
	add(p, OP_SYMLINK, "file", "/etc/link", false);
	add(p, OP_RO, p->inside, "/etc/inside", true);
	add(p, OP_RO, p->large, "/etc/large", true);
	add(p, OP_REMOUNT_RO, NULL, "/", false);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(scratch_remove(p->dir), 0);
	plan_release(&p->plan);
	(void) close(p->state_fd);
	(void) close(p->ready_fd);
	free(p->file);
	free(p->other);
	free(p->large);
	free(p->inside);
	free(p);
	return 0;
}

/* As before the directory was put into the plan. */
static void unfold(struct place *p)
{
	plan_remove(&p->plan, 1);
	for (size_t i = 0; i < p->plan.n; i++)
		p->plan.ops[i].folded = false;
}

static size_t count_trusted(struct place *p, struct fold **fold)
{
	size_t folded = 0;

	assert_int_equal(fold_plan(&p->plan, p->state_fd, "/state", fold), 0);
	for (size_t i = 0; i < p->plan.n; i++)
		folded += p->plan.ops[i].folded;
	return folded;
}

static size_t count_folded(struct place *p)
{
	return count_trusted(p, NULL);
}

static bool is_folded(struct place *p)
{
	size_t n = p->plan.n, folded = count_folded(p);

	if (p->plan.n == n) {
		assert_int_equal(folded, 0);
		return false;
	}
	assert_int_equal(p->plan.n, n + 1);
	assert_int_equal(folded, 3);
	return true;
}

static bool holds(const struct place *p, const char *name, const char *text)
{
	cleanup_buf struct buf got = { 0 };

	return fd_read_file(p->ready_fd, name, 100, &got) == 0 && strcmp(got.data, text) == 0;
}

static void test_what_is_the_same_is_one_mount(void **state)
{
	struct place *p = *state;
	const struct op *ops;

	assert_true(is_folded(p));
	ops = p->plan.ops;
	assert_true(ops[1].ready && ops[1].kind == OP_RO && ops[1].fd >= 0);
	assert_string_equal(ops[1].dest, "/etc");
	assert_string_equal(ops[1].source, "/state/" VB_READY "/etc.0");
	assert_true(ops[2].folded && !ops[3].folded && ops[4].folded && ops[5].folded && !ops[6].folded && !ops[7].folded && !ops[8].folded);
}

static void test_a_directory_that_was_copied_is_shown_by_the_tree(void **state)
{
	struct place *p = *state;

	put_list(p, true);
	assert_int_equal(count_folded(p), 4);
	assert_true(p->plan.ops[6].folded);
	assert_string_equal(p->plan.ops[6].dest, "/etc/inside");
}

static void test_a_directory_that_changed_is_mounted(void **state)
{
	struct place *p = *state;
	cleanup_free char *new = path_join(p->inside, "new");

	put_list(p, true);
	write_file(new, "new", 1000);
	assert_int_equal(count_folded(p), 3);
	assert_false(p->plan.ops[6].folded);
}

static void test_a_directory_of_which_a_part_changed_is_mounted(void **state)
{
	struct place *p = *state;
	cleanup_free char *part = path_join(p->inside, "part");

	put_list(p, true);
	write_file(part, "nrew", 1000); /* in its place: the directory is as before */
	assert_int_equal(count_folded(p), 3);
	assert_false(p->plan.ops[6].folded);
}

/* Where the user has mounted something, the other directories of the tree are shown one by one; but one with a file or two is not worth it. */
static void test_directories_of_the_tree_by_themselves(void **state)
{
	static const char *const dests[] = { "/etc/a/1", "/etc/a/2", "/etc/a/b/3", "/etc/c/1", "/etc/d" };
	struct place *p = *state;
	cleanup_ready struct ready ready = { .tree = strdup("etc.0") };

	plan_release(&p->plan);
	for (size_t i = 0; i < sizeof(dests) / sizeof(dests[0]); i++) {
		assert_int_equal(ready_add(&ready, READY_LINK, "x", dests[i], NULL), 0);
		add(p, OP_SYMLINK, "x", dests[i], false);
	}
	assert_int_equal(ready_save(p->ready_fd, "etc.list", &ready), 0);
	assert_int_equal(mkdirat(p->ready_fd, "etc.0/a", 0755), 0);
	add(p, OP_RO, "/srv", "/etc/e", false);
	assert_int_equal(count_folded(p), 3);
	assert_true(p->plan.ops[0].ready && p->plan.ops[1].folded && p->plan.ops[2].folded && p->plan.ops[3].folded);
	assert_string_equal(p->plan.ops[0].dest, "/etc/a");
	assert_string_equal(p->plan.ops[0].source, "/state/" VB_READY "/etc.0/a");
}

/* The user's own settings, and whatever else. */
static void test_anything_else_there_and_nothing_is_folded(void **state)
{
	static const struct {
		enum op_kind kind;
		const char *source, *dest;
	} more[] = {
		{ OP_RO, "/srv", "/etc/srv" }, { OP_TMPFS, NULL, "/etc/x" }, { OP_RW, "/srv", "/etc" }, { OP_SYMLINK, "file", "/etc/x" },
		{ OP_COPY, "/srv/x", "/etc/file" }, { OP_DATA, NULL, "/etc/x" }, { OP_WORDS, NULL, "/etc/x" }, { OP_DIR, NULL, "/etc/x" },
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		add(p, more[i].kind, more[i].source, more[i].dest, false);
		assert_false(is_folded(p));
		plan_remove(&p->plan, p->plan.n - 1);
	}
	add(p, OP_RO, "/srv", "/srv/etc", false);
	assert_true(is_folded(p));
}

static void test_one_less_and_nothing_is_folded(void **state)
{
	struct place *p = *state;

	plan_remove(&p->plan, 3);
	assert_false(is_folded(p));
}

static void test_a_changed_file_is_copied_anew(void **state)
{
	struct place *p = *state;

	write_file(p->file, "new", 1000); /* neither size nor time tell it */
	assert_true(is_folded(p));
	assert_true(holds(p, "etc.0/file", "new"));
	assert_false(holds(p, "etc.0/other", "two")); /* the same as ever: not touched */
}

static void test_a_replaced_file_is_copied_anew(void **state)
{
	struct place *p = *state;
	cleanup_free char *new = path_join(p->dir, "new");

	write_file(new, "new", 1000);
	assert_int_equal(rename(new, p->file), 0);
	assert_true(is_folded(p));
	assert_true(holds(p, "etc.0/file", "new"));
}

/* As sources_open() has it: an optional file that is gone is left out. */
static void test_a_file_that_is_gone_goes(void **state)
{
	struct place *p = *state;

	write_file(p->file, "new", 1000);
	assert_true(is_folded(p));
	unfold(p);
	assert_int_equal(unlink(p->file), 0);
	assert_true(is_folded(p));
	assert_int_equal(faccessat(p->ready_fd, "etc.0/file", F_OK, 0), -1);
	/* And comes. */
	unfold(p);
	write_file(p->file, "again", 1000);
	assert_true(is_folded(p));
	assert_true(holds(p, "etc.0/file", "again"));
}

static void test_other_kinds_and_nothing_is_folded(void **state)
{
	struct place *p = *state;

	assert_int_equal(rmdir(p->inside), 0);
	assert_false(is_folded(p));
	write_file(p->inside, "", 1000);
	assert_false(is_folded(p));
	assert_int_equal(unlink(p->inside) + mkdir(p->inside, 0755), 0);
	assert_int_equal(unlink(p->large) + mkdir(p->large, 0755), 0);
	assert_false(is_folded(p));
	assert_int_equal(rmdir(p->large), 0);
	write_file(p->large, "", 1000);
	assert_int_equal(unlink(p->file) + mkdir(p->file, 0755), 0);
	assert_false(is_folded(p));
}

/* No box may come to a stop here, nor show what is old. */
static void test_what_cannot_be_brought_up_to_date_is_not_shown(void **state)
{
	struct place *p = *state;
	cleanup_fd int held = openat(p->state_fd, VB_READY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(flock(held, LOCK_SH), 0);
	assert_true(is_folded(p)); /* nothing to bring */
	unfold(p);
	write_file(p->file, "new", 1000);
	assert_false(is_folded(p));
	assert_int_equal(flock(held, LOCK_UN), 0);
	assert_int_equal(unlinkat(p->ready_fd, "etc.0", AT_REMOVEDIR), 0);
	assert_false(is_folded(p));
}

/* --- on trust -------------------------------------------------------------------------- */

static void test_what_is_taken_on_trust_is_asked_for_later(void **state)
{
	struct place *p = *state;
	cleanup_fold struct fold *fold = NULL;
	cleanup_free char *part = path_join(p->inside, "part");

	put_list(p, true);
	assert_int_equal(count_trusted(p, &fold), 4);
	plan_release(&p->plan); /* it is not needed for that */
	assert_true(fold_holds(fold));
	write_file(p->file, "new", 1000);
	assert_false(fold_holds(fold));
	assert_false(holds(p, "etc.0/file", "new")); /* nor is anything changed */
	put_list(p, true);
	write_file(part, "nrew", 1000);
	assert_false(fold_holds(fold));
}

static void test_each_kind_is_asked_for(void **state)
{
	struct place *p = *state;
	cleanup_fold struct fold *fold = NULL;

	assert_int_equal(count_trusted(p, &fold), 3);
	assert_true(fold_holds(fold));
	assert_int_equal(unlink(p->large) + mkdir(p->large, 0755), 0);
	assert_false(fold_holds(fold));
	assert_int_equal(rmdir(p->large), 0);
	write_file(p->large, "", 1000);
	assert_true(fold_holds(fold)); /* mounted, whatever it holds */
	assert_int_equal(rmdir(p->inside), 0);
	assert_false(fold_holds(fold));
	assert_int_equal(mkdir(p->inside, 0755), 0);
	assert_true(fold_holds(fold));
	assert_int_equal(unlink(p->other), 0);
	assert_false(fold_holds(fold));
}

static void test_nothing_trusted_holds(void **state)
{
	struct place *p = *state;
	cleanup_fold struct fold *fold = NULL;

	assert_true(fold_holds(NULL));
	add(p, OP_RO, "/srv", "/etc/srv", false);
	assert_int_equal(count_trusted(p, &fold), 0);
	write_file(p->file, "new", 1000); /* is shown by itself */
	assert_true(fold_holds(fold));
}

/* A copy of what is too young to be known again: it is made anew at once, and not after a start in vain. */
static void test_what_cannot_be_as_expected_is_not_trusted(void **state)
{
	struct place *p = *state;
	cleanup_fold struct fold *fold = NULL;
	cleanup_ready struct ready ready = { 0 };

	assert_int_equal(ready_load(p->ready_fd, "etc.list", &ready), 0);
	ready.v[0].id.ctime_ns = INT64_MIN;
	assert_int_equal(ready_save(p->ready_fd, "etc.list", &ready), 0);
	write_file(p->file, "new", 1000);
	assert_int_equal(count_trusted(p, &fold), 3);
	assert_true(holds(p, "etc.0/file", "new"));
	assert_true(fold_holds(fold));
}

/* Else each start until the next installation would be one in vain. */
static void test_that_a_directory_has_changed_is_remembered(void **state)
{
	struct place *p = *state;
	cleanup_fold struct fold *fold = NULL;
	cleanup_free char *new = path_join(p->inside, "new");
	cleanup_fd int held = openat(p->state_fd, VB_READY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	put_list(p, true);
	write_file(new, "new", 1000);
	assert_int_equal(flock(held, LOCK_SH), 0); /* by a box: then it is not, and nothing else is different */
	assert_int_equal(count_folded(p), 3);
	unfold(p);
	assert_int_equal(count_trusted(p, &fold), 4);
	assert_false(fold_holds(fold));
	fold_release(&fold);
	unfold(p);
	assert_int_equal(flock(held, LOCK_UN), 0);
	assert_int_equal(count_folded(p), 3);
	unfold(p);
	assert_int_equal(count_trusted(p, &fold), 3);
	assert_true(fold_holds(fold));
}

static void test_no_tree_and_no_list(void **state)
{
	struct place *p = *state;

	assert_int_equal(unlinkat(p->ready_fd, "etc.0", AT_REMOVEDIR), 0);
	assert_false(is_folded(p));
	assert_int_equal(symlinkat("/etc", p->ready_fd, "etc.0"), 0);
	assert_false(is_folded(p));
	assert_int_equal(fd_replace_file(p->ready_fd, "etc.list", "tree=..\n", 8, 0600), 0);
	assert_false(is_folded(p));
	assert_int_equal(fd_replace_file(p->ready_fd, "etc.list", "garbage", 7, 0600), 0);
	assert_false(is_folded(p));
	assert_int_equal(unlinkat(p->ready_fd, "etc.list", 0), 0);
	assert_false(is_folded(p));
	assert_int_equal(fd_remove_tree(p->state_fd, VB_READY), 0);
	assert_false(is_folded(p));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_the_same_is_one_mount),
		TEST(test_a_directory_that_was_copied_is_shown_by_the_tree),
		TEST(test_a_directory_that_changed_is_mounted),
		TEST(test_a_directory_of_which_a_part_changed_is_mounted),
		TEST(test_directories_of_the_tree_by_themselves),
		TEST(test_anything_else_there_and_nothing_is_folded),
		TEST(test_one_less_and_nothing_is_folded),
		TEST(test_a_changed_file_is_copied_anew),
		TEST(test_a_replaced_file_is_copied_anew),
		TEST(test_a_file_that_is_gone_goes),
		TEST(test_other_kinds_and_nothing_is_folded),
		TEST(test_what_cannot_be_brought_up_to_date_is_not_shown),
		TEST(test_what_is_taken_on_trust_is_asked_for_later),
		TEST(test_each_kind_is_asked_for),
		TEST(test_nothing_trusted_holds),
		TEST(test_what_cannot_be_as_expected_is_not_trusted),
		TEST(test_that_a_directory_has_changed_is_remembered),
		TEST(test_no_tree_and_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
