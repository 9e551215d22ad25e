/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/capability.h>
#include <string.h>

#include "host/capname.h"
#include "host/policy.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

struct made {
	struct manifest m;
	struct conf c;
	struct strv env;
	struct job job;
	struct policy p;
	struct failure f;
};

static int setup(void **state)
{
	struct made *x = calloc(1, sizeof(*x));

	conf_init(&x->c);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct made *x = *state;

	policy_release(&x->p);
	conf_release(&x->c);
	strv_release(&x->env);
	failure_release(&x->f);
	free(x);
	return 0;
}

static int make(struct made *x, const char *bwrap_args)
{
	if (bwrap_args != NULL)
		assert_int_equal(strv_setenv(&x->env, "BWRAP_ARGS", bwrap_args), 0);
	return policy_make(&x->job, &x->m, &x->c, &x->env, &x->p, &x->f);
}

static void test_what_would_open_the_box_is_refused(void **state)
{
	static const char *const refused[] = {
		"--args 3", "--seccomp 5", "--userns 4", "--pidns 4", "--info-fd 3", "--bind / /", "--bind /x /proc",
		"--no-such-option", "--bind /x", "--cap-add cap_of_no_kind",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct made *x;

		assert_int_equal(setup(state), 0);
		x = *state;
		assert_int_equal(make(x, refused[i]), -EINVAL);
		assert_non_null(x->f.what);
		assert_non_null(strstr(x->f.hint, "BWRAP_ARGS"));
		(void) teardown(state);
	}
}

static void test_defaults_are_closed(void **state)
{
	struct made *x = *state;

	assert_int_equal(make(x, NULL), 0);
	assert_int_equal(x->p.profile, PROFILE_MINIMAL);
	assert_int_equal(x->p.keep_caps, 0);
	assert_null(x->p.allow_calls);
	assert_false(x->p.clear_env || x->p.user_pip_cache || x->p.network_unshared);
	assert_int_equal(x->p.user_mounts.n + x->p.user_options.n, 0);
}

static void test_setenv_goes_to_the_payload(void **state)
{
	struct made *x = *state;

	assert_int_equal(make(x, "--setenv\nK\na value\n--unsetenv\nL\n"), 0);
	assert_int_equal(x->p.env.n, 2);
	assert_string_equal(x->p.env.v[0], "K=a value");
	assert_string_equal(x->p.env.v[1], "L");
	assert_int_equal(x->p.user_options.n, 0);
}

static void test_clearenv_forgets_what_was_set_before(void **state)
{
	struct made *x = *state;

	assert_int_equal(make(x, "--setenv A 1 --clearenv --setenv B 2"), 0);
	assert_true(x->p.clear_env);
	assert_int_equal(x->p.env.n, 1);
	assert_string_equal(x->p.env.v[0], "B=2");
}

static void test_the_later_word_on_the_network_wins(void **state)
{
	struct made *x = *state;

	x->c.network = NETWORK_NONE;
	assert_int_equal(make(x, NULL), 0);
	assert_true(x->p.network_unshared);
	policy_release(&x->p);
	assert_int_equal(make(x, "--share-net"), 0);
	assert_false(x->p.network_unshared);
	assert_int_equal(x->p.user_options.n, 0);
}

static void test_capabilities_are_kept_by_name(void **state)
{
	struct made *x = *state;

	assert_int_equal(make(x, "--uid 0 --cap-add cap_net_bind_service"), 0);
	assert_true(x->p.keep_caps == UINT64_C(1) << CAP_NET_BIND_SERVICE);
	assert_true(strv_contains(&x->p.cap_words, "cap_net_bind_service"));
	assert_true(strv_contains(&x->p.user_options, "--uid"));
	policy_release(&x->p);
	assert_int_equal(make(x, "--cap-add ALL --cap-drop CAP_SYS_ADMIN"), 0);
	assert_false(x->p.keep_caps >> CAP_SYS_ADMIN & 1);
	assert_true(x->p.keep_caps >> CAP_CHOWN & 1);
	assert_false(strv_contains(&x->p.cap_words, "--cap-drop"));
}

