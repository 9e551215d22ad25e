/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* userfds.c: what becomes of each kind of descriptor (design.md, law 6). */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "tests/unit/callerfds.h"

/* --- what becomes of each kind ----------------------------------------------------- */

static int open_directory(void)
{
	return open(".", O_RDONLY | O_DIRECTORY);
}

static int open_path_only(void)
{
	return open("/etc/passwd", O_PATH);
}

static int open_null(void)
{
	return open("/dev/null", O_RDWR);
}

static int open_urandom(void)
{
	return open("/dev/urandom", O_RDONLY);
}

/* The first that is there: none is on the list, all can be opened by an ordinary user somewhere. */
static int open_other_device(void)
{
	static const char *const names[] = { "/dev/autofs", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/rtc0", "/dev/vga_arbiter" };
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof(names) / sizeof(names[0]); i++)
		fd = open(names[i], O_RDONLY | O_NONBLOCK);
	return fd;
}

static int open_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	const char *name;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	assert_non_null(name);
	return open(name, O_RDWR | O_NOCTTY);
}

static int open_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void) close(ends[1]);
	return dup(ends[0]);
}

static int open_fifo(void)
{
	assert_int_equal(mkfifo("fifo", 0600), 0);
	return open("fifo", O_RDWR);
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int open_eventfd(void)
{
	return eventfd(0, 0);
}

static int open_epoll(void)
{
	return epoll_create1(0);
}

static int open_timer(void)
{
	return timerfd_create(CLOCK_MONOTONIC, 0);
}

static int open_inotify(void)
{
	return inotify_init();
}

static int open_pidfd(void)
{
	return (int) syscall(SYS_pidfd_open, getpid(), 0);
}

static int open_namespace(void)
{
	return open("/proc/self/ns/mnt", O_RDONLY);
}

static int open_proc_memory(void)
{
	return open("/proc/self/mem", O_RDWR);
}

static int open_proc_status(void)
{
	return open("/proc/self/status", O_RDONLY);
}

static int open_memfd(void)
{
	return memfd_create("x", 0);
}

static int open_memfd_reading(void)
{
	cleanup_fd int fd = memfd_create("x", MFD_CLOEXEC);
	char link[64];

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return open(link, O_RDONLY);
}

static int open_reading(void)
{
	return open_new("a", O_RDONLY);
}

static int open_reading_inside(void)
{
	return open_new("inside/a", O_RDONLY);
}

static int open_writing(void)
{
	return open_new("a", O_WRONLY | O_APPEND);
}

static int open_writing_inside(void)
{
	return open_new("inside/a", O_WRONLY);
}

/* "inside" is a prefix of the text, not of the path. */
static int open_writing_beside(void)
{
	return open_new("inside2", O_WRONLY);
}

static int open_both(void)
{
	return open_new("a", O_RDWR);
}

static int open_for_ioctl(void)
{
	return open_new("a", O_ACCMODE);
}

static int open_unlinked(int flags)
{
	int fd = open_new("inside/gone", flags);

	assert_int_equal(unlink("inside/gone"), 0);
	return fd;
}

static int open_unlinked_reading(void)
{
	return open_unlinked(O_RDONLY);
}

static int open_unlinked_writing(void)
{
	return open_unlinked(O_WRONLY);
}

static int open_unlinked_both(void)
{
	return open_unlinked(O_RDWR);
}

/* What the kernel says of an unlinked file is the name of another, which a box made: it must not pass for it. */
static int open_replaced(void)
{
	int fd = open_new("a", O_WRONLY);

	assert_int_equal(rename("a", "inside/gone"), 0);
	assert_int_equal(unlink("inside/gone"), 0);
	(void) close(open_new("inside/gone (deleted)", O_RDONLY));
	return fd;
}

static int open_unreadable(void)
{
	int fd = open_new("a", O_RDONLY);

	assert_int_equal(fchmod(fd, 0), 0);
	return fd;
}

static const struct {
	const char *what;
	int (*open)(void);
	enum userfd_fate low, high; /* as 0, and from 3 up */
} kinds[] = {
	{ "directory", open_directory, USERFD_NULL, USERFD_CLOSED },
	{ "O_PATH", open_path_only, USERFD_NULL, USERFD_CLOSED },
	{ "null", open_null, USERFD_PASS, USERFD_PASS },
	{ "urandom", open_urandom, USERFD_PASS, USERFD_PASS },
	{ "other device", open_other_device, USERFD_NULL, USERFD_CLOSED },
	{ "terminal", open_terminal, USERFD_PASS, USERFD_PASS },
	{ "pipe", open_pipe, USERFD_PASS, USERFD_PASS },
	{ "fifo", open_fifo, USERFD_PASS, USERFD_PASS },
	{ "socket", open_socket, USERFD_PASS, USERFD_CLOSED },
	{ "eventfd", open_eventfd, USERFD_NULL, USERFD_CLOSED },
	{ "epoll", open_epoll, USERFD_NULL, USERFD_CLOSED },
	{ "timerfd", open_timer, USERFD_NULL, USERFD_CLOSED },
	{ "inotify", open_inotify, USERFD_NULL, USERFD_CLOSED },
	{ "pidfd", open_pidfd, USERFD_NULL, USERFD_CLOSED },
	{ "namespace", open_namespace, USERFD_NULL, USERFD_CLOSED },
	{ "/proc/self/mem", open_proc_memory, USERFD_NULL, USERFD_CLOSED },
	{ "/proc/self/status", open_proc_status, USERFD_RELAY_IN, USERFD_RELAY_IN },
	{ "memfd", open_memfd, USERFD_PASS, USERFD_PASS },
	{ "memfd for reading", open_memfd_reading, USERFD_RELAY_IN, USERFD_RELAY_IN },
	{ "file for reading", open_reading, USERFD_REOPEN, USERFD_REOPEN },
	{ "writable file for reading", open_reading_inside, USERFD_REOPEN, USERFD_REOPEN },
	{ "file for writing", open_writing, USERFD_RELAY_OUT, USERFD_RELAY_OUT },
	{ "writable file for writing", open_writing_inside, USERFD_PASS, USERFD_PASS },
	{ "file beside", open_writing_beside, USERFD_RELAY_OUT, USERFD_RELAY_OUT },
	{ "file for both", open_both, USERFD_PASS, USERFD_PASS },
	{ "file for ioctl", open_for_ioctl, USERFD_NULL, USERFD_CLOSED },
	{ "unlinked, for reading", open_unlinked_reading, USERFD_RELAY_IN, USERFD_RELAY_IN },
	{ "unlinked, for writing", open_unlinked_writing, USERFD_RELAY_OUT, USERFD_RELAY_OUT },
	{ "unlinked, for both", open_unlinked_both, USERFD_PASS, USERFD_PASS },
	{ "replaced, for writing", open_replaced, USERFD_RELAY_OUT, USERFD_RELAY_OUT },
	{ "unreadable", open_unreadable, USERFD_RELAY_IN, USERFD_RELAY_IN },
};

static void remove_files(void)
{
	(void) unlink("a");
	(void) unlink("inside/a");
	(void) unlink("inside/gone (deleted)");
	(void) unlink("inside2");
	(void) unlink("fifo");
}

static void each_kind_has_its_fate(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = kinds[i].open();
		enum userfd_fate low, high;

		if (fd < 0)
			fail_msg("%s: %s", kinds[i].what, strerror(errno));
		place(fd, HIGH);
		high = collect(s, HIGH, 0)->fate;
		place(HIGH, 0);
		low = collect(s, 0, 0)->fate;
		if (low != kinds[i].low || high != kinds[i].high)
			fail_msg("%s: %d, %d", kinds[i].what, low, high);
		remove_files();
	}
}

