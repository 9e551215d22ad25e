/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/path.h"
#include "host/inputs.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

/* home/{key,script.py,link -> script.py,req.txt}  project/{planted -> ../home/key, req.txt} */
struct place {
	char dir[32];
	char *home;
	char *project;
	struct strv visible;
	struct inputs in;
};

static void put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = path_join(dir, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void put_link(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = path_join(dir, name);

	assert_int_equal(symlink(text, path), 0);
}

static void put_dir(const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (scratch_make(p->dir) < 0)
		return -1;
	p->home = path_join(p->dir, "home");
	p->project = path_join(p->dir, "project");
	if (mkdir(p->home, 0700) < 0 || mkdir(p->project, 0700) < 0)
		return -1;
	put(p->home, "key", "secret");
	put(p->home, "script.py", "pass");
	put_link(p->home, "link", "script.py");
	put_link(p->project, "planted", "../home/key");
	if (strv_add(&p->visible, p->project) < 0)
		return -1;
	p->in = (struct inputs) { .visible = &p->visible, .home_named = p->home, .project = p->project };
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	assert_int_equal(scratch_remove(p->dir), 0);
	inputs_release(&p->in);
	strv_release(&p->visible);
	free(p->home);
	free(p->project);
	free(p);
	return 0;
}

static void add(struct place *p, const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	assert_int_equal(inputs_add(&p->in, path), 0);
}

static bool has(const struct place *p, const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	return strv_contains(&p->in.paths, path);
}

static void test_a_planted_link_shows_nothing(void **state)
{
	struct place *p = *state;

	add(p, p->project, "planted");
	assert_int_equal(p->in.paths.n, 0);
	assert_int_equal(p->in.links.n, 0);
}

static void test_a_script_outside_is_shown(void **state)
{
	struct place *p = *state;

	add(p, p->home, "script.py");
	add(p, p->home, "script.py");
	assert_int_equal(p->in.paths.n, 1);
	assert_true(has(p, p->home, "script.py"));
}

static void test_a_link_outside_comes_along(void **state)
{
	struct place *p = *state;

	add(p, p->home, "link");
	assert_true(has(p, p->home, "script.py"));
	assert_int_equal(p->in.links.n, 2);
	assert_string_equal(p->in.links.v[0], "script.py");
}

/* As the kernel walks, not as the text reads. */
static void test_dots_follow_where_a_link_has_led(void **state)
{
	struct place *p = *state;

	put_dir(p->home, "deep");
	put_dir(p->home, "deep/down");
	put_link(p->home, "away", "deep/down");
	put(p->home, "deep/x.py", "pass");
	put(p->home, "x.py", "pass");
	put_link(p->home, "up", "away/.././x.py");
	add(p, p->home, "up");
	assert_int_equal(p->in.paths.n, 1);
	assert_true(has(p, p->home, "deep/x.py"));
	assert_int_equal(p->in.links.n, 4);
	assert_int_equal(p->in.dirs.n, 1);
	assert_true(path_is_within(p->in.dirs.v[0], p->home) && strcmp(path_base(p->in.dirs.v[0]), "down") == 0);
}

static void assert_leads_nowhere(struct place *p, const char *const *texts)
{
	for (size_t i = 0; texts[i] != NULL; i++) {
		cleanup_free char *name = NULL;

		assert_true(asprintf(&name, "odd%zu", i) > 0);
		put_link(p->home, name, texts[i]);
		add(p, p->home, name);
		assert_int_equal(p->in.paths.n, 0);
	}
}

static void test_what_the_kernel_does_not_find_is_not_shown(void **state)
{
	static const char *const texts[] = { "script.py/", "script.py/.", "script.py/../script.py", "no/../script.py", NULL };

	assert_leads_nowhere(*state, texts);
}

/* Up from the project itself nothing can be planted, but one step below it can. */
static void test_a_way_through_the_project_is_not_gone(void **state)
{
	static const char *const texts[] = { "../project/../home/script.py", "../project/planted/../script.py", NULL };

	assert_leads_nowhere(*state, texts);
}

static void test_as_many_links_as_the_kernel_follows(void **state)
{
	struct place *p = *state;
	char name[16] = "script.py", next[16];

	for (int i = 1; i <= 41; i++) {
		(void) snprintf(next, sizeof(next), "n%d", i);
		put_link(p->home, next, name);
		memcpy(name, next, sizeof(name));
	}
	add(p, p->home, "n41");
	assert_int_equal(p->in.paths.n, 0);
	add(p, p->home, "n40");
	assert_true(has(p, p->home, "script.py"));
}

static bool leads_below(struct place *p, const char *name)
{
	cleanup_free char *path = path_join(p->home, name);
	bool below;

	assert_int_equal(inputs_lead_below(&p->visible, path, &below), 0);
	return below;
}

/* What a mount of the user's has as its source is the user's choice as far as no box can make it another place. */
static void test_what_leads_below_a_place_of_the_box(void **state)
{
	struct place *p = *state;

	put_dir(p->project, "sub");
	put_link(p->home, "itself", "../project/.");
	put_link(p->home, "inside", "../project/sub");
	put_link(p->home, "and-back", "../project/sub/..");
	put_link(p->home, "and-on", "../project/sub/../../home/key");
	assert_false(leads_below(p, "itself"));
	assert_false(leads_below(p, "script.py"));
	assert_true(leads_below(p, "inside"));
	assert_true(leads_below(p, "and-back"));
	assert_true(leads_below(p, "and-on"));
}

static void test_a_link_into_the_project_needs_no_mount(void **state)
{
	struct place *p = *state;

	put_link(p->home, "proj", "../project");
	put(p->project, "x.py", "pass");
	add(p, p->home, "proj/x.py");
	assert_int_equal(p->in.paths.n, 0);
	assert_int_equal(p->in.links.n, 2);
}

static void test_a_link_into_the_project_follows_no_planted_one(void **state)
{
	struct place *p = *state;

	put_link(p->home, "proj", "../project");
	add(p, p->home, "proj/planted");
	assert_int_equal(p->in.paths.n, 0);
}

static void test_the_home_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(inputs_add(&p->in, p->home), 0);
	assert_int_equal(inputs_add(&p->in, p->dir), 0);
	assert_int_equal(inputs_add(&p->in, "/"), 0);
	assert_int_equal(p->in.paths.n, 0);
	assert_true(p->in.refused.n >= 2);
}

