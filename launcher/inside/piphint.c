/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/piphint.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/cleanup.h"
#include "common/failure.h"
#include "common/path.h"

/* In /tmp, which every box has of its own: what is created there once is said once per box. */
#define SAID "/tmp/.venvbox-pip-hint"

/*
 * The word that CPython runs, and whether as a module: 'm', 's' (script), 0 (neither). Options of one letter may stand
 * together ("-Im"), the rest of the word or the next one is the argument of -c, -m, -W, -X.
 */
static char find_target(int argc, char *const argv[], int *index, const char **target)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		const char *option = word[0] == '-' && word[1] != '\0' ? strpbrk(word + 1, "cmWX") : NULL;

		if (strncmp(word, "--", 2) == 0) {
			i += strcmp(word, "--check-hash-based-pycs") == 0;
			continue;
		}
		if (word[0] != '-') {
			*index = i;
			*target = word;
			return 's';
		}
		if (word[1] == '\0' || (option != NULL && *option == 'c'))
			return 0;
		if (option == NULL)
			continue;
		*target = option[1] != '\0' ? option + 1 : ++i < argc ? argv[i] : "";
		*index = i;
		if (*option == 'm')
			return 'm';
	}
	return 0;
}

static bool is_pip_script(const char *script, const char *venv)
{
	cleanup_free char *bin = path_join(venv, "bin");
	const char *name = bin == NULL ? NULL : path_below(script, bin);

	return name != NULL && strncmp(name, "pip", 3) == 0 && name[3 + strspn(name + 3, "0123456789.")] == '\0';
}

bool piphint_is_change(int argc, char *const argv[], const char *venv)
{
	const char *target = NULL;
	int index = argc;
	char kind = find_target(argc, argv, &index, &target);

	if (kind == 0 || !(kind == 'm' ? strcmp(target, "pip") == 0 : is_pip_script(target, venv)))
		return false;
	for (int i = index + 1; i < argc; i++)
		if (strcmp(argv[i], "install") == 0 || strcmp(argv[i], "uninstall") == 0)
			return true;
	return false;
}

static bool is_read_only(const char *venv)
{
	struct statvfs vfs;

	return statvfs(venv, &vfs) == 0 && (vfs.f_flag & ST_RDONLY) != 0;
}

static bool is_first_time(void)
{
	cleanup_fd int fd = open(SAID, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd >= 0;
}

void piphint_say(int argc, char *const argv[], const char *venv)
{
	cleanup(failure_release) struct failure f = { 0 };

	if (!piphint_is_change(argc, argv, venv) || !is_read_only(venv) || !is_first_time())
		return;
	(void) fail_msg(&f, EROFS, NULL, "this box cannot change the venv");
	fail_hint(&f, "run 'pip install ...' from a shell outside, as %s/bin/pip", venv);
	(void) failure_print(&f, -EROFS);
}
