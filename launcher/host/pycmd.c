/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pycmd.h"

#include <stddef.h>
#include <string.h>

/* Python/getopt.c of CPython: the letters of all versions from 3.8 (-P came with 3.11; -R and -t do nothing). */
#define FLAGS    "bBdEiIOPqRsStuvx"
#define WITH_ARG "cmWX"
#define INFORM   "hV?"

/* The one long option that runs something; the others (--help*, --version) print, and so does one that is not known. */
#define LONG_OPTION "check-hash-based-pycs"

#define VERBOSE "venvbox-verbose"

struct scan {
	int argc;
	char *const *argv;
	int next;         /* the word after the one being read */
	const char *rest; /* what is left of a word of options; "" at its end */
	bool informs;     /* -V was seen: CPython reads on, then prints and ends */
	struct pycmd *cmd;
};

/* The argument of an option: what is left of its word, or the next one. NULL: missing. */
static const char *take_arg(struct scan *s, bool in_word)
{
	const char *arg = s->rest;

	s->rest = "";
	if (in_word && *arg != '\0')
		return arg;
	return s->next < s->argc ? s->argv[s->next++] : NULL;
}

static bool is_hash_check(const char *arg)
{
	return arg != NULL && (strcmp(arg, "always") == 0 || strcmp(arg, "default") == 0 || strcmp(arg, "never") == 0);
}

/* After "--", or after a '-' among letters: `-B-help-all` is read as CPython reads it. False: options end here. */
static bool take_long(struct scan *s, enum pycmd_kind *kind)
{
	bool known = strcmp(s->rest, LONG_OPTION) == 0;

	if (*s->rest == '\0')
		return false;
	if (!known || !is_hash_check(take_arg(s, false)))
		*kind = PYCMD_INFO;
	s->rest = "";
	return true;
}

static void take_verbose(struct pycmd *cmd, const char *arg)
{
	size_t len = strlen(VERBOSE);

	if (strncmp(arg, VERBOSE, len) == 0 && (arg[len] == '\0' || arg[len] == '='))
		cmd->verbose = arg + len + (arg[len] == '=');
}

/* One letter that has an argument. False: nothing after it is an option. */
static bool take_option(struct scan *s, char letter, enum pycmd_kind *kind)
{
	const char *arg = take_arg(s, true);

	if (arg == NULL) {
		*kind = PYCMD_INFO;
		return false;
	}
	if (letter == 'X')
		take_verbose(s->cmd, arg);
	if (letter != 'c' && letter != 'm')
		return true;
	*kind = letter == 'c' ? PYCMD_CODE : PYCMD_MODULE;
	s->cmd->target = arg;
	return false;
}

/* False: the options end before, or with, the word at s->next. */
static bool begin_word(struct scan *s)
{
	const char *word;

	if (s->next >= s->argc)
		return false;
	word = s->argv[s->next];
	if (word[0] != '-' || word[1] == '\0')
		return false;
	s->next++;
	if (strcmp(word, "--") == 0)
		return false;
	s->rest = word + 1;
	return true;
}

/* PYCMD_STDIN: no option says what to run. */
static enum pycmd_kind read_options(struct scan *s)
{
	enum pycmd_kind kind = PYCMD_STDIN;

	while (kind == PYCMD_STDIN) {
		char letter;

		if (*s->rest == '\0' && !begin_word(s))
			break;
		letter = *s->rest++;
		if (letter == '-') {
			if (!take_long(s, &kind))
				break;
		} else if (strchr(WITH_ARG, letter) != NULL) {
			if (!take_option(s, letter, &kind))
				break;
		} else if (strchr(INFORM, letter) != NULL) {
			s->informs = true;
		} else if (strchr(FLAGS, letter) == NULL) {
			kind = PYCMD_INFO;
		}
	}
	return s->informs ? PYCMD_INFO : kind;
}

void pycmd_parse(int argc, char *const argv[], struct pycmd *cmd)
{
	struct scan s = { .argc = argc, .argv = argv, .next = 1, .rest = "", .cmd = cmd };

	memset(cmd, 0, sizeof(*cmd));
	cmd->kind = read_options(&s);
	if (cmd->kind == PYCMD_STDIN && s.next < argc) {
		if (strcmp(argv[s.next], "-") != 0) {
			cmd->kind = PYCMD_SCRIPT;
			cmd->target = argv[s.next];
		}
		s.next++;
	}
	if (cmd->kind == PYCMD_INFO)
		cmd->target = NULL;
	cmd->first_arg = s.next < argc ? s.next : argc;
}