static void test_a_run_adds_to_the_venvs_options(void **state)
{
	struct made *x = *state;

	assert_int_equal(strv_add(&x->c.bwrap, "--tmpfs"), 0);
	assert_int_equal(strv_add(&x->c.bwrap, "/a"), 0);
	assert_int_equal(make(x, "--tmpfs /b"), 0);
	assert_int_equal(x->p.user_mounts.n, 4);
	assert_string_equal(x->p.user_mounts.v[1], "/a");
	assert_string_equal(x->p.user_mounts.v[3], "/b");
}

/* `--ro-bind data /data` in the project, where code in a box made data a link to the keys. */
static void test_paths_of_options_are_made_clean(void **state)
{
	static const char *const wanted[] = {
		"--ro-bind", "/srv/p/data", "/data", "--bind", "/opt/x", "/opt/x", "--tmpfs", "/srv/q", "--symlink", "../up/", "/a/b",
	};
	struct made *x = *state;

	x->job.cwd = "/srv/p";
	assert_int_equal(make(x, "--ro-bind ./data /data/ --bind /opt//x/ //opt/x/ --tmpfs /srv/q/ --symlink ../up/ /a/b/"), 0);
	assert_int_equal(x->p.user_mounts.n, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < x->p.user_mounts.n; i++)
		assert_string_equal(x->p.user_mounts.v[i], wanted[i]);
}

static void test_pip_sees_the_system(void **state)
{
	struct made *x = *state;

	x->job.pip_run = true;
	assert_int_equal(make(x, NULL), 0);
	assert_int_equal(x->p.profile, PROFILE_SYSTEM);
}

static void test_an_empty_list_of_calls_is_not_no_list(void **state)
{
	struct made *x = *state;

	assert_int_equal(strv_setenv(&x->env, "SANDBOX_SECCOMP_ALLOW", ""), 0);
	assert_int_equal(make(x, NULL), 0);
	assert_string_equal(x->p.allow_calls, "");
}

static void job_of(struct job *job, const char *name, bool interpreter, char *const argv[])
{
	struct called called = {
		.venv_real = (char *) "/srv/p/.venv", .name = (char *) name, .is_interpreter = interpreter,
	};
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	assert_int_equal(policy_job(&called, argc, argv, "/srv/p", job), 0);
}

static void test_jobs(void **state)
{
	char *const pip_module[] = { (char *) "python", (char *) "-Impip", (char *) "install", NULL };
	char *const script[] = { (char *) "python", (char *) "pip.py", NULL };
	char *const pip_script[] = { (char *) "python", (char *) ".venv/bin/pip", NULL };
	char *const plain[] = { (char *) "x", NULL };
	struct job job;

	(void) state;
	job_of(&job, "python3", true, pip_module);
	assert_true(job.pip_run && job.kind == JOB_PYTHON);
	job_of(&job, "python3", true, script);
	assert_false(job.pip_run);
	job_of(&job, "python3", true, pip_script);
	assert_true(job.pip_run);
	job_of(&job, "pip3.11", false, plain);
	assert_true(job.pip_run && job.kind == JOB_COMMAND);
	job_of(&job, "pytest", false, plain);
	assert_false(job.pip_run);
	job_of(&job, "shell", false, plain);
	assert_true(job.kind == JOB_SHELL && !job.pip_run);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_would_open_the_box_is_refused),
		TEST(test_defaults_are_closed),
		TEST(test_setenv_goes_to_the_payload),
		TEST(test_clearenv_forgets_what_was_set_before),
		TEST(test_the_later_word_on_the_network_wins),
		TEST(test_capabilities_are_kept_by_name),
		TEST(test_a_run_adds_to_the_venvs_options),
		TEST(test_paths_of_options_are_made_clean),
		TEST(test_pip_sees_the_system),
		TEST(test_an_empty_list_of_calls_is_not_no_list),
		cmocka_unit_test(test_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
