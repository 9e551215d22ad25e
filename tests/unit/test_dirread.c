/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dirread.h"
#include "common/strv.h"
#include "scratch.h"

#include <cmocka.h>

#define MANY 500 /* more than are read at once */

static int setup(void **state)
{
	static char dir[] = SCRATCH;

	*state = dir;
	return scratch_make(dir);
}

static int teardown(void **state)
{
	return scratch_remove(*state);
}

static int open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void an_empty_directory_has_no_names(void **state)
{
	cleanup_fd int fd = open_dir(*state);
	struct dirread d = { .fd = fd };
	const char *name;
	unsigned char type;

	assert_int_equal(dirread_next(&d, &name, &type), 0);
	assert_int_equal(dirread_next(&d, &name, &type), 0); /* and stays at its end */
}

static void every_name_comes_once_with_its_type(void **state)
{
	cleanup_fd int fd = open_dir(*state);
	struct dirread d = { .fd = fd };
	cleanup_strv struct strv names = { 0 };
	const char *name;
	unsigned char type;
	int r;

	for (int i = 0; i < MANY; i++) {
		char made[32];

		(void) snprintf(made, sizeof(made), "..name-%03d", i);
		assert_int_equal(i % 2 ? mkdirat(fd, made, 0755) : mknodat(fd, made, S_IFREG | 0644, 0), 0);
	}
	while ((r = dirread_next(&d, &name, &type)) > 0) {
		assert_true(type == DT_UNKNOWN || (type == DT_DIR) == (name[strlen(name) - 1] % 2 == 1));
		assert_false(strv_contains(&names, name));
		assert_int_equal(strv_add(&names, name), 0);
	}
	assert_int_equal(r, 0);
	assert_int_equal(names.n, MANY);
}

static void what_is_no_directory_is_an_error(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct dirread d = { .fd = fd }, none = { .fd = -1 };
	const char *name;
	unsigned char type;

	(void) state;
	assert_int_equal(dirread_next(&d, &name, &type), -ENOTDIR);
	assert_int_equal(dirread_next(&none, &name, &type), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_directory_has_no_names, setup, teardown),
		cmocka_unit_test_setup_teardown(every_name_comes_once_with_its_type, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_directory_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
