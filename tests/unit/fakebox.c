/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fakebox.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/names.h"
#include "inside/filter.h"

struct fake {
	int *fds;
	size_t n_fds;
	struct orders orders;
};

bool fake_is_called(int argc, char *argv[])
{
	return argc == 5 && strcmp(argv[1], "--args") == 0 && strcmp(argv[3], "--") == 0;
}

/* What was sent for the caller's descriptor target. */
static int fd_of(const struct fake *f, int target)
{
	size_t passed = WIRE_USER;

	for (size_t i = 0; i < f->orders.n_fds; i++) {
		if (f->orders.fds[i].target == target)
			return f->orders.fds[i].how == FD_PASS ? f->fds[passed] : -1;
		if (f->orders.fds[i].how == FD_PASS)
			passed++;
	}
	return -1;
}

static void tell(const struct fake *f, const struct buf *text)
{
	if (text->failed || fd_write_all(fd_of(f, FAKE_TALK), text->data, text->len) < 0)
		_exit(99);
}

static void tell_number(const struct fake *f, int n)
{
	cleanup_buf struct buf text = { 0 };

	buf_printf(&text, "%d;", n);
	tell(f, &text);
}

static void hello(struct fake *f, const struct report *numbers)
{
	const struct report ready = { .kind = REPORT_READY, .value = numbers->value, .offset = numbers->offset };
	cleanup_buf struct buf text = { 0 };

	if (wire_send(VB_CHANNEL_FD, &ready, sizeof(ready)) < 0 || wire_recv_hello(VB_CHANNEL_FD, &f->fds, &f->n_fds) < 0 || fd_read_all(f->fds[WIRE_ORDERS], 1 << 20, &text) < 0 ||
	    orders_unpack(text.data, text.len, &f->orders) < 0)
		_exit(98);
}

static bool is_null(int fd)
{
	struct stat st, null;

	return fstat(fd, &st) == 0 && stat("/dev/null", &null) == 0 && st.st_rdev == null.st_rdev;
}

static bool all_blocked(void)
{
	sigset_t mask;

	(void) sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && (sig < 32 || sig >= SIGRTMIN) && sigismember(&mask, sig) != 1)
			return false;
	return true;
}

/* Before the descriptors of the hello are counted in. */
static void facts(struct fake *f, char *argv[])
{
	cleanup_buf struct buf text = { 0 };
	char **env = environ;
	struct pollfd channel = { .fd = VB_CHANNEL_FD, .events = POLLIN };
	int signal = 0;

	while (env != NULL && *env != NULL)
		env++;
	(void) prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
	buf_printf(&text, "env=%d null=%d,%d blocked=%d pdeath=%d waiting=%d fds=", (int) (env - environ), is_null(0), is_null(1),
		   all_blocked(), signal, poll(&channel, 1, 300) > 0);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && fd != atoi(argv[2]) && fd != atoi(argv[4] + strlen("/proc/self/fd/")))
			buf_printf(&text, "%d,", fd);
	buf_putc(&text, ';');
	hello(f, &(struct report) { 0 });
	tell(f, &text);
}

static void tell_orders(const struct fake *f)
{
	cleanup_buf struct buf text = { 0 };

	buf_printf(&text, "ignored=%llx blocked=%llx", (unsigned long long) f->orders.sig_ignored,
		   (unsigned long long) f->orders.sig_blocked);
	for (size_t i = 0; i < f->orders.n_fds; i++) {
		const struct order_fd *o = &f->orders.fds[i];

		if (o->target > 2)
			buf_printf(&text, " %d:%s:%lld", o->target, o->how == FD_PASS ? "pass" : o->path, (long long) o->offset);
	}
	buf_putc(&text, ';');
	tell(f, &text);
}

static void command(const struct fake *f)
{
	struct command c;

	if (wire_recv(VB_CHANNEL_FD, &c, sizeof(c), false) < 0)
		_exit(97);
	tell_number(f, c.kind == COMMAND_SIGNAL ? c.value : -1);
}

static void look(bool answers)
{
	struct report r = { .kind = REPORT_LOOKED };
	struct command c;

	if (wire_recv(VB_CHANNEL_FD, &c, sizeof(c), false) < 0 || c.kind != COMMAND_LOOK)
		_exit(89);
	r.value = c.value;
	if (answers && wire_send(VB_CHANNEL_FD, &r, sizeof(r)) < 0)
		_exit(88);
}

