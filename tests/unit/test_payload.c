/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include "host/payload.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "place.h"

struct made {
	struct session s;
	struct policy policy;
	struct job job;
	struct strv own;
	struct payload p;
	struct failure f;
};

static void begin(const struct place *p, struct made *x)
{
	memset(x, 0, sizeof(*x));
	x->s.project_fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	x->s.called.venv_fd = x->s.called.state_fd = -1;
	x->s.manifest.project = strdup(p->dir);
	x->s.manifest.venv = path_join(p->dir, ".venv");
	x->s.manifest.python_version = strdup("3.11");
	x->s.called.program = path_join(x->s.manifest.venv, "bin/tool");
	x->s.called.argv0 = strdup("../tool");
	x->policy.manifest = &x->s.manifest;
	x->policy.conf = &x->s.conf;
}

static void end(struct made *x)
{
	payload_release(&x->p);
	policy_release(&x->policy);
	strv_release(&x->own);
	failure_release(&x->f);
	session_release(&x->s);
}

static int make(struct made *x)
{
	char *argv[] = { (char *) (uintptr_t) "tool", (char *) (uintptr_t) "-x", NULL };

	payload_release(&x->p);
	memset(&x->p, 0, sizeof(x->p));
	return payload_make(&x->s, &x->job, &x->policy, 2, argv, &x->own, "/work", &x->p, &x->f);
}

static const char *value(const struct made *x, const char *name)
{
	const char *text = strv_getenv(&x->p.env, name);

	return text != NULL ? text : "(unset)";
}

static void test_each_job_has_its_program(void **state)
{
	struct place *p = *state;
	cleanup_free char *python = NULL;
	struct made x;

	begin(p, &x);
	python = path_join(x.s.manifest.venv, "bin/python");
	x.job.kind = JOB_PYTHON;
	assert_int_equal(make(&x), 0);
	assert_string_equal(x.p.program, python);
	assert_string_equal(x.p.argv.v[0], "../tool");
	assert_string_equal(x.p.argv.v[1], "-x");
	x.job.kind = JOB_COMMAND;
	assert_int_equal(make(&x), 0);
	assert_string_equal(x.p.program, "../tool");
	x.policy.chdir = strdup("/elsewhere");
	assert_int_equal(make(&x), 0);
	assert_string_equal(x.p.program, x.s.called.program);
	x.job.kind = JOB_SHELL;
	assert_int_equal(make(&x), 0);
	assert_string_equal(x.p.argv.v[0], x.p.program);
	end(&x);
}

static const char *first_word(struct made *x, const char *dirs)
{
	strv_release(&x->own);
	assert_int_equal(strv_addf(&x->own, "PATH=%s", dirs), 0);
	assert_int_equal(make(x), 0);
	return x->p.argv.v[0];
}

/* sys.orig_argv[0] is "python" in an activated shell; where CPython would find another by it, or none, it is the path. */
static void test_a_bare_word_stays_where_path_leads_to_the_venv(void **state)
{
	struct place *p = *state;
	cleanup_free char *before = NULL, *after = NULL, *clean = NULL;
	struct made x;

	begin(p, &x);
	assert_true(asprintf(&before, "%s/early:%s/.venv/bin", p->dir, p->dir) > 0);
	assert_true(asprintf(&after, "/nowhere:%s/.venv/bin:%s/early", p->dir, p->dir) > 0);
	assert_true(asprintf(&clean, ":%s/.venv/bin", p->dir) > 0);
	assert_int_equal(mkdirat(p->fd, "early", 0755), 0);
	put(p, "early/tool", "");
	assert_int_equal(fchmodat(p->fd, "early/tool", 0755, 0), 0);
	x.job.kind = JOB_PYTHON;
	assert_string_equal(first_word(&x, after), "tool");
	assert_string_equal(first_word(&x, before), "../tool");
	assert_string_equal(first_word(&x, "/nowhere"), "../tool");
	/* The working directory: perhaps another one inside. */
	assert_string_equal(first_word(&x, clean), "../tool");
	/* .env has the last word about PATH. */
	put(p, ".env", "PATH=/usr/bin\n");
	assert_string_equal(first_word(&x, after), "../tool");
	assert_int_equal(unlinkat(p->fd, ".env", 0), 0);
	x.job.kind = JOB_COMMAND;
	assert_string_equal(first_word(&x, after), "../tool");
	end(&x);
}

