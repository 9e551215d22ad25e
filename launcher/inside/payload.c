/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "common/fd.h"
#include "common/ksignal.h"
#include "common/names.h"
#include "common/path.h"
#include "inside/interpreter.h"

/* Above what execve(2) takes (6 MiB with the usual stack limit): it says E2BIG better than we do. */
#define PAYLOAD_MAX (64U << 20)

/* A new number for *fd if it is the one that is needed. */
static int step_aside(int *fd, int needed)
{
	int moved;

	if (*fd != needed)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		return -errno;
	*fd = moved;
	return 0;
}

/* What still waits for its place may sit on this one: each move is made only when it must be. */
static int clear_place(const struct orders *o, int *have, size_t placed, int *keep)
{
	int target = o->fds[placed].target;

	for (size_t i = placed + 1; i < o->n_fds; i++) {
		int err = step_aside(&have[i], target);

		if (err != 0)
			return err;
	}
	return step_aside(keep, target);
}

static bool is_target(const struct orders *o, int fd)
{
	for (size_t i = 0; i < o->n_fds; i++)
		if (o->fds[i].target == fd)
			return true;
	return false;
}

int payload_place_fds(const struct orders *o, int *have, int *keep)
{
	for (size_t i = 0; i < o->n_fds; i++) {
		int target = o->fds[i].target;
		int err;

		if (have[i] == target) {
			/* dup2() to itself would leave FD_CLOEXEC set. */
			if (fcntl(target, F_SETFD, 0) != 0)
				return -errno;
			continue;
		}
		err = clear_place(o, have, i, keep);
		if (err != 0)
			return err;
		if (dup2(have[i], target) < 0)
			return -errno;
		have[i] = target;
	}
	/* bwrap's /dev/null and the launcher's pipe for messages are not the caller's. The rest is FD_CLOEXEC. */
	for (int fd = 0; fd <= 2; fd++) {
		int err = is_target(o, fd) ? 0 : step_aside(keep, fd);

		if (err != 0)
			return err;
		if (!is_target(o, fd))
			(void) close(fd);
	}
	return 0;
}

int payload_restore_signals(const struct orders *o)
{
	for (int sig = 1; sig <= KSIGNAL_MAX; sig++) {
		/*
		 * Those between are the libc's own, ksignal.h: nobody has changed them since the caller. The other two cannot
		 * be changed.
		 */
		if (sig == SIGKILL || sig == SIGSTOP || (sig > 31 && sig < SIGRTMIN))
			continue;
		if (signal(sig, (o->sig_ignored & ksignal_bit(sig)) != 0 ? SIG_IGN : SIG_DFL) == SIG_ERR)
			return -errno;
	}
	return ksignal_mask(SIG_SETMASK, o->sig_blocked, NULL);
}

/* The soft limit of the caller: ours is the hard one, for numbers that dup2(2) could not place above it. */
static int give_back_files(const struct orders *o)
{
	struct rlimit files;

	if (o->files == 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return -errno;
	files.rlim_cur = (rlim_t) o->files;
	return setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}

/*
 * Never above what the caller has, hard or soft. A soft limit of processor time that is below the hard one
 * ends a program with SIGXCPU, which says why; at the hard one it is SIGKILL, getrlimit(2).
 */
int payload_limit(const struct orders *o)
{
	int err = give_back_files(o);

	if (err != 0)
		return err;
	for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++) {
		rlim_t most = (rlim_t) o->limits[resource];
		struct rlimit now;

		if (most == 0)
			continue;
		if (getrlimit(resource, &now) != 0)
			return -errno;
		if (now.rlim_cur > most)
			now.rlim_cur = most;
		if (now.rlim_max > most)
			now.rlim_max = resource == RLIMIT_CPU && now.rlim_max > most + 1 ? most + 1 : most;
		if (setrlimit(resource, &now) != 0)
			return -errno;
	}
	return 0;
}

/* Never returns; _exit(), because atexit() handlers and stdio buffers belong to PID 1. */
static void __attribute__((noreturn)) give_up(int pipe, struct payload_trouble *t)
{
	if (fd_write_all(pipe, t, sizeof(*t)) != 0)
		_exit(125);
	_exit(t->kind == TROUBLE_SETUP ? 125 : t->err == ENOENT ? 127 : 126);
}

static void __attribute__((noreturn)) give_up_setup(int pipe, int err, const char *what)
{
	struct payload_trouble t = { .err = -err, .kind = TROUBLE_SETUP };

	(void) memccpy(t.what, what, '\0', sizeof(t.what) - 1);
	give_up(pipe, &t);
}

