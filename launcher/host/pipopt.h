/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pipopt.h - pip's options, as far as one must know them to find the local files
 * that a command line, an environment, pip.conf or a requirements file names. Pure.
 *
 * Read from pip 22 to 26 (pip/_internal/cli/cmdoptions.py and the commands). Some letters and names mean one
 * thing to one command and another to the next (-f, -e): the reading that names a file is taken, for
 * the most that comes of it is that a file of the same name is shown, read-only.
 */
#ifndef VB_PIPOPT_H
#define VB_PIPOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/strv.h"

enum pipopt_use {
	PIPOPT_FLAG,   /* no argument */
	PIPOPT_OTHER,  /* an argument that is no file to be read: a number, a directory to write */
	PIPOPT_FILE,   /* a path */
	PIPOPT_LINK,   /* a path or a URL */
	PIPOPT_LIST,   /* a requirements or constraints file: a path or a URL */
	PIPOPT_SOURCE, /* a source tree, with extras, or a URL: "./x[extra]", "file:///x" */
	PIPOPT_GROUP,  /* "[path:]group" */
};

struct pipopt {
	const char *name; /* without its dashes */
	char letter;      /* the short form, or 0 */
	enum pipopt_use use;
	bool many;        /* in a variable or in pip.conf: several, separated by white space */
};

/* name: without dashes, len bytes. NULL: unknown. pipopt_find() takes an abbreviation as optparse does. */
const struct pipopt *pipopt_exact(const char *name, size_t len);
const struct pipopt *pipopt_find(const char *name, size_t len);
const struct pipopt *pipopt_letter(char letter);

/* Of one command line or file. Each is a mount, of which bubblewrap takes a few thousand, and each is sought among the others. */
#define PIPOPT_PATHS_MAX 1024

/*
 * Adds the local file that value, the argument of opt, names; a relative one is taken below base. A path that is
 * there already is not added again, nor is one beyond PIPOPT_PATHS_MAX. Nothing if value is a URL of elsewhere, or the option
 * names no file.
 */
int pipopt_add(const struct pipopt *opt, const char *value, const char *base, struct strv *paths) must_check;

/* The same for a word that is no option: "./dist/x.whl[extra]", "x.tar.gz", "name @ file:///x". "requests>=2" is no path. */
int pipopt_add_word(const char *word, const char *base, struct strv *paths) must_check;

#endif
