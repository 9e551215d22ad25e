/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/stat.h>

#include "common/conf.h"
#include "common/names.h"
#include "scratch.h"

#include <cmocka.h>

static int parse(const char *text, struct conf *c, struct failure *f)
{
	conf_release(c);
	failure_release(f);
	return conf_parse(text, strlen(text), "FILE", c, f);
}

static void assert_list(const struct strv *list, const char *const words[])
{
	size_t n = 0;

	for (; words[n] != NULL; n++) {
		assert_true(n < list->n);
		assert_string_equal(list->v[n], words[n]);
	}
	assert_int_equal(list->n, n);
}

#define LIST(list, ...) assert_list(list, (const char *const[]) { __VA_ARGS__, NULL })

/* --- reading --------------------------------------------------------------- */

static void an_empty_file_is_the_defaults(void **state)
{
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	for (const char *const *text = (const char *const[]) { "", "[box]\n", "# nothing\n\n; at all\n[box]  ; x\nro =\n", NULL }; *text; text++) {
		assert_int_equal(parse(*text, &c, &f), 0);
		assert_true(c.profile == PROFILE_MINIMAL && c.network == NETWORK_HOST && c.project == NULL);
		assert_int_equal(c.ro.n + c.rw.n + c.env.n + c.unprotect.n + c.publish.n + c.bwrap.n, 0);
	}
}

static void every_key_is_read(void **state)
{
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	assert_int_equal(parse("\xef\xbb\xbf[box]\r\nprofile = system\r\nnetwork: none\nproject = /work//x/\n"
			       "ro = /a b\n  /c ; a comment\n\n# another\n  /d;e\nro = /f\n"
			       "rw =\n\t/g/../h\n"
			       "env = TOKEN\nunprotect = .git\n   sub/.git\npublish = ls\n"
			       "bwrap = --ro-bind /usr /usr\n   --setenv A b\\x20c\nbwrap = --setenv B \\e --unshare-net\n"
			       "[limits]\nprocesses = 100\nmemory = 2G ; a comment\ncpu = none\nfiles = 64\nfile-size = 1K\ntmp = default\n", &c, &f), 0);
	assert_int_equal(c.profile, PROFILE_SYSTEM);
	assert_int_equal(c.network, NETWORK_NONE);
	assert_string_equal(c.project, "/work/x");
	LIST(&c.ro, "/a b", "/c", "/d;e", "/f");
	LIST(&c.rw, "/h");
	LIST(&c.env, "TOKEN");
	LIST(&c.unprotect, ".git", "sub/.git");
	LIST(&c.publish, "ls");
	LIST(&c.bwrap, "--ro-bind", "/usr", "/usr", "--setenv", "A", "b c", "--setenv", "B", "", "--unshare-net");
	assert_int_equal(c.limits[LIMIT_PROCESSES], 100);
	assert_true(c.limits[LIMIT_MEMORY] == UINT64_C(2) << 30);
	assert_true(c.limits[LIMIT_CPU] == LIMIT_NONE);
	assert_int_equal(c.limits[LIMIT_FILES], 64);
	assert_int_equal(c.limits[LIMIT_FILE_SIZE], 1024);
	assert_true(c.limits[LIMIT_TMP] == LIMIT_DEFAULT);
}

