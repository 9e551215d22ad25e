/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of /proc/self/status, by which PID 1 proves its seal. */
#include "inside/verify.h"
#include "tests/fuzz/fuzz.h"

#define KEEP 0x400

/* The same question, asked in another way: the first line of that name has just this number. */
static bool has_number(const char *text, const char *name, int base, unsigned long long wanted)
{
	cleanup_free char *key = NULL;
	const char *at = text;
	char *end;

	must(asprintf(&key, "%s:\t", name) > 0);
	while ((at = strstr(at, key)) != NULL && at != text && at[-1] != '\n')
		at++;
	return at != NULL && strtoull(at + strlen(key), &end, base) == wanted && *end == '\n';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *text = fuzz_text(&in);
	const char *fact = NULL;
	int r = verify_status(text, KEEP, &fact);

	must(r == 0 ? fact == NULL : r == -EPROTO && fact != NULL);
	if (r == 0)
		must(has_number(text, "CapInh", 16, KEEP) && has_number(text, "CapPrm", 16, KEEP) && has_number(text, "CapEff", 16, KEEP) &&
		     has_number(text, "CapAmb", 16, KEEP) && has_number(text, "CapBnd", 16, 0) && has_number(text, "NoNewPrivs", 10, 1) &&
		     has_number(text, "Seccomp", 10, 2));
	return 0;
}
