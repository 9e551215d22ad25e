/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attacks on what the host keeps: keys, what it executes or obeys, knobs of the kernel, the environment. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canary/attacks.h"

static int read_text(int fd, char *text)
{
	ssize_t len;

	if (fd < 0)
		return errno;
	len = read(fd, text, ATTACK_TEXT - 1);
	if (len < 0)
		return errno;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int attack_read_key(char *const argv[], char *text)
{
	return read_text(open(argv[CANARY_ARG_KEY], O_RDONLY), text);
}

int attack_read_link(char *const argv[], char *text)
{
	return read_text(open(argv[CANARY_ARG_LINK], O_RDONLY), text);
}

int attack_read_dir(char *const argv[], char *text)
{
	(void) argv;
	return read_text(openat(CANARY_HOME_FD, CANARY_KEY, O_RDONLY), text);
}

/* --- what is to be read-only ------------------------------------------------------------- */

/*
 * A new name beside it, new times, or an open for writing: whoever can do one of them can change it. Nothing is
 * written, so that a user's own venv is not damaged if it can.
 */
static int change(const char *path)
{
	char plant[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int err;

	if (slash == NULL)
		return ENOENT;
	(void) snprintf(plant, sizeof(plant), "%.*s/" CANARY_PLANT, (int) (slash - path), path);
	if (open(plant, O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0)
		return 0;
	err = errno;
	if (utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK) >= 0)
		return 0;
	return err;
}

static int change_below(const char *dir, const char *name)
{
	char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), "%s/%s", dir, name);
	return change(path);
}

int attack_write_launcher(char *const argv[], char *text)
{
	(void) text;
	return change_below(argv[CANARY_ARG_VENV], "bin/python");
}

int attack_write_activate(char *const argv[], char *text)
{
	(void) text;
	return change_below(argv[CANARY_ARG_VENV], "bin/activate");
}

int attack_write_cfg(char *const argv[], char *text)
{
	(void) text;
	return change_below(argv[CANARY_ARG_VENV], "pyvenv.cfg");
}

int attack_write_state(char *const argv[], char *text)
{
	static const char *const names[] = { "venvbox/manifest", "venvbox/venvbox.conf", "venvbox/filter.bpf" };
	int err = 0;

	(void) text;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		err = change_below(argv[CANARY_ARG_VENV], names[i]);
		if (err == 0)
			break;
	}
	return err;
}

int attack_write_git(char *const argv[], char *text)
{
	(void) text;
	return change(argv[CANARY_ARG_GIT]);
}

/* The place may be taken by a mask, which a box can make, fill, move or remove as little. */
int attack_make_git(char *const argv[], char *text)
{
	char git[PATH_MAX - 16], path[PATH_MAX];

	(void) text;
	(void) snprintf(git, sizeof(git), "%s/.git", argv[CANARY_ARG_PROJECT]);
	(void) snprintf(path, sizeof(path), "%s/config", git);
	if (mkdir(git, 0755) < 0 && errno != EEXIST)
		return errno;
	if (open(path, O_WRONLY | O_CREAT | O_EXCL, 0644) >= 0)
		return 0;
	/* EBUSY: it is a mount point. */
	return rmdir(git) == 0 ? 0 : errno;
}

/* --- what was handed in ------------------------------------------------------------------- */

int attack_write_stdin(char *const argv[], char *text)
{
	int fd = open("/proc/self/fd/0", O_WRONLY | O_APPEND);

	(void) argv;
	(void) text;
	return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : errno;
}

int attack_env_token(char *const argv[], char *text)
{
	const char *value = getenv(CANARY_ENV);

	(void) argv;
	if (value == NULL)
		return ENOENT;
	(void) snprintf(text, ATTACK_TEXT, "%s", value);
	return 0;
}

/* --- more rights ---------------------------------------------------------------------------- */

int attack_setuid_file(char *const argv[], char *text)
{
	char path[PATH_MAX];
	int fd;

	(void) text;
	(void) snprintf(path, sizeof(path), "%s/" CANARY_SETUID, argv[CANARY_ARG_DIR]);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	return fd >= 0 && chmod(path, 04755) == 0 ? 0 : errno;
}

int attack_write_sysctl(char *const argv[], char *text)
{
	(void) argv;
	(void) text;
	return open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ? 0 : errno;
}
