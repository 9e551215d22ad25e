/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and home of the caller in a synthetic passwd and group: user, home, group in a part each. */
#include "stubs/etc.h"
#include "tests/fuzz/fuzz.h"

static unsigned count(const char *text, char c)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

/* Neither a line nor a field more, and no second root. */
static void check(const char *text, unsigned lines, unsigned colons)
{
	must(count(text, '\n') == lines && count(text, ':') == lines * colons && count(text, '\r') == 0);
	must(strncmp(text, "root:x:0:", 9) == 0);
	for (const char *line = strchr(text, '\n') + 1; *line != '\0'; line = strchr(line, '\n') + 1) {
		must(strncmp(line, "root:", 5) != 0 && *line != ':' && *line != '+' && *line != '-');
		must(strncmp(strchr(line, ':'), ":x:0:", 5) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = fuzz_begin(data, size);
	cleanup_free char *user = fuzz_text(&in), *home = fuzz_text(&in), *group = fuzz_text(&in);
	cleanup_buf struct buf passwd = { 0 }, groups = { 0 };
	const gid_t more[] = { 1000, 27, 27, 65534 };

	etc_passwd(&passwd, 1000, 1000, user, home);
	must(!passwd.failed);
	check(passwd.data, 3, 6);
	etc_group(&groups, 1000, group, more, 4);
	must(!groups.failed);
	check(groups.data, 4, 3);
	return 0;
}
