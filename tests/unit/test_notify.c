/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>

#include "host/notify.h"

#include <cmocka.h>

#include "listened.h"

#define PAUSE "VB_TEST_PAUSE"
#define PAGE 4096

/* mkdirat(2) is asked about, and nothing else. */
static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void start(struct listened *l, struct notify *n, void (*act)(long *said, void *data))
{
	cleanup_fd int fd = fd_memfd("program", program, sizeof(program));

	listened_start(l, fd, NULL, act, NULL);
	*n = (struct notify) { .fd = -1 };
	assert_int_equal(notify_open(n, take_fd(&l->listener)), 0);
}

static void wait_for_call(const struct notify *n)
{
	struct pollfd p = { .fd = n->fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_true((p.revents & POLLIN) != 0);
}

static void take(struct notify *n)
{
	wait_for_call(n);
	assert_int_equal(notify_take(n), 1);
}

static pid_t caller(const struct notify *n)
{
	return (pid_t) n->call->pid;
}

static uint64_t path_of(const struct notify *n)
{
	return n->call->data.args[1];
}

/* --- answers ----------------------------------------------------------------------------- */

static void make_two(long *said, void *data)
{
	(void) data;
	said[0] = ASK(SYS_mkdirat, AT_FDCWD, "/", 0);
	said[1] = ASK(SYS_mkdirat, AT_FDCWD, "/", 0);
}

static void a_call_fails_or_goes_on(void **state)
{
	struct listened l;
	struct notify n;

	(void) state;
	start(&l, &n, make_two);
	take(&n);
	assert_int_equal(n.call->data.nr, SYS_mkdirat);
	assert_int_equal(caller(&n), l.pid);
	assert_true(notify_is_valid(&n));
	assert_int_equal(notify_answer(&n, EXDEV), 0);
	take(&n);
	assert_int_equal(notify_answer(&n, 0), 0);
	while (l.said[1] == 0)
		(void) usleep(1000);
	assert_int_equal(l.said[0], -EXDEV);
	assert_int_equal(l.said[1], -EEXIST); /* from the kernel itself */
	assert_int_equal(listened_end(&l), 0);
	notify_release(&n);
	assert_int_equal(n.fd, -1);
}

static void one_that_was_killed_is_none(void **state)
{
	struct listened l;
	struct notify n;

	(void) state;
	start(&l, &n, make_two);
	wait_for_call(&n);
	(void) kill(l.pid, SIGKILL);
	(void) listened_end(&l);
	assert_int_equal(notify_take(&n), 0);

	notify_release(&n);
}

static void one_that_is_killed_before_the_answer(void **state)
{
	struct listened l;
	struct notify n;

	(void) state;
	start(&l, &n, make_two);
	take(&n);
	assert_true(notify_is_valid(&n));
	(void) kill(l.pid, SIGKILL);
	(void) listened_end(&l);
	assert_false(notify_is_valid(&n));
	assert_int_equal(notify_answer(&n, EPERM), 0);
	assert_int_equal(notify_answer(&n, 0), 0);
	notify_release(&n);
}

static void what_is_no_listener_is_an_error(void **state)
{
	struct notify n = { .fd = -1 };

	(void) state;
	assert_int_equal(notify_open(&n, open("/dev/null", O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(notify_take(&n), -ENOTTY);
	assert_false(notify_is_valid(&n));
	notify_release(&n);
	notify_release(&n);
}

/* --- memory -------------------------------------------------------------------------------- */

/* Two pages, and behind them none. */
static char *pages;

static void map_pages(void)
{
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 'x', 2 * PAGE);
	assert_int_equal(munmap(pages + 2 * PAGE, PAGE), 0);
}

static void make_odd(long *said, void *data)
{
	(void) said;
	(void) data;
	memcpy(pages + PAGE - 3, "across", 7);
	ASK(SYS_mkdirat, AT_FDCWD, pages + PAGE - 3, 0);
	memcpy(pages + 2 * PAGE - 4, "end", 4);
	ASK(SYS_mkdirat, AT_FDCWD, pages + 2 * PAGE - 4, 0);
	pages[2 * PAGE - 1] = 'x';
	ASK(SYS_mkdirat, AT_FDCWD, pages + 2 * PAGE - 4, 0);
	ASK(SYS_mkdirat, AT_FDCWD, pages + PAGE + 8, 0);
	ASK(SYS_mkdirat, AT_FDCWD, NULL, 0);
	ASK(SYS_mkdirat, AT_FDCWD, -1L, 0);
}

/* What the kernel would read of it, no more and no less. */
static void text_is_read_as_far_as_it_is_there(void **state)
{
	static const struct {
		int r;
		const char *text;
	} rows[] = { { 0, "across" }, { 0, "end" }, { -EFAULT, NULL }, { -ENAMETOOLONG, NULL }, { -EFAULT, NULL }, { -EFAULT, NULL } };
	struct listened l;
	struct notify n;

	(void) state;
	map_pages();
	start(&l, &n, make_odd);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[100];

		take(&n);
		assert_int_equal(notify_read_text(caller(&n), path_of(&n), text, sizeof(text)), rows[i].r);
		if (rows[i].text != NULL)
			assert_string_equal(text, rows[i].text);
		assert_int_equal(notify_answer(&n, EPERM), 0);
	}
	assert_int_equal(listened_end(&l), 0);
	notify_release(&n);
	assert_int_equal(munmap(pages, 2 * PAGE), 0);
}

static void bytes_are_read_whole_or_not(void **state)
{
	char bytes[8];

	(void) state;
	map_pages();
	assert_int_equal(notify_read(getpid(), (uint64_t) (uintptr_t) pages + PAGE - 4, bytes, 8), 0);
	assert_memory_equal(bytes, "xxxxxxxx", 8);
	assert_int_equal(notify_read(getpid(), (uint64_t) (uintptr_t) pages + 2 * PAGE - 4, bytes, 8), -EFAULT);
	assert_int_equal(notify_read(getpid(), 0, bytes, 8), -EFAULT);
	assert_int_equal(notify_read(999999999, (uint64_t) (uintptr_t) pages, bytes, 8), -ESRCH);
	assert_int_equal(munmap(pages, 2 * PAGE), 0);
}

/* --- where a path begins --------------------------------------------------------------------- */

static int dir_fd, pipe_fd;

static void make_relative(long *said, void *data)
{
	(void) said;
	(void) data;
	ASK(SYS_mkdirat, AT_FDCWD, "x", 0);
	ASK(SYS_mkdirat, dir_fd, "x", 0);
	ASK(SYS_mkdirat, pipe_fd, "x", 0);
	ASK(SYS_mkdirat, 9999, "x", 0);
	ASK(SYS_mkdirat, -1, "x", 0);
}

static void a_relative_path_begins_somewhere(void **state)
{
	char cwd[PATH_MAX];
	const char *const bases[] = { getcwd(cwd, sizeof(cwd)), "/usr", "pipe:", NULL, NULL };
	struct listened l;
	struct notify n;
	int ends[2];

	(void) state;
	dir_fd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pipe_fd = ends[0];
	start(&l, &n, make_relative);
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		cleanup_free char *base = NULL;
		int r;

		take(&n);
		r = notify_base(caller(&n), (int) n.call->data.args[0], &base);
		assert_int_equal(r, bases[i] != NULL ? 0 : -ENOENT);
		if (bases[i] != NULL)
			assert_int_equal(strncmp(base, bases[i], strlen(bases[i])), 0);
		assert_int_equal(notify_answer(&n, EPERM), 0);
	}
	assert_int_equal(listened_end(&l), 0);
	notify_release(&n);
	(void) close(dir_fd);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

/* --- threads ------------------------------------------------------------------------------------ */

static void *in_thread(void *data)
{
	(void) data;
	ASK(SYS_mkdirat, AT_FDCWD, "of a thread", 0);
	return NULL;
}

static void make_in_thread(long *said, void *data)
{
	pthread_t thread;

	(void) data;
	said[0] = pthread_create(&thread, NULL, in_thread, NULL);
	if (said[0] == 0)
		(void) pthread_join(thread, NULL);
}

static void a_thread_is_asked_about_as_well(void **state)
{
	cleanup_free char *base = NULL;
	cleanup_free char *name = NULL;
	struct listened l;
	struct notify n;
	char text[100];

	(void) state;
	start(&l, &n, make_in_thread);
	take(&n);
	assert_int_not_equal(caller(&n), l.pid);
	assert_int_equal(notify_read_text(caller(&n), path_of(&n), text, sizeof(text)), 0);
	assert_string_equal(text, "of a thread");
	assert_int_equal(notify_base(caller(&n), AT_FDCWD, &base), 0);
	name = notify_program(caller(&n));
	assert_string_equal(name, "test_notify");
	assert_int_equal(notify_answer(&n, EPERM), 0);
	assert_int_equal(listened_end(&l), 0);
	notify_release(&n);
}

/* --- names of programs ----------------------------------------------------------------------------- */

static pid_t execute(char *const argv[])
{
	char *const env[] = { (char *) (uintptr_t) PAUSE "=1", NULL };
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) execve("/proc/self/exe", argv, env);
		_exit(99);
	}
	(void) close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* it is executed now */
	(void) close(ends[0]);
	return pid;
}