static void errors_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{ "[box]\ncolour = red\n", "FILE:2: unknown key 'colour'" },
		{ "[box]\nRO = /a\n", "FILE:2: unknown key 'RO'" },
		{ "[other]\n", "FILE:1: unknown section" },
		{ "[boxes]\n", "FILE:1: unknown section" },
		{ "[box] network = none\n", "FILE:1: unknown section" },
		{ "[box]\nnetwork = none\n  [x]\n", "FILE:3: this key takes one value and has one already" },
		{ "  [other]\n", "FILE:1: unknown section" },
		{ "ro = /a\n", "FILE:1: key outside of the section [box]" },
		{ "[box]\n\nno setting\n", "FILE:3: the line is no setting" },
		{ "[box\n", "FILE:1: unknown section" },
		{ "[box]\nno setting\ncolour = red\n", "FILE:2: the line is no setting" },
		{ "[limits] tmp = 1G\n", "FILE:1: unknown section" },
		{ "[]\n", "FILE:1: unknown section" },
		{ "[box\n]\n", "FILE:1: unknown section" },
		{ "[box]\nprocesses = 5\n", "FILE:2: key outside of the section [limits]" },
		{ "[limits]\nnetwork = none\n", "FILE:2: key outside of the section [box]" },
		{ "[limits]\ncolour = red\n", "FILE:2: unknown key 'colour'" },
		{ "[limits]\nprocesses = many\n", "FILE:2: processes: 'many' is refused: it is no such number" },
		{ "[limits]\nprocesses =\n", "FILE:2: processes: '' is refused: it is no such number" },
		{ "[limits]\nprocesses = 0\n", "FILE:2: processes: '0' is refused: it is out of range" },
		{ "[limits]\nmemory = 1G\nmemory = 2G\n", "FILE:3: this key takes one value and has one already" },
		{ "[limits]\ntmp = 1G\n  2G\n", "FILE:3: this key takes one value and has one already" },
		{ "[limits]\ntmp = 16777216T\n", "FILE:2: tmp: '16777216T' is refused: it is out of range" },
		{ "[box]\nprofile = maximal\n", "FILE:2: profile: 'maximal' is not one of its values" },
		{ "[box]\nprofile =\n", "FILE:2: profile: '' is not one of its values" },
		{ "[box]\nnetwork = none\nro = /a\nnetwork = host\n", "FILE:4: this key takes one value and has one already" },
		{ "[box]\nproject = /a\n  /b\n", "FILE:3: this key takes one value and has one already" },
		{ "[box]\nproject =\n", "FILE:2: project: '' is refused: it is empty" },
		{ "[box]\nproject = work\n", "FILE:2: project: 'work' is refused: it is not an absolute path" },
		{ "[box]\nro = a\n", "FILE:2: ro: 'a' is refused: it is not an absolute path" },
		{ "[box]\nrw = /a/..\n", "FILE:2: rw: '/a/..' is refused: it would hide everything else in the box" },
		{ "[box]\nrw = /proc/sys\n", "FILE:2: rw: '/proc/sys' is refused: the box has its /proc" },
		{ "[box]\nro = /a\nrw = /b\n /a\n", "FILE:4: rw: '/a' is refused: it is under both ro and rw" },
		{ "[box]\nro = /a\\q\n", "FILE:2: bad escape" },
		{ "[box]\nro = /a\\x00\n", "FILE:2: bad escape" },
		{ "[box]\nro = /a\\", "FILE:2: the file ends within an item" },
		{ "[box]\nro = /a\\\nro = /b\n", "FILE:3: the line before ends in a backslash" },
		{ "[box]\nenv = A=B\n", "FILE:2: env: 'A=B' is refused" },
		{ "[box]\nenv = 1A\n", "FILE:2: env: '1A' is refused" },
		{ "[box]\nenv = A-B\n", "FILE:2: env: 'A-B' is refused" },
		{ "[box]\nunprotect = /x/.git\n", "FILE:2: unprotect: '/x/.git' is refused" },
		{ "[box]\nunprotect = ../.git\n", "FILE:2: unprotect: '../.git' is refused" },
		{ "[box]\nunprotect = .venv\n", "FILE:2: unprotect: '.venv' is refused: the venv itself stays protected" },
		{ "[box]\nunprotect = .venv/bin\n", "FILE:2: unprotect: '.venv/bin' is refused: the venv itself stays protected" },
		{ "[box]\npublish = a/b\n", "FILE:2: publish: 'a/b' is refused" },
		{ "[box]\nbwrap = --seccomp 3\n", "FILE:2: bubblewrap option '--seccomp' cannot be used here" },
		{ "[box]\nbwrap = --setenv A\n", "FILE:2: bubblewrap option '--setenv' takes 2 arguments, 1 given" },
		{ "[box]\nbwrap = --dir /\\x2\n", "FILE:2: bwrap: '--dir /\\x2' is refused: it has a bad escape" },
	};
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].text, &c, &f), -EINVAL);
		assert_non_null(f.hint);
		if (strncmp(f.what, rows[i].what, strlen(rows[i].what)) != 0)
			assert_string_equal(f.what, rows[i].what);
	}
	failure_release(&f);
}