/* End of file, when nobody else has the other end. */
static int wait_for_end(int fd)
{
	char none;
	ssize_t n = read(fd, &none, sizeof(none));

	return n == 0 ? 0 : n < 0 ? -errno : -EPROTO;
}

static int read_payload(int fd, struct strv *argv, struct strv *env)
{
	cleanup_buf struct buf text = { 0 };
	int err = fd_read_all(fd, PAYLOAD_MAX, &text);

	if (err == 0)
		err = payload_unpack(text.data, text.len, argv, env);
	/* A program without argv[0] gets surprises: CVE-2021-4034. */
	return err == 0 && argv->n == 0 ? -EBADMSG : err;
}

/* execve() says ENOENT also for a missing interpreter of a script and a missing loader: execve(2). */
static void __attribute__((noreturn)) report_exec(int pipe, int err, const char *program)
{
	struct payload_trouble t = { .err = err, .kind = TROUBLE_EXEC };

	if (err == ENOENT && access(program, F_OK) == 0)
		t.kind = TROUBLE_EXEC_INTERPRETER;
	give_up(pipe, &t);
}

/*
 * Saves an execve(2) of bin/python (python.c, embed_exec.c), a hundredth of a start. Where it does not work it returns; bin/python is then
 * executed, and says why. The array is copied, as setenv(3) and unsetenv(3) change it.
 */
static void become_base(const struct orders *o, struct strv *argv, struct strv *env)
{
	cleanup_free char *venv = interpreter_venv(o->program);
	cleanup_free char *real = venv != NULL ? interpreter_find(venv, VB_BASE_PYTHON) : NULL;
	cleanup_free char **words = calloc(env->n + 1, sizeof(*words));

	if (real == NULL || words == NULL)
		return;
	memcpy(words, strv_argv(env), env->n * sizeof(*words));
	environ = words;
	(void) !interpreter_exec(real, venv, path_base(o->program), strv_argv(argv));
	environ = NULL;
}

/*
 * The payload is read before descriptors are placed, which may take its number. Signals last:
 * one that waits since the fork is delivered where the mask is restored, and must find the caller's dispositions.
 */
static void __attribute__((noreturn)) run_child(struct box *b, int pipe, int held)
{
	struct strv argv = { 0 };
	struct strv env = { 0 };
	int err = wait_for_end(held);

	if (err != 0)
		give_up_setup(pipe, err, "cannot wait for the first process");
	err = read_payload(b->payload, &argv, &env);
	if (err != 0)
		give_up_setup(pipe, err, "cannot read argv and environment");
	err = payload_place_fds(&b->orders, b->fds, &pipe);
	if (err != 0)
		give_up_setup(pipe, err, "cannot place the caller's descriptors");
	if (chdir(b->orders.cwd) != 0)
		give_up_setup(pipe, -errno, "cannot enter the working directory inside");
	err = payload_limit(&b->orders);
	if (err != 0)
		give_up_setup(pipe, err, "cannot set the resource limits");
	err = payload_restore_signals(&b->orders);
	if (err != 0)
		give_up_setup(pipe, err, "cannot restore signals");
	if (b->orders.base)
		become_base(&b->orders, &argv, &env);
	(void) execve(b->orders.program, strv_argv(&argv), strv_argv(&env));
	report_exec(pipe, errno, b->orders.program);
}

/*
 * Unread: argv and environment never are in the memory of PID 1. What was passed on goes too, or the
 * reader of a pipe would wait for its end as long as the box lives; reopened files stay for their offsets.
 */
static void forget_payload(struct box *b)
{
	(void) close(b->payload);
	b->payload = -1;
	for (size_t i = 0; i < b->orders.n_fds; i++) {
		if (b->orders.fds[i].how != FD_PASS)
			continue;
		(void) close(b->fds[i]);
		b->fds[i] = -1;
	}
}

/* -errno, and neither is changed. */
static int make_pipe(int *from, int *to)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	*from = ends[0];
	*to = ends[1];
	return 0;
}

int payload_start(struct box *b, pid_t *pid, int *pipe, int *hold)
{
	cleanup_fd int words = -1, their_words = -1;
	cleanup_fd int held = -1, our_hold = -1;
	int err = make_pipe(&words, &their_words);

	if (err == 0)
		err = make_pipe(&held, &our_hold);
	if (err != 0)
		return err;
	*pid = fork();
	if (*pid < 0)
		return -errno;
	if (*pid == 0) {
		(void) close(our_hold);
		run_child(b, their_words, held);
	}
	forget_payload(b);
	*pipe = take_fd(&words);
	*hold = take_fd(&our_hold);
	return 0;
}