static void test_what_is_missing_or_special_is_left_out(void **state)
{
	struct place *p = *state;
	cleanup_free char *fifo = path_join(p->home, "fifo");

	assert_int_equal(mkfifo(fifo, 0600), 0);
	add(p, p->home, "fifo");
	add(p, p->home, "gone");
	add(p, p->home, "script.py/below");
	assert_int_equal(p->in.paths.n, 0);
}

static void test_links_in_a_circle_end(void **state)
{
	struct place *p = *state;

	put_link(p->home, "a", "b");
	put_link(p->home, "b", "a");
	add(p, p->home, "a");
	assert_int_equal(p->in.paths.n, 0);
}

static void test_what_lies_beside_an_index_is_shown(void **state)
{
	struct place *p = *state;
	cleanup_free char *shelf = path_join(p->home, "shelf");
	cleanup_free char *index = path_join(shelf, "simple");
	cleanup_free char *bare = path_join(p->home, "simple");

	assert_int_equal(mkdir(shelf, 0700) | mkdir(index, 0700) | mkdir(bare, 0700), 0);
	assert_int_equal(inputs_add_index(&p->in, index), 0);
	assert_true(has(p, p->home, "shelf"));
	/* But not the home beside the one that lies in it. */
	assert_int_equal(inputs_add_index(&p->in, bare), 0);
	assert_true(has(p, p->home, "simple"));
	assert_false(has(p, p->dir, "home"));
	assert_int_equal(p->in.refused.n, 0);
}

