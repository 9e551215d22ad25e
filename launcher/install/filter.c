/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fd.h"
#include "install/argrules.h"
#include "install/bpftree.h"
#include "install/prologue.h"

#define CALLS_MAX 1024          /* above every number of a native call */
#define PROGRAM_MAX (4096 * 8)  /* BPF_MAXINSNS instructions of 8 bytes */

enum verdict {
	VERDICT_NONE, /* not in the table: the default action */
	VERDICT_NOSYS,
	VERDICT_REFUSE,
	VERDICT_ALLOW,
	VERDICT_START,
};

static const struct row {
	const char *name;
	enum verdict verdict;
} rows[] = {
#define CALL(name, action, why) { #name, VERDICT_##action },
#include "inside/calls.def"
};

static const struct {
	const char *name;
	int number;
} numbers[] = {
#define NUMBER(name, number) { #name, number },
#include "inside/calls.def"
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

int filter_call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number >= 0)
		return number < CALLS_MAX ? number : -ENOSYS;
	if (number != __NR_SCMP_ERROR)
		return -ENOSYS; /* libseccomp numbers the calls of other architectures below zero */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].name, name) == 0)
			return numbers[i].number;
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcmp(rows[i].name, name) == 0)
			return -ENOSYS;
	return -ENOENT;
}

static int unknown_name(const char *name, struct failure *f)
{
	return fail_msg(f, EINVAL, "names are as in syscalls(2), separated by blanks: SANDBOX_SECCOMP_ALLOW='read write'",
			"no system call is named '%s'", name);
}

/* What each number gets: the table, then the list over it. */
static int decide(const struct strv *allow, enum verdict *verdicts, struct failure *f)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		int number = filter_call_number(rows[i].name);

		if (number < 0)
			continue;
		verdicts[number] = rows[i].verdict;
		if (allow != NULL && rows[i].verdict == VERDICT_ALLOW)
			verdicts[number] = VERDICT_REFUSE;
	}
	for (size_t i = 0; allow != NULL && i < allow->n; i++) {
		int number = filter_call_number(allow->v[i]);

		if (number == -ENOENT)
			return unknown_name(allow->v[i], f);
		if (number >= 0)
			verdicts[number] = VERDICT_ALLOW;
	}
	return 0;
}

/* A rule without conditions refuses whatever a list says. */
static bool always_refused(int number, bool all)
{
	for (const struct argrule *rule = argrules; rule->call != NULL; rule++)
		if (rule->conds[0].op == COND_NONE && (all || rule->always) && filter_call_number(rule->call) == number)
			return true;
	return false;
}

static unsigned count_allowed(const enum verdict *verdicts, bool everything)
{
	unsigned n = 0;

	for (int number = 0; number < CALLS_MAX; number++)
		if (verdicts[number] >= (everything ? VERDICT_NOSYS : VERDICT_ALLOW) && !always_refused(number, !everything))
			n++;
	return n;
}

/* ENOSYS is the filter's default and needs no rule. */
static int add_rules(scmp_filter_ctx ctx, const enum verdict *verdicts)
{
	int r = 0;

	for (int number = 0; r == 0 && number < CALLS_MAX; number++)
		if (verdicts[number] >= VERDICT_ALLOW)
			r = seccomp_rule_add_exact(ctx, SCMP_ACT_ALLOW, number, 0);
		else if (verdicts[number] == VERDICT_REFUSE)
			r = seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(EPERM), number, 0);
	return r;
}

/* libseccomp writes to a descriptor only (seccomp_export_bpf_mem came with 2.6). */
static int export(scmp_filter_ctx ctx, struct buf *program)
{
	cleanup_fd int fd = memfd_create("venvbox-filter", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, PROGRAM_MAX, program);
}

static void release_ctx(scmp_filter_ctx *ctx)
{
	if (*ctx != NULL)
		seccomp_release(*ctx);
}

/* x32 is killed as well: libseccomp takes its numbers for a foreign architecture unless told otherwise. */
static int emit_table(const enum verdict *verdicts, bool everything, struct buf *program)
{
	cleanup(release_ctx) scmp_filter_ctx ctx = seccomp_init(everything ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));
	int r;

	if (ctx == NULL)
		return -ENOMEM;
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* 2: a binary tree; every call past the bitmap of the kernel passes it, and loading walks it once per call. */
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0 && !everything)
		r = add_rules(ctx, verdicts);
	return r < 0 ? r : export(ctx, program);
}

/* The two parts as they were written one after the other: what bpftree.h makes shorter. */
static int compile_plain(const enum verdict *verdicts, bool everything, struct buf *program)
{
	int r = prologue_emit(seccomp_arch_native(), !everything, program);

	if (r == 0)
		r = emit_table(verdicts, everything, program);
	return r == 0 && program->len > PROGRAM_MAX ? -E2BIG : r;
}

/* Or as it is, if it cannot be. Programs open more files than they make any other call for which the filter runs. */
static int shorten(const struct buf *plain, struct buf *program)
{
	int r = bpftree_make((const void *) plain->data, plain->len / sizeof(struct sock_filter), seccomp_arch_native(),
			     (uint32_t) filter_call_number("openat"), program);

	if (r != -ENOTSUP)
		return r;
	buf_add(program, plain->data, plain->len);
	return program->failed ? -ENOMEM : 0;
}

int filter_compile(const struct strv *allow, struct buf *program, unsigned *allowed_calls, struct failure *f)
{
	enum verdict verdicts[CALLS_MAX] = { VERDICT_NONE };
	bool everything = allow != NULL && allow->n == 0;
	cleanup_buf struct buf plain = { 0 };
	int r = decide(allow, verdicts, f);

	if (r < 0)
		return r;
	r = compile_plain(verdicts, everything, &plain);
	if (r == 0)
		r = shorten(&plain, program);
	if (r < 0)
		return fail_errno(f, -r, "venvbox needs libseccomp 2.5.0 or newer", "cannot compile the seccomp filter");
	*allowed_calls = count_allowed(verdicts, everything);
	return 0;
}
