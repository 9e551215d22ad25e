/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pycmd.h - reads a python command line as CPython 3.8 to 3.15 does
 * (Python/initconfig.c, "python --help-all"), only to know what is run. Pure.
 */
#ifndef VB_PYCMD_H
#define VB_PYCMD_H

#include <stdbool.h>

enum pycmd_kind {
	PYCMD_STDIN,  /* no script: REPL or program on standard input, also "-" */
	PYCMD_SCRIPT, /* a file, a directory or a zip: target is its name */
	PYCMD_CODE,   /* -c: target is the code */
	PYCMD_MODULE, /* -m: target is the module */
	PYCMD_INFO,   /* -V, --version, -h, --help*: prints and ends */
};

struct pycmd {
	enum pycmd_kind kind;
	const char *target;  /* points into argv, or NULL */
	int first_arg;       /* index in argv of the first argument of the program; argc if none */
	const char *verbose; /* -X venvbox-verbose was given: "", or what stands after its '='; NULL: it was not */
};

/* argv[0] is the interpreter. Never fails: what CPython would refuse is PYCMD_INFO, CPython says so itself. */
void pycmd_parse(int argc, char *const argv[], struct pycmd *cmd);

#endif