static void a_program_is_named_for_people(void **state)
{
	static char many[3000];
	static const struct {
		const char *argv[5];
		const char *name;
	} rows[] = {
		{ { "/usr/bin/ffmpeg", "-i", "x" }, "ffmpeg" },
		{ { "python3", "/a/b/app.py", "x" }, "python3 app.py" },
		{ { "/p/.venv/bin/python", "-X", "dev", "app.py" }, "python app.py" },
		{ { "python", "-m", "http.server" }, "python -m http.server" },
		{ { "python", "-c", "print('secret')" }, "python -c" },
		{ { "python" }, "python" },
		{ { "python", "-V" }, "python" },
		{ { "pythonic", "x.py" }, "pythonic x.py" },
		{ { "dir/" }, "?" },
		{ { "" }, "?" },
		{ { "sh\033[1m\n" }, "sh\033[1m\n" }, /* whoever shows it escapes it */
		{ { "ffmpeg", many }, "ffmpeg" },
	};

	(void) state;
	memset(many, 'y', sizeof(many) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = execute((char *const *) (uintptr_t) rows[i].argv);
		cleanup_free char *name = notify_program(pid);

		(void) kill(pid, SIGKILL);
		(void) waitpid(pid, NULL, 0);
		assert_string_equal(name, rows[i].name);
	}
}

