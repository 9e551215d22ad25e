/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/callids.h"

void callids_fill(struct sock_filter *program, size_t n, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < n; i++) {
		struct sock_filter *insn = &program[i];

		if (insn->code != (BPF_JMP | BPF_JEQ | BPF_K))
			continue;
		if (insn->k == VB_CALLIDS_USER)
			insn->k = uid;
		else if (insn->k == VB_CALLIDS_GROUP)
			insn->k = gid;
	}
}
