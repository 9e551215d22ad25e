/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/ids.h"

#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the arguments are, from the first that names a user or group: 'u' or 'g'. */
static const struct {
	uint32_t call;
	uint32_t first;
	const char *kinds;
} calls[] = {
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

#define N_CALLS   (sizeof(calls) / sizeof(calls[0]))
#define INSNS_MAX (2 + N_CALLS * (2 + 3 * 4))

/* The kernel takes the lower half: uid_t and gid_t have 32 bits. */
static uint32_t argument(uint32_t i)
{
	size_t low = __BYTE_ORDER == __LITTLE_ENDIAN ? 0 : sizeof(uint32_t);

	return (uint32_t) (offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + low);
}

struct program {
	struct sock_filter insns[INSNS_MAX];
	unsigned short n;
};

static void add(struct program *p, struct sock_filter insn)
{
	p->insns[p->n++] = insn;
}

/* Refuses unless the argument is own, or -1. */
static void add_check(struct program *p, uint32_t arg, uint32_t own)
{
	add(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(arg)));
	add(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own, 2, 0));
	add(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0));
	add(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

/*
 * No look at the architecture: the other filter kills calls of a foreign one, and its answer is the stronger. For all
 * other calls the kernel remembers that this program lets them pass, and does not run it (Linux 5.11, 8e01b51a31a1).
 */
int ids_load(uid_t uid, gid_t gid)
{
	struct program p = { .n = 0 };

	add(&p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < N_CALLS; i++) {
		unsigned short jump = p.n;

		add(&p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].call, 0, 0));
		for (uint32_t k = 0; calls[i].kinds[k] != '\0'; k++)
			add_check(&p, calls[i].first + k, calls[i].kinds[k] == 'u' ? uid : gid);
		add(&p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
		p.insns[jump].jf = (unsigned char) (p.n - jump - 1);
	}
	add(&p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &(const struct sock_fprog) { .len = p.n, .filter = p.insns }) == 0
		       ? 0 : -errno;
}