/* argv is the program's to fill: neither its number nor its length has an end. */
static void a_program_of_many_words(void **state)
{
	static char word[] = "-B";
	char *argv[5002] = { (char *) (uintptr_t) "python" };
	cleanup_free char *name = NULL;
	pid_t pid;

	(void) state;
	for (int i = 1; i < 5001; i++)
		argv[i] = word;
	pid = execute(argv);
	name = notify_program(pid);
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	assert_string_equal(name, "python");
}

static void one_that_is_gone_has_no_name(void **state)
{
	cleanup_free char *name = notify_program(999999999);

	(void) state;
	assert_string_equal(name, "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_fails_or_goes_on),
		cmocka_unit_test(one_that_was_killed_is_none),
		cmocka_unit_test(one_that_is_killed_before_the_answer),
		cmocka_unit_test(what_is_no_listener_is_an_error),
		cmocka_unit_test(text_is_read_as_far_as_it_is_there),
		cmocka_unit_test(bytes_are_read_whole_or_not),
		cmocka_unit_test(a_relative_path_begins_somewhere),
		cmocka_unit_test(a_thread_is_asked_about_as_well),
		cmocka_unit_test(a_program_is_named_for_people),
		cmocka_unit_test(a_program_of_many_words),
		cmocka_unit_test(one_that_is_gone_has_no_name),
	};

	while (getenv(PAUSE) != NULL)
		(void) pause();
	(void) alarm(120); /* a hang is a failure */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
