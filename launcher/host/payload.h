/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * payload.h - what runs in the box: program, arguments, environment.
 */
#ifndef VB_PAYLOAD_H
#define VB_PAYLOAD_H

#include "common/failure.h"
#include "common/strv.h"
#include "host/policy.h"
#include "host/session.h"

struct payload {
	char *program;          /* path inside, absolute or from the working directory */
	struct strv argv;
	struct strv env;
	struct strv withheld;   /* names of variables that look like credentials */
	struct strv left_out;   /* names of others of ours that it does not have, for people: env_left_out(), by the caller */
	struct strv warnings;   /* about .env, for people */
};

void payload_release(struct payload *p);
#define cleanup_payload cleanup(payload_release)

/* own: our environment. cwd: where the payload starts. */
int payload_make(const struct session *s, const struct job *job, const struct policy *policy, int argc, char *const argv[],
		 const struct strv *own, const char *cwd, struct payload *p, struct failure *f) must_check;

#endif
