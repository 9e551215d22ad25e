/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pip run is told of: by its command line, its variables, its configuration files. */
#include "host/facts_part.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/path.h"
#include "host/pipcmd.h"

#define PIP_CONF_LIMIT (1u << 20)

static bool may_be_requirements(const char *path)
{
	const char *dot = strrchr(path_base(path), '.');

	return dot == NULL || strcmp(dot, ".txt") == 0 || strcmp(dot, ".in") == 0 || strcmp(dot, ".lock") == 0;
}

/* PEP 503 calls the root of an index "simple", and so do those who keep one in a directory. */
static int add_named(struct inputs *in, const char *path)
{
	int r = 0;

	if (strcmp(path_base(path), "simple") == 0)
		return inputs_add_index(in, path);
	if (may_be_requirements(path))
		r = inputs_add_requirements(in, path);
	return r < 0 ? r : inputs_add(in, path);
}

static int add_all(struct inputs *in, const struct strv *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		int r = add_named(in, paths->v[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_copy(struct facts *x, const char *file, const char *dest)
{
	int r = strv_add(&x->copies, file);

	return r < 0 ? r : strv_add(&x->copies, dest);
}

/*
 * A configuration file of the real home goes to the same place in the box's home, any other keeps its path, as does the
 * one that PIP_CONFIG_FILE names by it. What can be seen there anyway is not copied: bwrap would write to the host's own file.
 */
static int add_pip_conf(const struct policy *p, const char *home, const char *named, const char *file, struct facts *x)
{
	cleanup_free char *box_home = path_join(p->manifest->venv, VB_HOME);
	const char *below = home ? path_below(file, home) : NULL;
	cleanup_free char *dest = box_home && below ? path_join(box_home, below) : NULL;
	int r = 0;

	if (box_home == NULL || (below != NULL && dest == NULL))
		return -ENOMEM;
	if (below != NULL)
		r = add_copy(x, file, dest);
	if (r == 0 && (below == NULL || strcmp(file, named) == 0) && !path_is_within_any(file, &x->visible))
		r = add_copy(x, file, file);
	return r;
}

/* A directory that one of the files names may hold another of them. */
static void drop_shown_copies(struct facts *x)
{
	for (size_t i = 0; i + 1 < x->copies.n;) {
		if (strcmp(x->copies.v[i], x->copies.v[i + 1]) == 0 && path_is_within_any(x->copies.v[i], &x->inputs.paths)) {
			strv_remove(&x->copies, i);
			strv_remove(&x->copies, i);
		} else {
			i += 2;
		}
	}
}

/* A pipe that PIP_CONFIG_FILE names is pip's to read, not ours. */
static int read_plain(const char *path, struct buf *text)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_read_all(fd, PIP_CONF_LIMIT, text) : -EINVAL;
}

/* One that a box may have written steers nothing here; pip itself reads it, inside. */
static int check_pip_conf(const struct policy *p, const struct facts *x, const char *file, bool *ours)
{
	bool below = false;
	int r = facts_box_writable(x, p, file) ? 0 : inputs_lead_below(&x->writable, file, &below);

	*ours = !below && !facts_box_writable(x, p, file);
	return r;
}

static int gather_pip_conf(const struct policy *p, const char *home, const struct strv *env, struct facts *x)
{
	const char *named_env = strv_getenv(env, "PIP_CONFIG_FILE");
	cleanup_free char *by_env = path_clean(x->cwd, named_env ? named_env : "");
	cleanup_strv struct strv files = { 0 };
	int r = by_env ? pipcmd_config_files(env, home, &files) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		cleanup_strv struct strv named = { 0 };
		cleanup_buf struct buf text = { 0 };
		bool ours;

		r = check_pip_conf(p, x, files.v[i], &ours);
		if (r < 0 || !ours || read_plain(files.v[i], &text) < 0)
			continue;
		r = add_pip_conf(p, home, by_env, files.v[i], x);
		if (r == 0)
			r = pipcmd_paths_from_conf(text.data ? text.data : "", text.len, x->cwd, &named);
		if (r == 0)
			r = add_all(&x->inputs, &named);
	}
	drop_shown_copies(x);
	return r;
}

/* Those that this run is told. What is seen anyway, by a setting or in the project, need not be kept. */
static int find_editables(char *const args[], struct facts *x)
{
	cleanup_strv struct strv named = { 0 };
	int r = pipcmd_editables_from_args(args, x->cwd, &named);

	for (size_t i = 0; r == 0 && i < named.n; i++)
		if (!path_is_within_any(named.v[i], &x->visible) && access(named.v[i], F_OK) == 0)
			r = strv_add(&x->editables, named.v[i]);
	return r;
}

int facts_gather_pip(const struct policy *p, const struct job *job, char *const argv[], const struct strv *env,
		     const char *home, struct facts *x)
{
	cleanup_strv struct strv paths = { 0 };
	char *const *args = argv + (job->kind == JOB_PYTHON ? job->cmd.first_arg : 1);
	int r = pipcmd_paths_from_args(args, x->cwd, &paths);

	if (r == 0)
		r = find_editables(args, x);
	if (r == 0)
		r = pipcmd_paths_from_env(env, x->cwd, &paths);
	if (r == 0)
		r = add_all(&x->inputs, &paths);
	if (r == 0)
		r = gather_pip_conf(p, home, env, x);
	if (r == 0) {
		cleanup_free char *state = path_join(p->manifest->venv, VB_STATE);

		x->pip_tmp = state ? path_join(state, VB_PIP_TMP) : NULL;
		if (x->pip_tmp == NULL)
			r = -ENOMEM;
	}
	return r;
}
