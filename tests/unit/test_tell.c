/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "host/tell.h"

#include <cmocka.h>

#include "scratch.h"

/* A project that boxes write, what lies beside it, and a link that leads there. */
struct scene {
	char dir[32];
	char *top;
	struct manifest manifest;
	struct conf conf;
	struct policy policy;
	struct strv env;
	struct userfds fds;
	struct tell tell;
	struct failure f;
};

static char *at(const struct scene *s, const char *name)
{
	static char path[4096];

	(void) snprintf(path, sizeof(path), "%s/%s", s->top, name);
	return path;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	*state = s;
	if (s == NULL || scratch_make(s->dir) < 0)
		return -1;
	s->top = realpath(s->dir, NULL);
	s->manifest.project = strdup(at(s, "project"));
	s->manifest.venv = strdup(at(s, "project/.venv"));
	s->policy = (struct policy) { .manifest = &s->manifest, .conf = &s->conf };
	s->tell = (struct tell) { .form = TELL_TEXT, .fd = -1 };
	(void) umask(0);
	return mkdir(at(s, "project"), 0755) + mkdir(at(s, "project/sub"), 0755) + mkdir(at(s, "beside"), 0755)
		+ symlink("project", at(s, "way"));
}

static int teardown(void **state)
{
	struct scene *s = *state;
	int r = scratch_remove(s->dir);

	tell_release(&s->tell);
	userfds_release(&s->fds);
	strv_release(&s->env);
	failure_release(&s->f);
	free(s->manifest.project);
	free(s->manifest.venv);
	free(s->top);
	free(s);
	return r;
}

/* What is inherited is known before. */
static int open_told(struct scene *s, const char *cwd)
{
	userfds_release(&s->fds);
	assert_int_equal(userfds_list(&s->fds, &s->f), 0);
	return tell_open(&s->tell, &s->policy, &s->env, &s->fds, cwd, &s->f);
}

static int open_log(struct scene *s, const char *value)
{
	cleanup_free char *word = NULL;

	assert_true(asprintf(&word, "VENVBOX_LOG=%s", value) > 0);
	strv_release(&s->env);
	failure_release(&s->f);
	s->f = (struct failure) { 0 };
	assert_int_equal(strv_add(&s->env, word), 0);
	tell_release(&s->tell);
	s->tell.form = TELL_TEXT;
	return open_told(s, s->manifest.project);
}

static void assert_writes_to(struct scene *s, const char *name)
{
	cleanup_buf struct buf got = { 0 };

	tell_sealed(&s->tell, true);
	assert_int_equal(fd_read_file(AT_FDCWD, at(s, name), 4096, &got), 0);
	assert_non_null(strstr(got.data, "venvbox: sealed\n"));
}

