/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a path is inside; what the box really does with it is compared in tests/live/test_explain.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/seen.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "explained.h"

static void check(const struct box *b, const char *path, enum seen_kind kind, const char *inside, const char *source)
{
	cleanup_seen struct seen s = { 0 };

	assert_int_equal(seen_find(&b->plan, &b->p, &b->x, path, &s), 0);
	if (s.kind != kind)
		print_error("%s: %d, not %d\n", path, s.kind, kind);
	assert_int_equal(s.kind, kind);
	assert_string_equal(s.inside, inside);
	assert_true((s.source == NULL) == (source == NULL));
	if (source != NULL)
		assert_string_equal(s.source, source);
}

/* Where it is, and from the same place of the host. */
static void check_self(const struct box *b, const char *path, enum seen_kind kind)
{
	check(b, path, kind, path, path);
}

static void check_none(const struct box *b, const char *path, enum seen_kind kind)
{
	check(b, path, kind, path, NULL);
}

static void what_nothing_shows_is_hidden(void **state)
{
	struct box *b = *state;

	make(b);
	check_none(b, "/home/x", SEEN_HIDDEN);
	check_none(b, "/etc/shadow", SEEN_HIDDEN);
	check_none(b, "/run/docker.sock", SEEN_HIDDEN);
	check_none(b, "/", SEEN_WAY);
	check_self(b, at(b, "project/x"), SEEN_RW);
}

static void settings_show(void **state)
{
	struct box *b = *state;

	assert_int_equal(strv_add(&b->c.ro, at(b, "data")), 0);
	assert_int_equal(strv_add(&b->c.rw, "/srv/x"), 0);
	make(b);
	check_self(b, at(b, "data/x"), SEEN_RO);
	check_self(b, "/srv/x/y", SEEN_RW);
	check_none(b, "/srv", SEEN_WAY);
	check_none(b, "/srv/y", SEEN_HIDDEN);
}

static void protected_names_have_their_rule(void **state)
{
	static const char *const names[] = { ".git", ".vscode", ".envrc", "sub/.git" };
	static const enum seen_kind kinds[] = { SEEN_PROTECTED, SEEN_MASKED, SEEN_MASKED, SEEN_PROTECTED };
	struct box *b = *state;

	make(b);
	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *path = path_join(b->m.project, names[i]);
		cleanup_seen struct seen s = { 0 };

		assert_int_equal(seen_find(&b->plan, &b->p, &b->x, path, &s), 0);
		assert_int_equal(s.kind, kinds[i]);
		assert_string_equal(s.rule, names[i]);
		assert_false(s.writable);
	}
}

static void the_venv_has_none(void **state)
{
	cleanup_seen struct seen s = { 0 };
	struct box *b = *state;

	make(b);
	assert_int_equal(seen_find(&b->plan, &b->p, &b->x, at(b, "project/.venv/lib"), &s), 0);
	assert_int_equal(s.kind, SEEN_PROTECTED);
	assert_null(s.rule);
}

static void the_venv_of_pip(void **state)
{
	struct box *b = *state;

	make_for_pip(b);
	check_self(b, at(b, "project/.venv/lib"), SEEN_RW);
	check_self(b, at(b, "project/.venv/venvbox/manifest"), SEEN_PROTECTED);
	check(b, at(b, "project/.venv/bin/x"), SEEN_RW, at(b, "project/.venv/bin/x"), at(b, "project/.venv/venvbox/inner-bin/x"));
	check_none(b, at(b, "project/.venv/home/x"), SEEN_PRIVATE);
	check(b, "/tmp/x", SEEN_PRIVATE, "/tmp/x", at(b, "project/.venv/venvbox/pip-tmp/x"));
}

static void what_is_private(void **state)
{
	struct box *b = *state;

	/* The box itself lies below /tmp. */
	make(b);
	check_none(b, "/tmp", SEEN_PRIVATE);
	check_none(b, "/tmp/other", SEEN_PRIVATE);
	check(b, "/var/tmp/x", SEEN_PRIVATE, "/tmp/x", NULL);
	check_self(b, at(b, "project/.venv/home/x"), SEEN_PRIVATE);
	check(b, at(b, "project/.venv/home/.cache/x"), SEEN_PRIVATE, at(b, "project/.venv/home/.cache/x"), at(b, "project/.venv/cache/x"));
	check_self(b, at(b, "project/.venv/cache/x"), SEEN_PROTECTED);
	check_none(b, "/proc/self", SEEN_PRIVATE);
	check_none(b, "/dev/null", SEEN_PRIVATE);
	check_none(b, "/dev/video0", SEEN_HIDDEN);
	check_none(b, "/dev/shm/x", SEEN_PRIVATE);
}

