/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * without KIND UID GID PATH ARGV... - executes PATH as on a kernel without the calls of KIND, or of all kinds: a seccomp filter each,
 * inherited by all that it starts, answers ENOSYS. Loaded by root before it becomes UID, because an ordinary user would
 * need no_new_privs for that, and the tests look whether the box's own is set. Started by an ordinary user it has to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Calls since Linux 5.0 have the same number on every architecture. */
static const struct kind {
	const char *name;
	unsigned first, last;
} kinds[] = {
	{ "pidfd_open", 434, 434 },
	{ "clone3", 435, 435 },
	{ "close_range", 436, 436 },
	{ "openat2", 437, 437 },
	{ "landlock", 444, 446 },
};

static int load(const struct kind *k)
{
	struct sock_filter text[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k->first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, k->last, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(text) / sizeof(text[0]), .filter = text };

	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int become(uid_t uid, gid_t gid)
{
	const struct passwd *entry = getpwuid(uid);

	if (geteuid() == uid)
		return 0;
	return entry != NULL && initgroups(entry->pw_name, gid) == 0 && setresgid(gid, gid, gid) == 0 &&
	       setresuid(uid, uid, uid) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	size_t loaded = 0;

	for (size_t i = 0; argc > 5 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], "all") != 0 && strcmp(argv[1], kinds[i].name) != 0)
			continue;
		if (load(&kinds[i]) != 0)
			break;
		loaded++;
	}
	if (loaded == 0 || (loaded < sizeof(kinds) / sizeof(kinds[0]) && strcmp(argv[1], "all") == 0))
		fprintf(stderr, "without: not everything that was to be missing is\n");
	else if (become((uid_t) atoi(argv[2]), (gid_t) atoi(argv[3])) == 0)
		(void) execvp(argv[4], argv + 5);
	perror("without");
	return 99;
}
