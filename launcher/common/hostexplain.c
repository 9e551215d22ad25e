/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why this host refused a box, and what its owner can do: bubblewrap's words and what /proc says. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/hostcheck.h"
#include "common/names.h"
#include "common/path.h"

static const char refused[] = "this host refuses user namespaces";

/* First number in the file; -1: not there. */
static long number_in(const char *proc_root, const char *file)
{
	cleanup_free char *path = path_join(proc_root, file);
	cleanup_buf struct buf text = { 0 };

	if (path == NULL || fd_read_file(AT_FDCWD, path, 4096, &text) < 0 || text.len == 0)
		return -1;
	return strtol(text.data, NULL, 10);
}

/* A container's runtime confines us by a filter, or maps only some users. */
static bool in_container(const char *proc_root)
{
	cleanup_free char *status_path = path_join(proc_root, "self/status");
	cleanup_free char *map_path = path_join(proc_root, "self/uid_map");
	cleanup_buf struct buf status = { 0 };
	cleanup_buf struct buf map = { 0 };
	unsigned long inner, outer, count;

	if (status_path == NULL || map_path == NULL)
		return false;
	if (fd_read_file(AT_FDCWD, status_path, 65536, &status) == 0 && status.len > 0 && strstr(status.data, "\nSeccomp:\t2") != NULL)
		return true;
	/* The initial namespace is one line over all ids: user_namespaces(7). */
	return fd_read_file(AT_FDCWD, map_path, 65536, &map) == 0 && map.len > 0 &&
	       sscanf(map.data, "%lu %lu %lu", &inner, &outer, &count) == 3 && count != 4294967295UL;
}

/* The service of systemd that we are, by the name of its cgroup; NULL: none, or one cannot tell. */
static char *unit_of(const char *proc_root)
{
	static const char suffix[] = ".service";
	cleanup_free char *path = path_join(proc_root, "self/cgroup");
	cleanup_buf struct buf text = { 0 };

	if (path == NULL || fd_read_file(AT_FDCWD, path, 65536, &text) < 0 || text.len == 0)
		return NULL;
	for (char *line = text.data, *rest; (line = strtok_r(line, "\n", &rest)) != NULL; line = NULL) {
		const char *name = strrchr(line, '/');

		if (name != NULL && strlen(name) > sizeof(suffix) && strcmp(name + strlen(name) - strlen(suffix), suffix) == 0)
			return strdup(name + 1);
	}
	return NULL;
}

static int explain_unit(struct failure *f, const char *what, const char *unit)
{
	(void) fail_msg(f, EPERM, NULL, "%s: the systemd unit '%s' forbids it", what, unit);
	fail_hint(f, "remove RestrictNamespaces=, ProtectKernelTunables= and ProcSubset= from it, and let its SystemCallFilter= have "
		  "@mount seccomp landlock_create_ruleset landlock_restrict_self: systemctl edit --full %s", unit);
	return -EPERM;
}

/* A service with a filter of its unit looks as a container does. */
static int explain_container(struct failure *f, const char *what, const char *proc_root)
{
	cleanup_free char *unit = unit_of(proc_root);

	if (unit != NULL)
		return explain_unit(f, what, unit);
	return fail_msg(f, EPERM, "start the container with: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
			"--security-opt systempaths=unconfined (podman: --security-opt seccomp=unconfined --security-opt unmask=ALL), "
			"or run venvbox outside the container", "%s: a container without the right", what);
}

