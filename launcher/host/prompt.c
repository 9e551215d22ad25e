/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/prompt.h"

#include <string.h>

#define WORD "(boxed) "

/* The next word is theirs. */
static bool takes_argument(const char *option)
{
	static const char *const taking[] = { "--rcfile", "--init-file", "-o", "+o", "-O", "+O" };

	for (size_t i = 0; i < sizeof(taking) / sizeof(taking[0]); i++)
		if (strcmp(option, taking[i]) == 0)
			return true;
	return false;
}

bool prompt_is_shown(int argc, char *const argv[], bool terminal)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if ((word[0] != '-' && word[0] != '+') || word[1] == '\0')
			return false;
		if (strcmp(word, "--") == 0)
			return terminal && i + 1 == argc;
		if (word[1] != '-' && strchr(word, 'c') != NULL)
			return false;
		if (word[1] != '-' && strchr(word, 'i') != NULL)
			return true;
		i += takes_argument(word);
	}
	return terminal;
}

static bool runs_commands(const char *prompt)
{
	return strchr(prompt, '`') != NULL || strstr(prompt, "$(") != NULL;
}

int prompt_set(bool is_bash, struct strv *env)
{
	const char *own = strv_getenv(env, "PS1");
	cleanup_strv struct strv value = { 0 };
	int r;

	if (!is_bash)
		return strv_setenv(env, "PS1", WORD "$ ");
	r = strv_addf(&value, WORD "%s", own != NULL && !runs_commands(own) ? own : "\\w\\$ ");
	if (r == 0)
		r = strv_setenv(env, "PS1", value.v[0]);
	/* bash runs it before each prompt, thus after its rc file. */
	return r < 0 ? r : strv_setenv(env, "PROMPT_COMMAND", "case $PS1 in *'(boxed)'*) ;; *) PS1=\"" WORD "$PS1\" ;; esac");
}
