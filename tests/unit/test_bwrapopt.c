/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/bwrapopt.h"

#include <cmocka.h>

/* words: separated by blanks. */
static int check(const char *words, struct failure *f)
{
	cleanup_strv struct strv list = { 0 };

	failure_release(f);
	assert_int_equal(bwrapopt_split(words, &list), 0);
	return bwrapopt_check(&list, f);
}

static void known_uses_are_allowed(void **state)
{
	static const char *const allowed[] = {
		"",
		"--ro-bind /usr /usr --ro-bind /lib /lib",
		"--bind /tmp/.X11-unix/X0 /tmp/.X11-unix/X8 --setenv DISPLAY :8",
		"--uid 0 --cap-add cap_net_bind_service",
		"--perms 0700 --size 1000 --tmpfs /scratch",
		"--dev-bind-try /dev/dri /dev/dri --symlink usr/bin /bin --dir /x/ --chmod 0755 /x",
		"--unshare-net --hostname box --chdir /proc --clearenv --unsetenv A --new-session --die-with-parent",
		"--bind relative /inside",
		"--tmpfs /procedures --dir /run/venv --dir /a..b/.c",
	};
	struct failure f = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		assert_int_equal(check(allowed[i], &f), 0);
		assert_null(f.what);
	}
}

static void what_would_open_the_box_is_refused_with_a_reason(void **state)
{
	static const char *const refused[] = {
		"--args 3", "--seccomp 3", "--add-seccomp-fd 3", "--userns 3", "--userns2 3", "--pidns 3", "--info-fd 1",
		"--json-status-fd 1", "--block-fd 0", "--userns-block-fd 0", "--sync-fd 0", "--file 0 /x", "--bind-data 0 /x",
		"--ro-bind-data 0 /x", "--bind-fd 3 /x", "--ro-bind-fd 3 /x", "--exec-label x", "--file-label x", "--argv0 x",
		"--overlay-src /", "--overlay /a /b /c", "--tmp-overlay /a", "--ro-overlay /a", "--lock-file /x", "--proc /x",
		"--level-prefix", "--help", "--version",
	};
	struct failure f = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		cleanup_strv struct strv list = { 0 };

		assert_int_equal(check(refused[i], &f), -EINVAL);
		assert_non_null(strstr(f.what, "cannot be used here"));
		assert_non_null(f.hint);
		assert_int_equal(bwrapopt_split(refused[i], &list), 0);
		assert_non_null(bwrapopt_find(list.v[0])->why);
		assert_int_equal(bwrapopt_find(list.v[0])->arity, list.n - 1);
	}
	failure_release(&f);
}

static void what_is_not_known_is_refused(void **state)
{
	static const char *const unknown[] = { "--bindx /a /b", "--", "python", "--setenv=A", "-h", "--ro-bind /a /b /c", "--dir /x -- sh" };
	struct failure f = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(check(unknown[i], &f), -EINVAL);
	assert_null(bwrapopt_find("--bind=x"));
	assert_null(bwrapopt_find(""));
	failure_release(&f);
}

static void missing_arguments_are_counted(void **state)
{
	struct failure f = { 0 };

	(void) state;
	assert_int_equal(check("--ro-bind /a", &f), -EINVAL);
	assert_string_equal(f.what, "bubblewrap option '--ro-bind' takes 2 arguments, 1 given");
	assert_int_equal(check("--unshare-net --uid", &f), -EINVAL);
	assert_string_equal(f.what, "bubblewrap option '--uid' takes 1 argument, 0 given");
	failure_release(&f);
}

static void protective_places_cannot_be_mounted_over(void **state)
{
	static const char *const refused[] = {
		"--ro-bind / /", "--bind /x //", "--tmpfs /", "--tmpfs /proc", "--bind /x /proc/sys", "--dir /proc/", "--tmpfs //proc//sys",
		"--ro-bind /x /run/venvbox", "--symlink a /run/venvbox/fd/3", "--chmod 0777 /", "--remount-ro /proc",
	};
	struct failure f = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(check(refused[i], &f), -EINVAL);
		assert_non_null(strstr(f.what, "cannot be used on"));
	}
	failure_release(&f);
	assert_non_null(bwrapopt_reserved("/proc/self"));
	assert_null(bwrapopt_reserved("/run/venvboxes"));
}

