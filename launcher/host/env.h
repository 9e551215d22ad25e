/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * env.h - the payload's environment, built from an allow list (spec S12,
 * design.md law 5). Pure: the caller reads the environments.
 */
#ifndef VB_ENV_H
#define VB_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/strv.h"

struct env_input {
	char *const *own;            /* our environ */
	const struct strv *parent;   /* the environment the parent process started with; NULL: unreadable */
	const struct strv *allow;    /* names the policy lets in whatever they look like (--env), or NULL */
	const struct strv *dotenv;   /* "NAME=value" of .env, or NULL; wins over what is inherited */
	bool pip_run;                /* lets in PIP_* */
};

/*
 * env: in the order of `own`, the variables
 *   - on the list of S12 (env.c), and in a pip run on pip's;
 *   - named in `allow`;
 *   - that the parent did not start with, by name and value, unless they look like a credential (secret.h): the names of
 *     these go to withheld;
 * then those of .env. Of a name that is there twice the first counts, as for getenv(3).
 *
 * Never let in: HOME, VIRTUAL_ENV, TMPDIR and PWD, which the caller sets, and what steers venvbox itself (env_steers()).
 * What the dynamic loader obeys (LD_*) passes like any variable: the seal comes before it (spec C2). So do the names of
 * sockets (SSH_AUTH_SOCK, DBUS_SESSION_BUS_ADDRESS, DISPLAY): what they name is not in the box.
 *
 * A parent whose environment holds anything but NAME=value has written over it (setproctitle): as good as unreadable.
 */
int env_build(const struct env_input *in, struct strv *env, struct strv *withheld) must_check;

/*
 * Adds to left_out the names of `own` that are neither in env nor withheld: those that the parent started with. What comes of the box itself (HOME ...)
 * and what steers us are no loss and not among them.
 */
int env_left_out(const struct strv *own, const struct strv *env, const struct strv *withheld, struct strv *left_out) must_check;

/* A variable, by the len bytes of its name, that steers venvbox: BWRAP_ARGS, VERBOSE, SANDBOX_*, VENVBOX_*. */
bool env_steers(const char *name, size_t len);

/* Splits the text of /proc/PID/environ (NUL-separated). */
int env_split(const char *text, size_t len, struct strv *env) must_check;

#endif
