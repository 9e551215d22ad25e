/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/payload.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/learned.h"
#include "common/names.h"
#include "common/path.h"
#include "host/dotenv.h"
#include "host/env.h"
#include "host/prompt.h"
#include "host/service.h"

#define DOTENV_LIMIT (1u << 20)
#define ENVIRON_LIMIT (8u << 20)
#define STAT_LIMIT 4096

void payload_release(struct payload *p)
{
	free(p->program);
	strv_release(&p->argv);
	strv_release(&p->env);
	strv_release(&p->withheld);
	strv_release(&p->left_out);
	strv_release(&p->warnings);
}

/* Of a process that is there; 0: nobody can tell. Its name, in parentheses, may be anything. */
static pid_t parent_of(pid_t pid)
{
	cleanup_buf struct buf text = { 0 };
	const char *after;
	char path[64];
	int parent;

	(void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	if (fd_read_file(AT_FDCWD, path, STAT_LIMIT, &text) < 0 || text.data == NULL)
		return 0;
	after = strrchr(text.data, ')');
	return after != NULL && sscanf(after, ") %*c %d", &parent) == 1 ? parent : 0;
}

/*
 * What the parent started with; *known says whether it could be read (hidepid, another user's process: it cannot). `venvbox-install --learn` is
 * between the command and who gave it, and has the command's variables itself.
 */
static int parent_environment(const struct strv *own, struct strv *env, bool *known)
{
	const char *form = strv_getenv(own, "VENVBOX_VERBOSE");
	bool learns = form != NULL && strcmp(form, LEARNED_FORM) == 0;
	cleanup_buf struct buf text = { 0 };
	char path[64];

	(void) snprintf(path, sizeof(path), "/proc/%d/environ", (int) (learns ? parent_of(getppid()) : getppid()));
	*known = fd_read_file(AT_FDCWD, path, ENVIRON_LIMIT, &text) == 0;
	return *known ? env_split(text.data ? text.data : "", text.len, env) : 0;
}

/* The project's .env: data, never shell. A link is not followed: the box may have put it there. */
static int read_dotenv(const struct session *s, struct strv *env, struct strv *warnings, struct failure *f)
{
	cleanup_fd int fd = openat(s->project_fd, ".env", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_buf struct buf text = { 0 };
	struct stat st;
	int r;

	if (fd < 0 && errno == EACCES)
		return strv_add(warnings, "it is not used: you cannot read it");
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) /* a link, a socket */
		return 0;
	r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(st.st_mode))
		return 0;
	if (r == 0)
		r = fd_read_all(fd, DOTENV_LIMIT, &text);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot read '%s/.env'", s->manifest.project);
	return dotenv_parse(text.data ? text.data : "", text.len, env, warnings);
}

static int set_fixed(const struct session *s, const char *cwd, struct strv *env)
{
	cleanup_free char *home = path_join(s->manifest.venv, VB_HOME);
	int r = home ? strv_setenv(env, "HOME", home) : -ENOMEM;

	if (r == 0)
		r = strv_setenv(env, "VIRTUAL_ENV", s->manifest.venv);
	if (r == 0)
		r = strv_setenv(env, "TMPDIR", "/tmp");
	if (r == 0)
		r = strv_setenv(env, "PWD", cwd);
	if (r == 0 && strv_getenv(env, "PATH") == NULL)
		r = strv_setenv(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
	return r;
}

/* The box has the same one, if the host has it. */
static const char *shell_program(void)
{
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

static int set_prompt(const struct job *job, int argc, char *const argv[], struct strv *env)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

	if (job->kind != JOB_SHELL || !prompt_is_shown(argc, argv, terminal))
		return 0;
	return prompt_set(strcmp(shell_program(), "/bin/bash") == 0, env);
}

/* --setenv and --unsetenv, in their order. */
static int set_by_options(const struct policy *policy, struct strv *env)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < policy->env.n; i++) {
		const char *word = policy->env.v[i];
		const char *equals = strchr(word, '=');
		cleanup_free char *name = equals ? strndup(word, (size_t) (equals - word)) : strdup(word);

		r = name ? strv_setenv(env, name, equals ? equals + 1 : NULL) : -ENOMEM;
	}
	return r;
}