static void put(const struct scene *s, const char *name)
{
	cleanup_fd int fd = open(at(s, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_int_equal(fd_write_all(fd, "kept\n", 5), 0);
}

static void assert_untouched(const struct scene *s, const char *name)
{
	cleanup_buf struct buf got = { 0 };

	assert_int_equal(fd_read_file(AT_FDCWD, at(s, name), 4096, &got), 0);
	assert_string_equal(got.data, "kept\n");
}

/* --- who asks ------------------------------------------------------------------------ */

static void who_asks_is_told(void **state)
{
	static const struct {
		const char *option, *variable;
		enum tell_form form;
	} rows[] = {
		{ NULL, NULL, TELL_NOTHING },
		{ NULL, "VENVBOX_VERBOSE=", TELL_NOTHING },
		{ NULL, "VERBOSE=", TELL_NOTHING },
		{ NULL, "VENVBOX_VERBOSE=1", TELL_TEXT },
		{ NULL, "VENVBOX_VERBOSE=0", TELL_TEXT },
		{ NULL, "VERBOSE=1", TELL_TEXT },
		{ NULL, "VERBOSE=json", TELL_TEXT },
		{ NULL, "VENVBOX_VERBOSE=json", TELL_JSON },
		{ NULL, "VENVBOX_VERBOSE=learn", TELL_LEARNED },
		{ "", NULL, TELL_TEXT },
		{ "", "VENVBOX_VERBOSE=json", TELL_JSON },
		{ "json", NULL, TELL_JSON },
		{ "json", "VENVBOX_VERBOSE=1", TELL_JSON },
		{ "text", "VENVBOX_VERBOSE=json", TELL_TEXT },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct job job = { .verbose = rows[i].option };
		cleanup_strv struct strv env = { 0 };
		struct tell t;

		if (rows[i].variable != NULL)
			assert_int_equal(strv_add(&env, rows[i].variable), 0);
		tell_init(&t, &job, &env);
		if (t.form != rows[i].form || t.fd != -1)
			fail_msg("row %zu: form %d", i, (int) t.form);
	}
}

static void nobody_asked_and_nothing_is_opened(void **state)
{
	struct scene *s = *state;

	assert_int_equal(strv_add(&s->env, "VENVBOX_LOG=log"), 0);
	s->tell.form = TELL_NOTHING;
	assert_int_equal(open_told(s, s->top), 0);
	assert_int_equal(s->tell.fd, -1);
	assert_int_not_equal(access(at(s, "log"), F_OK), 0);
	tell_sealed(&s->tell, true);
}

/* --- files ------------------------------------------------------------------------------ */

static void a_file_is_appended_to(void **state)
{
	struct scene *s = *state;
	cleanup_buf struct buf got = { 0 };
	struct stat st;

	put(s, "beside/log");
	assert_int_equal(open_log(s, at(s, "beside/log")), 0);
	assert_int_equal(fcntl(s->tell.fd, F_GETFD), FD_CLOEXEC);
	assert_writes_to(s, "beside/log");
	assert_int_equal(fd_read_file(AT_FDCWD, at(s, "beside/log"), 4096, &got), 0);
	assert_int_equal(strncmp(got.data, "kept\n", 5), 0);
	assert_int_equal(open_log(s, at(s, "beside/new")), 0);
	assert_int_equal(stat(at(s, "beside/new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_relative_name_begins_at_the_working_directory(void **state)
{
	struct scene *s = *state;

	assert_int_equal(open_log(s, "log"), 0);
	assert_writes_to(s, "project/log");
	assert_int_equal(open_log(s, "../beside/log"), 0);
	assert_writes_to(s, "beside/log");
	assert_int_equal(open_log(s, "12345678"), 0); /* no descriptor has so long a number */
	assert_writes_to(s, "project/12345678");
}

/* The user's own link, where no box writes. */
static void a_link_of_the_user_is_followed(void **state)
{
	struct scene *s = *state;

	assert_int_equal(symlink("log", at(s, "beside/link")), 0);
	assert_int_equal(open_log(s, at(s, "beside/link")), 0);
	assert_writes_to(s, "beside/log");
}

static void a_planted_link_is_refused(void **state)
{
	static const char *const names[] = { "project/log", "project/way/log", "project/sub/up/log", "way/log", "way/way/log" };
	struct scene *s = *state;

	put(s, "bashrc");
	put(s, "beside/log");
	assert_int_equal(symlink("../bashrc", at(s, "project/log")), 0);
	assert_int_equal(symlink("../beside", at(s, "project/way")), 0);
	assert_int_equal(symlink("../../beside", at(s, "project/sub/up")), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = open_log(s, at(s, names[i]));

		if (r != -ELOOP && r != -ENOTDIR)
			fail_msg("%s: %d", names[i], r);
		assert_int_equal(s->tell.fd, -1);
		assert_non_null(strstr(s->f.hint, "a box can write there"));
	}
	assert_untouched(s, "bashrc");
	assert_untouched(s, "beside/log");
	assert_int_equal(open_log(s, at(s, "way/new")), 0); /* a plain name there */
	assert_writes_to(s, "project/new");
}

static void a_planted_hard_link_is_refused(void **state)
{
	struct scene *s = *state;

	cleanup_free char *from = strdup(at(s, "bashrc"));

	put(s, "bashrc");
	assert_int_equal(link(from, at(s, "project/log")), 0);
	assert_int_equal(open_log(s, "log"), -EMLINK);
	assert_untouched(s, "bashrc");
}

static void a_planted_fifo_is_refused(void **state)
{
	struct scene *s = *state;
	cleanup_fd int reader = -1;

	assert_int_equal(mkfifo(at(s, "project/log"), 0644), 0);
	assert_int_equal(open_log(s, "log"), -ENXIO); /* and it does not wait */
	reader = open(at(s, "project/log"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(open_log(s, "log"), -EMLINK);
}

static void what_cannot_be_opened_is_a_failure(void **state)
{
	struct scene *s = *state;

	assert_int_equal(open_log(s, at(s, "nowhere/log")), -ENOENT);
	assert_non_null(strstr(s->f.what, "nowhere/log"));
	assert_non_null(strstr(s->f.hint, "VENVBOX_LOG is a file"));
	assert_int_equal(open_log(s, "sub"), -EISDIR);
	assert_int_equal(open_log(s, "gone/log"), -ENOENT);
}

/* --- descriptors ---------------------------------------------------------------------------- */

#define GIVEN 40 /* as a shell gives it: without close-on-exec */

static void give(int fd)
{
	assert_int_equal(dup2(fd, GIVEN), GIVEN);
	(void) close(fd);
}

static void a_descriptor_is_taken_from_the_box(void **state)
{
	struct scene *s = *state;

	give(open(at(s, "beside/log"), O_WRONLY | O_CREAT, 0600));
	assert_int_equal(open_log(s, "40"), 0);
	assert_int_equal(s->tell.fd, GIVEN);
	assert_int_equal(fcntl(GIVEN, F_GETFD), FD_CLOEXEC);
	for (size_t i = 0; i < s->fds.n_inherited; i++)
		assert_int_not_equal(s->fds.inherited[i], GIVEN);
	assert_writes_to(s, "beside/log");
}

static void standard_error_stays(void **state)
{
	struct scene *s = *state;

	assert_int_equal(open_log(s, "2"), 0);
	assert_true(s->tell.fd > 2);
	assert_int_equal(fcntl(2, F_GETFD), 0);
	assert_int_equal(open_log(s, ""), 0);
	assert_true(s->tell.fd > 2);
	assert_int_equal(fcntl(2, F_GETFD), 0);
}

static void descriptors_that_cannot_be_written_are_refused(void **state)
{
	struct scene *s = *state;

	put(s, "beside/log");
	give(open(at(s, "beside/log"), O_RDONLY));
	assert_int_equal(open_log(s, "40"), -EBADF);
	assert_int_equal(fcntl(GIVEN, F_GETFD), FD_CLOEXEC); /* it is still the caller's, as userfds_list() leaves it */
	give(open(at(s, "beside/log"), O_PATH));
	assert_int_equal(open_log(s, "40"), -EBADF);
	(void) close(GIVEN);
	assert_int_equal(open_log(s, "40"), -EBADF);
	assert_int_equal(open_log(s, "999999"), -EBADF);
}

/* The launcher has some of its own by then: a lock, the state of the venv. */
static void a_descriptor_of_ours_is_not_taken(void **state)
{
	struct scene *s = *state;

	give(open(at(s, "beside/log"), O_RDWR | O_CREAT, 0600));
	assert_int_equal(fcntl(GIVEN, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(open_log(s, "40"), -EBADF);
	assert_int_equal(fcntl(GIVEN, F_GETFD), FD_CLOEXEC);
	(void) close(GIVEN);
}

/* `python 2>&-`: nobody is told, and the run goes on unwatched. */
static void without_standard_error_there_is_nobody(void **state)
{
	struct scene *s = *state;
	cleanup_fd int saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	int r;

	(void) close(2);
	r = open_log(s, "");
	(void) dup2(saved, 2);
	assert_int_equal(r, 0);
	assert_int_equal(s->tell.form, TELL_NOTHING);
	assert_int_equal(s->tell.fd, -1);
}

/* --- how ------------------------------------------------------------------------------------- */

static void color_is_for_terminals(void **state)
{
	struct scene *s = *state;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(terminal >= 0);
	(void) grantpt(terminal);
	(void) unlockpt(terminal);
	assert_int_equal(dup2(terminal, GIVEN), GIVEN);
	assert_int_equal(open_log(s, "40"), 0);
	assert_true(s->tell.color);
	tell_release(&s->tell);
	assert_int_equal(dup2(terminal, GIVEN), GIVEN);
	assert_int_equal(strv_add(&s->env, "NO_COLOR=1"), 0);
	assert_int_equal(open_told(s, s->top), 0);
	assert_false(s->tell.color);
	assert_int_equal(open_log(s, at(s, "beside/log")), 0);
	assert_false(s->tell.color);
	(void) close(terminal);
}

static void json_is_never_colored(void **state)
{
	struct scene *s = *state;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	give(terminal);
	assert_int_equal(strv_add(&s->env, "VENVBOX_LOG=40"), 0);
	s->tell.form = TELL_JSON;
	assert_int_equal(open_told(s, s->top), 0);
	assert_false(s->tell.color);
}

/* The run goes on. */
static void a_reader_that_is_gone_is_no_failure(void **state)
{
	struct scene *s = *state;
	int ends[2];

	(void) signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	give(ends[1]);
	assert_int_equal(open_log(s, "40"), 0);
	(void) close(ends[0]);
	tell_sealed(&s->tell, true);
	tell_unread(&s->tell);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_is_told),
		TEST(nobody_asked_and_nothing_is_opened),
		TEST(a_file_is_appended_to),
		TEST(a_relative_name_begins_at_the_working_directory),
		TEST(a_link_of_the_user_is_followed),
		TEST(a_planted_link_is_refused),
		TEST(a_planted_hard_link_is_refused),
		TEST(a_planted_fifo_is_refused),
		TEST(what_cannot_be_opened_is_a_failure),
		TEST(a_descriptor_is_taken_from_the_box),
		TEST(standard_error_stays),
		TEST(descriptors_that_cannot_be_written_are_refused),
		TEST(a_descriptor_of_ours_is_not_taken),
		TEST(without_standard_error_there_is_nobody),
		TEST(color_is_for_terminals),
		TEST(json_is_never_colored),
		TEST(a_reader_that_is_gone_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