static void signal_launcher(int sig)
{
	cleanup_buf struct buf name = { 0 };
	bool pending = true;

	buf_printf(&name, "/proc/%d/status%c", (int) getppid(), '\0');
	if (name.failed || kill(getppid(), sig) < 0)
		_exit(87);
	while (pending) {
		cleanup_fd int fd = open(name.data, O_RDONLY | O_CLOEXEC);
		cleanup_buf struct buf text = { 0 };
		const char *field;

		if (fd_read_all(fd, 65536, &text) < 0)
			_exit(86);
		buf_putc(&text, '\0');
		field = text.failed ? NULL : strstr(text.data, "\nShdPnd:");
		pending = field == NULL || (strtoull(field + strlen("\nShdPnd:"), NULL, 16) & UINT64_C(1) << (sig - 1)) != 0;
	}
}

static void words(int n)
{
	cleanup_buf struct buf text = { 0 };

	buf_puts(&text, "bwrap: Can't do what was asked\n");
	while (text.len < (size_t) n)
		buf_putc(&text, 'x');
	if (fd_write_all(STDERR_FILENO, text.data, text.len) < 0)
		_exit(96);
}

static void read_four(const struct fake *f, int target)
{
	char four[4] = { 0 };
	cleanup_buf struct buf text = { 0 };

	if (read(fd_of(f, target), four, sizeof(four)) != sizeof(four))
		_exit(95);
	buf_add(&text, four, sizeof(four));
	buf_putc(&text, ';');
	tell(f, &text);
}

static void go_on_as_child(const struct fake *f)
{
	if (fork() == 0) {
		/* Before its next step, which may end the parent. */
		tell_number(f, getpid());
		return;
	}
	(void) close(VB_CHANNEL_FD);
	while (wait(NULL) > 0)
		continue;
	_exit(0);
}

/* It is asked about mkdirat(2), and has the rest. */
static int load_listened(void)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	cleanup_fd int fd = fd_memfd("filter", program, sizeof(program));
	int listener = -1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(fd, getuid(), getgid(), &listener) < 0)
		_exit(91);
	return listener;
}

static void send_with(const struct fake_step *s)
{
	cleanup_fd int fd = s->value == 1 ? load_listened() : eventfd(1, EFD_CLOEXEC);

	if (wire_send_with(VB_CHANNEL_FD, &s->report, sizeof(s->report), fd) < 0)
		_exit(90);
}

static void step(struct fake *f, const struct fake_step *s)
{
	switch (s->act) {
	case FAKE_REPORT:
	case FAKE_RAW:
		if (wire_send(VB_CHANNEL_FD, &s->report, s->act == FAKE_RAW ? (size_t) s->value : sizeof(s->report)) < 0)
			_exit(94);
		return;
	case FAKE_WITH:
		send_with(s);
		return;
	case FAKE_CALL:
		tell_number(f, syscall(SYS_mkdirat, AT_FDCWD, "/", 0) < 0 ? errno : 0);
		return;
	case FAKE_WORDS:
		words(s->value);
		return;
	case FAKE_ORDERS:
		tell_orders(f);
		return;
	case FAKE_COMMAND:
		command(f);
		return;
	case FAKE_LOOK:
		look(s->value != 0);
		return;
	case FAKE_SIGNAL:
		signal_launcher(s->value);
		return;
	case FAKE_TELL:
		tell_number(f, s->value);
		return;
	case FAKE_WRITE:
		if (fd_write_all(fd_of(f, s->value), "text", 4) < 0)
			_exit(93);
		return;
	case FAKE_READ:
		read_four(f, s->value);
		return;
	case FAKE_FORK:
		go_on_as_child(f);
		return;
	case FAKE_KILL_PARENT:
		(void) kill(getppid(), SIGKILL);
		return;
	case FAKE_HANG:
		for (;;)
			(void) pause();
	default:
		_exit(s->value);
	}
}

int fake_main(char *argv[])
{
	cleanup_buf struct buf script = { 0 };
	struct fake f = { 0 };
	size_t n;

	if (fd_read_all(atoi(argv[2]), 1 << 20, &script) < 0)
		_exit(92);
	n = script.len / sizeof(struct fake_step);
	for (size_t i = 0; i < n; i++) {
		struct fake_step s;

		memcpy(&s, script.data + i * sizeof(s), sizeof(s));
		if (s.act == FAKE_HELLO)
			hello(&f, &s.report);
		else if (s.act == FAKE_FACTS)
			facts(&f, argv);
		else
			step(&f, &s);
	}
	_exit(0);
}
