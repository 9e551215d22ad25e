/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seccomp programs made shorter (bpftree.h): what comes out says of each call what the program said, as bpf.h walks both, and the kernel
 * would load it. Of each 8 bytes one instruction, of kinds that programs have; the call that is asked about is made of their constants.
 */
#include <linux/audit.h>

#include "install/bpftree.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/bpf.h"

#define ARCH      AUDIT_ARCH_X86_64
#define MAX_INSNS 300

static struct sock_filter insn_of(const uint8_t *bytes)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_K, BPF_JMP | BPF_JA, BPF_ALU | BPF_AND | BPF_K, BPF_RET | BPF_K,
	};
	struct sock_filter insn = { .code = codes[bytes[0] % 8], .jt = bytes[1], .jf = bytes[2] };

	memcpy(&insn.k, bytes + 4, sizeof(insn.k));
	if (insn.code == (BPF_LD | BPF_W | BPF_ABS))
		insn.k = insn.k % (sizeof(struct seccomp_data) / 4) * 4;
	return insn;
}

static void check(const struct buf *plain, const struct buf *made, uint32_t arch, uint32_t number, const uint64_t *args)
{
	struct bpf_run run;
	uint32_t was = bpf_ask(plain, arch, (int) number, args, &run), is = bpf_ask(made, arch, (int) number, args, &run);

	must(is == was && is != BPF_BROKEN);
}

static void check_all(const struct buf *plain, const struct buf *made, uint32_t often)
{
	const struct sock_filter *insns = (const void *) plain->data;
	size_t n = plain->len / sizeof(*insns);

	for (size_t i = 0; i < n; i += 1 + n / 64)
		for (size_t k = 0; k < n; k += 1 + n / 16) {
			uint64_t args[6];

			for (size_t arg = 0; arg < 6; arg++)
				args[arg] = insns[(k + arg) % n].k | (uint64_t) insns[(k + 2 * arg) % n].k << 32;
			for (uint32_t more = 0; more < 3; more++) {
				check(plain, made, ARCH, insns[i].k + more - 1, args);
				check(plain, made, insns[k].k + more - 1, insns[i].k, args);
			}
			check(plain, made, ARCH, often, args);
			check(plain, made, ARCH, often + 1, args);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Programs that are turned look at the architecture first; 0xf8, a load, may do that in its own way. */
	static const struct sock_filter start[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	static const struct sock_filter end = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	cleanup_buf struct buf plain = { 0 }, made = { 0 };
	uint32_t often;
	int r;

	buf_add(&plain, start, size > 0 && data[0] == 0xf8 ? 0 : sizeof(start));
	for (size_t i = 0; i + 8 <= size && i / 8 < MAX_INSNS; i += 8) {
		struct sock_filter insn = insn_of(data + i);

		buf_add(&plain, &insn, sizeof(insn));
	}
	buf_add(&plain, &end, sizeof(end));
	/* A number of the program's, or some other. */
	often = size % 3 != 0 ? ((const struct sock_filter *) (const void *) plain.data)[size % (plain.len / sizeof(end))].k : (uint32_t) size;
	r = bpftree_make((const void *) plain.data, plain.len / sizeof(end), ARCH, often, &made);
	must(r == 0 || (r == -ENOTSUP && made.len == 0));
	if (r < 0)
		return 0;
	must(made.len < plain.len);
	check_all(&plain, &made, often);
	return 0;
}
