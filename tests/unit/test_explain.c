/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of --explain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/explain.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "explained.h"

struct said {
	struct strv env, withheld, ignored;
	struct buf out;
};

static void said_release(struct said *s)
{
	strv_release(&s->env);
	strv_release(&s->withheld);
	strv_release(&s->ignored);
	buf_release(&s->out);
}

#define cleanup_said cleanup(said_release)

/* The same box for both kinds of run; path NULL: the policy. */
static void explain(struct box *b, struct said *s, const char *path)
{
	const struct explained_box box = { .policy = b->p, .facts = b->x, .plan = b->plan };
	const struct explained e = { .program = &box, .pip = &box, .env = &s->env, .withheld = &s->withheld, .ignored = &s->ignored, .home = at(b, "home") };

	buf_release(&s->out);
	if (path != NULL)
		assert_int_equal(explain_path(&e, path, &s->out, NULL), 0);
	else
		assert_int_equal(explain_policy(&e, &s->out), 0);
}

static void has(const struct said *s, const char *text)
{
	if (strstr(s->out.data, text) == NULL)
		print_error("no '%s' in:\n%s\n", text, s->out.data);
	assert_non_null(strstr(s->out.data, text));
}

static void has_not(const struct said *s, const char *text)
{
	if (strstr(s->out.data, text) != NULL)
		print_error("'%s' in:\n%s\n", text, s->out.data);
	assert_null(strstr(s->out.data, text));
}

/* A line with these two, the second as its end. */
static void has_row(const struct said *s, const char *begin, const char *end)
{
	const char *line = strstr(s->out.data, begin);
	size_t len = line != NULL ? strcspn(line, "\n") : 0;

	if (line == NULL || len < strlen(end) || strncmp(line + len - strlen(end), end, strlen(end)) != 0)
		print_error("no '%s ... %s' in:\n%s\n", begin, end, s->out.data);
	assert_non_null(line);
	assert_true(len >= strlen(end) && strncmp(line + len - strlen(end), end, strlen(end)) == 0);
}

static void origins_of_settings(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	explain(b, &s, NULL);
	has_row(&s, "  network         host ", " default");
	has_row(&s, "  profile         minimal ", " default");
	has_row(&s, "  ro              none ", " default");
	has_row(&s, "  memory          the caller's ", " default");
	b->c.profile = PROFILE_SYSTEM;
	b->c.network = NETWORK_NONE;
	b->p.network_unshared = true;
	b->c.limits[LIMIT_MEMORY] = UINT64_C(1) << 30;
	assert_int_equal(strv_add(&b->c.ro, "/srv/x"), 0);
	explain(b, &s, NULL);
	has_row(&s, "  profile         system ", " venvbox.conf of the venv");
	has_row(&s, "  network         none ", " venvbox.conf of the venv");
	has_row(&s, "  memory          1G ", " venvbox.conf of the venv");
	has_row(&s, "  ro              /srv/x ", " venvbox.conf of the venv");
}

static void the_network_by_an_option(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	assert_int_equal(strv_add(&b->c.bwrap, "--unshare-net"), 0);
	b->p.network_unshared = true;
	explain(b, &s, NULL);
	has_row(&s, "  network         none ", " bubblewrap option kept with the venv");
	assert_int_equal(strv_setenv(&s.env, "BWRAP_ARGS", "--share-net"), 0);
	b->p.network_unshared = false;
	explain(b, &s, NULL);
	has_row(&s, "  network         host ", " BWRAP_ARGS of the environment");
	has_row(&s, "  BWRAP_ARGS      --share-net ", " environment");
}

static void the_environment(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	assert_int_equal(strv_add(&s.withheld, "MY_TOKEN"), 0);
	assert_int_equal(strv_add(&s.ignored, "line 3: BWRAP_ARGS steers venvbox"), 0);
	b->m.calls_allowed = 300;
	explain(b, &s, NULL);
	has_row(&s, "  system calls    300 allowed by name ", " default");
	has(&s, "  withheld        MY_TOKEN ");
	has_row(&s, "  .env            line 3: BWRAP_ARGS steers venvbox ", " ignored");
	b->p.allow_calls = "read write";
	explain(b, &s, NULL);
	has_row(&s, "  system calls    read write ", " SANDBOX_SECCOMP_ALLOW of the environment");
}

static void a_value_of_setenv_is_not_shown(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	assert_int_equal(strv_setenv(&s.env, "BWRAP_ARGS", "--setenv KEY sesame --hostname x"), 0);
	explain(b, &s, NULL);
	has(&s, "--setenv KEY ... ");
	has(&s, "--hostname x");
	has_not(&s, "sesame");
}