static void a_nul_is_an_error(void **state)
{
	static const char text[] = "[box]\nro = /a\0b\n";
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	assert_int_equal(conf_parse(text, sizeof(text) - 1, "FILE", &c, &f), -EINVAL);
	assert_string_equal(f.what, "FILE:2: the line holds a NUL byte");
	failure_release(&f);
}

/* inih alone would cut it and read the rest as a line of its own. */
static void a_line_too_long_is_an_error(void **state)
{
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };
	char text[400] = "[box]\nro = /";

	(void) state;
	conf_init(&c);
	memset(text + 12, 'a', sizeof(text) - 14);
	text[sizeof(text) - 2] = '\n';
	assert_int_equal(parse(text, &c, &f), -EINVAL);
	assert_string_equal(f.what, "FILE:2: the line is too long");
	assert_non_null(strstr(f.hint, "backslash"));
	assert_int_equal(parse("[box]\nro = /aaa\\\n\tbbb\\\\\\\n ccc\n /d\n", &c, &f), 0);
	LIST(&c.ro, "/aaabbb\\ccc", "/d");
}

/* --- writing --------------------------------------------------------------- */

static void assert_same_list(const struct strv *a, const struct strv *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_string_equal(a->v[i], b->v[i]);
}

static void round_trip(const struct conf *c)
{
	cleanup_conf struct conf back = { 0 };
	cleanup_buf struct buf out = { 0 };
	struct failure f = { 0 };

	assert_int_equal(conf_write(c, &out), 0);
	conf_init(&back);
	if (conf_parse(out.data, out.len, "FILE", &back, &f) < 0)
		print_error("%s\n%s", f.what, out.data);
	assert_null(f.what);
	assert_true(back.profile == c->profile && back.network == c->network);
	assert_true((back.project == NULL) == (c->project == NULL));
	if (c->project != NULL)
		assert_string_equal(back.project, c->project);
	assert_same_list(&back.ro, &c->ro);
	assert_same_list(&back.rw, &c->rw);
	assert_same_list(&back.env, &c->env);
	assert_same_list(&back.unprotect, &c->unprotect);
	assert_same_list(&back.publish, &c->publish);
	assert_same_list(&back.bwrap, &c->bwrap);
}

static void set(struct conf *c, const char *key, const char *value)
{
	struct failure f = { 0 };

	if (conf_set(c, key, value, "/cwd", &f) < 0)
		print_error("%s\n", f.what);
	assert_null(f.what);
}

static void defaults_come_back(void **state)
{
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	round_trip(&c);
	set(&c, "profile", "system");
	set(&c, "network", "none");
	round_trip(&c);
}

static void hostile_paths_come_back(void **state)
{
	static const char *const names[] = {
		"a b", " lead", "trail ", "two  blanks", "a\nb", "\n", "a\r", "\ttab\t", "a;b", "a ;b", ";", "#", "# x", "a #b", "=", "a=b", ":",
		"[x]", "[box]", "\"q\"", "'q'", "back\\", "\\\\", "\\n", "\\x41", "\xff\xfe", "gr\xc3\xbc\xc3\x9f", "\xc2\x85", "\xc3\xa0", "\x7f\x01",
		"$(id)", "*", "~",
	};
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set(&c, "ro", names[i]);
		set(&c, "unprotect", names[i]);
		set(&c, "publish", names[i]);
		set(&c, "project", names[i]);
		round_trip(&c);
	}
	assert_int_equal(c.ro.n, sizeof(names) / sizeof(names[0]));
	assert_string_equal(c.ro.v[1], "/cwd/ lead");
}