/* bwrap would take "/../oldroot/x" for the host's /x. */
static void a_destination_is_absolute_and_has_no_dots(void **state)
{
	static const char *const refused[] = {
		"--bind /x rel", "--tmpfs tmp", "--bind /x /../oldroot/x", "--dir /a/../b", "--dir /a/./b", "--dir /..", "--dir /.",
		"--dir /a/..", "--tmpfs /tmp/../proc", "--chdir a", "--chdir /a/..",
	};
	struct failure f = { 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(check(refused[i], &f), -EINVAL);
		assert_non_null(strstr(f.what, "is not an absolute path"));
	}
	failure_release(&f);
}

static void names_of_variables_and_sources_are_looked_at(void **state)
{
	cleanup_strv struct strv list = { 0 };
	struct failure f = { 0 };

	(void) state;
	assert_int_equal(check("--setenv A=B c", &f), -EINVAL);
	assert_int_equal(check("--unsetenv A=B", &f), -EINVAL);
	assert_int_equal(strv_add(&list, "--bind"), 0);
	assert_int_equal(strv_add(&list, ""), 0);
	assert_int_equal(strv_add(&list, "/x"), 0);
	assert_int_equal(bwrapopt_check(&list, &f), -EINVAL);
	failure_release(&f);
}

static void rows_say_where_the_paths_are(void **state)
{
	const struct bwrapopt *bind = bwrapopt_find("--bind-try"), *ro = bwrapopt_find("--ro-bind"), *link = bwrapopt_find("--symlink");

	(void) state;
	assert_true(bind->src == 0 && bind->dest == 1 && bind->writable && bind->optional && bind->act == BWRAPOPT_BIND);
	assert_true(ro->src == 0 && ro->dest == 1 && !ro->writable && !ro->optional);
	assert_true(link->src == -1 && link->dest == 1);
	assert_true(bwrapopt_find("--perms")->dest == -1 && bwrapopt_find("--perms")->act == BWRAPOPT_BIND);
	assert_int_equal(bwrapopt_find("--share-net")->act, BWRAPOPT_PASS);
	assert_int_equal(bwrapopt_find("--unshare-all")->act, BWRAPOPT_NOOP);
	assert_int_equal(bwrapopt_find("--cap-drop")->act, BWRAPOPT_CAP_DROP);
}

static void an_option_stays_with_what_shapes_it(void **state)
{
	cleanup_strv struct strv list = { 0 };

	(void) state;
	assert_int_equal(bwrapopt_split("--unshare-net --perms 0700 --size 9 --tmpfs /x --dir /y --perms 1", &list), 0);
	assert_int_equal(bwrapopt_unit(&list, 0), 1);
	assert_int_equal(bwrapopt_unit(&list, 1), 6);
	assert_int_equal(bwrapopt_unit(&list, 7), 2);
	assert_int_equal(bwrapopt_unit(&list, 9), 2);
}

static void splitting(void **state)
{
	cleanup_strv struct strv spaces = { 0 }, lines = { 0 }, none = { 0 };

	(void) state;
	assert_int_equal(bwrapopt_split("  --bind  /a\t /b ", &spaces), 0);
	assert_int_equal(spaces.n, 3);
	assert_string_equal(spaces.v[1], "/a\t");
	assert_int_equal(bwrapopt_split("--bind\n/a b\n\n /c\n", &lines), 0);
	assert_int_equal(lines.n, 3);
	assert_string_equal(lines.v[1], "/a b");
	assert_string_equal(lines.v[2], " /c");
	assert_int_equal(bwrapopt_split(" \n ", &none), 0);
	assert_int_equal(none.n, 2);
	assert_int_equal(bwrapopt_split("", &none), 0);
	assert_int_equal(none.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_uses_are_allowed),
		cmocka_unit_test(what_would_open_the_box_is_refused_with_a_reason),
		cmocka_unit_test(what_is_not_known_is_refused),
		cmocka_unit_test(missing_arguments_are_counted),
		cmocka_unit_test(protective_places_cannot_be_mounted_over),
		cmocka_unit_test(a_destination_is_absolute_and_has_no_dots),
		cmocka_unit_test(names_of_variables_and_sources_are_looked_at),
		cmocka_unit_test(rows_say_where_the_paths_are),
		cmocka_unit_test(an_option_stays_with_what_shapes_it),
		cmocka_unit_test(splitting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
