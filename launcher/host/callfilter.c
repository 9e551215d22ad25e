/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/callfilter.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "common/statefile.h"
#include "common/runprog.h"
#include "common/strv.h"

#define PROGRAM_LIMIT (4096 * 8) /* BPF_MAXINSNS instructions of 8 bytes */
#define LIMIT_MS 10000

static int helper_argv(const char *libexec, const char *allow, struct strv *argv, struct failure *f)
{
	cleanup_free char *copy = strdup(allow);
	char *rest = copy;
	char *name;
	int r;

	if (copy == NULL)
		return -ENOMEM;
	r = strv_take(argv, path_join(libexec, VB_FILTER_HELPER));
	while (r == 0 && (name = strsep(&rest, " \t\n,")) != NULL) {
		if (*name == '-') /* an option of the helper's */
			return fail_msg(f, EINVAL, "names are as in syscalls(2), separated by blanks",
					"SANDBOX_SECCOMP_ALLOW: '%s' is no system call", name);
		r = *name == '\0' ? 0 : strv_add(argv, name);
	}
	return r;
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

/* A caller that ignores SIGCHLD has the kernel reap the helper, and its status is lost. The payload gets back what was set. */
static int run_helper(char **argv, struct buf *program, struct buf *words, int *status)
{
	const struct runprog what = { .path = argv[0], .argv = argv, .limit_ms = LIMIT_MS, .limit_bytes = PROGRAM_LIMIT };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	struct sigaction before;
	int r;

	if (sigaction(SIGCHLD, &normal, &before) < 0)
		return -errno;
	r = runprog(&what, program, words, status);
	(void) sigaction(SIGCHLD, &before, NULL);
	return r;
}

static int compile(const char *libexec, const char *allow, struct failure *f)
{
	cleanup_strv struct strv argv = { 0 };
	cleanup_buf struct buf program = { 0 };
	cleanup_buf struct buf words = { 0 };
	int status, r = helper_argv(libexec, allow, &argv, f);

	if (r < 0)
		return r;
	r = run_helper(strv_argv(&argv), &program, &words, &status);
	if (r == 0 && status != 0)
		return helper_failed(words.data, f);
	if (r == 0)
		r = fd_memfd("venvbox-filter", program.data, program.len);
	return r < 0 ? fail_errno(f, -r, "shorten it, or install venvbox again", "cannot compile SANDBOX_SECCOMP_ALLOW") : r;
}

/* Short of an instruction it would still load, and decide something else. */
static int read_own(const struct manifest *m, int state_fd, struct failure *f)
{
	cleanup_buf struct buf program = { 0 };
	const char *hint = "run venvbox-install on this venv again";
	int r = statefile_read(state_fd, VB_FILTER, &program, f);

	if (r < 0)
		return f != NULL && f->what != NULL ? r : fail_errno(f, -r, hint, "cannot read the seccomp filter of '%s'", m->venv);
	if (program.len != m->filter_size)
		return fail_msg(f, EBADMSG, hint, "the seccomp filter of '%s' is not as it was installed", m->venv);
	return fd_memfd("venvbox-filter", program.data, program.len);
}

int callfilter_open(const struct manifest *m, int state_fd, const char *libexec, const char *allow, struct failure *f)
{
	return allow != NULL ? compile(libexec, allow, f) : read_own(m, state_fd, f);
}