static void paths_longer_than_a_line_come_back(void **state)
{
	static const char *const patterns[] = { "a", " ", "  x", "\xff", "\\", ";", "\xc3\xbc", "\xe2\x82\xac", "a b " };
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (size_t shift = 0; shift < 5; shift++) { /* a break at each place of the pattern */
			cleanup_buf struct buf path = { 0 };

			buf_add(&path, "/xxxx", 1 + shift);
			while (path.len < 3000)
				buf_puts(&path, patterns[i]);
			set(&c, "rw", path.data);
			set(&c, "project", path.data);
		}
	round_trip(&c);
}

static void any_options_come_back(void **state)
{
	static const char *const words[] = {
		"--setenv", "A", "", "--setenv", "B", " ", "--setenv", "C", "x  y\n;#\\", "--perms", "0700", "--dir", "/a", "--dir", "/b",
		"--perms", "0700", "--dir", "/b", "--ro-bind", "/s p a c e", "/\xff", "--unshare-net",
	};
	cleanup_conf struct conf c = { 0 };
	cleanup_strv struct strv list = { 0 };
	cleanup_buf struct buf value = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(strv_add(&list, words[i]), 0);
	while (value.len < 2000)
		buf_puts(&value, "a \\");
	assert_int_equal(strv_add(&list, "--setenv"), 0);
	assert_int_equal(strv_add(&list, "LONG"), 0);
	assert_int_equal(strv_add(&list, value.data), 0);
	assert_int_equal(conf_add_bwrap(&c, &list, &f), 0);
	assert_same_list(&c.bwrap, &list);
	round_trip(&c);
}

static void each_key_is_explained_in_the_file(void **state)
{
	cleanup_conf struct conf c = { 0 };
	cleanup_buf struct buf out = { 0 };

	(void) state;
	conf_init(&c);
	assert_int_equal(conf_write(&c, &out), 0);
	for (const struct setting *s = conf_settings; s->key != NULL; s++) {
		cleanup_buf struct buf comment = { 0 };

		buf_printf(&comment, "\n# %s\n", s->help);
		assert_non_null(strstr(out.data, comment.data));
		assert_ptr_equal(conf_setting(s->key), s);
		assert_true((s->type == SETTING_CHOICE) == (s->choices != NULL));
	}
	assert_null(conf_setting("none"));
}

/* --- setting ---------------------------------------------------------------- */

static void the_command_line_replaces_and_grows(void **state)
{
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	set(&c, "project", "x");
	set(&c, "project", "../y");
	assert_string_equal(c.project, "/y");
	set(&c, "ro", "/a/");
	set(&c, "ro", "b");
	set(&c, "ro", "/a");
	LIST(&c.ro, "/a", "/cwd/b");
	set(&c, "rw", "/a"); /* changes its mind */
	LIST(&c.ro, "/cwd/b");
	LIST(&c.rw, "/a");
	set(&c, "env", "T");
	set(&c, "env", "T");
	LIST(&c.env, "T");
}

static void a_repeated_option_moves_to_the_end(void **state)
{
	cleanup_conf struct conf c = { 0 };

	(void) state;
	conf_init(&c);
	set(&c, "bwrap", "--ro-bind /a /x --perms 0700 --dir /d");
	set(&c, "bwrap", "--ro-bind /b /x");
	set(&c, "bwrap", "--ro-bind /a /x");
	LIST(&c.bwrap, "--perms", "0700", "--dir", "/d", "--ro-bind", "/b", "/x", "--ro-bind", "/a", "/x");
	set(&c, "bwrap", "--dir /d"); /* not the one with its own mode */
	set(&c, "bwrap", "--perms 0700 --dir /d");
	LIST(&c.bwrap, "--ro-bind", "/b", "/x", "--ro-bind", "/a", "/x", "--dir", "/d", "--perms", "0700", "--dir", "/d");
}

