/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_attack.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "common/strv.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOEXEC_RANGE 4U /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

#define LIMIT_MS    180000
#define GENTLE_MS   3000
#define LIMIT_BYTES 65536
#define FIRST_FD    20 /* of our ends, above the numbers that the attacker has */

/* From the launcher to the payload by the way of every program of the venv. */
static const char start_code[] = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])";

struct run {
	const struct stage *stage;
	const struct scene *scene;
	struct strv argv, env;
	int in, home; /* what the attacker gets as 0 and CANARY_HOME_FD */
	int out_r, out_w, err_r, err_w, go_r, go_w;
	pid_t pid;
	struct buf out, err;
	int64_t end;
};

/* Only if something went wrong. Gently at first, for the launcher's masks. */
static void run_stop(struct run *run)
{
	const struct timespec pause_10ms = { .tv_nsec = 10 * 1000 * 1000 };

	if (run->pid <= 0)
		return;
	(void) kill(run->pid, SIGTERM);
	for (int ms = 0; ms < GENTLE_MS; ms += 10) {
		if (waitpid(run->pid, NULL, WNOHANG) == run->pid) {
			run->pid = -1;
			return;
		}
		(void) nanosleep(&pause_10ms, NULL);
	}
	(void) kill(run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	run->pid = -1;
}

static void run_release(struct run *run)
{
	int *const fds[] = { &run->in, &run->home, &run->out_r, &run->out_w, &run->err_r, &run->err_w, &run->go_r, &run->go_w };

	run_stop(run);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		cleanup_fd_fn(fds[i]);
	strv_release(&run->argv);
	strv_release(&run->env);
	buf_release(&run->out);
	buf_release(&run->err);
}

/* --- what is run ---------------------------------------------------------------------------- */

static int make_argv(struct run *run, const struct lab *lab, enum canary_round round, const char *canary)
{
	const struct scene *s = run->scene;
	cleanup_free char *python = path_join(s->venv, "bin/python");
	const char *const start[] = { python, "-I", "-S", "-c", start_code };
	const char *const words[] = { /* enum canary_arg */
		canary, s->mark, round == ROUND_FILE ? "1" : "0", s->inside ? "inside" : "outside", lab->key, s->link, s->venv,
		s->git, s->project, s->dir, s->socket,
	};
	int r = python != NULL ? 0 : -ENOMEM;

	_Static_assert(sizeof(words) / sizeof(words[0]) == CANARY_ARGS, "a word for each argument");
	_Static_assert(ROUND_TERMINAL == 0 && ROUND_FILE == 1, "as the digits above");
	for (size_t i = 0; r == 0 && s->inside && i < sizeof(start) / sizeof(start[0]); i++)
		r = strv_add(&run->argv, start[i]);
	for (size_t i = 0; r == 0 && i < CANARY_ARGS; i++)
		r = strv_add(&run->argv, words[i]);
	return r;
}

/*
 * Not the caller's environment: it could open the box. The attacker is bound in read-only, from where it is installed: a copy in
 * the project could be exchanged by another program of the venv, and would not start on a disk mounted noexec.
 */
static int make_env(struct run *run, const struct lab *lab, const char *canary)
{
	int r = strv_addf(&run->env, "HOME=%s", lab->home);

	if (r == 0)
		r = strv_addf(&run->env, CANARY_ENV "=%s", lab->token);
	if (r == 0 && run->scene->inside)
		r = strv_addf(&run->env, "BWRAP_ARGS=--ro-bind\n%s\n%s", canary, canary);
	return r < 0 ? r : strv_add(&run->env, "PATH=/usr/bin:/bin");
}

static int make_pipe(int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*read_end = fcntl(ends[0], F_DUPFD_CLOEXEC, FIRST_FD);
	*write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD);
	(void) close(ends[0]);
	(void) close(ends[1]);
	return *read_end < 0 || *write_end < 0 ? -EMFILE : 0;
}

