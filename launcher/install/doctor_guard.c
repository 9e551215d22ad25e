/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fd.h"

#define SAID_LIMIT (1U << 20)
#define GENTLE_MS 3000 /* a launcher that is told to end needs some ten */

static const int interrupts[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* What our caller has us ignore stays ignored; blocked it would be queued. */
static void interrupt_set(sigset_t *set)
{
	struct sigaction now;

	(void) sigemptyset(set);
	for (size_t i = 0; i < sizeof(interrupts) / sizeof(interrupts[0]); i++)
		if (sigaction(interrupts[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void) sigaddset(set, interrupts[i]);
}

/* The child has our caller's mask, and does not outlive us. */
static void __attribute__((noreturn)) do_work(const struct guarded *what, int fd, const sigset_t *mask)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(what->work(what->arg, fd) == 0 ? 0 : 1);
}

/* To the end of what it says, or to a signal: its number. */
static int hear(int from, int signals, struct buf *said)
{
	for (;;) {
		struct pollfd wait[2] = { { .fd = from, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
		struct signalfd_siginfo info;
		char chunk[4096];
		ssize_t got;

		if (poll(wait, 2, -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (wait[1].revents != 0 && read(signals, &info, sizeof(info)) == (ssize_t) sizeof(info))
			return (int) info.ssi_signo;
		got = wait[0].revents != 0 ? read(from, chunk, sizeof(chunk)) : -1;
		if (got == 0)
			return 0;
		if (got > 0)
			buf_add(said, chunk, (size_t) got);
		if (said->failed || said->len > SAID_LIMIT)
			return said->failed ? -ENOMEM : -EFBIG;
	}
}

/* Children of ours, adopted ones included: PR_SET_CHILD_SUBREAPER makes us the parent of whoever loses his. */
static void signal_children(int sig)
{
	cleanup_buf struct buf text = { 0 };
	char path[64];

	(void) snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int) getpid());
	if (fd_read_file(AT_FDCWD, path, 1U << 20, &text) < 0 || text.len == 0)
		return;
	for (char *at = text.data, *end; *at != '\0'; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (pid > 1)
			(void) kill((pid_t) pid, sig);
	}
}

/*
 * Until there is none left: each that dies may leave us its own. Gently at first: a launcher that is told to end takes away
 * the masks that it made in the user's project, one that is killed cannot.
 */
static void end_children(void)
{
	const struct timespec pause_10ms = { .tv_nsec = 10 * 1000 * 1000 };

	for (int ms = 0;; ms += 10) {
		pid_t got = waitpid(-1, NULL, WNOHANG);

		if (got < 0 && errno == ECHILD)
			return;
		if (got > 0)
			continue;
		if (ms >= GENTLE_MS)
			signal_children(SIGKILL);
		else if (ms % 500 == 0)
			signal_children(SIGTERM);
		(void) nanosleep(&pause_10ms, NULL);
	}
}

/* Returns the status of the worker. */
static int end_all(pid_t worker, bool at_once)
{
	int status = -1;

	if (at_once)
		(void) kill(worker, SIGKILL);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		continue;
	end_children();
	return status;
}

static int supervise(const struct guarded *what, int signals, const sigset_t *mask, struct buf *said, int *sig, struct failure *f)
{
	cleanup_fd int from = -1, to = -1;
	int ends[2], status, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	to = ends[1];
	r = what->begin(what->arg, f);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		do_work(what, to, mask);
	(void) close(take_fd(&to));
	r = hear(from, signals, said);
	*sig = r > 0 ? r : 0;
	status = end_all(pid, r != 0);
	return r < 0 ? r : r == 0 && status != 0 ? -ECHILD : 0;
}

int guard_run(const struct guarded *what, struct buf *said, struct failure *f)
{
	cleanup_fd int signals = -1;
	sigset_t set, old;
	int sig = 0, r;

	interrupt_set(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) < 0 || sigprocmask(SIG_BLOCK, &set, &old) < 0)
		return -errno;
	r = supervise(what, signals, &old, said, &sig, f);
	what->end(what->arg);
	if (sig != 0) {
		(void) signal(sig, SIG_DFL);
		(void) raise(sig);
	}
	/* What came meanwhile is delivered here. */
	(void) sigprocmask(SIG_SETMASK, &old, NULL);
	return sig != 0 ? -EINTR : r;
}
