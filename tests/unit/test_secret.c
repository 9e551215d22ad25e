/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/secret.h"

#include <cmocka.h>

struct variable {
	const char *name, *value;
};

static void check(const struct variable *v, size_t n, bool expected)
{
	for (size_t i = 0; i < n; i++) {
		if (secret_looks_like(v[i].name, v[i].value) != expected)
			print_error("%s=%s\n", v[i].name, v[i].value);
		assert_int_equal(secret_looks_like(v[i].name, v[i].value), expected);
	}
}

#define CHECK(v, expected) check(v, sizeof(v) / sizeof((v)[0]), expected)

static void names_that_tell(void **state)
{
	static const char *const names[] = {
		"GITHUB_TOKEN", "GH_TOKEN", "TOKEN", "NPM_TOKEN", "HF_TOKEN", "github_token", "CI_JOB_TOKEN", "AWS_SESSION_TOKEN", "GITHUB_TOKEN_2", "NETLIFY_AUTH_TOKEN",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "API_KEY", "APIKEY", "STRIPE_KEY", "AZURE_OPENAI_KEY", "DD_APP_KEY",
		"API_KEYS", "OPENAI_API_KEY_OLD", "PRIVATE_KEY_B64", "SSH_PRIVATE_KEY", "SIGNING_KEY", "STRIPE_KEY_LIVE", "my-api-key", "app.secret.key",
		"SECRET", "MY_SECRET", "CLIENT_SECRET", "CLIENTSECRET", "DJANGO_SECRET_KEY", "VAULT_SECRET_ID", "SECRETS",
		"PASSWORD", "DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "DB_PASS", "SSHPASS", "GPG_PASSPHRASE", "BORG_PASSPHRASE", "TWINE_PASSWORD", "ANSIBLE_PASSWD",
		"GOOGLE_APPLICATION_CREDENTIALS", "AWS_CREDENTIALS", "CREDS", "REDISCLI_AUTH", "BASIC_AUTH", "npm_config__authToken", "NPM_CONFIG__AUTH",
		"GITHUB_PAT", "SESSION_COOKIE", "AUTHORIZATION", "HTTP_BEARER", "SOME_JWT", "PASSWORD_2", "A_B_C_D_E_F_G_H_I_J_K_L_M_N_O_P_Q_TOKEN",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!secret_looks_like(names[i], "x"))
			print_error("%s\n", names[i]);
		assert_true(secret_looks_like(names[i], "x"));
		assert_false(secret_looks_like(names[i], "")); /* there is nothing to hide */
	}
}

static void names_that_do_not(void **state)
{
	static const char *const names[] = {
		"FOO", "MONKEY", "KEYBOARD", "KEYMAP", "TURKEY_CITY", "KEY", "LESSKEY", "SORT_KEY", "PUBLIC_KEY", "SSH_PUBLIC_KEY", "PRIMARY_KEY", "CACHE_KEY", "HOTKEYS",
		"SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY", "GPG_AGENT_INFO", "DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS", "GIT_ASKPASS", "AUTHOR", "GIT_AUTHOR_NAME",
		"PWD", "OLDPWD", "BYPASS", "COMPASS", "PASSAGE", "PASS_COUNT", "PATH", "PATTERN", "TOKENIZERS_PARALLELISM", "TIKTOKEN_CACHE_DIR", "TOKEN_URL", "TOKEN_TTL",
		"OIDC_TOKEN_ENDPOINT", "POSTGRES_PASSWORD_FILE", "SECRETS_DIR", "SECRET_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE", "PASSWORD_MIN_LENGTH",
		"AUTH_TYPE", "AUTH_URL", "COOKIE_SECURE", "SECRETARY", "AWS_PROFILE", "AWS_REGION", "CLIENT_ID", "KUBECONFIG", "NETRC", "PGPASSFILE", "EDITOR", "_", "__", "A-B.C",
		"DJANGO_SETTINGS_MODULE", "FLASK_APP", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "XDG_RUNTIME_DIR", "MOZ_X11_EGL", "LS_COLORS", "PAGER", "SHLVL",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (secret_looks_like(names[i], "some value"))
			print_error("%s\n", names[i]);
		assert_false(secret_looks_like(names[i], "some value"));
	}
}

static void settings_about_credentials(void **state)
{
	static const struct variable settings[] = {
		{ "MAX_TOKENS", "4096" }, { "LLM_MAX_TOKENS", "100000" }, { "USE_AUTH", "true" }, { "NO_AUTH", "1" }, { "REQUIRE_TOKEN", "no" }, { "DISABLE_BASIC_AUTH", "on" },
		{ "SECRET_KEY_REQUIRED", "x" }, { "TOKEN", "none" },
	};
	static const struct variable secrets[] = {
		{ "PASSWORD", "1" }, { "DB_PASSWORD", "true" }, { "DB_PASS", "0" }, { "API_KEY", "12345" }, { "OTP_TOKEN", "123456" }, { "TOKENS", "12 a" }, { "MYSQL_PWD", "on" },
	};

	(void) state;
	CHECK(settings, false);
	CHECK(secrets, true);
}

