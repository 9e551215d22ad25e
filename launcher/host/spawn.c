/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "common/fd.h"
#include "common/hostcheck.h"
#include "common/names.h"

#define NUMBER_SIZE 32

/* Linux 5.9 and 5.11; the headers may be older. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* What the child needs, made before the fork: in the child nothing can fail but system calls. */
struct start {
	const struct launch *l;
	int inner; /* the box's end of the channel */
	int null;
	int words; /* standard error of bwrap */
	int *kept;   /* what bwrap inherits besides, in ascending order */
	size_t n_kept;
	pid_t parent;
	char *argv[6];
};

/* --- the child ------------------------------------------------------------------------- */

/* dup2() onto itself would leave FD_CLOEXEC set. */
static int put(int fd, int number)
{
	if (fd == number)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, number) < 0 ? -1 : 0;
}

/* The order matters: what is put later may not have its number overwritten before. */
static int place(const struct start *s)
{
	return put(s->null, 0) < 0 || put(s->null, 1) < 0 || put(s->words, 2) < 0 || put(s->inner, VB_CHANNEL_FD) < 0 ? -1 : 0;
}

/*
 * Runs in the memory of the parent (vfork(2)): system calls only.
 * PR_SET_PDEATHSIG first, then the question: who was killed in between is no longer our parent. bwrap's
 * own --die-with-parent comes too late for a launcher killed in its first milliseconds (design.md, Terminal and signals).
 * The environment is empty: what is in it can be read inside, at /proc/1/environ, and it would choose the language of bwrap's words.
 */
static void __attribute__((noreturn, noinline)) child(const struct start *s, volatile int *err)
{
	char *const no_environment[] = { NULL };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || place(s) < 0) {
		*err = errno;
		_exit(VB_EXIT_FAILURE);
	}
	if (getppid() != s->parent)
		_exit(VB_EXIT_FAILURE);
	(void) execve(s->l->bwrap, s->argv, no_environment);
	*err = errno;
	_exit(VB_EXIT_FAILURE);
}

/* --- the parent -------------------------------------------------------------------------- */

/* fork(2) would copy page tables for nothing. *err is the child's errno, 0 if bwrap runs. */
static pid_t __attribute__((noinline)) start_child(const struct start *s, volatile int *err)
{
	pid_t pid = vfork();

	if (pid == 0)
		child(s, err);
	return pid;
}

/* Linux before 5.11 */
static int mark_listed_cloexec(void)
{
	cleanup_dir DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (dir == NULL)
		return -errno;
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	}
	return -errno;
}

/* One call for each gap between what is kept: most of it was opened in one go and lies side by side. */
static bool mark_gaps_cloexec(const struct start *s)
{
	unsigned first = VB_CHANNEL_FD;

	for (size_t i = 0; i < s->n_kept; first = (unsigned) s->kept[i++] + 1)
		if ((unsigned) s->kept[i] > first && syscall(SYS_close_range, first, (unsigned) s->kept[i] - 1, CLOSE_RANGE_CLOEXEC) < 0)
			return false;
	return syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* Whatever was left open by mistake, ours or a library's, ends at execve(2), but not what bwrap is to keep. */
static int mark_cloexec(const struct start *s)
{
	int r;

	if (mark_gaps_cloexec(s))
		return 0;
	r = mark_listed_cloexec();
	for (size_t i = 0; r == 0 && i < s->n_kept; i++)
		if (fcntl(s->kept[i], F_SETFD, 0) < 0)
			r = -errno;
	return r;
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *) a, y = *(const int *) b;

	return (x > y) - (x < y);
}

/* The array is the caller's to free. */
static int list_kept(struct start *s)
{
	s->n_kept = s->l->n_bwrap_fds + 2;
	s->kept = calloc(s->n_kept, sizeof(*s->kept));
	if (s->kept == NULL)
		return -ENOMEM;
	if (s->l->n_bwrap_fds > 0)
		memcpy(s->kept, s->l->bwrap_fds, s->l->n_bwrap_fds * sizeof(*s->kept));
	s->kept[s->n_kept - 2] = s->l->args_fd;
	s->kept[s->n_kept - 1] = s->l->init_fd;
	qsort(s->kept, s->n_kept, sizeof(*s->kept), compare);
	return 0;
}

static int run_bwrap(struct start *s, struct failure *f, pid_t *pid)
{
	char args[NUMBER_SIZE], init[NUMBER_SIZE];
	volatile int err = 0;
	int r = mark_cloexec(s);

	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot close descriptors");
	(void) snprintf(args, sizeof(args), "%d", s->l->args_fd);
	(void) snprintf(init, sizeof(init), "/proc/self/fd/%d", s->l->init_fd);
	s->parent = getpid();
	s->argv[0] = (char *) (uintptr_t) "bwrap";
	s->argv[1] = (char *) (uintptr_t) "--args";
	s->argv[2] = args;
	s->argv[3] = (char *) (uintptr_t) "--";
	s->argv[4] = s->l->init_path ? (char *) (uintptr_t) s->l->init_path : init;
	s->argv[5] = NULL;
	*pid = start_child(s, &err);
	if (*pid < 0)
		return fail_errno(f, errno, NULL, "cannot start a process");
	/* The zombie, if it failed, is reaped when we end: at once. */
	return err == 0 ? 0 : fail_errno(f, err, "install the package bubblewrap again", "cannot run '%s'", s->l->bwrap);
}

static int make_channel(int *ours, int *inner)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*ours = ends[0];
	*inner = ends[1];
	return 0;
}

static int make_words(int *ours, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ours = ends[0];
	*theirs = ends[1];
	return 0;
}

int spawn_box(const struct launch *l, struct box *box, struct failure *f)
{
	cleanup_fd int channel = -1, inner = -1, words = -1, theirs = -1;
	cleanup_free int *kept = NULL;
	cleanup_fd int null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	struct start s = { .l = l };
	int r = null < 0 ? -errno : make_channel(&channel, &inner);

	if (r == 0)
		r = make_words(&words, &theirs);
	if (r == 0)
		r = list_kept(&s);
	kept = s.kept;
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot prepare the start of '%s'", l->bwrap);
	r = hostcheck_bwrap(l->bwrap, f);
	if (r < 0)
		return r;
	s.inner = inner;
	s.null = null;
	s.words = theirs;
	r = run_bwrap(&s, f, &box->bwrap);
	if (r == 0 && fcntl(words, F_SETFL, O_NONBLOCK) < 0)
		r = fail_errno(f, errno, NULL, "cannot prepare for the words of '%s'", l->bwrap);
	if (r < 0)
		return r;
	box->channel = take_fd(&channel);
	box->words = take_fd(&words);
	return 0;
}