/* With CAP_DAC_OVERRIDE all of them can be opened, but not inside. */
static void what_only_root_can_read_is_relayed(void **state)
{
	struct scene *s = *state;
	int fd = open_new("a", O_RDONLY);

	if (geteuid() == 0) {
		assert_int_equal(fchown(fd, 12345, 12345), 0);
		place(fd, HIGH);
		assert_int_equal(collect(s, HIGH, 0)->fate, USERFD_RELAY_IN);
		assert_int_equal(fchmod(HIGH, 0604), 0);
	} else {
		assert_int_equal(fchmod(fd, 0), 0);
		place(fd, HIGH);
		assert_int_equal(collect(s, HIGH, 0)->fate, USERFD_RELAY_IN);
		assert_int_equal(fchmod(HIGH, 0600), 0);
	}
	assert_int_equal(collect(s, HIGH, 0)->fate, USERFD_REOPEN);
}

static void announced_sockets_pass(void **state)
{
	struct scene *s = *state;

	place(open_socket(), HIGH);
	assert_int_equal(collect(s, HIGH, HIGH - 3)->fate, USERFD_CLOSED);
	assert_int_equal(collect(s, HIGH, HIGH - 2)->fate, USERFD_PASS);
	place(open_eventfd(), HIGH);
	assert_int_equal(collect(s, HIGH, HIGH - 2)->fate, USERFD_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_has_its_fate),
		TEST(what_only_root_can_read_is_relayed),
		TEST(announced_sockets_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