static int open_high(const char *path, int flags)
{
	cleanup_fd int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 || (fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD)) < 0 ? -errno : take_fd(&fd);
}

static int open_ends(struct run *run, const struct lab *lab, enum canary_round round)
{
	int r = make_pipe(&run->out_r, &run->out_w);

	if (r == 0)
		r = make_pipe(&run->err_r, &run->err_w);
	if (r == 0)
		r = make_pipe(&run->go_r, &run->go_w);
	if (r < 0)
		return r;
	run->in = round == ROUND_FILE ? open_high(run->scene->notes, O_RDONLY) : fcntl(run->stage->slave, F_DUPFD_CLOEXEC, FIRST_FD);
	run->home = open_high(lab->home, O_RDONLY | O_DIRECTORY);
	return run->in < 0 || run->home < 0 ? -EIO : 0;
}

static int prepare(struct run *run, const struct lab *lab, enum canary_round round, const char *canary, struct failure *f)
{
	int r = canary != NULL ? make_argv(run, lab, round, canary) : -ENOMEM;

	if (r == 0)
		r = make_env(run, lab, canary);
	if (r == 0)
		r = open_ends(run, lab, round);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot prepare the attacker") : 0;
}

/* --- the start -------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) child(const struct run *run, char *const argv[], char *const env[])
{
	const int places[][2] = { { run->in, 0 }, { run->out_w, 1 }, { run->err_w, 2 }, { run->go_r, CANARY_GO_FD }, { run->home, CANARY_HOME_FD } };
	sigset_t none;

	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	/* Not SIGKILL: the launcher has masks to take away. */
	(void) prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* What our caller left open is not what is tested. */
	(void) syscall(SYS_close_range, 3U, ~0U, CLOEXEC_RANGE);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (dup2(places[i][0], places[i][1]) < 0)
			_exit(VB_EXIT_FAILURE);
	if (chdir(run->scene->project) == 0)
		(void) execve(argv[0], argv, env);
	(void) !fd_write_all(STDERR_FILENO, "venvbox: cannot execute the attacker\n", 37);
	_exit(VB_EXIT_FAILURE);
}

static int start(struct run *run)
{
	char *const *argv = strv_argv(&run->argv), *const *env = strv_argv(&run->env);

	run->pid = fork();
	if (run->pid < 0)
		return -errno;
	if (run->pid == 0)
		child(run, argv, env);
	cleanup_fd_fn(&run->out_w);
	cleanup_fd_fn(&run->err_w);
	cleanup_fd_fn(&run->go_r);
	run->out_w = run->err_w = run->go_r = -1;
	return 0;
}

/* --- listening ---------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int take_some(int *fd, struct buf *to)
{
	char chunk[4096];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	if (got == 0) {
		(void) close(take_fd(fd));
		return 0;
	}
	buf_add(to, chunk, (size_t) got);
	return to->failed ? -ENOMEM : to->len > LIMIT_BYTES ? -EFBIG : 0;
}

/* The attacker has made its attacks, and waits. */
static bool is_at_end(const struct run *run)
{
	return run->out.data != NULL && strstr(run->out.data, "\nend 0 \n") != NULL;
}