#define A36 "0123456789abcdefABCDEF0123456789abcd"

static void values_that_tell(void **state)
{
	static const struct variable v[] = {
		{ "X", "ghp_" A36 }, { "X", "github_pat_11ABCDEFG0abcdefghij_0123456789" }, { "X", "ghs_" A36 }, { "X", "glpat-abcdefghij0123456789" },
		{ "X", "sk-proj-a1B2a1B2a1B2a1B2a1B2" }, { "X", "sk-ant-api03-abcdefghijklmnop" }, { "X", "sk-" A36 "ABCDEFGHIJKL" }, { "X", "sk_live_4eC39HqLyjWDarjtT1" },
		{ "X", "xoxb-123456789012-abcdef" }, { "X", "xoxp-1234567890-x" }, { "X", "AKIAIOSFODNN7EXAMPLE" }, { "X", "ASIAIOSFODNN7EXAMPLE" },
		{ "X", "AIzaSyD-0123456789abcdefABCDEF0123456789" }, { "X", "npm_" A36 }, { "X", "pypi-AgEIcHlwaS5vcmcCJDAwMDAw" }, { "X", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH" },
		{ "X", "dop_v1_" A36 }, { "X", "SG.abcdefghijklmnopqrstuv.xyz" }, { "X", "hvs.CAESIJabcdefghijklmnop" },
		{ "X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U" },
		{ "X", "-----BEGIN PRIVATE KEY-----\nMIIE\n" }, { "X", "-----BEGIN OPENSSH PRIVATE KEY-----" }, { "X", "{\"private_key\": \"-----BEGIN RSA PRIVATE KEY-----\\nMII\"}" },
		/* within */
		{ "HEADERS", "Bearer ghp_" A36 }, { "X", "{\"a\":\"AKIAIOSFODNN7EXAMPLE\"}" }, { "X", "https://ghp_" A36 "@github.com/x/y" }, { "OPTS", "-v --key=glpat-abcdefghij0123456789" },
		/* URLs and connection strings */
		{ "DATABASE_URL", "postgres://user:pw@host/db" }, { "X", "redis://:pw@localhost:6379/0" }, { "X", "http://u:p@host" }, { "X", "see https://a/ and amqp://u:p%40@h:1/x" },
		{ "X", "mongodb+srv://u:p@h/?x=1" }, { "X", "https://hooks.slack.com/services/T0/B0/x" }, { "X", "https://discord.com/api/webhooks/1/x" },
		{ "X", "Server=h;User Id=u;Password=pw;" }, { "X", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==" }, { "X", "host=h password=pw" },
		{ "X", "https://h/x?sv=1&sig=abc" }, { "X", "https://h/x?token=abc" }, { "OPTS", "--password=x" },
	};

	(void) state;
	CHECK(v, true);
}

static void values_that_do_not(void **state)
{
	static const struct variable v[] = {
		{ "X", "" }, { "X", "ghp_short" }, { "X", "not_ghp_" A36 }, { "X", "sk-learn" }, { "X", "sk-learn-pipeline-for-production-use-2024-final-version" }, { "X", "task-0123456789abcdef0123456789abcdef" },
		{ "X", "AKIA" }, { "X", "AKIAIOSFODNN7EXAMPLES" }, { "X", "ASIA_PACIFIC_SOUTHEAST_1" }, { "X", "XAKIAIOSFODNN7EXAMPLE" }, { "X", "npm_config_registry" }, { "X", "hf_transfer" },
		{ "X", "eyJ" }, { "X", "eyJhbGciOiJIUzI1NiJ9" }, { "X", "eyJhbGci.abc.def" }, { "X", "-----BEGIN CERTIFICATE-----\nMII" }, { "X", "-----BEGIN PUBLIC KEY-----" },
		{ "X", "https://host/path" }, { "X", "https://host:8080/a@b" }, { "X", "https://user@host/" }, { "X", "ssh://git@github.com:22/x" }, { "X", "http://[::1]:80/" }, { "X", "http://host/?q=a:b@c" },
		{ "X", "http://host:80#a@b" }, { "X", "file:///x:y@z" }, { "X", "u:p@host" }, { "X", "password" }, { "X", "password=" }, { "X", "password=;x" }, { "X", "max_token=12" }, { "X", "the password is" },
		{ "X", "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1" }, { "X", "unix:path=/run/user/1000/bus" }, { "X", "/usr/bin:/bin" }, { "X", "0123456789abcdef0123456789abcdef01234567" },
		{ "X", "\xff\xfe\n\t" }, { "", "x" },
	};

	(void) state;
	CHECK(v, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_tell),
		cmocka_unit_test(names_that_do_not),
		cmocka_unit_test(settings_about_credentials),
		cmocka_unit_test(values_that_tell),
		cmocka_unit_test(values_that_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
