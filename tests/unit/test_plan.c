/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/bwrap.h"
#include "host/plan.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

static void make(struct plan *p)
{
	assert_non_null(plan_add(p, OP_RO, "/usr/lib", "/usr/lib", "libraries"));
	assert_non_null(plan_add(p, OP_SYMLINK, "usr/lib", "/lib", "merged /usr"));
	assert_non_null(plan_add(p, OP_RW, "/srv/p", "/srv/p", "project"));
	assert_non_null(plan_add(p, OP_RO, "/srv/p/.git", "/srv/p/.git", "protected"));
	assert_non_null(plan_add(p, OP_REMOUNT_RO, NULL, "/", "root"));
}

static void test_the_last_cover_wins(void **state)
{
	cleanup_plan struct plan p = { 0 };

	(void) state;
	make(&p);
	assert_null(plan_find_cover(&p, "/home/u"));
	assert_int_equal(plan_find_cover(&p, "/srv/p/src")->kind, OP_RW);
	assert_string_equal(plan_find_cover(&p, "/srv/p/.git/config")->dest, "/srv/p/.git");
	/* A name that only begins like it is not below it. */
	assert_null(plan_find_cover(&p, "/srv/pp"));
}

static void test_what_a_later_mount_hides_is_not_checked(void **state)
{
	cleanup_plan struct plan p = { 0 };

	(void) state;
	make(&p);
	assert_false(plan_is_covered(&p, 2));
	assert_non_null(plan_add(&p, OP_TMPFS, NULL, "/srv", "user"));
	assert_true(plan_is_covered(&p, 2));
	assert_true(plan_is_covered(&p, 3));
	assert_false(plan_is_covered(&p, 0));
}

/* A run from /srv would otherwise have PID 1 check nothing below it. */
static void test_a_directory_that_is_made_hides_nothing(void **state)
{
	static const char *const harmless[] = { "--dir", "--chmod", "--remount-ro" };
	cleanup_plan struct plan p = { 0 };
	struct op *op;

	(void) state;
	make(&p);
	assert_non_null(plan_add(&p, OP_DIR, NULL, "/srv", "cwd"));
	assert_non_null(plan_add(&p, OP_DIR, NULL, "/srv/p/src", "cwd"));
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		op = plan_add(&p, OP_WORDS, NULL, "/srv/p", "user");
		assert_non_null(op);
		assert_int_equal(strv_add(&op->words, harmless[i]), 0);
	}
	assert_false(plan_is_covered(&p, 2));
	assert_false(plan_is_covered(&p, 3));
	assert_int_equal(plan_find_cover(&p, "/srv/p/src/x")->kind, OP_RW);
	assert_null(plan_find_cover(&p, "/srv/other"));
	op = plan_add(&p, OP_WORDS, NULL, "/srv/p", "user");
	assert_non_null(op);
	assert_int_equal(strv_add(&op->words, "--tmpfs"), 0);
	assert_true(plan_is_covered(&p, 2));
	assert_int_equal(plan_find_cover(&p, "/srv/p/src/x")->kind, OP_WORDS);
}

static void test_a_dest_is_taken_through_the_plans_links(void **state)
{
	cleanup_plan struct plan p = { 0 };
	cleanup_free char *through = NULL;
	cleanup_free char *same = NULL;
	cleanup_free char *link = NULL;

	(void) state;
	make(&p);
	through = plan_resolve_dest(&p, "/lib/x86_64");
	assert_string_equal(through, "/usr/lib/x86_64");
	same = plan_resolve_dest(&p, "/srv/p");
	assert_string_equal(same, "/srv/p");
	link = plan_resolve_dest(&p, "/lib");
	assert_string_equal(link, "/usr/lib");
}

static void test_links_in_a_circle_end(void **state)
{
	cleanup_plan struct plan p = { 0 };
	cleanup_free char *path = NULL;

	(void) state;
	assert_non_null(plan_add(&p, OP_SYMLINK, "/b", "/a", "x"));
	assert_non_null(plan_add(&p, OP_SYMLINK, "/a", "/b", "x"));
	path = plan_resolve_dest(&p, "/a/x");
	assert_non_null(path);
}

static void test_remove_keeps_the_order(void **state)
{
	cleanup_plan struct plan p = { 0 };

	(void) state;
	make(&p);
	plan_remove(&p, 1);
	assert_int_equal(p.n, 4);
	assert_string_equal(p.ops[1].dest, "/srv/p");
	assert_string_equal(p.ops[3].dest, "/");
}

static void test_printed_paths_stand_for_descriptors(void **state)
{
	cleanup_plan struct plan p = { 0 };
	cleanup_buf struct buf out = { 0 };
	struct op *op;

	(void) state;
	assert_int_equal(strv_add(&p.options, "--unshare-user"), 0);
	assert_non_null(plan_add(&p, OP_RO, "/a b", "/a b", "x"));
	op = plan_add(&p, OP_TMPFS, NULL, "/tmp", "x");
	assert_non_null(op);
	op->mode = 01777;
	/* A descriptor of one run has no path: it is left out. */
	assert_non_null(plan_add(&p, OP_RO, NULL, "/run/venvbox/fd/0", "x"));
	assert_int_equal(bwrap_print(&p, "/usr/bin/bwrap", &out), 0);
	assert_string_equal(out.data, "/usr/bin/bwrap\n--unshare-user\n--ro-bind\n'/a b'\n'/a b'\n--perms\n1777\n--tmpfs\n/tmp\n--\n/bin/sh\n");
}

static void test_words_name_descriptors_and_list_them(void **state)
{
	cleanup_plan struct plan p = { 0 };
	cleanup_strv struct strv words = { 0 };
	cleanup_free int *fds = NULL;
	struct op *op = plan_add(&p, OP_RW, "/secret/place", "/d", "x");
	size_t n;

	(void) state;
	assert_non_null(op);
	op->fd = 12;
	op->fd_borrowed = true;
	assert_int_equal(bwrap_fds(&p, &fds, &n), 0);
	assert_int_equal(bwrap_words(&p, &words), 0);
	assert_int_equal(n, 1);
	assert_int_equal(fds[0], 12);
	assert_string_equal(words.v[0], "--bind-fd");
	assert_string_equal(words.v[1], "12");
	assert_string_equal(words.v[2], "/d");
	assert_false(strv_contains(&words, "/secret/place"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_cover_wins),
		cmocka_unit_test(test_what_a_later_mount_hides_is_not_checked),
		cmocka_unit_test(test_a_directory_that_is_made_hides_nothing),
		cmocka_unit_test(test_a_dest_is_taken_through_the_plans_links),
		cmocka_unit_test(test_links_in_a_circle_end),
		cmocka_unit_test(test_remove_keeps_the_order),
		cmocka_unit_test(test_printed_paths_stand_for_descriptors),
		cmocka_unit_test(test_words_name_descriptors_and_list_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
