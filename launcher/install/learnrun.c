/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/learnrun.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/path.h"
#include "common/runprog.h"
#include "install/venv.h"

#define TOLD_MAX (64U << 20) /* the launcher remembers 4096 denials */

/* A link of ours, which makes the box. */
static bool is_boxed(const char *bin, const char *name)
{
	cleanup_free char *path = path_join(bin, name);
	char text[PATH_MAX];
	ssize_t n = path != NULL ? readlink(path, text, sizeof(text) - 1) : -1;

	text[n > 0 ? n : 0] = '\0';
	return n > 0 && venv_is_launcher(text);
}

/* What to execute: the name's link in bin, or the shell with all of it. A path that leads into bin is such a name, too. */
static int make_argv(const char *venv, const struct strv *command, char **program, struct strv *argv)
{
	static const char *const shell[] = { "shell", "-c", "exec \"$@\"", "sh", NULL };
	cleanup_free char *bin = path_join(venv, "bin");
	cleanup_free char *cwd = getcwd(NULL, 0);
	cleanup_free char *path = cwd != NULL ? path_clean(cwd, command->v[0]) : NULL;
	const char *name = path_base(command->v[0]);
	bool named = strchr(command->v[0], '/') == NULL;
	int r = 0;

	if (cwd == NULL)
		return -ENOENT; /* it was removed under us */
	if (bin == NULL || path == NULL)
		return -ENOMEM;
	if (!path_is_name(name) || !(named || (path_below(path, bin) != NULL && strcmp(path_below(path, bin), name) == 0)) || !is_boxed(bin, name)) {
		name = "shell";
		for (size_t i = 0; r == 0 && shell[i] != NULL; i++)
			r = strv_add(argv, shell[i]);
	}
	if (r == 0)
		r = strv_add_all(argv, command);
	*program = path_join(bin, name);
	return r < 0 || *program != NULL ? r : -ENOMEM;
}

static void __attribute__((noreturn)) child(const char *program, char **argv, int log)
{
	char number[16];

	(void) snprintf(number, sizeof(number), "%d", log);
	if (fcntl(log, F_SETFD, 0) == 0 && setenv("VENVBOX_VERBOSE", LEARNED_FORM, 1) == 0 && setenv("VENVBOX_LOG", number, 1) == 0)
		(void) execv(program, argv);
	_exit(127);
}

/* A Ctrl-C is the command's, as with system(3). */
static int run(const char *program, char **argv, struct buf *told, int *status)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction sigint, sigquit;
	cleanup_fd int from = -1, to = -1;
	int ends[2], r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	to = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(program, argv, to);
	(void) sigaction(SIGINT, &ignore, &sigint);
	(void) sigaction(SIGQUIT, &ignore, &sigquit);
	(void) close(take_fd(&to));
	r = runprog_hear(pid, take_fd(&from), TOLD_MAX, told, status);
	(void) sigaction(SIGINT, &sigint, NULL);
	(void) sigaction(SIGQUIT, &sigquit, NULL);
	return r;
}

int learnrun(const char *venv, const struct strv *command, struct learned_list *list, int *status, struct failure *f)
{
	cleanup_free char *program = NULL;
	cleanup_strv struct strv argv = { 0 };
	cleanup_buf struct buf told = { 0 };
	int r = make_argv(venv, command, &program, &argv);

	if (r == 0)
		r = run(program, strv_argv(&argv), &told, status);
	if (r == 0)
		r = learned_unpack(told.data, told.len, list);
	return r < 0 ? fail_errno(f, -r, "see what the command says without --learn", "cannot learn from '%s'", command->v[0]) : 0;
}
