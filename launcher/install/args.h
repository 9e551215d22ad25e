/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * args.h - the command line of venvbox-install. Its settings are those of
 * common/conf.h; a word after the venv that is no option of ours is one of bubblewrap's (spec S6).
 */
#ifndef VB_ARGS_H
#define VB_ARGS_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/failure.h"
#include "common/strv.h"

enum action {
	ACTION_INSTALL,
	ACTION_STATUS,
	ACTION_DOCTOR,
	ACTION_LEARN,
	ACTION_REMOVE,
	ACTION_EXPLAIN,
	ACTION_PRINT_PLAN,
	ACTION_HELP,
	ACTION_VERSION,
};

struct args {
	enum action action;
	char *venv;           /* as it was written; if it was not ".venv", for ACTION_DOCTOR NULL */
	char *path;           /* for ACTION_EXPLAIN, as it was written; NULL: the whole policy */
	bool json;            /* for ACTION_DOCTOR */
	bool yes;             /* for ACTION_LEARN */
	struct strv command;  /* the same: not empty */
	struct strv settings; /* pairs: key, value */
	struct strv bwrap;    /* bubblewrap options with their arguments, checked */
};

void args_release(struct args *a);
#define cleanup_args cleanup(args_release)

/* -EINVAL with words in f. Reads no file. */
int args_parse(int argc, char *const argv[], struct args *a, struct failure *f) must_check;

/* Applies the settings of the command line to the policy. Relative paths are taken below cwd. */
int args_apply(const struct args *a, const char *cwd, struct conf *c, struct failure *f) must_check;

/* Appends what --help prints. */
int args_help(struct buf *out) must_check;

#endif
