/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/hostcheck.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "common/fd.h"
#include "common/names.h"
#include "common/runprog.h"

#define INSTALL_BWRAP "install the package bubblewrap: apt-get install bubblewrap, dnf install bubblewrap, " \
	"pacman -S bubblewrap or zypper install bubblewrap"

int hostcheck_bwrap(const char *path, struct failure *f)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, INSTALL_BWRAP, "cannot find bubblewrap at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return fail_msg(f, ENOEXEC, INSTALL_BWRAP, "'%s' is not a program", path);
	/* A setuid bwrap is another program: it keeps rights we do not expect (CVE-2026-41163, CVE-2020-5291). */
	if ((st.st_mode & (S_ISUID | S_ISGID)) != 0) {
		(void) fail_msg(f, EPERM, NULL, "'%s' is setuid; venvbox uses bubblewrap without privileges only", path);
		fail_hint(f, "as root: chmod u-s,g-s '%s'; user namespaces must then be open to ordinary users", path);
		return -EPERM;
	}
	/* The same thing by another name: capabilities(7), file capabilities. */
	if (getxattr(path, "security.capability", NULL, 0) > 0) {
		(void) fail_msg(f, EPERM, NULL, "'%s' has file capabilities; venvbox uses bubblewrap without privileges only", path);
		fail_hint(f, "as root: setcap -r '%s'", path);
		return -EPERM;
	}
	if ((st.st_mode & S_IWOTH) != 0)
		return fail_msg(f, EPERM, "install the package bubblewrap again", "everybody may change '%s'", path);
	/* Whether we may is for execve(2) to say. */
	if ((st.st_mode & 0111) == 0)
		return fail_errno(f, EACCES, INSTALL_BWRAP, "cannot execute '%s'", path);
	return 0;
}

static int no_seccomp(struct failure *f)
{
	return fail_msg(f, ENOSYS, "use a kernel with CONFIG_SECCOMP_FILTER=y; in a virtual environment such as gVisor or WSL 1, run venvbox elsewhere",
			"this kernel has no seccomp filters");
}

int hostcheck_seccomp(struct failure *f)
{
	static const uint32_t actions[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW };

	/* prctl(2), PR_SET_SECCOMP: with a NULL filter EFAULT means that filters are there, and nothing has changed. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) == 0 || errno != EFAULT)
		return no_seccomp(f);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]) < 0)
			return fail_errno(f, errno, "venvbox needs Linux 4.14 or later", "this kernel's seccomp lacks an action that the filter uses");
	return 0;
}

/* --- a box like a real one ---------------------------------------------------- */

enum probe_fd {
	PROBE_ARGS, /* --args: the options */
	PROBE_SELF, /* bwrap, the one program that is sure to be there */
	PROBE_DIR,
	PROBE_DATA,
	PROBE_FILE,
	PROBE_FDS,
};

/* What layout.c and bwrap.c of the launcher use, all of it once. */
static int probe_options(const int fds[PROBE_FDS], struct buf *out)
{
	char number[PROBE_FDS][16];
	const char *const words[] = {
		"--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--disable-userns",
		"--die-with-parent", "--as-pid-1", "--cap-drop", "ALL", "--cap-add", "CAP_SETPCAP",
		"--ro-bind-try", "/usr", "/usr", "--ro-bind-try", "/lib", "/lib", "--ro-bind-try", "/lib64", "/lib64",
		"--ro-bind-try", "/nix/store", "/nix/store", "--ro-bind-try", "/gnu/store", "/gnu/store",
		"--proc", "/proc", "--dev", "/dev", "--perms", "0700", "--tmpfs", "/tmp", "--symlink", "/tmp", "/var/tmp",
		"--dir", "/tmp/dir", "--bind-fd", number[PROBE_DIR], "/tmp/dir",
		"--file", number[PROBE_FILE], "/tmp/file", "--ro-bind-data", number[PROBE_DATA], "/tmp/data",
		"--ro-bind-fd", number[PROBE_SELF], "/tmp/bwrap", "--remount-ro", "/",
	};

	for (int i = 0; i < PROBE_FDS; i++)
		(void) snprintf(number[i], sizeof(number[i]), "%d", fds[i]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		buf_add(out, words[i], strlen(words[i]) + 1);
	return out->failed ? -ENOMEM : 0;
}

static int run_probe(const char *bwrap, const int fds[PROBE_FDS], struct failure *f)
{
	char args[16];
	char *argv[] = { (char *) bwrap, (char *) "--args", args, (char *) "--", (char *) "/tmp/bwrap", (char *) "--version", NULL };
	const struct runprog what = {
		.path = bwrap, .argv = argv, .fds = fds, .n_fds = PROBE_FDS, .limit_ms = 20000, .limit_bytes = 65536,
	};
	cleanup_buf struct buf out = { 0 };
	cleanup_buf struct buf err = { 0 };
	int status, r;

	(void) snprintf(args, sizeof(args), "%d", fds[PROBE_ARGS]);
	r = runprog(&what, &out, &err, &status);
	if (r < 0)
		return fail_errno(f, -r, INSTALL_BWRAP, "cannot run '%s'", bwrap);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && out.len > 0)
		return 0;
	return hostcheck_explain(err.data != NULL ? err.data : "", status, "/proc", f);
}

int hostcheck_owner(const struct stat *st, const char *what, const char *path, struct failure *f)
{
	if ((st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & S_IWOTH) == 0)
		return 0;
	return fail_msg(f, EPERM, "use a Python that belongs to you or to root", "others may change %s '%s'", what, path);
}

int hostcheck_probe(const char *bwrap, struct failure *f)
{
	cleanup_buf struct buf options = { 0 };
	cleanup_fd int self = open(bwrap, O_PATH | O_CLOEXEC);
	cleanup_fd int dir = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int data = fd_memfd("venvbox-probe", "x", 1);
	cleanup_fd int file = fd_memfd("venvbox-probe", "x", 1);
	cleanup_fd int args = -1;
	int r;

	if (self < 0 || dir < 0)
		return fail_msg(f, ENOENT, INSTALL_BWRAP, "cannot open '%s'", self < 0 ? bwrap : "/usr");
	r = data < 0 ? data : file < 0 ? file : 0;
	/* Its own number is in no option: any will do. */
	if (r == 0)
		r = probe_options((const int[]) { -1, self, dir, data, file }, &options);
	if (r == 0)
		r = args = fd_memfd("venvbox-probe", options.data, options.len);
	return r < 0 ? fail_errno(f, -r, "its parts are kept in memory: see free(1)", "cannot prepare a trial box")
		     : run_probe(bwrap, (const int[]) { args, self, dir, data, file }, f);
}
