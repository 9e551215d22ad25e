/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job.h - what an installation knows, in the order in which it learns it.
 */
#ifndef VB_JOB_H
#define VB_JOB_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/hardlink.h"
#include "common/manifest.h"
#include "install/account.h"
#include "install/args.h"
#include "install/interpreter.h"
#include "install/venv.h"
#include "stubs/publish.h"

struct job_install {
	const struct args *args;
	const char *libexec;
	struct venv venv;
	int state_fd;         /* of a venv that is boxed already, else -1 */
	int pip_lock;
	struct account account;
	struct conf conf;
	bool write_conf;      /* the policy file must be written */
	char *project;
	bool project_from_file;
	struct strv writable; /* clean, real: what boxes of the venv may write */
	struct interpreter interpreter;
	bool scan_cut;
	struct buf filter;
	struct manifest manifest;
	char *project_before; /* that it was boxed with last, at this place; NULL: it was not, or nobody knows */
	char *banner_before;  /* of the Python that the venv was boxed with last; NULL: it was not, or nobody knows */
	char *launcher;
	struct publish_report published;
	struct hardlinks links;
	struct strv shared;   /* protected files of the project that have another name */
	struct strv adopted;  /* commands that were put into bin on the host since, and are boxed now */
};

void job_release(struct job_install *j);
#define cleanup_job cleanup(job_release)

/* Finds out everything; changes nothing but what an interrupted installer left. */
int job_learn(struct job_install *j, struct failure *f) must_check;

/* What is protected, and what to type next. */
int job_summary(const struct job_install *j, struct buf *out) must_check;

#endif