/* The order is that in which the kernel asks. */
static int explain_namespaces(const char *words, const char *proc_root, struct failure *f)
{
	if (number_in(proc_root, "sys/kernel/unprivileged_userns_clone") == 0)
		return fail_msg(f, EPERM, "as root: sysctl -w kernel.unprivileged_userns_clone=1; to keep it: "
				"echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-userns.conf",
				"%s to ordinary users: kernel.unprivileged_userns_clone is 0", refused);
	if (number_in(proc_root, "sys/user/max_user_namespaces") == 0)
		return fail_msg(f, EPERM, "as root: sysctl -w user.max_user_namespaces=15000; to keep it: "
				"echo user.max_user_namespaces=15000 > /etc/sysctl.d/60-userns.conf",
				"%s: user.max_user_namespaces is 0", refused);
	if (number_in(proc_root, "sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		return fail_msg(f, EPERM, "install a profile for bubblewrap, as root: printf 'abi <abi/4.0>,\\nprofile bwrap " VB_BWRAP
				" flags=(unconfined) {\\n  userns,\\n}\\n' > /etc/apparmor.d/bwrap-userns && apparmor_parser -r "
				"/etc/apparmor.d/bwrap-userns; or for every program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
				"%s: AppArmor lets only programs with a profile make them (kernel.apparmor_restrict_unprivileged_userns)", refused);
	if (in_container(proc_root))
		return explain_container(f, refused, proc_root);
	if (strstr(words, "ENOSPC") != NULL)
		return fail_msg(f, ENOSPC, "raise user.max_user_namespaces and its like below /proc/sys/user, or nest less deeply",
				"%s: too many of them, or too deeply nested", refused);
	return fail_msg(f, EPERM, "the kernel needs CONFIG_USER_NS=y, and no security module may refuse it; see what bubblewrap says: "
			VB_BWRAP " --unshare-user --ro-bind / / true", "%s", refused);
}

static int explain_option(const char *words, const char *proc_root, struct failure *f)
{
	(void) proc_root;
	(void) words;
	return fail_msg(f, ENOSYS, "install the package bubblewrap of Debian 12, Ubuntu 24.04, Fedora 41 or later, or bubblewrap 0.10 or "
			"later: apt-get install bubblewrap; configure --with-bwrap=PATH names another one",
			VB_BWRAP " is too old: it does not know an option that venvbox needs");
}

static int explain_proc(const char *words, const char *proc_root, struct failure *f)
{
	static const char what[] = "/proc cannot be mounted in a box";

	(void) words;
	if (in_container(proc_root))
		return explain_container(f, what, proc_root);
	return fail_msg(f, EPERM, "something is mounted over parts of the host's /proc, or it is mounted with hidepid: see "
			"grep ' /proc' /proc/self/mountinfo; in a container start it with --security-opt systempaths=unconfined "
			"(podman: --security-opt unmask=ALL)", "%s", what);
}

static int explain_subset(const char *words, const char *proc_root, struct failure *f)
{
	static const char what[] = "/proc shows processes alone";
	cleanup_free char *unit = unit_of(proc_root);

	(void) words;
	if (unit != NULL)
		return explain_unit(f, what, unit);
	return fail_msg(f, EPERM, "mount it without subset=pid: see grep ' /proc' /proc/self/mountinfo", "%s", what);
}

static int explain_mount(const char *words, const char *proc_root, struct failure *f)
{
	(void) words;
	if (in_container(proc_root))
		return explain_container(f, "mounts are refused", proc_root);
	return fail_msg(f, EPERM, "a security module (see dmesg) or a container confines this user; see what bubblewrap says: " VB_BWRAP
			" --unshare-user --ro-bind / / true", "mounts are refused in a new namespace");
}

static int explain_gone(const char *words, const char *proc_root, struct failure *f)
{
	(void) words;
	(void) proc_root;
	return fail_msg(f, ENOENT, "if it was moved or removed, run venvbox-install on this venv again", "something that the box shows is gone");
}

static int explain_space(const char *words, const char *proc_root, struct failure *f)
{
	(void) words;
	(void) proc_root;
	return fail_msg(f, ENOSPC, "the box keeps its root in memory: see free(1) and df(1)", "no space is left for the box");
}

static int explain_pid_max(const char *words, const char *proc_root, struct failure *f)
{
	(void) words;
	(void) proc_root;
	return fail_msg(f, EPERM, "lift the limit, and with it what stops a fork bomb of root's: venvbox-install --processes none",
			"this host does not let a box limit root's processes");
}

/* The first row of which all words are there. */
static const struct {
	const char *part[2];
	int (*explain)(const char *words, const char *proc_root, struct failure *f);
} reasons[] = {
	{ { "Unknown option", "" }, explain_option },
	{ { "/proc/sys/kernel/pid_max", "" }, explain_pid_max }, /* before the general ones: creat(2) or write(2) failed */
	{ { "No permissions to cre", "namespace" }, explain_namespaces }, /* "create"; "creating" in older ones */
	{ { "Creating new namespace failed", "" }, explain_namespaces },
	{ { "setting up uid map", "" }, explain_namespaces }, /* Ubuntu 24.04 lets bwrap make one without rights in it */
	{ { "setting up gid map", "" }, explain_namespaces },
	{ { "unshare user ns", "" }, explain_namespaces }, /* the second one, for --disable-userns */
	{ { "max_user_namespaces", "" }, explain_namespaces },
	{ { "loopback", "Operation not permitted" }, explain_namespaces },
	{ { "Can't mount proc", "" }, explain_proc },
	{ { "Can't read /proc/sys/kernel/overflow", "" }, explain_subset },
	{ { "No space left on device", "" }, explain_space },
	{ { "Can't find source path", "" }, explain_gone },
	{ { "Failed to make / slave", "" }, explain_mount },
	{ { "pivot_root", "" }, explain_mount },
	{ { "Can't mount", "" }, explain_mount },
	{ { "Can't bind mount", "" }, explain_mount },
	{ { "remount", "" }, explain_mount },
};

/* bwrap's own last line without its name, behind our words: what we do not understand must not be lost. */
static void add_quote(const char *words, struct failure *f)
{
	static const char name[] = "bwrap: ";
	const char *line = words, *newline;
	cleanup_free char *quoted = NULL, *what = NULL, *hint = NULL;

	while ((newline = strchr(line, '\n')) != NULL && newline[1] != '\0')
		line = newline + 1;
	if (strncmp(line, name, sizeof(name) - 1) == 0)
		line += sizeof(name) - 1;
	quoted = strndup(line, strcspn(line, "\n"));
	if (f == NULL || f->what == NULL || quoted == NULL || quoted[0] == '\0')
		return;
	what = take_ptr(&f->what);
	hint = take_ptr(&f->hint);
	(void) fail_msg(f, EPERM, hint, "%s (bubblewrap says: %s)", what, quoted);
}

/* bwrap says nothing of the signal that ended its child, but by its status: as a shell. */
static bool is_killed_by(int signal, int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == signal : WEXITSTATUS(status) == 128 + signal;
}

static int explain_other(int status, const char *proc_root, struct failure *f)
{
	static const char hint[] = "see whether a box can be made at all: " VB_BWRAP " --unshare-user --ro-bind / / true";

	if (is_killed_by(SIGSYS, status) && in_container(proc_root))
		return explain_container(f, "a seccomp filter killed what makes the box", proc_root);
	if (WIFSIGNALED(status))
		return fail_msg(f, EPERM, hint, "bubblewrap was ended by signal %d", WTERMSIG(status));
	return fail_msg(f, EPERM, hint, "bubblewrap failed with status %d", WEXITSTATUS(status));
}

/* The words after the name, of the line that begins with it; NULL: there is none. */
static char *line_of(const char *words, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = words, *end;; line = end + 1) {
		if (strncmp(line, name, len) == 0)
			return strndup(line + len, strcspn(line + len, "\n"));
		end = strchr(line, '\n');
		if (end == NULL)
			return NULL;
	}
}

/* 0: bubblewrap did its part. What failed is PID 1, before it had a channel to say so: the words are ours. */
static int explain_init(const char *words, struct failure *f)
{
	cleanup_free char *what = line_of(words, "venvbox: ");
	cleanup_free char *hint = line_of(words, "hint: ");

	return what == NULL ? 0 : fail_msg(f, EPROTO, hint != NULL ? hint : "nothing of the program has run", "the box could not be completed: %s", what);
}

int hostcheck_explain(const char *bwrap_stderr, int bwrap_status, const char *proc_root, struct failure *f)
{
	int r = explain_init(bwrap_stderr, f);

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strstr(bwrap_stderr, reasons[i].part[0]) != NULL && strstr(bwrap_stderr, reasons[i].part[1]) != NULL)
			r = reasons[i].explain(bwrap_stderr, proc_root, f);
	if (r == 0)
		r = explain_other(bwrap_status, proc_root, f);
	add_quote(bwrap_stderr, f);
	return r;
}
