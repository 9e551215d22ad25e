/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of a box: what the user asks for may cover the defaults, nothing
 * covers the protective mounts (design.md, law 9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/layout.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#define PROJECT "/srv/p"
#define VENV "/srv/p/.venv"

struct box {
	struct manifest m;
	struct conf c;
	struct policy p;
	struct facts x;
	struct plan plan;
};

static int setup(void **state)
{
	static const struct mount_row rows[] = {
		{ MOUNT_RO, true, false, (char *) "/usr/lib", (char *) "/usr/lib", (char *) "libraries" },
		{ MOUNT_RO, false, true, (char *) "/usr", (char *) "/usr", (char *) "the system" },
		{ MOUNT_SYMLINK, true, true, (char *) "usr/lib", (char *) "/lib", (char *) "merged /usr" },
		{ MOUNT_COPY, true, true, (char *) "/etc/hosts", (char *) "/etc/hosts", (char *) "names" },
	};
	struct box *b = calloc(1, sizeof(*b));

	conf_init(&b->c);
	b->m.venv = strdup(VENV);
	b->m.project = strdup(PROJECT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (manifest_add_mount(&b->m, &rows[i]) < 0)
			return -1;
	b->p.manifest = &b->m;
	b->p.conf = &b->c;
	b->x.cwd = strdup(PROJECT);
	b->x.own_etc = true;
	b->x.masks.lock_fd = -1;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	plan_release(&b->plan);
	facts_release(&b->x);
	policy_release(&b->p);
	conf_release(&b->c);
	manifest_release(&b->m);
	free(b);
	return 0;
}

static void make(struct box *b)
{
	assert_int_equal(layout_make(&b->p, &b->x, NULL, "/usr/libexec/venvbox", &b->plan, NULL), 0);
}

/* What is seen at path in the finished box. */
static const struct op *seen(struct box *b, const char *path)
{
	const struct op *op = plan_find_cover(&b->plan, path);

	assert_non_null(op);
	return op;
}

static void add_option(struct box *b, const char *name, const char *first, const char *second)
{
	assert_int_equal(strv_add(&b->p.user_mounts, name), 0);
	assert_int_equal(strv_add(&b->p.user_mounts, first), 0);
	if (second != NULL)
		assert_int_equal(strv_add(&b->p.user_mounts, second), 0);
}

static void test_a_program_cannot_write_the_venv(void **state)
{
	struct box *b = *state;

	make(b);
	assert_int_equal(seen(b, VENV "/lib/x")->kind, OP_RO);
	assert_int_equal(seen(b, VENV "/venvbox/manifest")->kind, OP_RO);
	assert_int_equal(seen(b, VENV "/bin/pip")->kind, OP_RO);
	assert_string_equal(seen(b, VENV "/bin/pip")->source, VENV "/venvbox/inner-bin");
	assert_int_equal(seen(b, VENV "/home/x")->kind, OP_RW);
	assert_string_equal(seen(b, VENV "/home/.cache/x")->source, VENV "/cache");
	assert_int_equal(seen(b, PROJECT "/x")->kind, OP_RW);
}

static void test_pip_writes_the_venv_but_not_its_state(void **state)
{
	struct box *b = *state;

	b->p.pip_run = true;
	b->p.profile = PROFILE_SYSTEM;
	b->x.pip_tmp = strdup(VENV "/venvbox/pip-tmp");
	make(b);
	assert_int_equal(seen(b, VENV "/lib/x")->kind, OP_RW);
	assert_int_equal(seen(b, VENV "/bin/x")->kind, OP_RW);
	assert_string_equal(seen(b, VENV "/bin/x")->source, VENV "/venvbox/inner-bin");
	assert_int_equal(seen(b, VENV "/bin/python")->kind, OP_RO);
	assert_int_equal(seen(b, VENV "/venvbox/manifest")->kind, OP_RO);
	assert_int_equal(seen(b, VENV "/pyvenv.cfg")->kind, OP_RO);
	assert_int_equal(seen(b, VENV "/home/pip.conf")->kind, OP_TMPFS);
	assert_int_equal(seen(b, VENV "/cache/x")->kind, OP_RO);
	assert_string_equal(seen(b, "/usr/include")->source, "/usr");
	assert_string_equal(seen(b, "/tmp")->source, VENV "/venvbox/pip-tmp");
}

static void test_profiles_differ(void **state)
{
	struct box *b = *state;

	make(b);
	assert_null(plan_find_cover(&b->plan, "/usr/include"));
	assert_non_null(plan_find_cover(&b->plan, "/usr/lib/x"));
}

static void test_options_do_not_lift_protection(void **state)
{
	struct box *b = *state;

	add_option(b, "--bind", VENV, VENV);
	add_option(b, "--bind", "/srv", "/srv");
	add_option(b, "--tmpfs", PROJECT "/.git", NULL);
	b->x.masks.v[0] = (struct mask) { ".git", true, MASK_PRESENT };
	b->x.masks.n = 1;
	make(b);
	assert_int_equal(seen(b, VENV "/lib/x")->kind, OP_RO);
	assert_int_equal(seen(b, PROJECT "/.git/hooks")->kind, OP_RO);
	assert_string_equal(seen(b, PROJECT "/.git/hooks")->source, PROJECT "/.git");
}

static void test_an_option_above_the_project_does_not_hide_it(void **state)
{
	struct box *b = *state;

	add_option(b, "--ro-bind", "/srv", "/srv");
	add_option(b, "--ro-bind", "/other", PROJECT "/data");
	make(b);
	assert_string_equal(seen(b, PROJECT "/x")->source, PROJECT);
	assert_string_equal(seen(b, "/srv/q")->source, "/srv");
	assert_string_equal(seen(b, PROJECT "/data/x")->source, "/other");
}

static void test_an_option_covers_a_default_also_through_a_link(void **state)
{
	struct box *b = *state;

	add_option(b, "--ro-bind", "/opt/lib", "/lib");
	make(b);
	assert_string_equal(seen(b, "/usr/lib/x")->source, "/opt/lib");
}

static void test_sources_a_box_can_write_are_not_believed(void **state)
{
	struct box *b = *state;

	add_option(b, "--ro-bind", PROJECT "/x", "/x");
	add_option(b, "--ro-bind", "/opt", "/opt");
	make(b);
	assert_int_equal(seen(b, "/x")->trust, TRUST_NONE);
	assert_int_equal(seen(b, "/opt")->trust, TRUST_HOST);
}

static void test_absent_names_are_covered(void **state)
{
	struct box *b = *state;

	b->x.masks.v[0] = (struct mask) { ".git", true, MASK_ABSENT };
	b->x.masks.v[1] = (struct mask) { ".env", false, MASK_ABSENT };
	b->x.masks.v[2] = (struct mask) { ".idea", true, MASK_NOTHING };
	b->x.masks.n = 3;
	make(b);
	assert_int_equal(seen(b, PROJECT "/.git/config")->kind, OP_TMPFS);
	assert_int_equal(seen(b, PROJECT "/.env")->kind, OP_DATA);
	assert_int_equal(seen(b, PROJECT "/.idea")->kind, OP_RW);
}

static void test_what_lies_above_a_nested_repository_is_pinned(void **state)
{
	struct box *b = *state;

	assert_int_equal(strv_add(&b->x.nested, "a/b/.git"), 0);
	make(b);
	assert_string_equal(seen(b, PROJECT "/a")->dest, PROJECT "/a");
	assert_string_equal(seen(b, PROJECT "/a/b")->dest, PROJECT "/a/b");
	assert_int_equal(seen(b, PROJECT "/a/b/x")->kind, OP_RW);
	assert_int_equal(seen(b, PROJECT "/a/b/.git/x")->kind, OP_RO);
}

/* rw = /srv, project /srv/a/p: the box could move /srv/a away and make another. */
static void test_what_lies_above_the_project_is_pinned(void **state)
{
	struct box *b = *state;

	free(b->m.project);
	free(b->m.venv);
	b->m.project = strdup("/srv/a/p");
	b->m.venv = strdup("/srv/b/venv");
	make(b);
	assert_null(plan_find_cover(&b->plan, "/srv/a/other"));
	plan_release(&b->plan);
	add_option(b, "--bind", "/data", "/srv");
	make(b);
	assert_string_equal(seen(b, "/srv/a/other")->dest, "/srv/a");
	assert_string_equal(seen(b, "/srv/a/other")->source, "/data/a");
	assert_string_equal(seen(b, "/srv/b/other")->dest, "/srv/b");
	assert_string_equal(seen(b, "/srv/a/p/x")->dest, "/srv/a/p");
	assert_string_equal(seen(b, "/srv/c")->dest, "/srv");
}

static void test_what_lies_above_the_venv_is_pinned(void **state)
{
	struct box *b = *state;

	free(b->m.venv);
	b->m.venv = strdup(PROJECT "/env/v");
	make(b);
	assert_string_equal(seen(b, PROJECT "/env")->dest, PROJECT "/env");
	assert_int_equal(seen(b, PROJECT "/env/v/lib")->kind, OP_RO);
}

static void test_a_directory_outside_exists(void **state)
{
	struct box *b = *state;

	free(b->x.cwd);
	b->x.cwd = strdup("/home/u/work");
	make(b);
	/* Last but for the root's remount. */
	assert_int_equal(b->plan.ops[b->plan.n - 2].kind, OP_DIR);
	assert_string_equal(b->plan.ops[b->plan.n - 2].dest, "/home/u/work");
}

static void test_what_lies_below_var_tmp_keeps_its_path(void **state)
{
	struct box *b = *state;

	make(b);
	assert_int_equal(seen(b, "/var/tmp")->kind, OP_SYMLINK);
	plan_release(&b->plan);
	assert_int_equal(strv_add(&b->x.visible, "/var/tmp/p"), 0);
	make(b);
	assert_null(plan_find_cover(&b->plan, "/var/tmp/p"));
}

static bool is_made_read_only(const struct box *b, const char *dest)
{
	for (size_t i = 0; i < b->plan.n; i++)
		if (b->plan.ops[i].kind == OP_REMOUNT_RO && strcmp(b->plan.ops[i].dest, dest) == 0)
			return true;
	return false;
}

static void test_only_shared_memory_takes_files_in_dev(void **state)
{
	struct box *b = *state;

	make(b);
	assert_int_equal(seen(b, "/dev/shm/x")->kind, OP_TMPFS);
	assert_true(is_made_read_only(b, "/dev"));
}

/* Index of the operation of this kind at dest; SIZE_MAX: none. */
static size_t find_op(const struct box *b, enum op_kind kind, const char *dest)
{
	for (size_t i = 0; i < b->plan.n; i++)
		if (b->plan.ops[i].kind == kind && b->plan.ops[i].dest != NULL && strcmp(b->plan.ops[i].dest, dest) == 0)
			return i;
	return SIZE_MAX;
}

static void test_dev_is_sealed_when_the_users_devices_are_in_it(void **state)
{
	struct box *b = *state;

	add_option(b, "--dev-bind", "/dev/video0", "/dev/video0");
	make(b);
	assert_true(find_op(b, OP_WORDS, "/dev/video0") < find_op(b, OP_REMOUNT_RO, "/dev"));
	assert_true(find_op(b, OP_REMOUNT_RO, "/dev") < SIZE_MAX);
}

static void test_a_dev_of_the_users_is_as_he_has_it(void **state)
{
	struct box *b = *state;

	add_option(b, "--dev-bind", "/dev", "/dev");
	make(b);
	assert_false(is_made_read_only(b, "/dev"));
}

/* If it is left out, ours is seen. */
static void test_but_not_one_that_may_be_left_out(void **state)
{
	struct box *b = *state;

	add_option(b, "--dev-bind-try", "/nonexistent", "/dev");
	make(b);
	assert_true(is_made_read_only(b, "/dev"));
}

static void test_proc_is_read_only_for_all(void **state)
{
	struct box *b = *state;

	make(b);
	assert_true(is_made_read_only(b, "/proc"));
	plan_release(&b->plan);
	b->x.is_root = true;
	make(b);
	assert_true(is_made_read_only(b, "/proc"));
}

static void test_the_root_is_remounted_last(void **state)
{
	struct box *b = *state;

	make(b);
	assert_int_equal(b->plan.ops[b->plan.n - 1].kind, OP_REMOUNT_RO);
	assert_string_equal(b->plan.ops[b->plan.n - 1].dest, "/");
}

static void test_root_gets_nothing_of_the_kernels_or_pid_1s(void **state)
{
	struct box *b = *state;

	assert_int_equal(strv_add(&b->x.proc, "/proc/sys"), 0);
	b->x.is_root = true;
	make(b);
	assert_int_equal(seen(b, "/proc/1/fd/3")->kind, OP_TMPFS);
	assert_string_equal(seen(b, "/run/venvbox/init")->source, "/usr/libexec/venvbox/venvbox-init");
	assert_int_equal(seen(b, "/proc/sys/kernel/core_pattern")->kind, OP_RO);
	assert_int_equal(seen(b, "/proc/self")->kind, OP_PROC);
}

static void test_network_and_capabilities_are_options(void **state)
{
	struct box *b = *state;

	make(b);
	assert_false(strv_contains(&b->plan.options, "--unshare-net"));
	assert_true(strv_contains(&b->plan.options, "--disable-userns"));
	assert_true(strv_contains(&b->plan.options, "--as-pid-1"));
	plan_release(&b->plan);
	b->p.network_unshared = true;
	make(b);
	assert_true(strv_contains(&b->plan.options, "--unshare-net"));
}

static void test_a_device_bind_has_a_source_to_check(void **state)
{
	struct box *b = *state;

	add_option(b, "--dev-bind", PROJECT "/dev", "/mnt");
	make(b);
	assert_int_equal(seen(b, "/mnt")->kind, OP_WORDS);
	assert_string_equal(seen(b, "/mnt")->source, PROJECT "/dev");
	assert_int_equal(seen(b, "/mnt")->trust, TRUST_NONE);
}

/* Without it PID 1 could not seal. */
static void test_dropping_all_capabilities_leaves_what_pid_1_needs(void **state)
{
	struct box *b = *state;
	const struct strv *o = &b->plan.options;

	assert_int_equal(strv_add(&b->p.cap_words, "--cap-drop"), 0);
	assert_int_equal(strv_add(&b->p.cap_words, "ALL"), 0);
	make(b);
	assert_true(o->n > 4);
	assert_string_equal(o->v[o->n - 3], "ALL");
	assert_string_equal(o->v[o->n - 2], "--cap-add");
	assert_string_equal(o->v[o->n - 1], "CAP_SETPCAP");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static size_t place_of(const struct box *b, enum op_kind kind, const char *dest)
{
	for (size_t i = 0; i < b->plan.n; i++)
		if (b->plan.ops[i].kind == kind && strcmp(b->plan.ops[i].dest, dest) == 0)
			return i;
	return SIZE_MAX;
}

/* bwrap writes it where the box cannot write any more. */
static void test_pid_max_is_set_before_it_is_covered(void **state)
{
	struct box *b = *state;
	size_t at;

	b->x.is_root = true;
	assert_int_equal(strv_add(&b->x.proc, "/proc/sys"), 0);
	b->x.quota.pid_max = 1000;
	make(b);
	at = place_of(b, OP_SET, "/proc/sys/kernel/pid_max");
	assert_true(place_of(b, OP_PROC, "/proc") < at);
	assert_true(at < place_of(b, OP_RO, "/proc/sys"));
	assert_string_equal(b->plan.ops[at].data.data, "1000\n");
}

static void test_no_pid_max_is_written_unless_it_is_the_boxs(void **state)
{
	struct box *b = *state;

	b->x.is_root = true;
	make(b);
	assert_true(place_of(b, OP_SET, "/proc/sys/kernel/pid_max") == SIZE_MAX);
}

static void test_memory_file_systems_have_their_size(void **state)
{
	struct box *b = *state;

	b->x.quota.tmp = 5;
	b->x.quota.shm = 7;
	make(b);
	assert_int_equal(b->plan.ops[place_of(b, OP_TMPFS, "/tmp")].size, 5);
	assert_int_equal(b->plan.ops[place_of(b, OP_TMPFS, "/dev/shm")].size, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_program_cannot_write_the_venv),
		TEST(test_pip_writes_the_venv_but_not_its_state),
		TEST(test_profiles_differ),
		TEST(test_options_do_not_lift_protection),
		TEST(test_an_option_above_the_project_does_not_hide_it),
		TEST(test_an_option_covers_a_default_also_through_a_link),
		TEST(test_sources_a_box_can_write_are_not_believed),
		TEST(test_absent_names_are_covered),
		TEST(test_what_lies_above_a_nested_repository_is_pinned),
		TEST(test_what_lies_above_the_project_is_pinned),
		TEST(test_what_lies_above_the_venv_is_pinned),
		TEST(test_a_directory_outside_exists),
		TEST(test_what_lies_below_var_tmp_keeps_its_path),
		TEST(test_only_shared_memory_takes_files_in_dev),
		TEST(test_dev_is_sealed_when_the_users_devices_are_in_it),
		TEST(test_a_dev_of_the_users_is_as_he_has_it),
		TEST(test_but_not_one_that_may_be_left_out),
		TEST(test_proc_is_read_only_for_all),
		TEST(test_the_root_is_remounted_last),
		TEST(test_root_gets_nothing_of_the_kernels_or_pid_1s),
		TEST(test_pid_max_is_set_before_it_is_covered),
		TEST(test_no_pid_max_is_written_unless_it_is_the_boxs),
		TEST(test_memory_file_systems_have_their_size),
		TEST(test_network_and_capabilities_are_options),
		TEST(test_a_device_bind_has_a_source_to_check),
		TEST(test_dropping_all_capabilities_leaves_what_pid_1_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