/* To the end of both streams, or, with until_end, to the attacker's word that it waits. */
static int listen_to(struct run *run, bool until_end)
{
	while ((run->out_r >= 0 || run->err_r >= 0) && !(until_end && is_at_end(run))) {
		struct pollfd wait[2] = { { .fd = run->out_r, .events = POLLIN }, { .fd = run->err_r, .events = POLLIN } };
		int64_t left = run->end - now_ms();
		int ready = left > 0 ? poll(wait, 2, (int) left) : 0;
		int r = 0;

		if (ready == 0)
			return -ETIME;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 && wait[0].revents != 0)
			r = take_some(&run->out_r, &run->out);
		if (r == 0 && ready > 0 && wait[1].revents != 0)
			r = take_some(&run->err_r, &run->err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The worse of two: all of the attacker's processes have to be sealed. */
static void merge(struct proc_seal *all, const struct proc_seal *one)
{
	if (!all->known) {
		*all = *one;
		return;
	}
	if (one->seccomp != 2)
		all->seccomp = one->seccomp;
	if (one->filters < all->filters)
		all->filters = one->filters;
	all->no_new_privs &= one->no_new_privs;
	all->no_caps &= one->no_caps;
}

/* While it waits: PID 1 of a box is the parent of the attacker, and of the orphan that it made. */
static void look_at_seals(const struct run *run, struct outcome *o)
{
	pid_t found[PROC_FINDS];
	int n = proc_find(run->scene->mark, found);

	for (int i = 0; i < n; i++) {
		struct proc_seal one, above;

		if (proc_seal(found[i], &one) < 0)
			continue;
		merge(&o->program, &one);
		if (proc_seal(one.parent, &above) == 0 && above.is_first)
			merge(&o->init, &above);
	}
}

static int wait_for(struct run *run, int *status)
{
	pid_t pid = run->pid;

	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	run->pid = -1;
	return 0;
}

/* --- the end -------------------------------------------------------------------------------------- */

/* The launcher's own two lines, taken over. */
static int explain(const struct run *run, int status, struct failure *f)
{
	static const char name[] = "venvbox: ", hint[] = "\nhint: ";
	const char *what = run->err.data != NULL ? strstr(run->err.data, name) : NULL;
	const char *remedy = what != NULL ? strstr(what, hint) : NULL;
	cleanup_free char *first = what != NULL ? strndup(what + sizeof(name) - 1, strcspn(what + sizeof(name) - 1, "\n")) : NULL;
	cleanup_free char *second = remedy != NULL ? strndup(remedy + sizeof(hint) - 1, strcspn(remedy + sizeof(hint) - 1, "\n")) : NULL;

	if (first != NULL)
		return fail_msg(f, EPROTO, second, "%s", first);
	if (WIFSIGNALED(status))
		return fail_msg(f, EPROTO, NULL, "the attacker was ended by signal %d", WTERMSIG(status));
	return fail_msg(f, EPROTO, NULL, "the attacker ended early, with status %d", WEXITSTATUS(status));
}

static int carry_out(struct run *run, struct outcome *o, struct failure *f)
{
	int status = 0;
	int r = start(run);

	if (r == 0)
		r = listen_to(run, true);
	if (r == 0 && is_at_end(run))
		look_at_seals(run, o);
	cleanup_fd_fn(&run->go_w);
	run->go_w = -1;
	if (r == 0)
		r = listen_to(run, false);
	if (r == 0)
		r = wait_for(run, &status);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot hear the attacker");
	return is_at_end(run) && status == 0 ? 0 : explain(run, status, f);
}

int attack_run(const struct stage *stage, const struct lab *lab, const struct scene *scene, enum canary_round round,
	       const char *libexec, struct outcome *o, struct failure *f)
{
	cleanup(run_release) struct run run = { .stage = stage, .scene = scene, .in = -1, .home = -1, .out_r = -1, .out_w = -1,
						.err_r = -1, .err_w = -1, .go_r = -1, .go_w = -1, .pid = -1, .end = now_ms() + LIMIT_MS };
	cleanup_free char *canary = path_join(libexec, CANARY_NAME);
	struct watch watch;
	int r = watch_begin(&watch, stage, lab, scene, f);

	/* Only now: a process that watch_begin() starts must not hold the ends of these pipes. */
	if (r == 0)
		r = prepare(&run, lab, round, canary, f);
	if (r == 0)
		r = carry_out(&run, o, f);
	run_stop(&run);
	if (run.out.data != NULL)
		verdict_hear(run.out.data, o->facts);
	watch_end(&watch, run.out.data != NULL ? run.out.data : "", o->facts);
	return r;
}
