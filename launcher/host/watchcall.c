/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/watchcall.h"

#include <sys/syscall.h>

#define NO WATCH_NONE

/* 64-bit machines that came after x86 have the *at calls alone. */
const struct watchcall watchcalls[] = {
	{ SYS_openat, WATCH_OPEN, 0, 1, 2 },
	{ SYS_execve, WATCH_EXEC, NO, 0, NO },
	{ SYS_execveat, WATCH_EXEC, 0, 1, NO },
	{ SYS_connect, WATCH_CONNECT, NO, 1, 2 },
	{ SYS_bind, WATCH_BIND, NO, 1, 2 },
	{ SYS_prlimit64, WATCH_LIMIT, NO, 2, 1 },
	{ SYS_mkdirat, WATCH_MAKE, 0, 1, NO },
	{ SYS_mknodat, WATCH_MAKE, 0, 1, NO },
	{ SYS_symlinkat, WATCH_MAKE, 1, 2, NO },
	{ SYS_linkat, WATCH_LOOK, 0, 1, NO },
	{ SYS_linkat, WATCH_MAKE, 2, 3, NO },
	{ SYS_renameat2, WATCH_CHANGE, 0, 1, NO },
	{ SYS_renameat2, WATCH_MAKE, 2, 3, NO },
	{ SYS_unlinkat, WATCH_CHANGE, 0, 1, NO },
	{ SYS_truncate, WATCH_CHANGE, NO, 0, NO },
	{ SYS_fchmodat, WATCH_CHANGE, 0, 1, NO },
#ifdef SYS_renameat
	{ SYS_renameat, WATCH_CHANGE, 0, 1, NO },
	{ SYS_renameat, WATCH_MAKE, 2, 3, NO },
#endif
#ifdef SYS_open
	{ SYS_open, WATCH_OPEN, NO, 0, 1 },
	{ SYS_creat, WATCH_MAKE, NO, 0, NO },
	{ SYS_mkdir, WATCH_MAKE, NO, 0, NO },
	{ SYS_mknod, WATCH_MAKE, NO, 0, NO },
	{ SYS_symlink, WATCH_MAKE, NO, 1, NO },
	{ SYS_link, WATCH_LOOK, NO, 0, NO },
	{ SYS_link, WATCH_MAKE, NO, 1, NO },
	{ SYS_rename, WATCH_CHANGE, NO, 0, NO },
	{ SYS_rename, WATCH_MAKE, NO, 1, NO },
	{ SYS_unlink, WATCH_CHANGE, NO, 0, NO },
	{ SYS_rmdir, WATCH_CHANGE, NO, 0, NO },
	{ SYS_chmod, WATCH_CHANGE, NO, 0, NO },
#endif
#ifdef SYS_setrlimit
	{ SYS_setrlimit, WATCH_LIMIT, NO, 1, 0 },
#endif
#ifdef SYS_newfstatat
	{ SYS_newfstatat, WATCH_LOOK, 0, 1, NO },
#endif
	{ SYS_statx, WATCH_LOOK, 0, 1, NO },
	{ SYS_faccessat, WATCH_LOOK, 0, 1, NO },
	{ SYS_faccessat2, WATCH_LOOK, 0, 1, NO },
	{ SYS_readlinkat, WATCH_LOOK, 0, 1, NO },
	{ SYS_chdir, WATCH_LOOK, NO, 0, NO },
#ifdef SYS_stat
	{ SYS_stat, WATCH_LOOK, NO, 0, NO },
	{ SYS_lstat, WATCH_LOOK, NO, 0, NO },
	{ SYS_access, WATCH_LOOK, NO, 0, NO },
	{ SYS_readlink, WATCH_LOOK, NO, 0, NO },
#endif
};

const size_t n_watchcalls = sizeof(watchcalls) / sizeof(watchcalls[0]);

const struct watchcall *watchcall_find(int number)
{
	for (size_t i = 0; i < n_watchcalls; i++)
		if (watchcalls[i].number == number)
			return &watchcalls[i];
	return NULL;
}

/* A call is watched if any of its rows does more than look. */
size_t watchcall_numbers(bool looks, int *out)
{
	size_t n = 0;

	for (size_t i = 0; i < n_watchcalls; i++) {
		bool known = false;

		for (size_t j = 0; j < n; j++)
			known |= out[j] == watchcalls[i].number;
		if (!known && (looks || watchcalls[i].use != WATCH_LOOK))
			out[n++] = watchcalls[i].number;
	}
	return n;
}