static void mounts_have_their_reason(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	assert_int_equal(strv_add(&b->c.ro, "/nonexistent/x"), 0);
	make(b);
	explain(b, &s, NULL);
	has_row(&s, "  read-only  /nonexistent/x ", " your setting ro; missing on the host, so nothing runs");
	has_row(&s, "  read-write /tmp/", " the project");
	has(&s, "  sealed     / ");
}

static void what_is_hidden_gets_its_line(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;
	char line[256];

	make(b);
	put_file(b, "data/it's");
	explain(b, &s, at(b, "data/it's"));
	(void) snprintf(line, sizeof(line), "venvbox-install %s/project/.venv --ro '%s/data/it'\\''s'\n", b->dir, b->dir);
	has(&s, line);
	has(&s, " on the host   a file\n");
}

static void what_is_not_there_gets_none(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	explain(b, &s, "/nonexistent/x");
	has(&s, " on the host   nothing\n");
	has(&s, " programs      hidden\n");
	has(&s, "make it on the host first");
	has_not(&s, "venvbox-install");
}

static void a_link_into_the_box_gets_none(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	put_file(b, "project/file");
	put_link(b, "data/link", at(b, "project/file"));
	explain(b, &s, at(b, "data/link"));
	has(&s, "use the place where it really is");
	has_not(&s, "venvbox-install");
}

static void secrets_get_a_warning(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	assert_int_equal(mkdir(at(b, "home/.ssh"), 0700), 0);
	put_link(b, "data/innocent", at(b, "home/.ssh"));
	put_link(b, "project/innocent", at(b, "home/.ssh"));
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "home/.ssh", "data/innocent", "project/innocent" };

		explain(b, &s, at(b, names[i]));
		has(&s, " not advised   keys of ssh; ");
		has_not(&s, "venvbox-install");
	}
}

static void what_is_protected_gets_its_rule(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	explain(b, &s, at(b, "project/sub/.git"));
	has(&s, " programs      protected: read-only\n");
	has(&s, "/project/.venv --unprotect sub/.git\n");
	explain(b, &s, at(b, "project/.venv/lib"));
	has(&s, "nothing lifts it");
	has_not(&s, "--unprotect");
}

static void what_is_read_only_can_be_made_writable(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	assert_int_equal(strv_add(&b->c.ro, at(b, "data")), 0);
	assert_int_equal(strv_add(&b->c.ro, at(b, "home")), 0);
	make(b);
	put_file(b, "data/file");
	put_file(b, "home/.bashrc");
	explain(b, &s, at(b, "data/file"));
	has(&s, " --rw /tmp/");
	explain(b, &s, at(b, "home/.bashrc"));
	has(&s, " not writable  your shell reads it; ");
	has_not(&s, "venvbox-install");
}

static void devices_get_an_option_where_they_have_a_use(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	explain(b, &s, "/dev/video0");
	has(&s, " not advised   a device of this machine; ");
	has(&s, "/project/.venv --dev-bind-try /dev/video0 /dev/video0\n");
	explain(b, &s, "/dev/mem");
	has(&s, " not advised   a device of this machine; ");
	has_not(&s, "venvbox-install");
}

static void what_cannot_be_mounted_gets_the_reason(void **state)
{
	static const char *const paths[] = { "/", "/proc/1", VB_RUN_DIR };
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		explain(b, &s, paths[i]);
		has(&s, " not possible  ");
		has_not(&s, "not advised");
	}
}

static void no_control_characters(void **state)
{
	cleanup_said struct said s = { 0 };
	struct box *b = *state;

	make(b);
	put_file(b, "data/\033[1m\n");
	put_link(b, "project/odd", "/x\033[2m\001");
	explain(b, &s, at(b, "data/\033[1m\n"));
	has(&s, "data/\\x1b[1m\\n\n");
	has(&s, "data/\\033[1m\\n'\n");
	has_not(&s, "\033");
	explain(b, &s, at(b, "project/odd"));
	has(&s, "    leads to    /x\\x1b[2m\\x01\n");
	has_not(&s, "\033");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(origins_of_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(the_network_by_an_option, setup, teardown),
		cmocka_unit_test_setup_teardown(the_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(a_value_of_setenv_is_not_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(mounts_have_their_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_hidden_gets_its_line, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_gets_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_into_the_box_gets_none, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_get_a_warning, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_protected_gets_its_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_read_only_can_be_made_writable, setup, teardown),
		cmocka_unit_test_setup_teardown(devices_get_an_option_where_they_have_a_use, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_mounted_gets_the_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(no_control_characters, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
