/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helper that compiles a list of calls is played by scripts: what it says, and how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "common/names.h"
#include "host/callfilter.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

#include "place.h"

static void play(const struct place *p, const char *script)
{
	put(p, VB_FILTER_HELPER, script);
	assert_int_equal(fchmodat(p->fd, VB_FILTER_HELPER, 0755, 0), 0);
}

/* Of the filter "bpf"; nothing else of it is read. */
static const struct manifest manifest = { .venv = (char *) (uintptr_t) "/v", .filter_size = 3 };

static void assert_program(int fd, const char *text)
{
	cleanup_buf struct buf got = { 0 };

	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 1000, &got), 0);
	assert_string_equal(got.data, text);
	(void) close(fd);
}

static void test_the_venvs_own_is_opened(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, NULL, &f), -ENOENT);
	assert_non_null(f.hint);
	failure_release(&f);
	put(p, VB_FILTER, "bpf");
	assert_program(callfilter_open(&manifest, p->fd, p->dir, NULL, NULL), "bpf");
	put(p, VB_FILTER, "bp");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, NULL, &f), -EBADMSG);
	failure_release(&f);
	put(p, VB_FILTER, "bpf");
	assert_int_equal(fchmodat(p->fd, VB_FILTER, 0666, 0), 0);
	assert_true(callfilter_open(&manifest, p->fd, p->dir, NULL, &f) < 0);
	failure_release(&f);
	assert_int_equal(fchmodat(p->fd, VB_FILTER, 0600, 0), 0);
	assert_int_equal(renameat(p->fd, VB_FILTER, p->fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", p->fd, VB_FILTER), 0);
	assert_true(callfilter_open(&manifest, p->fd, p->dir, NULL, &f) < 0);
	failure_release(&f);
}

static void test_a_list_goes_to_the_helper_as_words(void **state)
{
	struct place *p = *state;

	play(p, "#!/bin/sh\nprintf '%s;' \"$#\" \"$@\"\n");
	assert_program(callfilter_open(&manifest, p->fd, p->dir, " read,write\n\topenat ", NULL), "3;read;write;openat;");
	/* Empty is not missing. */
	assert_program(callfilter_open(&manifest, p->fd, p->dir, "", NULL), "0;");
}

static void test_a_word_is_no_option_of_the_helpers(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	play(p, "#!/bin/sh\necho the table\n");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, "--default", &f), -EINVAL);
	assert_non_null(strstr(f.what, "--default"));
	failure_release(&f);
}

static void test_what_the_helper_says_is_passed_on(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	play(p, "#!/bin/sh\nprintf 'venvbox: no such call\\nhint: look it up\\n' >&2\nexit 125\n");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, "x", &f), -EINVAL);
	assert_string_equal(f.what, "no such call");
	assert_string_equal(f.hint, "look it up");
	/* One that was killed, or says nothing, gave no program. */
	play(p, "#!/bin/sh\nprintf half\nkill -9 $$\n");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, "x", &f), -ENOEXEC);
	failure_release(&f);
}

/* A name of 100 KB comes back in the words: more than a pipe holds, with nothing on the other one. */
static void test_many_words_do_not_hold_us(void **state)
{
	struct place *p = *state;
	struct failure f = { 0 };

	play(p, "#!/bin/sh\nhead -c 200000 /dev/zero >&2\nexit 125\n");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, "x", &f), -EFBIG);
	assert_non_null(f.hint);
	play(p, "#!/bin/sh\nhead -c 200000 /dev/zero\n");
	assert_int_equal(callfilter_open(&manifest, p->fd, p->dir, "x", &f), -EFBIG);
	failure_release(&f);
}

static void test_a_caller_may_ignore_its_children(void **state)
{
	struct place *p = *state;
	struct sigaction now;

	play(p, "#!/bin/sh\nprintf bpf\n");
	assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	assert_program(callfilter_open(&manifest, p->fd, p->dir, "x", NULL), "bpf");
	assert_int_equal(sigaction(SIGCHLD, NULL, &now), 0);
	assert_true(now.sa_handler == SIG_IGN);
	assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_venvs_own_is_opened),
		TEST(test_a_list_goes_to_the_helper_as_words),
		TEST(test_a_word_is_no_option_of_the_helpers),
		TEST(test_what_the_helper_says_is_passed_on),
		TEST(test_many_words_do_not_hold_us),
		TEST(test_a_caller_may_ignore_its_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