static void copies_and_texts(void **state)
{
	struct box *b = *state;

	add_row(b, MOUNT_COPY, "/etc/passwd", "/etc/names");
	add_row(b, MOUNT_COPY, "/nonexistent", "/etc/gone");
	make(b);
	check(b, "/etc/names", SEEN_COPY, "/etc/names", "/etc/passwd");
	check(b, "/etc/passwd", SEEN_FIXED, "/etc/passwd", at(b, "project/.venv/venvbox/etc/passwd"));
	check_none(b, "/etc/names/x", SEEN_HIDDEN);
	check_none(b, "/etc/gone", SEEN_HIDDEN); /* what is gone is left out in silence */
}

static void links_are_followed_as_inside(void **state)
{
	struct box *b = *state;

	add_row(b, MOUNT_SYMLINK, "data", at(b, "short"));
	assert_int_equal(strv_add(&b->c.ro, at(b, "data")), 0);
	make(b);
	put_link(b, "project/out", "/home");
	put_link(b, "project/in", "../data");
	put_link(b, "data/again", at(b, "project/out"));
	check_none(b, "/home", SEEN_HIDDEN);
	check(b, at(b, "project/out/u/.ssh"), SEEN_HIDDEN, "/home/u/.ssh", NULL);
	check(b, at(b, "project/in/x"), SEEN_RO, at(b, "data/x"), at(b, "data/x"));
	check(b, at(b, "short/x"), SEEN_RO, at(b, "data/x"), at(b, "data/x"));
	check(b, at(b, "short/again/u"), SEEN_HIDDEN, "/home/u", NULL);
}

static void links_in_a_circle_end(void **state)
{
	cleanup_seen struct seen s = { 0 };
	struct box *b = *state;

	make(b);
	put_link(b, "project/a", "b");
	put_link(b, "project/b", "a");
	assert_int_equal(seen_find(&b->plan, &b->p, &b->x, at(b, "project/a/x"), &s), -ELOOP);
}

static void whether_something_is_there(void **state)
{
	static const struct {
		const char *name;
		bool exists;
	} rows[] = { { "project/file", true }, { "project/none", false }, { "project/.venv/home", true }, { "data/file", false } };
	struct box *b = *state;

	put_file(b, "project/file");
	put_file(b, "data/file");
	make(b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_seen struct seen s = { 0 };

		assert_int_equal(seen_find(&b->plan, &b->p, &b->x, at(b, rows[i].name), &s), 0);
		assert_int_equal(s.exists, rows[i].exists);
	}
}

static void add_option(struct box *b, const char *name, const char *first, const char *second)
{
	assert_int_equal(strv_add(&b->p.user_mounts, name), 0);
	assert_int_equal(strv_add(&b->p.user_mounts, first), 0);
	if (second != NULL)
		assert_int_equal(strv_add(&b->p.user_mounts, second), 0);
}

static void options_of_bubblewrap(void **state)
{
	struct box *b = *state;

	add_option(b, "--ro-bind", at(b, "data"), "/elsewhere");
	add_option(b, "--dev-bind", "/dev/fuse", "/dev/fuse");
	add_option(b, "--tmpfs", "/scratch", NULL);
	add_option(b, "--bind", at(b, "data"), "/made-ro");
	add_option(b, "--remount-ro", "/made-ro", NULL);
	make(b);
	check(b, "/elsewhere/x", SEEN_RO, "/elsewhere/x", at(b, "data/x"));
	check_self(b, "/dev/fuse", SEEN_RW);
	check_none(b, "/scratch/x", SEEN_PRIVATE);
	check(b, "/made-ro/x", SEEN_RO, "/made-ro/x", at(b, "data/x"));
	check_none(b, at(b, "data/x"), SEEN_PRIVATE); /* below /tmp, which the box has of its own */
}

static void a_source_that_is_missing(void **state)
{
	const struct op gone = { .kind = OP_RO, .source = (char *) "/nonexistent/x", .dest = (char *) "/x" };
	const struct op there = { .kind = OP_RO, .source = (char *) "/etc", .dest = (char *) "/x" };
	struct box *b = *state;
	struct op own = { .kind = OP_RW, .source = at(b, "project/.venv/home"), .dest = (char *) "/x" };

	assert_true(seen_is_missing(&gone, &b->p, &b->x));
	assert_false(seen_is_missing(&there, &b->p, &b->x));
	assert_false(seen_is_missing(&own, &b->p, &b->x)); /* made when a run begins */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nothing_shows_is_hidden, setup, teardown),
		cmocka_unit_test_setup_teardown(settings_show, setup, teardown),
		cmocka_unit_test_setup_teardown(protected_names_have_their_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(the_venv_has_none, setup, teardown),
		cmocka_unit_test_setup_teardown(the_venv_of_pip, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_private, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_and_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(links_are_followed_as_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(links_in_a_circle_end, setup, teardown),
		cmocka_unit_test_setup_teardown(whether_something_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(options_of_bubblewrap, setup, teardown),
		cmocka_unit_test_setup_teardown(a_source_that_is_missing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
