/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each call of the seal is made to fail in turn, then to claim success and do nothing. Either
 * the seal is refused, or /proc/self/status shows that it holds all the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/names.h"
#include "inside/seal.h"

#define LANDLOCK_FIRST 444 /* landlock_create_ruleset() to landlock_restrict_self() */
#define LANDLOCK_LAST  446

enum mode { HONEST, FAILS, LIES };

/* What the definitions below do to the call number `at`, counted from 1. In the child of one try only. */
static struct {
	enum mode mode;
	int at;
	int calls;
	bool armed;
} fault;

static bool is_change(int option)
{
	return option == PR_SET_NO_NEW_PRIVS || option == PR_SET_DUMPABLE || option == PR_SET_SECUREBITS ||
	       option == PR_CAPBSET_DROP;
}

/* 1: do it; otherwise the result is given. */
static int tamper(long *result)
{
	if (!fault.armed || ++fault.calls != fault.at || fault.mode == HONEST)
		return 1;
	errno = EPERM;
	*result = fault.mode == FAILS ? -1 : 0;
	return 0;
}

/*
 * The libc's own, taken over: libcap and the sources under test call these. Only calls that change something are
 * tampered with, so that what is read back is the truth.
 */
int prctl(int option, ...);
int prctl(int option, ...)
{
	unsigned long a[4];
	long result;
	va_list ap;

	va_start(ap, option);
	for (size_t i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if ((is_change(option) || (option == PR_CAP_AMBIENT && a[0] != PR_CAP_AMBIENT_IS_SET)) && tamper(&result) == 0)
		return (int) result;
	return (int) syscall(SYS_prctl, option, a[0], a[1], a[2], a[3]);
}

int capset(cap_user_header_t header, const cap_user_data_t data);
int capset(cap_user_header_t header, const cap_user_data_t data)
{
	long result;

	if (tamper(&result) == 0)
		return (int) result;
	return (int) syscall(SYS_capset, header, data);
}

/* Linked with --wrap=syscall: Landlock and seccomp have no function of their own. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long a[5], result; /* no more than travel in registers: no caller passes more */
	va_list ap;

	va_start(ap, number);
	for (size_t i = 0; i < 5; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if ((number == SYS_seccomp || (number >= LANDLOCK_FIRST && number <= LANDLOCK_LAST)) && tamper(&result) == 0)
		return result;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4]);
}

static int program(uint32_t answer)
{
	const struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VB_PRCTL_SEALED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return fd_memfd("filter", insns, sizeof(insns));
}

/* Capabilities of our own to give up, whoever runs the tests. Ambient, so that forgetting them shows. */
static bool become_root_of_a_namespace(void)
{
	const cap_value_t some = CAP_NET_BIND_SERVICE;
	cap_t caps;

	if (unshare(CLONE_NEWUSER) != 0)
		return false;
	caps = cap_get_proc();
	return caps != NULL && cap_set_flag(caps, CAP_INHERITABLE, 1, &some, CAP_SET) == 0 && cap_set_proc(caps) == 0 &&
	       cap_free(caps) == 0 && cap_set_ambient(some, CAP_SET) == 0;
}

/* An abstract socket outside the Landlock domain that is to come. */
static int make_outside(struct sockaddr_un *addr, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_un) { .sun_family = AF_UNIX };
	*len = sizeof(*addr);
	return fd >= 0 && bind(fd, (struct sockaddr *) addr, sizeof(sa_family_t)) == 0 &&
	       getsockname(fd, (struct sockaddr *) addr, len) == 0 ? fd : -1;
}

static bool is_reached(const struct sockaddr_un *addr, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *) addr, len) == 0;
}

/* Looks for itself: what the sources under test say of the seal is not believed. */
static bool is_sealed(int status_fd)
{
	static const char *const lines[] = {
		"\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n",
		"\nCapBnd:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n",
	};
	static char text[65536];
	ssize_t n = pread(status_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(text, lines[i]) == NULL)
			return false;
	return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0xEF && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(VB_PRCTL_SEALED, 0, 0, 0, 0) == -1 && errno == VB_ERRNO_SEALED;
}

enum { SEALED = 0, REFUSED = 10, LEAKS = 20, UNUSABLE = 30, EXHAUSTED = 100 };

/* One try in a process of its own. EXHAUSTED is added once there is no call number `at`. */
static int try_seal(enum mode mode, int at, uint32_t answer)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct seal s = { .filter_fd = program(answer), .status_fd = -1 };
		struct sockaddr_un outside;
		socklen_t len;
		int err, verdict;

		if (s.filter_fd < 0 || make_outside(&outside, &len) < 0 || !become_root_of_a_namespace() || seal_prepare(&s) != 0)
			_exit(UNUSABLE);
		fault.mode = mode;
		fault.at = at;
		fault.armed = true;
		err = seal_apply(&s);
		fault.armed = false;
		verdict = is_sealed(s.status_fd) && !(s.landlock && is_reached(&outside, len)) ? SEALED : LEAKS;
		if (err != 0)
			verdict = s.what != NULL ? REFUSED : LEAKS;
		_exit(verdict + (fault.calls < at ? EXHAUSTED : 0));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_it_seals(void **state)
{
	(void) state;
	assert_int_equal(try_seal(HONEST, 0, VB_ERRNO_SEALED), SEALED);
}

static void test_a_filter_with_another_answer_is_refused(void **state)
{
	(void) state;
	assert_int_equal(try_seal(HONEST, 0, EPERM), REFUSED);
}

static void test_every_call_that_fails_is_fatal(void **state)
{
	int at = 1, verdict;

	(void) state;
	while ((verdict = try_seal(FAILS, at, VB_ERRNO_SEALED)) < EXHAUSTED) {
		assert_int_equal(verdict, REFUSED);
		at++;
	}
	assert_int_equal(verdict, SEALED + EXHAUSTED);
	assert_true(at > 40); /* the bounding set alone has more calls */
}

static void test_every_call_that_does_nothing_is_noticed(void **state)
{
	int at = 1, refused = 0, verdict;

	(void) state;
	while ((verdict = try_seal(LIES, at, VB_ERRNO_SEALED)) < EXHAUSTED) {
		assert_true(verdict == REFUSED || verdict == SEALED);
		refused += verdict == REFUSED;
		at++;
	}
	/* Made good by a later call: the first capset() and the emptying of the ambient set. A Landlock ABI of 0 is none. */
	assert_true(refused >= at - 1 - 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_seals),
		cmocka_unit_test(test_a_filter_with_another_answer_is_refused),
		cmocka_unit_test(test_every_call_that_fails_is_fatal),
		cmocka_unit_test(test_every_call_that_does_nothing_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