static int make_env(const struct session *s, const struct job *job, const struct policy *policy, const struct strv *own,
		    const char *cwd, struct payload *p, struct failure *f)
{
	cleanup_strv struct strv parent = { 0 };
	cleanup_strv struct strv dotenv = { 0 };
	struct strv mine = *own; /* borrowed: only strv_argv() of it is used */
	struct env_input in = {
		.own = strv_argv(&mine),
		.allow = &s->conf.env,
		.dotenv = &dotenv,
		.pip_run = job->pip_run,
	};
	bool known;
	int r = parent_environment(own, &parent, &known);

	if (known)
		in.parent = &parent;
	if (r == 0)
		r = read_dotenv(s, &dotenv, &p->warnings, f);
	if (r == 0 && !policy->clear_env)
		r = env_build(&in, &p->env, &p->withheld);
	if (r == 0 && !policy->clear_env)
		r = service_set_env(own, getpid(), &p->env);
	if (r == 0)
		r = set_fixed(s, cwd, &p->env);
	return r;
}

/* Does dir/name lead to something that CPython would take for itself? */
static bool is_program(const char *path)
{
	struct stat st;

	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * Does CPython, given a word without a slash, find this program in the PATH that it has inside? What comes before it is
 * searched here: nothing is there at the start of a box that is not here too. A relative directory is no answer.
 */
static bool is_found_by_path(const char *word, const struct strv *env, const char *program)
{
	const char *path = strv_getenv(env, "PATH");
	cleanup_free char *dirs = path != NULL && path_is_name(word) ? strdup(path) : NULL;
	char *rest = dirs, *dir;

	while ((dir = strsep(&rest, ":")) != NULL) {
		cleanup_free char *at = *dir == '/' ? path_join(dir, word) : NULL;

		if (at == NULL)
			return false;
		if (strcmp(at, program) == 0)
			return true;
		if (is_program(at))
			return false;
	}
	return false;
}

/*
 * sys.orig_argv and sys.executable are made from it. With --chdir a relative path leads elsewhere: Python would not find its
 * venv by it, nor the kernel the command.
 */
static const char *first_word(const struct session *s, const struct job *job, const struct policy *policy, const char *typed,
			      const struct strv *env)
{
	if (job->kind == JOB_PYTHON && typed != NULL && is_found_by_path(typed, env, s->called.program))
		return typed;
	return policy->chdir != NULL && s->called.argv0[0] != '/' ? s->called.program : s->called.argv0;
}

/*
 * `python -m pip` looks for pip in the working directory first, where a program may have put one: it would write the venv. With -P
 * Python does not look there; before 3.11 it knows no such option (SECURITY.md).
 */
static bool wants_safe_path(const struct session *s, const struct job *job)
{
	const char *dot;

	if (job->kind != JOB_PYTHON || !job->pip_run || job->cmd.kind != PYCMD_MODULE)
		return false;
	dot = strchr(s->manifest.python_version, '.');
	return dot != NULL && atoi(dot + 1) >= 11;
}

static int make_argv(const struct session *s, const struct job *job, const struct policy *policy, int argc, char *const argv[],
		     struct payload *p)
{
	const char *word = first_word(s, job, policy, argv[0], &p->env);
	cleanup_free char *bin = path_join(s->manifest.venv, "bin");
	int r;

	switch (job->kind) {
	case JOB_PYTHON:
		/* The mount itself, whatever name was used: the other names are links in a directory that pip writes. */
		p->program = bin ? path_join(bin, "python") : NULL;
		break;
	case JOB_COMMAND:
		/* By the path that was typed: of a script it is sys.argv[0]. What writes the venv is not found by a way that a box may change. */
		p->program = strdup(job->pip_run ? s->called.program : word);
		break;
	case JOB_SHELL:
		p->program = strdup(shell_program());
		break;
	}
	if (p->program == NULL)
		return -ENOMEM;
	r = strv_add(&p->argv, job->kind == JOB_SHELL ? p->program : word);
	if (r == 0 && wants_safe_path(s, job))
		r = strv_add(&p->argv, "-P");
	for (int i = 1; r == 0 && i < argc; i++)
		r = strv_add(&p->argv, argv[i]);
	return r;
}

int payload_make(const struct session *s, const struct job *job, const struct policy *policy, int argc, char *const argv[],
		 const struct strv *own, const char *cwd, struct payload *p, struct failure *f)
{
	int r = make_env(s, job, policy, own, cwd, p, f);

	if (r == 0)
		r = set_prompt(job, argc, argv, &p->env);
	if (r == 0)
		r = set_by_options(policy, &p->env);
	return r < 0 ? r : make_argv(s, job, policy, argc, argv, p);
}
