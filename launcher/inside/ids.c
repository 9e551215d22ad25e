/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/ids.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/idcalls.h"

int ids_load(uid_t uid, gid_t gid)
{
	cleanup_buf struct buf out = { 0 };
	struct sock_fprog program;

	idcalls_program(uid, gid, &out);
	if (out.failed)
		return -ENOMEM;
	program = (struct sock_fprog) { .len = (unsigned short) (out.len / sizeof(*program.filter)),
					.filter = (struct sock_filter *) (void *) out.data };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}
