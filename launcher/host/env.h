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
	const struct strv *allow;    /* names the policy lets in whatever they look like (--env) */
	const struct strv *dotenv;   /* "NAME=value" of .env, or NULL; wins over what is inherited */
	bool pip_run;                /* lets in PIP_*, and SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, NETRC stays out */
};

/*
 * env: the variables let in, in the order of `own`, then those of .env. HOME, VIRTUAL_ENV,
 * TMPDIR, PWD and what steers venvbox itself (BWRAP_ARGS, SANDBOX_*, VERBOSE, VENVBOX_*) are never let in; the caller sets
 * the first four. What the dynamic loader obeys (LD_*, GLIBC_TUNABLES, MALLOC_*?) passes like any variable: the seal comes before it (C2).
 * withheld: names only, of what would have passed as "the parent did not start with it" but looks like a credential.
 */
int env_build(const struct env_input *in, struct strv *env, struct strv *withheld) must_check;

/* By name (TOKEN, SECRET, PASSWORD, API_KEY, CREDENTIAL, AUTH ...) or by the shape of the value (well-known key prefixes, URL with a password, PEM). */
bool env_looks_secret(const char *name, const char *value);

/* Splits the text of /proc/PID/environ (NUL-separated). */
int env_split(const char *text, size_t len, struct strv *env) must_check;

#endif
