/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bins.h - the two bin directories of a boxed venv (design.md, law 1): what the
 * host sees, and what the box sees at the same path.
 */
#ifndef VB_BINS_H
#define VB_BINS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/strv.h"

/* A name that is being made, beside the one that it will have. */
#define BINS_TEMPORARY ".venvbox-new"

/* python, python3, python3.11: all lead to the interpreter. */
bool bins_is_interpreter(const char *name);

/* Names in a directory, sorted. */
int bins_names(int dir_fd, struct strv *names) must_check;

/*
 * Copies dir/name to to/as: a file with its permission bits (never set-user-ID), a link as a
 * link, a directory with what is in it. Follows nothing, replaces nothing (-EEXIST). Other kinds are left out: 0, nothing made.
 */
int bins_copy(int dir, const char *name, int to, const char *as) must_check;

/* Fills inner with what the box is to see of orig: python is an empty file, the place where the interpreter is mounted. */
int bins_fill_inner(int orig, int inner, const char *version) must_check;

/* Makes python, python3, python3.X in inner what they were, whatever pip left there. */
int bins_fix_inner(int inner, const char *version) must_check;

/*
 * Makes host what the host is to see of orig: a link to launcher for each command, the interpreters and `shell`; copies of
 * what is no command (activate). Made again where it is not so. What is there but not in orig is left alone.
 */
int bins_fill_host(int orig, int host, const char *launcher, const char *version) must_check;

/* What dir/name is to the host. */
enum bin_kind {
	BIN_INTERPRETER,
	BIN_COMMAND, /* can be executed, or leads to something that can */
	BIN_FILE,    /* a plain file that is no command: activate */
	BIN_OTHER,   /* a directory, a link to nothing: the host does not see it */
	BIN_UNKNOWN, /* the kernel does not say: errno */
};
enum bin_kind bins_kind(int dir, const char *name);

/* Do both files hold the same bytes, plain files both? */
bool bins_same_file(int a_dir, int b_dir, const char *name);

/* Makes dir/name a link with this text, in one step, in the place of a file or link. */
int bins_put_link(int dir, const char *name, const char *text) must_check;

#endif
