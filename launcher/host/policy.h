/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.h - what this one run may do: manifest, settings, environment and
 * command line weighed against each other. Pure: it decides and acts on nothing.
 */
#ifndef VB_POLICY_H
#define VB_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/failure.h"
#include "common/manifest.h"
#include "common/strv.h"
#include "host/pycmd.h"
#include "host/venv.h"

/* What the caller asks to be run. */
enum job_kind {
	JOB_PYTHON,  /* the interpreter, by any of its names */
	JOB_COMMAND, /* another name of <venv>/bin */
	JOB_SHELL,   /* a shell in the box */
};

struct job {
	enum job_kind kind;
	bool pip_run;
	const char *verbose; /* of -X venvbox-verbose, as in cmd */
	struct pycmd cmd; /* JOB_PYTHON; target points into argv */
	const char *cwd;  /* borrowed: relative paths of the user's options begin here; NULL: at the root */
};

/* A protected name at the project root (design.md, Mounts). */
struct protected_name {
	const char *name;
	bool is_dir; /* what stands in for it while it is absent */
};

extern const struct protected_name policy_protected[]; /* ends with name NULL */

struct policy {
	const struct manifest *manifest;
	const struct conf *conf;
	bool pip_run;
	enum profile profile;
	bool network_unshared;
	bool user_pip_cache;     /* SANDBOX_USE_PIP_CACHE */
	const char *allow_calls; /* SANDBOX_SECCOMP_ALLOW as it stands in the environment; NULL: the filter of the venv */
	struct strv user_mounts; /* the user's options that change the file system, in order, as words; paths are clean */
	size_t kept_mounts;      /* so many words of them are kept with the venv, the rest is of BWRAP_ARGS */
	struct strv user_options;/* the user's options that go to bwrap unchanged */
	struct strv env;         /* "NAME=value" of --setenv; "NAME" alone: --unsetenv. In order. */
	bool clear_env;          /* --clearenv */
	char *chdir;             /* --chdir, or NULL */
	uint64_t keep_caps;      /* of --cap-add; bit n is capability n */
	struct strv cap_words;   /* "--cap-add NAME" for bwrap: at least keep_caps, PID 1 drops the rest */
	bool look_only;          /* nothing is run: what the box would need is not made. Set by the caller, after policy_make() */
};

void policy_release(struct policy *p);
#define cleanup_policy cleanup(policy_release)

/* What `called` with argv means. cwd: the working directory, clean. */
int policy_job(const struct called *called, int argc, char *const argv[], const char *cwd, struct job *job) must_check;

/* env: our own environment. manifest and conf are borrowed for the life of p. -EINVAL with words in f. */
int policy_make(const struct job *job, const struct manifest *m, const struct conf *c, const struct strv *env,
		struct policy *p, struct failure *f) must_check;

/* Is path below something that some box of this venv may write? Then no link in it is believed. */
bool policy_box_writable(const struct policy *p, const char *path);

/* Is name, or a path below the project such as "sub/.git", left writable by the policy key unprotect, which names it or a directory above? */
bool policy_is_unprotected(const struct policy *p, const char *relative);

#endif