static void test_requirements_name_more(void **state)
{
	struct place *p = *state;
	cleanup_free char *top = path_join(p->home, "req.txt");

	put(p->home, "req.txt", "-r more.txt\nrequests\n");
	put(p->home, "more.txt", "./x-1.0-py3-none-any.whl\n-r req.txt\n");
	put(p->home, "x-1.0-py3-none-any.whl", "zip");
	assert_int_equal(inputs_add_requirements(&p->in, top), 0);
	assert_true(has(p, p->home, "req.txt"));
	assert_true(has(p, p->home, "more.txt"));
	assert_true(has(p, p->home, "x-1.0-py3-none-any.whl"));
}

/* A box can write the project: what a file there says opens nothing of the host. */
static void test_requirements_in_the_project_open_nothing(void **state)
{
	struct place *p = *state;
	cleanup_free char *top = path_join(p->project, "req.txt");

	put(p->project, "req.txt", "-r ../home/key\n../home/script.py\n");
	assert_int_equal(inputs_add_requirements(&p->in, top), 0);
	assert_int_equal(p->in.paths.n, 0);
}

/* The text may be anybody's. */
static void test_requirements_name_nothing_beyond_their_directory(void **state)
{
	struct place *p = *state;
	cleanup_free char *dir = path_join(p->home, "clone");
	cleanup_free char *keys = path_join(p->home, ".ssh");
	cleanup_free char *hidden = path_join(dir, ".hidden");
	cleanup_free char *top = path_join(dir, "req.txt");
	cleanup_free char *in_home = path_join(p->home, "req.txt");

	assert_int_equal(mkdir(dir, 0700) | mkdir(keys, 0700) | mkdir(hidden, 0700), 0);
	put(keys, "id", "-f /\n");
	put(p->home, "beside.txt", "");
	put_link(dir, "wheels", "../.ssh");
	put(dir, "req.txt", "-f ../.ssh\n-f wheels\n-r ../.ssh/id\n-f ..\n../script.py\n-f .hidden\n-f .\n");
	put(p->home, "req.txt", "-f .ssh\n-f clone\n-r beside.txt\n");
	assert_int_equal(inputs_add_requirements(&p->in, top), 0);
	assert_int_equal(p->in.paths.n, 2);
	assert_true(has(p, p->home, "clone") && has(p, dir, "req.txt"));
	assert_int_equal(p->in.unasked.n, 5);
	assert_int_equal(inputs_add_requirements(&p->in, in_home), 0);
	assert_int_equal(p->in.paths.n, 4);
	assert_true(has(p, p->home, "beside.txt") && has(p, p->home, "req.txt"));
}

static void test_nothing_is_taken_out_of_a_pipe(void **state)
{
	struct place *p = *state;
	cleanup_free char *path = path_join(p->home, "fifo");
	cleanup_fd int fd = -1;
	char text[16] = "";

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(write(fd, "flask\n", 6), 6);
	assert_int_equal(inputs_add_requirements(&p->in, path), 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 6);
	assert_string_equal(text, "flask\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_planted_link_shows_nothing),
		TEST(test_a_script_outside_is_shown),
		TEST(test_a_link_outside_comes_along),
		TEST(test_dots_follow_where_a_link_has_led),
		TEST(test_what_the_kernel_does_not_find_is_not_shown),
		TEST(test_a_way_through_the_project_is_not_gone),
		TEST(test_as_many_links_as_the_kernel_follows),
		TEST(test_what_leads_below_a_place_of_the_box),
		TEST(test_a_link_into_the_project_needs_no_mount),
		TEST(test_a_link_into_the_project_follows_no_planted_one),
		TEST(test_the_home_is_refused),
		TEST(test_what_is_missing_or_special_is_left_out),
		TEST(test_links_in_a_circle_end),
		TEST(test_what_lies_beside_an_index_is_shown),
		TEST(test_requirements_name_more),
		TEST(test_requirements_in_the_project_open_nothing),
		TEST(test_requirements_name_nothing_beyond_their_directory),
		TEST(test_nothing_is_taken_out_of_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
