/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/runprog.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fd.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CHILDREN_MAX 8 /* bwrap has one */
#define CLOEXEC_RANGE 4U /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

/* One stream of the child: our end of a pipe, and where its bytes go. */
struct stream {
	int fd; /* -1: at its end */
	struct buf *to;
};

static int make_pipe(int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*read_end = ends[0];
	*write_end = ends[1];
	return 0;
}

static int inherit(const struct runprog *what)
{
	/* Older kernels: what our caller left open without the flag is inherited, as it was by us. */
	(void) syscall(SYS_close_range, 3U, ~0U, CLOEXEC_RANGE);
	for (size_t i = 0; i < what->n_fds; i++)
		if (fcntl(what->fds[i], F_SETFD, 0) < 0)
			return -errno;
	return 0;
}

/* Below the fork: what must be undone of our caller's settings, then the program. Reports errno through failed. */
static void __attribute__((noreturn)) child(const struct runprog *what, int out, int err, int failed)
{
	char *const no_env[] = { NULL };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;
	int r;

	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) signal(SIGPIPE, SIG_DFL);
	(void) signal(SIGCHLD, SIG_DFL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir("/") < 0)
		r = -errno;
	else
		r = inherit(what);
	if (r == 0) {
		(void) execve(what->path, what->argv, what->env != NULL ? what->env : no_env);
		r = -errno;
	}
	(void) !write(failed, &r, sizeof(r));
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int take_some(struct stream *s, size_t limit)
{
	char chunk[4096];
	ssize_t got = read(s->fd, chunk, sizeof(chunk));

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (got == 0) {
		(void) close(take_fd(&s->fd));
		return 0;
	}
	if (s->to == NULL)
		return 0;
	if (s->to->len + (size_t) got > limit)
		return -EFBIG;
	buf_add(s->to, chunk, (size_t) got);
	return s->to->failed ? -ENOMEM : 0;
}

static int gather(const struct runprog *what, struct stream streams[2], int64_t end)
{
	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd wait[2] = { { .fd = streams[0].fd, .events = POLLIN }, { .fd = streams[1].fd, .events = POLLIN } };
		int64_t left = end - now_ms();
		int r = left > 0 ? poll(wait, 2, (int) left) : 0;

		if (r == 0)
			return -ETIME;
		if (r < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; r > 0 && i < 2; i++) {
			int taken = wait[i].revents != 0 ? take_some(&streams[i], what->limit_bytes) : 0;

			if (taken < 0)
				return taken;
		}
	}
	return 0;
}

int runprog_hear(pid_t pid, int from, size_t limit, struct buf *said, int *status)
{
	int r = fd_read_all(from, limit, said);

	(void) close(from);
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return r;
}

/* proc(5): needs CONFIG_PROC_CHILDREN. */
static size_t list_children(pid_t pid, pid_t children[static CHILDREN_MAX])
{
	char path[64], text[16 * CHILDREN_MAX], *at = text, *end;
	cleanup_fd int fd = -1;
	size_t n = 0;
	ssize_t len;

	(void) snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int) pid, (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	for (long child = strtol(at, &end, 10); end != at && n < CHILDREN_MAX; child = strtol(at, &end, 10)) {
		children[n++] = (pid_t) child;
		at = end;
	}
	return n;
}

/* Stopped, it can neither make another nor reap one: until it is gone the numbers are those of its children. */
bool runprog_end(pid_t pid, int *status)
{
	pid_t children[CHILDREN_MAX];
	siginfo_t info;
	size_t n;
	bool reaped;

	/* 0 and less are groups, and everybody: kill(2). */
	if (pid <= 0)
		return false;
	(void) kill(pid, SIGSTOP);
	(void) waitid(P_PID, (id_t) pid, &info, WSTOPPED | WEXITED | WNOWAIT);
	n = list_children(pid, children);
	for (size_t i = 0; i < n; i++)
		(void) kill(children[i], SIGKILL);
	(void) kill(pid, SIGKILL);
	reaped = waitpid(pid, status, 0) == pid;
	/* Those that come to us, PR_SET_CHILD_SUBREAPER, are waited for. */
	for (size_t i = 0; i < n; i++)
		(void) waitpid(children[i], NULL, 0);
	return reaped;
}

void runprog_end_all(void)
{
	pid_t children[CHILDREN_MAX];
	size_t n;

	while ((n = list_children(getpid(), children)) > 0) {
		for (size_t i = 0; i < n; i++) {
			(void) kill(children[i], SIGKILL);
			(void) waitpid(children[i], NULL, 0);
		}
	}
}

/* Until the program has ended; one that closed its output and sleeps on is ended when its time is up. */
static int await(pid_t pid, int64_t end, int *status)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (now_ms() >= end)
			return runprog_end(pid, status) ? -ETIME : -ECHILD;
		(void) nanosleep(&pause, NULL);
	}
}

/* Takes both ends of what it says. */
static int hear(const struct runprog *what, pid_t pid, int out_fd, int err_fd, struct buf *out, struct buf *err, int *status)
{
	struct stream streams[2] = { { .fd = out_fd, .to = out }, { .fd = err_fd, .to = err } };
	int64_t end = now_ms() + what->limit_ms;
	int r = gather(what, streams, end), waited;

	cleanup_fd_fn(&streams[0].fd);
	cleanup_fd_fn(&streams[1].fd);
	waited = await(pid, r < 0 ? 0 : end, status);
	return r < 0 ? r : waited;
}

int runprog(const struct runprog *what, struct buf *out, struct buf *err, int *status)
{
	cleanup_fd int out_r = -1, out_w = -1, err_r = -1, err_w = -1, failed_r = -1, failed_w = -1;
	int start = 0, r;
	pid_t pid;

	r = make_pipe(&out_r, &out_w);
	if (r == 0)
		r = make_pipe(&err_r, &err_w);
	if (r == 0)
		r = make_pipe(&failed_r, &failed_w);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(what, out_w, err_w, failed_w);
	(void) close(take_fd(&out_w));
	(void) close(take_fd(&err_w));
	(void) close(take_fd(&failed_w));
	r = hear(what, pid, take_fd(&out_r), take_fd(&err_r), out, err, status);
	/* Written only if there was no program to run; else the pipe ended with execve(2). */
	if (read(failed_r, &start, sizeof(start)) == (ssize_t) sizeof(start))
		return start;
	return r;
}
