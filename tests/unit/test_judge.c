/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory is the root of another process, which plays the box; what the host has stands below the same path. Judged as an ordinary
 * user, also where the tests run as root, for root is refused nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "host/judge.h"

#include <cmocka.h>

#include "boxroot.h"
#include "scratch.h"

#define NOBODY 65534

static bool without_openat2;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_openat2 && without_openat2) {
		errno = ENOSYS;
		return -1;
	}
	return __real_syscall(number, a, b, c, d, e, f);
}

struct scene {
	char dir[32];   /* of the host; the same path is below root */
	char root[80];
	char home[4096], real_home[4096];
	struct places places;
	pid_t box;
};

static char *in(char *to, const char *dir, const char *name)
{
	(void) snprintf(to, 4096, "%s/%s", dir, name);
	return to;
}

static void make_dir(const char *dir, const char *name, mode_t mode)
{
	char path[4096];

	assert_int_equal(mkdir(in(path, dir, name), mode), 0);
}

static void make_file(const char *dir, const char *name, mode_t mode, const char *text)
{
	char path[4096];
	cleanup_fd int fd = open(in(path, dir, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void make_link(const char *text, const char *dir, const char *name)
{
	char path[4096];

	assert_int_equal(symlink(text, in(path, dir, name)), 0);
}

static int start_box(struct scene *s)
{
	char path[64], box[4096], ro[4096], ready = 1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	s->box = fork();
	if (s->box == 0) {
		ready = (char) boxroot_enter(in(box, s->dir, "box"), in(ro, s->root, "ro"));
		(void) !write(ends[1], &ready, 1);
		for (;;)
			(void) pause();
	}
	(void) !read(ends[0], &ready, 1);
	(void) close(ends[0]);
	(void) close(ends[1]);
	(void) snprintf(path, sizeof(path), "/proc/%d/root", (int) s->box);
	s->places.root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ready != 0 || s->places.root_fd < 0 ? -1 : 0;
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	*state = s;
	(void) umask(0);
	if (s == NULL || scratch_make(s->dir) < 0 || chmod(s->dir, 0755) < 0)
		return -1;
	make_dir(s->dir, "box", 0755);
	make_dir(s->dir, "box/tmp", 0755);
	(void) snprintf(s->root, sizeof(s->root), "%s/box%s", s->dir, s->dir);
	assert_int_equal(mkdir(s->root, 0777), 0);
	make_dir(s->dir, "boxhome", 0777);
	make_dir(s->root, "boxhome", 0777);
	make_dir(s->dir, "home", 0777);
	(void) in(s->home, s->dir, "boxhome");
	(void) in(s->real_home, s->dir, "home");
	make_dir(s->dir, "ro", 0777);
	make_dir(s->root, "ro", 0777);
	s->places = (struct places) { .root_fd = -1, .home = s->home, .real_home = s->real_home };
	if (geteuid() == 0 && chown(s->dir, NOBODY, NOBODY) < 0)
		return -1;
	return start_box(s);
}

static int teardown(void **state)
{
	struct scene *s = *state;
	int r;

	without_openat2 = false;
	(void) kill(s->box, SIGKILL);
	(void) waitpid(s->box, NULL, 0);
	(void) close(s->places.root_fd);
	r = scratch_remove(s->dir);
	free(s);
	return r;
}

/* access(2) asks for the real user. */
static void as_nobody(bool on)
{
	if (geteuid() == 0)
		assert_int_equal(syscall(SYS_setresuid, on ? NOBODY : 0, -1, -1), 0);
}

static int judge_full(struct scene *s, const char *path, enum purpose purpose, enum verdict *verdict, char **real)
{
	int r;

	as_nobody(true);
	r = judge_path(&s->places, path, purpose, verdict, real);
	as_nobody(false);
	return r;
}

/* real: expected, below the directory; NULL: it is fine. */
static void assert_verdict(struct scene *s, const char *name, enum purpose purpose, enum verdict expected, const char *expected_real)
{
	char path[4096], wanted[4096];
	cleanup_free char *real = NULL;
	enum verdict verdict;

	assert_int_equal(judge_full(s, in(path, s->dir, name), purpose, &verdict, &real), 0);
	if (verdict != expected || (expected == VERDICT_FINE) != (real == NULL))
		fail_msg("%s for %d: %d, %s", name, (int) purpose, (int) verdict, real != NULL ? real : "nothing");
	if (real != NULL && expected_real != NULL)
		assert_string_equal(real, in(wanted, s->dir, expected_real));
}

static const enum purpose all_purposes[] = {
	PURPOSE_READ, PURPOSE_LOOK, PURPOSE_WRITE, PURPOSE_MAKE, PURPOSE_PUT, PURPOSE_EXECUTE, PURPOSE_SOCKET,
};

#define N_PURPOSES (sizeof(all_purposes) / sizeof(all_purposes[0]))

/* --- there or not ------------------------------------------------------------------------- */

static void what_both_have_is_fine(void **state)
{
	struct scene *s = *state;

	make_file(s->dir, "f", 0777, "");
	make_file(s->root, "f", 0777, "");
	for (size_t i = 0; i < N_PURPOSES; i++)
		assert_verdict(s, "f", all_purposes[i], VERDICT_FINE, NULL);
}

static void what_nobody_has_is_fine(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < N_PURPOSES; i++)
		assert_verdict(s, "f", all_purposes[i], VERDICT_FINE, NULL);
	for (size_t i = 0; i < N_PURPOSES; i++)
		assert_verdict(s, "no/such/f", all_purposes[i], VERDICT_FINE, NULL);
}

static void what_the_host_alone_has_is_hidden(void **state)
{
	struct scene *s = *state;

	make_dir(s->dir, "d", 0777);
	make_file(s->dir, "d/f", 0777, "");
	assert_verdict(s, "d/f", PURPOSE_READ, VERDICT_HIDDEN, "d/f");
	assert_verdict(s, "d/f", PURPOSE_LOOK, VERDICT_HIDDEN, "d/f");
	assert_verdict(s, "d/f", PURPOSE_WRITE, VERDICT_HIDDEN, "d/f");
	assert_verdict(s, "d/f", PURPOSE_EXECUTE, VERDICT_HIDDEN, "d/f");
	/* Of what is made it is the directory that lacks. */
	assert_verdict(s, "d/new", PURPOSE_MAKE, VERDICT_HIDDEN, "d");
	assert_verdict(s, "d/new", PURPOSE_PUT, VERDICT_HIDDEN, "d");
	assert_verdict(s, "d/new", PURPOSE_SOCKET, VERDICT_HIDDEN, "d");
	assert_verdict(s, "d/f/x", PURPOSE_READ, VERDICT_FINE, NULL); /* a file is no directory, here and there */
}

static void what_the_host_refuses_is_fine(void **state)
{
	struct scene *s = *state;
	char path[4096];

	/* No bit for anybody: that refuses their owner as well. */
	make_dir(s->dir, "d", 0755);
	make_file(s->dir, "d/secret", 0000, "");
	make_file(s->dir, "d/public", 0444, "");
	make_dir(s->dir, "closed", 0755);
	make_file(s->dir, "closed/f", 0666, "");
	assert_int_equal(chmod(in(path, s->dir, "d"), 0555), 0);
	assert_int_equal(chmod(in(path, s->dir, "closed"), 0000), 0);
	assert_verdict(s, "d/secret", PURPOSE_READ, VERDICT_FINE, NULL);
	assert_verdict(s, "d/secret", PURPOSE_LOOK, VERDICT_HIDDEN, "d/secret");
	assert_verdict(s, "d/public", PURPOSE_READ, VERDICT_HIDDEN, "d/public");
	assert_verdict(s, "d/public", PURPOSE_WRITE, VERDICT_FINE, NULL);
	assert_verdict(s, "d/public", PURPOSE_EXECUTE, VERDICT_FINE, NULL);
	assert_verdict(s, "d/new", PURPOSE_PUT, VERDICT_FINE, NULL);
	assert_verdict(s, "closed/f", PURPOSE_READ, VERDICT_FINE, NULL);
	assert_int_equal(chmod(in(path, s->dir, "d"), 0755) + chmod(in(path, s->dir, "closed"), 0755), 0);
}

static void only_files_are_executed(void **state)
{
	struct scene *s = *state;

	make_dir(s->dir, "d", 0777);
	assert_verdict(s, "d", PURPOSE_EXECUTE, VERDICT_FINE, NULL);
	assert_verdict(s, "d", PURPOSE_READ, VERDICT_HIDDEN, "d");
}

/* What a process has depends on who asks. */
static void processes_are_not_judged(void **state)
{
	static const char *const paths[] = { "/proc/self/status", "/proc", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/0" };
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cleanup_free char *real = NULL;
		enum verdict verdict;

		assert_int_equal(judge_full(s, paths[i], PURPOSE_LOOK, &verdict, &real), 0);
		if (verdict != VERDICT_FINE || real != NULL)
			fail_msg("%s", paths[i]);
	}
	make_link("/proc/self/status", s->root, "link"); /* of any box: both have it */
	make_link("/proc/self/status", s->dir, "link");
	assert_verdict(s, "link", PURPOSE_READ, VERDICT_FINE, NULL);
}

/* --- home ------------------------------------------------------------------------------------ */

static void below_home_the_callers_is_meant(void **state)
{
	struct scene *s = *state;

	make_dir(s->dir, "home/d", 0777);
	make_file(s->dir, "home/d/f", 0666, "");
	assert_verdict(s, "boxhome/d/f", PURPOSE_READ, VERDICT_HIDDEN, "home/d/f");
	assert_verdict(s, "boxhome/d/new", PURPOSE_PUT, VERDICT_HIDDEN, "home/d");
	assert_verdict(s, "home/d/f", PURPOSE_READ, VERDICT_HIDDEN, "home/d/f"); /* by its own path */
	assert_verdict(s, "boxhome/new", PURPOSE_PUT, VERDICT_FINE, NULL);       /* it is made in the box's */
	s->places.real_home = NULL;
	assert_verdict(s, "boxhome/d/f", PURPOSE_READ, VERDICT_FINE, NULL);
}

/* --- links -------------------------------------------------------------------------------------- */

static void a_link_whose_target_is_not_shown(void **state)
{
	struct scene *s = *state;
	char target[4096];

	make_dir(s->dir, "far", 0777);
	make_file(s->dir, "far/f", 0666, "");
	make_link(in(target, s->dir, "far/f"), s->dir, "link");
	make_link(target, s->root, "link");
	assert_verdict(s, "link", PURPOSE_READ, VERDICT_HIDDEN, "far/f");
	assert_verdict(s, "link", PURPOSE_WRITE, VERDICT_HIDDEN, "far/f");
}

static void a_directory_that_is_a_link(void **state)
{
	struct scene *s = *state;

	make_dir(s->dir, "usr", 0755);
	make_dir(s->root, "usr", 0755);
	make_file(s->dir, "usr/tool", 0755, "");
	make_link("usr", s->root, "bin");
	make_link("usr", s->dir, "bin");
	assert_verdict(s, "bin/tool", PURPOSE_EXECUTE, VERDICT_HIDDEN, "usr/tool");
	make_file(s->root, "usr/tool", 0755, "");
	assert_verdict(s, "bin/tool", PURPOSE_EXECUTE, VERDICT_FINE, NULL);
}

/* A link of the box leads within its root, not ours. */
static void links_lead_within_the_root(void **state)
{
	struct scene *s = *state;

	make_link("/../../../../../../../../etc/passwd", s->root, "up");
	make_link("/etc", s->root, "etc");
	assert_verdict(s, "up", PURPOSE_READ, VERDICT_FINE, NULL); /* the host has no "up" */
	assert_verdict(s, "etc/passwd", PURPOSE_MAKE, VERDICT_FINE, NULL);
}

static void loops_and_dangling_links_end(void **state)
{
	struct scene *s = *state;

	make_link("loop", s->root, "loop");
	make_link("loop", s->dir, "loop");
	make_link("nowhere", s->root, "gone");
	make_link("nowhere", s->dir, "gone");
	for (size_t i = 0; i < N_PURPOSES; i++) {
		assert_verdict(s, "loop", all_purposes[i], VERDICT_FINE, NULL);
		assert_verdict(s, "loop/x", all_purposes[i], VERDICT_FINE, NULL);
		assert_verdict(s, "gone", all_purposes[i], VERDICT_FINE, NULL);
	}
}

/* --- special files -------------------------------------------------------------------------------- */

/* None is opened for reading or writing: that would wait, or tell. */
static void fifos_and_sockets_are_only_looked_at(void **state)
{
	struct scene *s = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	cleanup_fd int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[4096];

	assert_int_equal(mkfifo(in(path, s->dir, "fifo"), 0666), 0);
	(void) snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", s->dir);
	assert_int_equal(bind(sock, (struct sockaddr *) &un, sizeof(un)), 0);
	assert_verdict(s, "fifo", PURPOSE_READ, VERDICT_HIDDEN, "fifo");
	assert_verdict(s, "fifo", PURPOSE_WRITE, VERDICT_HIDDEN, "fifo");
	assert_verdict(s, "sock", PURPOSE_LOOK, VERDICT_HIDDEN, "sock");
	assert_verdict(s, "fifo", PURPOSE_EXECUTE, VERDICT_FINE, NULL);
	assert_int_equal(mkfifo(in(path, s->root, "fifo"), 0666), 0);
	assert_verdict(s, "fifo", PURPOSE_WRITE, VERDICT_FINE, NULL);
}

/* --- read-only ------------------------------------------------------------------------------------- */

static void what_the_box_alone_may_not_write(void **state)
{
	static const struct {
		const char *name;
		enum purpose purpose;
		enum verdict verdict;
		const char *real;
	} rows[] = {
		{ "ro/f", PURPOSE_READ, VERDICT_FINE, NULL },
		{ "ro/f", PURPOSE_LOOK, VERDICT_FINE, NULL },
		{ "ro/f", PURPOSE_EXECUTE, VERDICT_FINE, NULL },
		{ "ro/f", PURPOSE_WRITE, VERDICT_READ_ONLY, "ro/f" },
		{ "ro/f", PURPOSE_PUT, VERDICT_READ_ONLY, "ro/f" },
		{ "ro/f", PURPOSE_MAKE, VERDICT_FINE, NULL }, /* EEXIST, outside as well */
		{ "ro/new", PURPOSE_MAKE, VERDICT_READ_ONLY, "ro" },
		{ "ro/new", PURPOSE_PUT, VERDICT_READ_ONLY, "ro" },
		{ "ro/new", PURPOSE_SOCKET, VERDICT_READ_ONLY, "ro" },
		{ "ro/new", PURPOSE_WRITE, VERDICT_FINE, NULL },
		{ "ro/fifo", PURPOSE_WRITE, VERDICT_FINE, NULL }, /* can be written on any mount */
		{ "ro/fifo", PURPOSE_PUT, VERDICT_FINE, NULL },
	};
	struct scene *s = *state;
	char path[4096];

	make_file(s->dir, "ro/f", 0777, "");
	make_file(s->root, "ro/f", 0777, "");
	assert_int_equal(mkfifo(in(path, s->dir, "ro/fifo"), 0666), 0);
	assert_int_equal(mkfifo(in(path, s->root, "ro/fifo"), 0666), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_verdict(s, rows[i].name, rows[i].purpose, rows[i].verdict, rows[i].real);
}

/* What neither may write is no doing of the box. */
static void what_the_host_may_not_write_either(void **state)
{
	struct scene *s = *state;

	make_file(s->dir, "ro/f", 0444, "");
	make_file(s->root, "ro/f", 0444, "");
	assert_verdict(s, "ro/f", PURPOSE_WRITE, VERDICT_FINE, NULL);
	assert_verdict(s, "ro/f", PURPOSE_PUT, VERDICT_FINE, NULL);
}

/* --- other kernels ------------------------------------------------------------------------------------- */

static void without_openat2_nobody_can_tell(void **state)
{
	struct scene *s = *state;
	char path[4096];

	make_file(s->dir, "f", 0666, "");
	without_openat2 = true;
	for (size_t i = 0; i < N_PURPOSES; i++) {
		char *real = NULL;
		enum verdict verdict;

		assert_int_equal(judge_path(&s->places, in(path, s->dir, "f"), all_purposes[i], &verdict, &real), -ENOSYS);
		assert_null(real);
	}
	assert_null(judge_interpreter(&s->places, path));
}

/* --- scripts --------------------------------------------------------------------------------------------- */

static void the_first_line_names_the_interpreter(void **state)
{
	static const struct {
		const char *text, *interpreter;
	} rows[] = {
		{ "#!/bin/sh\n", "/bin/sh" },
		{ "#! \t/usr//bin/../bin/env python3\n", "/usr/bin/env" },
		{ "#!/bin/sh", "/bin/sh" },
		{ "#!/bin/sh\r\n", "/bin/sh" },
		{ "#!sh\n", NULL },
		{ "#!\n/bin/sh", NULL },
		{ "#!", NULL },
		{ "", NULL },
		{ "\177ELF", NULL },
		{ "# /bin/sh\n", NULL },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[16], path[4096];
		cleanup_free char *found = NULL;

		(void) snprintf(name, sizeof(name), "s%zu", i);
		make_file(s->root, name, 0755, rows[i].text);
		found = judge_interpreter(&s->places, in(path, s->dir, name));
		if ((found == NULL) != (rows[i].interpreter == NULL) || (found != NULL && strcmp(found, rows[i].interpreter) != 0))
			fail_msg("row %zu: %s", i, found != NULL ? found : "none");
	}
}

static void a_line_without_end_has_one(void **state)
{
	struct scene *s = *state;
	char text[1000], path[4096];
	cleanup_free char *found = NULL;

	memset(text, 'x', sizeof(text));
	text[0] = '#', text[1] = '!', text[2] = '/', text[sizeof(text) - 1] = '\0';
	make_file(s->root, "long", 0755, text);
	found = judge_interpreter(&s->places, in(path, s->dir, "long"));
	assert_int_equal(strlen(found), 254); /* of 256 bytes that the kernel reads */
}

/* Without a writer a FIFO would wait for ever, and what one wrote is another's. */
static void what_is_no_plain_file_is_not_read(void **state)
{
	struct scene *s = *state;
	char path[4096], text[16];
	cleanup_fd int writer = -1;

	assert_int_equal(mkfifo(in(path, s->root, "fifo"), 0777), 0);
	writer = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	(void) alarm(20);
	assert_null(judge_interpreter(&s->places, in(path, s->dir, "fifo")));
	assert_int_equal(write(writer, "#!/bin/sh\n", 10), 10);
	assert_null(judge_interpreter(&s->places, in(path, s->dir, "fifo")));
	assert_int_equal(read(writer, text, sizeof(text)), 10);
	assert_null(judge_interpreter(&s->places, s->dir));
	assert_null(judge_interpreter(&s->places, "/nowhere"));
	(void) alarm(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_both_have_is_fine),
		TEST(what_nobody_has_is_fine),
		TEST(what_the_host_alone_has_is_hidden),
		TEST(what_the_host_refuses_is_fine),
		TEST(only_files_are_executed),
		TEST(processes_are_not_judged),
		TEST(below_home_the_callers_is_meant),
		TEST(a_link_whose_target_is_not_shown),
		TEST(a_directory_that_is_a_link),
		TEST(links_lead_within_the_root),
		TEST(loops_and_dangling_links_end),
		TEST(fifos_and_sockets_are_only_looked_at),
		TEST(what_the_box_alone_may_not_write),
		TEST(what_the_host_may_not_write_either),
		TEST(without_openat2_nobody_can_tell),
		TEST(the_first_line_names_the_interpreter),
		TEST(a_line_without_end_has_one),
		TEST(what_is_no_plain_file_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
