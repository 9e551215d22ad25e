/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "inside/piphint.h"

#define WORDS 8

static const struct {
	const char *argv[WORDS];
	bool change;
} rows[] = {
	{ { "python", "-m", "pip", "install", "x" }, true },
	{ { "python", "-mpip", "-q", "uninstall", "x" }, true },
	{ { "python", "-I", "-X", "dev", "-Wignore", "-m", "pip", "install" }, true },
	{ { "python", "-IWmod", "-Im", "pip", "install" }, true },
	{ { "python", "--check-hash-based-pycs", "never", "-m", "pip", "install" }, true },
	{ { "python", "/v/bin/pip", "install", "x" }, true },
	{ { "python", "-s", "/v/bin/pip3.11", "install", "x" }, true },
	{ { "python", "-m", "pip", "list" }, false },
	{ { "python", "-m", "pipx", "install", "x" }, false },
	{ { "python", "-m", "install" }, false },
	{ { "python", "-m" }, false },
	{ { "python", "-c", "x", "-m", "pip", "install" }, false },
	{ { "python", "-Ic", "x", "-m", "pip", "install" }, false },
	{ { "python", "-", "-m", "pip", "install" }, false },
	{ { "python", "a.py", "-m", "pip", "install" }, false },
	{ { "python", "/v/bin/pipx", "install", "x" }, false },
	{ { "python", "/w/bin/pip", "install", "x" }, false },
	{ { "python", "/v/bin/sub/pip", "install", "x" }, false },
	{ { "python", "-X" }, false },
	{ { "python" }, false },
};

static void test_rows(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int argc = 0;

		while (argc < WORDS && rows[i].argv[argc] != NULL)
			argc++;
		if (piphint_is_change(argc, (char *const *) (uintptr_t) rows[i].argv, "/v") != rows[i].change)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
