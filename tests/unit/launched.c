/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/launched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/ksignal.h"
#include "common/names.h"

#include <cmocka.h>

int (*launch_complete)(struct launch *l, void *data, struct failure *f);
int launch_given_up;
bool launch_offered_once;
int launch_settled;
struct watcher *launch_watcher;
int launch_filter = -1;

/* Those that a fake box sends with its reports: fakebox.h. */
static int count_sent(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		char path[32], to[64];
		ssize_t len;

		(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, to, sizeof(to) - 1);
		to[len > 0 ? len : 0] = '\0';
		n += strcmp(to, "anon_inode:[eventfd]") == 0 || strcmp(to, "anon_inode:seccomp notify") == 0;
	}
	return n;
}

/* What the boxes that are given up read: nobody writes there. */
static int silence[2];

static int offer_once(struct launch *l, void *data, struct failure *f)
{
	static bool offered;

	(void) l;
	(void) data;
	if (offered)
		return fail_errno(f, ENFILE, NULL, "no other box");
	offered = true;
	return 0;
}

/* data: the script, as a descriptor. */
static int settle(struct launch *l, void *data, struct failure *f)
{
	if (launch_given_up == 0)
		return launch_settled < 0 ? fail_errno(f, -launch_settled, NULL, "it does not settle") : 0;
	if (--launch_given_up > 0)
		return 1;
	l->args_fd = *(const int *) data;
	return fcntl(l->args_fd, F_SETFD, 0) < 0 ? -errno : 1; /* those before were not to have it */
}

static void run(const struct fake_step *script, size_t len, struct result *result)
{
	struct userfds fds = { 0 };
	struct strv none = { 0 };
	struct orders orders = { .cwd = strdup("/"), .program = strdup("/program") };
	struct failure f = { 0 };
	int empty = fd_memfd("empty", "", 0);
	struct caller_signals caller;
	int script_fd;
	struct launch l = {
		.bwrap = "/proc/self/exe", .args_fd = fd_memfd("script", script, len), .init_fd = empty,
		.filter_fd = launch_filter >= 0 ? launch_filter : empty, .payload_fd = empty, .orders = &orders, .fds = &fds, .caller = &caller,
		.complete = launch_complete, .watcher = launch_watcher,
	};

	if (signals_block(&caller) < 0 || userfds_reserve(&fds) < 0 || userfds_list(&fds, &f) < 0 || userfds_collect(&fds, &none, 0, &f) < 0)
		_exit(91);
	l.args_fd = script_fd = fcntl(l.args_fd, F_DUPFD, VB_FREE_FD); /* after the caller's were sorted */
	if (launch_given_up > 0 || launch_settled < 0) {
		l.settle = settle;
		l.data = &script_fd;
		l.offer = launch_offered_once ? offer_once : NULL;
		l.args_fd = pipe2(silence, O_CLOEXEC) == 0 ? fcntl(silence[0], F_DUPFD, VB_FREE_FD) : -1;
	}
	(void) dup2(empty, FORGOTTEN_FD); /* by a library, without close-on-exec, after the caller's were sorted */
	orders.watch = launch_watcher != NULL;
	result->r = supervise_run(&l, &result->o, &f);
	if (launch_watcher != NULL)
		watcher_release(launch_watcher);
	result->childless = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
	result->kept = count_sent();
	result->offset = lseek(FILE_FD, 0, SEEK_CUR);
	(void) snprintf(result->what, sizeof(result->what), "%s", f.what ? f.what : "");
	if (result->r < 0)
		_exit(125);
	supervise_end(&result->o);
}

/* Whoever runs the tests may have left descriptors open. */
static void have_only_these(int talk)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void) dup2(talk, FAKE_TALK);
	(void) dup2(null, 0);
	(void) dup2(null, 1);
	for (int fd = 3; fd < 1024; fd++)
		if (fd != FAKE_TALK)
			(void) close(fd);
}

/* A group of its own, whose parent is in the same session: stop signals work, and reach nobody else. */
void launch_with(struct scene *s, const struct fake_step *script, size_t len, void (*prepare)(void))
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s->result = mmap(NULL, sizeof(*s->result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->result, MAP_FAILED);
	s->launcher = fork();
	assert_true(s->launcher >= 0);
	if (s->launcher == 0) {
		(void) setpgid(0, 0);
		have_only_these(ends[1]);
		if (prepare != NULL)
			prepare();
		run(script, len, s->result);
	}
	(void) close(ends[1]);
	s->talk = ends[0];
}

int end(struct scene *s)
{
	int status;

	assert_int_equal(waitpid(s->launcher, &status, 0), s->launcher);
	(void) close(s->talk);
	return status;
}

void forget(struct scene *s)
{
	(void) munmap(s->result, sizeof(*s->result));
}

void hear(struct scene *s, char text[static TEXT_MAX])
{
	size_t n = 0;

	while (n < TEXT_MAX - 1 && read(s->talk, text + n, 1) == 1 && text[n] != ';')
		n++;
	text[n] = '\0';
}

int hear_number(struct scene *s)
{
	char text[TEXT_MAX];

	hear(s, text);
	assert_true(text[0] != '\0');
	return atoi(text);
}

void set_signals(void)
{
	sigset_t mask;

	(void) sigemptyset(&mask);
	(void) sigaddset(&mask, SIGUSR2);
	(void) sigprocmask(SIG_SETMASK, &mask, NULL);
	for (int sig = 1; sig <= KSIGNAL_MAX; sig++)
		(void) !ksignal_default(sig);
	(void) signal(SIGHUP, SIG_IGN);
	(void) signal(SIGPIPE, SIG_IGN);
	(void) signal(SIGCHLD, SIG_IGN);
}
