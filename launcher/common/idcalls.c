/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/idcalls.h"

#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

/* What the arguments are, from the first that names a user or group: 'u' or 'g'. */
static const struct row {
	uint32_t call;
	uint32_t first;
	const char *kinds;
} rows[] = {
	{ SYS_setuid, 0, "u" },
	{ SYS_setgid, 0, "g" },
	{ SYS_setreuid, 0, "uu" },
	{ SYS_setregid, 0, "gg" },
	{ SYS_setresuid, 0, "uuu" },
	{ SYS_setresgid, 0, "ggg" },
	{ SYS_fchown, 1, "ug" },
	{ SYS_fchownat, 2, "ug" },
#ifdef SYS_chown
	{ SYS_chown, 1, "ug" },
	{ SYS_lchown, 1, "ug" },
#endif
	/* 32-bit machines have those above with numbers of 16 bits, and these. */
#ifdef SYS_setuid32
	{ SYS_setuid32, 0, "u" },
	{ SYS_setgid32, 0, "g" },
	{ SYS_setreuid32, 0, "uu" },
	{ SYS_setregid32, 0, "gg" },
	{ SYS_setresuid32, 0, "uuu" },
	{ SYS_setresgid32, 0, "ggg" },
	{ SYS_fchown32, 1, "ug" },
	{ SYS_chown32, 1, "ug" },
	{ SYS_lchown32, 1, "ug" },
#endif
};

#define CHECK_INSNS 4

/* The kernel takes the lower half: uid_t and gid_t have 32 bits. */
static uint32_t argument(uint32_t i)
{
	size_t low = __BYTE_ORDER == __LITTLE_ENDIAN ? 0 : sizeof(uint32_t);

	return (uint32_t) (offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + low);
}

static void add(struct buf *out, struct sock_filter insn)
{
	buf_add(out, &insn, sizeof(insn));
}

/* Refuses unless the argument is own, or -1. */
static void add_check(struct buf *out, uint32_t arg, uint32_t own)
{
	add(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(arg)));
	add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own, 2, 0));
	add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0));
	add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

static void add_row(struct buf *out, const struct row *row, uid_t uid, gid_t gid)
{
	unsigned char beyond = (unsigned char) (strlen(row->kinds) * CHECK_INSNS + 1);

	add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->call, 0, beyond));
	for (uint32_t i = 0; row->kinds[i] != '\0'; i++)
		add_check(out, row->first + i, row->kinds[i] == 'u' ? uid : gid);
	add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/*
 * No look at the architecture: the filter beside it or before it kills calls of a foreign one, and that is the stronger. For all
 * other calls the kernel remembers that this program lets them pass, and does not run it (Linux 5.11, 8e01b51a31a1).
 */
void idcalls_program(uid_t uid, gid_t gid, struct buf *out)
{
	add(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_row(out, &rows[i], uid, gid);
	add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}
