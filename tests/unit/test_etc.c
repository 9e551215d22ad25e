/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "stubs/etc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
	uid_t uid;
	gid_t gid;
	const char *user, *home, *text;
} passwds[] = {
	/* A forged line first: each must come out as three lines, the names root and nobody keeping their ids. */
	{ 1000, 1000, "ann\nroot2:x:0:0::/:/bin/sh", "/h",
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "ann:x:0", "/h",
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "ann", "/srv/a:b/.venv/home",
	  "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "ann", "/h\nx:x:0:0::/:/bin/sh",
	  "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "root", "/h",
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "nobody", "/h",
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, "", "home",
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 1000, NULL, NULL,
	  "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 1000, 100, "DOM\\ann.b", "/srv/a b/.venv/home",
	  "root:x:0:0::/root:/bin/sh\nDOM\\ann.b:x:1000:100::/srv/a b/.venv/home:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	/* Ids beyond 2^31 are positive. */
	{ 4000000000, 4000000001, "ann", "/h",
	  "root:x:0:0::/root:/bin/sh\nann:x:4000000000:4000000001::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	/* No id has two lines: the home is the caller's. */
	{ 0, 0, "toor", "/h", "root:x:0:0::/h:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n" },
	{ 65534, 65534, "ann", "/h", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/h:/bin/sh\n" },
};

static void test_passwd(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(passwds) / sizeof(passwds[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		etc_passwd(&out, passwds[i].uid, passwds[i].gid, passwds[i].user, passwds[i].home);
		assert_false(out.failed);
		assert_string_equal(out.data, passwds[i].text);
	}
}

static const struct {
	gid_t gid;
	const char *group;
	gid_t groups[5];
	size_t n;
	const char *text;
} group_files[] = {
	{ 1000, "a\nwheel:x:0:", { 0 }, 0, "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n" },
	{ 1000, "nogroup", { 0 }, 0, "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n" },
	{ 1000, "a,b", { 0 }, 0, "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n" },
	{ 1000, "ann", { 0, 27, 1000, 27, 65534 }, 5, "root:x:0:\nann:x:1000:\ng27:x:27:\nnogroup:x:65534:\n" },
	{ 0, "root", { 4 }, 1, "root:x:0:\ng4:x:4:\nnogroup:x:65534:\n" },
};

static void test_group(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(group_files) / sizeof(group_files[0]); i++) {
		cleanup_buf struct buf out = { 0 };

		etc_group(&out, group_files[i].gid, group_files[i].group, group_files[i].groups, group_files[i].n);
		assert_false(out.failed);
		assert_string_equal(out.data, group_files[i].text);
	}
}

/* A module beyond files and dns would be the host's: systemd, sss, ldap over sockets that are not in the box. */
static void test_nsswitch_names_no_service_of_the_host(void **state)
{
	cleanup_buf struct buf out = { 0 };
	char *line, *rest;

	(void) state;
	etc_nsswitch(&out);
	assert_non_null(strstr(out.data, "passwd: files\n"));
	assert_non_null(strstr(out.data, "hosts: files dns\n"));
	rest = out.data;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		const char *services = strstr(line, ": ");

		assert_non_null(services);
		assert_true(strcmp(services, ": files") == 0 || strcmp(line, "hosts: files dns") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwd),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_nsswitch_names_no_service_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
