/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment: our own, the text of /proc/PPID/environ, --env, .env; a part each. */
#include "host/env.h"
#include "tests/fuzz/fuzz.h"

static size_t name_length(const char *entry)
{
	size_t len = strcspn(entry, "=");

	must(entry[len] == '=' && len > 0);
	return len;
}

static bool is_named(const char *entry, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(entry, name, len) == 0;
}

static void check(const struct strv *env, const struct strv *withheld, const struct strv *own, const struct strv *dotenv)
{
	static const char *const replaced[] = { "HOME", "VIRTUAL_ENV", "TMPDIR", "PWD" };

	for (size_t i = 0; i < env->n; i++) {
		size_t len = name_length(env->v[i]);

		must(!env_steers(env->v[i], len));
		for (size_t k = 0; k < sizeof(replaced) / sizeof(replaced[0]); k++)
			must(!is_named(env->v[i], len, replaced[k]));
		must(strv_contains(own, env->v[i]) || strv_contains(dotenv, env->v[i]));
		for (size_t k = 0; k < i; k++)
			must(strncmp(env->v[i], env->v[k], len + 1) != 0);
	}
	for (size_t i = 0; i < withheld->n; i++) {
		const char *let_in = strv_getenv(env, withheld->v[i]);

		must(let_in == NULL || strv_getenv(dotenv, withheld->v[i]) != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_strv struct strv own = { 0 }, parent = { 0 }, allow = { 0 }, dotenv = { 0 }, env = { 0 }, withheld = { 0 }, left_out = { 0 };
	cleanup_free char *environ_text = NULL;
	struct env_input input = { .parent = &parent, .allow = &allow, .dotenv = &dotenv, .pip_run = size % 2 == 1 };
	size_t len;

	fuzz_words(&in, &own);
	environ_text = fuzz_take(&in, FUZZ_PART, &len);
	environ_text = realloc(environ_text, len > 0 ? len : 1); /* what the kernel gives need not end with NUL */
	fuzz_words(&in, &allow);
	fuzz_words(&in, &dotenv);
	must(env_split(environ_text, len, &parent) == 0);
	must(parent.n <= (len + 1) / 2);
	input.own = strv_argv(&own);
	must(env_build(&input, &env, &withheld) == 0);
	check(&env, &withheld, &own, &dotenv);
	must(env_left_out(&own, &env, &withheld, &left_out) == 0);
	for (size_t i = 0; i < left_out.n; i++)
		must(strv_getenv(&own, left_out.v[i]) != NULL && strv_getenv(&env, left_out.v[i]) == NULL && !strv_contains(&withheld, left_out.v[i]));
	return 0;
}
