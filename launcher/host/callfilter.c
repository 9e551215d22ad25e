/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/callfilter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "common/strv.h"

#define PROGRAM_LIMIT (4096 * 8) /* BPF_MAXINSNS instructions of 8 bytes */
#define WORDS_LIMIT 4096

static int helper_argv(const char *libexec, const char *allow, struct strv *argv)
{
	cleanup_free char *copy = strdup(allow);
	char *rest = copy;
	char *name;
	int r;

	if (copy == NULL)
		return -ENOMEM;
	r = strv_take(argv, path_join(libexec, VB_FILTER_HELPER));
	while (r == 0 && (name = strsep(&rest, " \t\n,")) != NULL)
		r = *name == '\0' ? 0 : strv_add(argv, name);
	return r;
}

/* The child: program on fd 1, words on fd 2, nothing of the caller's environment. */
static void __attribute__((noreturn)) exec_helper(char **argv, int out, int err)
{
	char *const env[] = { NULL };

	if (dup2(out, 1) >= 0 && dup2(err, 2) >= 0)
		(void) execve(argv[0], argv, env);
	_exit(VB_EXIT_FAILURE);
}

/* "venvbox: what\nhint: how\n", as every program of ours says it. */
static int helper_failed(char *words, struct failure *f)
{
	static const char ours[] = "venvbox: ", hint[] = "hint: ";
	char *second = words ? strchr(words, '\n') : NULL;
	int r;

	if (words == NULL || strncmp(words, ours, sizeof(ours) - 1) != 0 || second == NULL)
		return fail_msg(f, ENOEXEC, "install venvbox again", "the program that compiles SANDBOX_SECCOMP_ALLOW failed");
	*second++ = '\0';
	r = fail_msg(f, EINVAL, NULL, "%s", words + sizeof(ours) - 1);
	if (strncmp(second, hint, sizeof(hint) - 1) == 0) {
		second[strcspn(second, "\n")] = '\0';
		fail_hint(f, "%s", second + sizeof(hint) - 1);
	}
	return r;
}

static int run_helper(char **argv, struct buf *program, struct buf *words)
{
	cleanup_fd int out_r = -1, out_w = -1, err_r = -1, err_w = -1;
	int out[2], err[2], status, r;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	out_r = out[0];
	out_w = out[1];
	if (pipe2(err, O_CLOEXEC) < 0)
		return -errno;
	err_r = err[0];
	err_w = err[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		exec_helper(argv, out_w, err_w);
	(void) close(take_fd(&out_w));
	(void) close(take_fd(&err_w));
	/* The words fit a pipe; the program is read first, to its end. */
	r = fd_read_all(out_r, PROGRAM_LIMIT, program);
	if (r == 0)
		r = fd_read_all(err_r, WORDS_LIMIT, words);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (r < 0)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

static int compile(const char *libexec, const char *allow, struct failure *f)
{
	cleanup_strv struct strv argv = { 0 };
	cleanup_buf struct buf program = { 0 };
	cleanup_buf struct buf words = { 0 };
	int r = helper_argv(libexec, allow, &argv);

	/* Only what is really empty lifts the filter: a list of blanks is a mistake, and would lift it too. */
	if (r == 0 && *allow != '\0' && argv.n == 1)
		return fail_msg(f, EINVAL, "name the calls, or set it to nothing to allow nearly all",
				"SANDBOX_SECCOMP_ALLOW holds only blanks");
	if (r == 0)
		r = run_helper(strv_argv(&argv), &program, &words);
	if (r == -ENOEXEC)
		return helper_failed(words.data, f);
	if (r == 0)
		r = fd_memfd("venvbox-filter", program.data, program.len);
	return r < 0 ? fail_errno(f, -r, "install venvbox again", "cannot compile SANDBOX_SECCOMP_ALLOW") : r;
}

int callfilter_open(int state_fd, const char *libexec, const char *allow, struct failure *f)
{
	int fd;

	if (allow != NULL)
		return compile(libexec, allow, f);
	fd = openat(state_fd, VB_FILTER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? fail_errno(f, errno, "run venvbox-install on this venv again", "cannot open the seccomp filter of the venv") : fd;
}