static void test_what_the_box_is_stands_in_the_environment(void **state)
{
	struct place *p = *state;
	cleanup_free char *home = NULL;
	struct made x;

	begin(p, &x);
	home = path_join(x.s.manifest.venv, "home");
	/* An odd caller: entries without '=' or without a name, what is fixed, and a .env that sets it as well. */
	assert_int_equal(strv_add(&x.own, "NOEQUALS"), 0);
	assert_int_equal(strv_add(&x.own, "=x"), 0);
	assert_int_equal(strv_add(&x.own, "HOME=/root"), 0);
	assert_int_equal(strv_add(&x.own, "LANG=C"), 0);
	put(p, ".env", "HOME=/etc\nVIRTUAL_ENV=/etc\nFROM_FILE=1\n");
	assert_int_equal(make(&x), 0);
	assert_string_equal(value(&x, "HOME"), home);
	assert_string_equal(value(&x, "VIRTUAL_ENV"), x.s.manifest.venv);
	assert_string_equal(value(&x, "TMPDIR"), "/tmp");
	assert_string_equal(value(&x, "PWD"), "/work");
	assert_string_equal(value(&x, "LANG"), "C");
	assert_string_equal(value(&x, "FROM_FILE"), "1");
	assert_string_not_equal(value(&x, "PATH"), "(unset)");
	end(&x);
}

static void test_options_have_the_last_word(void **state)
{
	struct place *p = *state;
	struct made x;

	begin(p, &x);
	put(p, ".env", "FROM_FILE=1\n");
	assert_int_equal(strv_add(&x.policy.env, "A=1"), 0);
	assert_int_equal(strv_add(&x.policy.env, "FROM_FILE"), 0);
	assert_int_equal(strv_add(&x.policy.env, "A=2"), 0);
	assert_int_equal(make(&x), 0);
	assert_string_equal(value(&x, "A"), "2");
	assert_string_equal(value(&x, "FROM_FILE"), "(unset)");
	/* --clearenv: not .env either, but what the box cannot do without. */
	strv_release(&x.policy.env);
	x.policy.clear_env = true;
	assert_int_equal(make(&x), 0);
	assert_string_equal(value(&x, "FROM_FILE"), "(unset)");
	assert_string_equal(value(&x, "TMPDIR"), "/tmp");
	end(&x);
}

/* .env is in the project, where boxes write if it is unprotected. */
static void test_only_a_plain_env_file_is_read(void **state)
{
	struct place *p = *state;
	struct made x;

	begin(p, &x);
	put(p, "secrets", "KEYFILE=secret\n");
	assert_int_equal(symlinkat("secrets", p->fd, ".env"), 0);
	assert_int_equal(make(&x), 0);
	assert_string_equal(value(&x, "KEYFILE"), "(unset)");
	assert_int_equal(unlinkat(p->fd, ".env", 0), 0);
	assert_int_equal(mkfifoat(p->fd, ".env", 0600), 0);
	assert_int_equal(make(&x), 0);
	assert_int_equal(unlinkat(p->fd, ".env", 0), 0);
	/* Some call their venv so. */
	assert_int_equal(mkdirat(p->fd, ".env", 0700), 0);
	assert_int_equal(make(&x), 0);
	assert_int_equal(unlinkat(p->fd, ".env", AT_REMOVEDIR), 0);
	assert_int_equal(renameat(p->fd, "secrets", p->fd, ".env"), 0);
	assert_int_equal(make(&x), 0);
	assert_string_equal(value(&x, "KEYFILE"), "secret");
	end(&x);
}

static void test_an_endless_env_file_is_refused(void **state)
{
	struct place *p = *state;
	struct made x;
	int fd;

	begin(p, &x);
	put(p, ".env", "A=1\n");
	fd = openat(p->fd, ".env", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t) 1 << 40), 0);
	(void) close(fd);
	assert_int_equal(make(&x), -EFBIG);
	assert_non_null(strstr(x.f.what, ".env"));
	end(&x);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_job_has_its_program),
		TEST(test_a_bare_word_stays_where_path_leads_to_the_venv),
		TEST(test_what_the_box_is_stands_in_the_environment),
		TEST(test_options_have_the_last_word),
		TEST(test_only_a_plain_env_file_is_read),
		TEST(test_an_endless_env_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
