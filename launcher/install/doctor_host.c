/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/doctor_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "canary/canary.h"
#include "common/fd.h"
#include "common/hostcheck.h"
#include "common/names.h"
#include "common/path.h"
#include "common/runprog.h"

#define GROUP "host"

/* As in inside/landlock.c: <linux/landlock.h> of Debian 12 knows ABI 2. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#define ABI_WITH_SCOPES 6

/* One line of a file below proc_root without its newline; "" if there is none. */
static void read_line(const char *proc_root, const char *name, struct buf *line)
{
	cleanup_free char *path = path_join(proc_root, name);

	if (path == NULL || fd_read_file(AT_FDCWD, path, 4096, line) < 0 || line->len == 0)
		buf_puts(line, "");
	else
		line->data[strcspn(line->data, "\n")] = '\0';
}

/* What one of hostcheck.h found. */
static void add_found(struct report *report, const char *id, const char *title, int r, const struct failure *f, const char *good)
{
	report_add(report, id, GROUP, title, r == 0 ? RESULT_HELD : RESULT_NOT_HELD, r == 0 ? good : f->what, r == 0 ? NULL : f->hint);
}

/* --- the kernel ----------------------------------------------------------------------------- */

static void check_kernel(struct report *report)
{
	struct utsname u;

	report_add(report, "kernel", GROUP, "the kernel", RESULT_INFO, uname(&u) == 0 ? u.release : "unknown", NULL);
}

static void check_seccomp(struct report *report)
{
	cleanup(failure_release) struct failure f = { 0 };
	int r = hostcheck_seccomp(&f);

	add_found(report, "seccomp", "the kernel has seccomp filters", r, &f, NULL);
}

int host_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, 1UL); /* LANDLOCK_CREATE_RULESET_VERSION */

	return abi > 0 ? (int) abi : 0;
}

void host_judge_landlock(int abi, struct report *report)
{
	static const char title[] = "Landlock can keep abstract sockets and signals in the box";
	char detail[128];

	(void) snprintf(detail, sizeof(detail), "ABI %d", abi);
	if (abi >= ABI_WITH_SCOPES) {
		report_add(report, "landlock", GROUP, title, RESULT_HELD, detail, NULL);
		return;
	}
	if (abi == 0)
		(void) snprintf(detail, sizeof(detail), "this kernel has no Landlock, or it is switched off");
	else
		(void) snprintf(detail, sizeof(detail), "ABI %d has no scopes", abi);
	report_add(report, "landlock", GROUP, title, RESULT_NOT_HELD, detail,
		   "use Linux 6.12 or later, with landlock in lsm= of the kernel's command line; until then a program can reach abstract sockets of the host "
		   "and signal processes of its own process group");
}

/* Words of the kernel that help to understand the next check. Those that are not there are not known to this kernel. */
static void check_knobs(const char *proc_root, struct report *report)
{
	static const struct {
		const char *id, *file, *title;
	} knobs[] = {
		{ "userns-clone", "sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone" },
		{ "userns-max", "sys/user/max_user_namespaces", "user.max_user_namespaces" },
		{ "userns-apparmor", "sys/kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns" },
		{ "apparmor", "self/attr/apparmor/current", "the AppArmor profile of this process" },
		{ "yama", "sys/kernel/yama/ptrace_scope", "kernel.yama.ptrace_scope" },
	};

	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		cleanup_buf struct buf line = { 0 };

		read_line(proc_root, knobs[i].file, &line);
		if (line.data != NULL && line.data[0] != '\0')
			report_add(report, knobs[i].id, GROUP, knobs[i].title, RESULT_INFO, line.data, NULL);
	}
}

/* --- bubblewrap -------------------------------------------------------------------------------- */

/* Its path and version, for whoever reads the report. */
static void name_bwrap(struct buf *words)
{
	char *const argv[] = { (char *) VB_BWRAP, (char *) "--version", NULL };
	const struct runprog what = { .path = VB_BWRAP, .argv = argv, .limit_ms = 20000, .limit_bytes = 4096 };
	cleanup_buf struct buf out = { 0 };
	int status, r = runprog(&what, &out, NULL, &status);

	buf_puts(words, VB_BWRAP);
	if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || out.len == 0)
		return;
	out.data[strcspn(out.data, "\n")] = '\0';
	buf_printf(words, ", %s", out.data);
}

static void check_bwrap(struct report *report)
{
	static const char made[] = "a box can be made: user namespaces, mounts, /proc, bubblewrap's options";
	cleanup(failure_release) struct failure f = { 0 };
	cleanup_buf struct buf words = { 0 };
	int r = hostcheck_bwrap(VB_BWRAP, &f);

	if (r == 0)
		name_bwrap(&words);
	add_found(report, "bwrap", "bubblewrap is there, and has no rights of its own", r, &f, words.data);
	if (r < 0) {
		report_add(report, "box", GROUP, made, RESULT_NOT_CHECKED, "there is no bubblewrap to make it", f.hint);
		return;
	}
	r = hostcheck_probe(VB_BWRAP, &f);
	add_found(report, "box", made, r, &f, NULL);
}

/* --- our own programs ----------------------------------------------------------------------------- */

/* Why somebody else could change the file, or get its owner's rights by it; NULL: nobody can. */
static const char *fault_of(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to somebody else";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "is writable by others";
	return !S_ISDIR(st->st_mode) && (st->st_mode & (S_ISUID | S_ISGID)) != 0 ? "has a set-user-ID or set-group-ID bit" : NULL;
}

static void check_programs(const char *libexec, struct report *report)
{
	static const char *const names[] = { "", VB_LAUNCHER, VB_INIT, VB_PYTHON, VB_PYTHON_EXEC, VB_HINTS, VB_FILTER_HELPER, CANARY_NAME };
	static const char title[] = "nobody else can change venvbox's own programs";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cleanup_free char *path = names[i][0] != '\0' ? path_join(libexec, names[i]) : strdup(libexec);
		cleanup_buf struct buf detail = { 0 };
		const char *fault = "is missing";
		struct stat st;

		if (path != NULL && stat(path, &st) == 0)
			fault = fault_of(&st);
		if (path != NULL && fault == NULL)
			continue;
		buf_printf(&detail, "'%s' %s", path != NULL ? path : libexec, fault);
		report_add(report, "programs", GROUP, title, RESULT_NOT_HELD, detail.data, "install venvbox again, as root or below your own home");
		return;
	}
	report_add(report, "programs", GROUP, title, RESULT_HELD, libexec, NULL);
}

void host_check(const char *proc_root, const char *libexec, struct report *report)
{
	check_kernel(report);
	check_seccomp(report);
	host_judge_landlock(host_landlock_abi(), report);
	check_knobs(proc_root, report);
	check_bwrap(report);
	check_programs(libexec, report);
}
