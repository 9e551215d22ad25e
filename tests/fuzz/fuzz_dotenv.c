/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The project's .env: any box can write it. */
#include "common/buf.h"
#include "host/dotenv.h"
#include "host/env.h"
#include "tests/fuzz/fuzz.h"

#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

static void check_variable(const char *entry)
{
	size_t len = strcspn(entry, "=");

	must(entry[len] == '=' && len > 0);
	must(strspn(entry, ALPHA) > 0);
	must(strspn(entry, ALPHA "0123456789.-") == len);
	must(!env_steers(entry, len));
	must(strncmp(entry, "BWRAP_ARGS=", 11) != 0 && strncmp(entry, "SANDBOX_", 8) != 0 && strncmp(entry, "VENVBOX_", 8) != 0);
}

/* For people, on a terminal. */
static void check_warnings(const struct strv *warnings)
{
	must(warnings->n <= 9);
	for (size_t i = 0; i < warnings->n; i++)
		must(strncmp(warnings->v[i], "line ", 5) == 0 || strstr(warnings->v[i], " more lines like these") != NULL);
}

static void put_quoted(struct buf *out, const char *entry)
{
	size_t len = strcspn(entry, "=");

	buf_add(out, entry, len);
	buf_puts(out, "=\"");
	for (const char *p = entry + len + 1; *p != '\0'; p++) {
		if (strchr("\\\"$", *p) != NULL)
			buf_putc(out, '\\');
		buf_putc(out, *p);
	}
	buf_puts(out, "\"\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_strv struct strv env = { 0 }, warnings = { 0 }, again = { 0 }, none = { 0 };
	cleanup_buf struct buf out = { 0 };

	must(dotenv_parse((const char *) data, size, &env, &warnings) == 0);
	must(env.n <= 4096 && env.n <= size / 2);
	must(!fuzz_has_twice(&env));
	for (size_t i = 0; i < env.n; i++) {
		check_variable(env.v[i]);
		put_quoted(&out, env.v[i]);
	}
	check_warnings(&warnings);
	/* What was understood can be written, and is understood again. */
	must(dotenv_parse(out.data != NULL ? out.data : "", out.len, &again, &none) == 0);
	must(fuzz_same_words(&env, &again) && none.n == 0);
	return 0;
}
