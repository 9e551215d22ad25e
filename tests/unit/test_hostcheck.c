/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/hostcheck.h"
#include "common/names.h"
#include "common/runprog.h"
#include "scratch.h"

#include <cmocka.h> /* last: its fail_msg() is a macro */

static void make_dirs(const char *root, const char *below)
{
	cleanup_free char *path = path_join(root, below);

	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(path, 0700);
		*slash = '/';
	}
}

static void put(const char *root, const char *name, const char *text, mode_t mode)
{
	cleanup_free char *path = path_join(root, name);
	cleanup_fd int fd = -1;

	make_dirs(root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

/* A /proc of a machine with nothing to complain about. */
static void put_good_proc(const char *root)
{
	put(root, "sys/user/max_user_namespaces", "15000\n", 0600);
	put(root, "self/status", "Name:\tx\nSeccomp:\t0\n", 0600);
	put(root, "self/uid_map", "         0          0 4294967295\n", 0600);
}

static void check_status(int status, const char *proc, const char *words, const char *what, const char *hint)
{
	cleanup(failure_release) struct failure f = { 0 };

	assert_true(hostcheck_explain(words, status, proc, &f) < 0);
	assert_non_null(f.what);
	assert_non_null(f.hint);
	if (strstr(f.what, what) == NULL || strstr(f.hint, hint) == NULL)
		fail_msg("'%s' / '%s' lacks '%s' / '%s'", f.what, f.hint, what, hint);
	assert_null(strchr(f.what, '\n'));
	assert_null(strchr(f.hint, '\n'));
}

static void check(const char *proc, const char *words, const char *what, const char *hint)
{
	check_status(1 << 8, proc, words, what, hint);
}

#define REFUSED "bwrap: No permissions to create new namespace, likely because the kernel does not allow it\n"

static void says_which_switch_is_off(void **state)
{
	char proc[] = SCRATCH;

	(void) state;
	assert_int_equal(scratch_make(proc), 0);
	put_good_proc(proc);
	check(proc, REFUSED, "refuses user namespaces", "CONFIG_USER_NS");
	put(proc, "sys/kernel/unprivileged_userns_clone", "1\n", 0600);
	put(proc, "sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", 0600);
	check(proc, REFUSED, "AppArmor", "/etc/apparmor.d/bwrap-userns");
	check(proc, "bwrap: setting up uid map: Permission denied\n", "AppArmor", "apparmor_parser -r");
	put(proc, "sys/user/max_user_namespaces", "0\n", 0600);
	check(proc, REFUSED, "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces=");
	put(proc, "sys/kernel/unprivileged_userns_clone", "0\n", 0600);
	check(proc, REFUSED, "kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1");
	(void) scratch_remove(proc);
}

static void knows_a_container(void **state)
{
	char proc[] = SCRATCH;

	(void) state;
	assert_int_equal(scratch_make(proc), 0);
	put_good_proc(proc);
	check(proc, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n", "/proc cannot be mounted", "systempaths=unconfined");
	put(proc, "self/status", "Name:\tx\nSeccomp:\t2\n", 0600);
	check(proc, REFUSED, "a container", "seccomp=unconfined");
	check(proc, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n", "/proc cannot be mounted in a box: a container",
	      "docker run");
	put(proc, "self/status", "Name:\tx\nSeccomp:\t0\n", 0600);
	put(proc, "self/uid_map", "0 100000 65536\n", 0600);
	check(proc, "bwrap: Failed to make / slave: Operation not permitted\n", "a container", "docker run");
	(void) scratch_remove(proc);
}

static void knows_a_unit_of_systemd(void **state)
{
	static const char subset[] = "bwrap: Can't read /proc/sys/kernel/overflowuid: No such file or directory\n";
	char proc[] = SCRATCH;

	(void) state;
	assert_int_equal(scratch_make(proc), 0);
	put_good_proc(proc);
	check(proc, subset, "/proc shows processes alone (", "subset=pid");
	put(proc, "self/cgroup", "1:name=systemd:/system.slice/web.service\n0::/system.slice/web.service\n", 0600);
	/* The unit of a terminal confines nobody. */
	check(proc, REFUSED, "refuses user namespaces (", "CONFIG_USER_NS");
	check(proc, subset, "alone: the systemd unit 'web.service' forbids it", "ProcSubset=");
	put(proc, "self/status", "Name:\tx\nSeccomp:\t2\n", 0600);
	check(proc, REFUSED, "user namespaces: the systemd unit 'web.service' forbids it", "RestrictNamespaces=");
	check(proc, "bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system\n", "'web.service'", "ProtectKernelTunables=");
	put(proc, "self/cgroup", "0::/system.slice/docker-1.scope\n", 0600);
	check(proc, REFUSED, "a container", "seccomp=unconfined");
	put(proc, "self/cgroup", "0::/.service\n", 0600);
	check(proc, REFUSED, "a container", "seccomp=unconfined");
	(void) scratch_remove(proc);
}

static void knows_a_filter_that_kills(void **state)
{
	char proc[] = SCRATCH;

	(void) state;
	assert_int_equal(scratch_make(proc), 0);
	put_good_proc(proc);
	check_status((128 + SIGSYS) << 8, proc, "", "status 159", "whether a box");
	put(proc, "self/status", "Name:\tx\nSeccomp:\t2\n", 0600);
	check_status((128 + SIGSYS) << 8, proc, "", "a seccomp filter killed what makes the box: a container", "docker run");
	put(proc, "self/cgroup", "0::/system.slice/web.service\n", 0600);
	check_status((128 + SIGSYS) << 8, proc, "", "a seccomp filter killed what makes the box: the systemd unit 'web.service'", "@mount");
	check_status(SIGSYS, proc, "", "a seccomp filter killed what makes the box", "@mount");
	check_status((128 + SIGKILL) << 8, proc, "", "status 137", "whether a box");
	check_status(SIGKILL, proc, "", "signal 9", "whether a box");
	(void) scratch_remove(proc);
}

static void says_what_else_fails(void **state)
{
	char proc[] = SCRATCH;

	(void) state;
	assert_int_equal(scratch_make(proc), 0);
	put_good_proc(proc);
	check(proc, "bwrap: Unknown option --bind-fd\n", "--bind-fd", "apt-get install bubblewrap");
	check(proc, "bwrap: Can't find source path /x: No such file or directory\n", "/x", "venvbox-install");
	check(proc, "bwrap: Can't write data to file /etc/x: No space left on device\n", "no space", "df(1)");
	check(proc, "bwrap: Can't create file /proc/sys/kernel/pid_max: Permission denied\n", "limit root's processes", "--processes none");
	check(proc, "bwrap: Can't write data to file /proc/sys/kernel/pid_max: Invalid argument\n", "limit root's processes", "--processes none");
	check(proc, "bwrap: something new\n", "status 1 (bubblewrap says: something new)", "whether a box");
	check(proc, "", "status 1", "whether a box");
	(void) scratch_remove(proc);
}

static void refuses_a_privileged_bwrap(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	char dir[] = SCRATCH;
	cleanup_free char *path = NULL;

	(void) state;
	assert_int_equal(scratch_make(dir), 0);
	path = path_join(dir, "bwrap");
	assert_int_equal(hostcheck_bwrap(path, &f), -ENOENT);
	assert_non_null(strstr(f.hint, "apt-get install bubblewrap"));
	put(dir, "bwrap", "#!/bin/sh\n", 0755);
	assert_int_equal(hostcheck_bwrap(path, &f), 0);
	assert_int_equal(chmod(path, 04755), 0);
	assert_int_equal(hostcheck_bwrap(path, &f), -EPERM);
	assert_non_null(strstr(f.what, "setuid"));
	assert_int_equal(chmod(path, 02755), 0);
	assert_int_equal(hostcheck_bwrap(path, &f), -EPERM);
	assert_int_equal(chmod(path, 0757), 0);
	assert_int_equal(hostcheck_bwrap(path, &f), -EPERM);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(hostcheck_bwrap(path, &f), -EACCES);
	assert_int_equal(hostcheck_bwrap(dir, &f), -ENOEXEC);
	(void) scratch_remove(dir);
}

static void probes(void **state)
{
	cleanup(failure_release) struct failure f = { 0 };
	char dir[] = SCRATCH;
	cleanup_free char *path = NULL;

	(void) state;
	assert_int_equal(hostcheck_probe(VB_BWRAP, &f), 0);
	assert_int_equal(hostcheck_seccomp(&f), 0);
	assert_int_equal(scratch_make(dir), 0);
	path = path_join(dir, "bwrap");
	put(dir, "bwrap", "#!/bin/sh\necho 'bwrap: Unknown option --as-pid-1' >&2\nexit 1\n", 0755);
	assert_int_equal(hostcheck_probe(path, &f), -ENOSYS);
	assert_non_null(strstr(f.what, "--as-pid-1"));
	/* Status 0 alone proves nothing: the program in the box must have spoken. */
	put(dir, "bwrap", "#!/bin/sh\nexit 0\n", 0755);
	assert_true(hostcheck_probe(path, &f) < 0);
	(void) scratch_remove(dir);
}

static int ask(const char *script, int limit_ms, size_t limit_bytes, struct buf *out)
{
	char *argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };
	const struct runprog what = { .path = "/bin/sh", .argv = argv, .limit_ms = limit_ms, .limit_bytes = limit_bytes };
	int status, r = runprog(&what, out, out, &status);

	return r < 0 ? r : status;
}

static void runs_a_program_apart(void **state)
{
	cleanup_buf struct buf out = { 0 };
	cleanup_fd int leak = open("/", O_RDONLY); /* inheritable on purpose */
	char *argv[] = { (char *) "nothing", NULL };
	const struct runprog nothing = { .path = "/nonexistent/nothing", .argv = argv, .limit_ms = 5000, .limit_bytes = 10 };
	char script[128];
	int status;

	(void) state;
	assert_true(leak >= 3);
	(void) setenv("VB_TEST_SECRET", "x", 1);
	(void) snprintf(script, sizeof(script), "read line; pwd; echo ${VB_TEST_SECRET-none}; test -e /proc/self/fd/%d || echo closed; exit 3", leak);
	assert_int_equal(ask(script, 20000, 1000, &out), 3 << 8);
	assert_string_equal(out.data, "/\nnone\nclosed\n");
	assert_int_equal(runprog(&nothing, NULL, NULL, &status), -ENOENT);
	assert_int_equal(ask("exec sleep 100", 100, 10, NULL), -ETIME);
	assert_int_equal(ask("exec sleep 100 >&- 2>&-", 100, 10, NULL), -ETIME);
	buf_release(&out);
	assert_int_equal(ask("while :; do echo xxxxxxxx; done", 20000, 1000, &out), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_which_switch_is_off),
		cmocka_unit_test(knows_a_container),
		cmocka_unit_test(knows_a_unit_of_systemd),
		cmocka_unit_test(knows_a_filter_that_kills),
		cmocka_unit_test(says_what_else_fails),
		cmocka_unit_test(refuses_a_privileged_bwrap),
		cmocka_unit_test(probes),
		cmocka_unit_test(runs_a_program_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