static void a_bad_setting_changes_nothing(void **state)
{
	cleanup_conf struct conf c = { 0 };
	struct failure f = { 0 };

	(void) state;
	conf_init(&c);
	set(&c, "network", "none");
	assert_int_equal(conf_set(&c, "network", "some", "/cwd", &f), -EINVAL);
	assert_string_equal(f.hint, "network is host or none");
	assert_int_equal(c.network, NETWORK_NONE);
	assert_int_equal(conf_set(&c, "nothing", "x", "/cwd", &f), -EINVAL);
	assert_int_equal(conf_set(&c, "ro", "rel", NULL, &f), -EINVAL);
	assert_int_equal(conf_set(&c, "ro", "/cwd/..", "/cwd", &f), -EINVAL);
	assert_int_equal(conf_set(&c, "bwrap", "--dir /ok --proc /p", "/cwd", &f), -EINVAL);
	assert_int_equal(c.ro.n + c.bwrap.n, 0);
	failure_release(&f);
}

/* --- loading ---------------------------------------------------------------- */

static void a_missing_file_is_the_defaults_and_a_writable_one_refused(void **state)
{
	static const char text[] = "[box]\nnetwork = none\n", bad[] = "[box]\nx = y\n";
	cleanup_conf struct conf c = { 0 };
	cleanup_fd int fd = -1;
	struct failure f = { 0 };
	char dir[32];

	(void) state;
	conf_init(&c);
	assert_int_equal(scratch_make(dir), 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(conf_load(fd, &c, &f), 0);
	assert_int_equal(c.network, NETWORK_HOST);
	assert_int_equal(fd_replace_file(fd, VB_CONF, text, sizeof(text) - 1, 0666), 0);
	assert_int_equal(conf_load(fd, &c, &f), -EPERM);
	assert_int_equal(c.network, NETWORK_HOST);
	assert_int_equal(fchmodat(fd, VB_CONF, 0644, 0), 0);
	assert_int_equal(conf_load(fd, &c, &f), 0);
	assert_int_equal(c.network, NETWORK_NONE);
	assert_int_equal(fd_replace_file(fd, VB_CONF, bad, sizeof(bad) - 1, 0644), 0);
	assert_int_equal(conf_load(fd, &c, &f), -EINVAL);
	assert_int_equal(strncmp(f.what, dir, strlen(dir)), 0);
	assert_non_null(strstr(f.what, "/venvbox.conf:2: unknown key 'x'"));
	assert_int_equal(fd_replace_file(fd, VB_CONF, "", 0, 0644), 0);
	assert_int_equal(conf_load(fd, &c, &f), 0);
	failure_release(&f);
	assert_int_equal(scratch_remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_the_defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(errors_name_file_and_line),
		cmocka_unit_test(a_nul_is_an_error),
		cmocka_unit_test(a_line_too_long_is_an_error),
		cmocka_unit_test(defaults_come_back),
		cmocka_unit_test(hostile_paths_come_back),
		cmocka_unit_test(paths_longer_than_a_line_come_back),
		cmocka_unit_test(any_options_come_back),
		cmocka_unit_test(each_key_is_explained_in_the_file),
		cmocka_unit_test(the_command_line_replaces_and_grows),
		cmocka_unit_test(a_repeated_option_moves_to_the_end),
		cmocka_unit_test(a_bad_setting_changes_nothing),
		cmocka_unit_test(a_missing_file_is_the_defaults_and_a_writable_one_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
