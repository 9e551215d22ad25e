/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stubs/command.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/escape.h"
#include "common/path.h"
#include "stubs/publish.h"

static const char *const system_dirs[] = {
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", NULL,
};

/* Read by the host's shell: the venv's own, and virtualenvwrapper's hooks. */
static const char *const sourced[] = {
	"activate", "activate[._]*", "Activate.ps1", "deactivate", "preactivate", "postactivate", "predeactivate", "postdeactivate",
};

#define KEYS        "it is given keys"
#define ASKS        "it asks for the password"
#define ADMINISTERS "it administers the system"
#define EVALUATED   "shells on the host run what it prints"

/* Held back also where the system has no such command. Short on purpose: a row needs a way to do harm from inside the box. */
static const struct reserved {
	const char *pattern;
	const char *why;
} reserved[] = {
	/* git(1): subcommands, remote and credential helpers are found on PATH, by what a repository's URL or config says. */
	{ "git", "git on the host" },
	{ "git-*", "git on the host runs it by itself, with credentials" },
	/* docker-credential-helpers: registry passwords on standard input. */
	{ "docker-credential-*", "docker on the host hands it passwords" },
	{ "pinentry*", "gpg-agent hands it passphrases" },
	{ "*ssh-askpass", "ssh on the host hands it passphrases" },
	{ "ssh", "programs on the host reach servers through it" },
	{ "ssh-*", KEYS },
	{ "gpg", KEYS },
	{ "gpg2", KEYS },
	{ "gpg-*", KEYS },
	{ "sudo*", ASKS },
	{ "su", ASKS },
	{ "doas", ASKS },
	{ "run0", ASKS },
	{ "pkexec", ASKS },
	{ "passwd", ASKS },
	/* On many systems a Python script, which the exemption below would let through. */
	{ "dnf", ADMINISTERS },
	{ "dnf[0-9]", ADMINISTERS },
	{ "yum", ADMINISTERS },
	{ "ufw", ADMINISTERS },
	{ "firewall-*", ADMINISTERS },
	{ "apt", ADMINISTERS },
	{ "apt-*", ADMINISTERS },
	{ "add-apt-repository", ADMINISTERS },
	/* eval "$(...)" in .bashrc and in prompt hooks: what they print is run on the host. Often kept in ~/.local, not in /usr. */
	{ "pyenv*", EVALUATED },
	{ "rbenv", EVALUATED },
	{ "nodenv", EVALUATED },
	{ "goenv", EVALUATED },
	{ "jenv", EVALUATED },
	{ "plenv", EVALUATED },
	{ "direnv", EVALUATED },
	{ "starship", EVALUATED },
	{ "oh-my-posh", EVALUATED },
	{ "mise", EVALUATED },
	{ "asdf", EVALUATED },
	{ "conda", EVALUATED },
	{ "mamba", EVALUATED },
	{ "micromamba", EVALUATED },
	{ "fnm", EVALUATED },
	{ "brew", EVALUATED },
	{ "zoxide", EVALUATED },
	{ "atuin", EVALUATED },
	{ "mcfly", EVALUATED },
	{ "fzf", "shells on the host hand it their history and run what it prints" },
	{ "thefuck", EVALUATED },
	{ "keychain", EVALUATED },
	{ "dircolors", EVALUATED },
	{ "lesspipe*", EVALUATED },
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

static bool is_interpreter(const char *name)
{
	static const char stem[] = "python";

	if (strncmp(name, stem, sizeof(stem) - 1) != 0)
		return false;
	name += sizeof(stem) - 1;
	name += strspn(name, "0123456789.");
	name += strspn(name, "dmtu"); /* debug, pymalloc, free-threaded, wide: PEP 3149, PEP 703 */
	return *name == '\0';
}

bool command_is_installers(const char *name)
{
	for (size_t i = 0; i < N(sourced); i++)
		if (fnmatch(sourced[i], name, 0) == 0)
			return true;
	return is_interpreter(name) || strcmp(name, "shell") == 0;
}

/* Nothing that a terminal obeys: such a name is no command anybody types. */
static bool is_printable(const char *name)
{
	while (*name != '\0') {
		size_t len = escape_printable(name);

		if (len == 0)
			return false;
		name += len;
	}
	return true;
}

/* What packaging asks of script names (entry points specification), and "+". Not an option, not hidden, no glob, no quote. */
static bool is_plain(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+";

	return *name != '-' && *name != '.' && name[strspn(name, plain)] == '\0';
}

/* A file of the system's, so its content may be read. */
static bool is_python_script(int dirfd, const char *name)
{
	char line[128];
	struct stat st;
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	n = read(fd, line, sizeof(line) - 1);
	if (n < 2 || memcmp(line, "#!", 2) != 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return strstr(line, "python") != NULL;
}

/* The directory in which name shadows something that is not a Python script; NULL: none. An unreadable one counts. */
static const char *shadowed_in(const char *name, const char *const *dirs)
{
	for (; *dirs != NULL; dirs++) {
		cleanup_fd int fd = open(*dirs, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct stat st;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd >= 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			continue;
		if (fd < 0 || !is_python_script(fd, name))
			return *dirs;
	}
	return NULL;
}

const char *publish_refusal(const char *name, const struct publish_input *in, char *buf, size_t len, bool *can_be_allowed)
{
	const char *dir;

	*can_be_allowed = false;
	if (!path_is_name(name) || !is_printable(name))
		return "not a name for a command, and never published";
	if (command_is_installers(name))
		return "a name that belongs to the venv itself, and never published";
	if (strv_contains(in->recorded, name) || strv_contains(in->allowed, name))
		return NULL;
	*can_be_allowed = true;
	if (!is_plain(name))
		return "not a plain name for a command";
	for (size_t i = 0; i < N(reserved); i++)
		if (fnmatch(reserved[i].pattern, name, 0) == 0)
			return reserved[i].why;
	dir = shadowed_in(name, in->command_dirs != NULL ? in->command_dirs : system_dirs);
	if (dir == NULL)
		return NULL;
	(void) snprintf(buf, len, "shadows %s/%s", dir, name);
	return buf;
}
