/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/bpfleft.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "common/cleanup.h"

static bool holds(const struct sock_filter *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	default:
		return a >= insn->k;
	}
}

int bpfleft_go(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t at, struct bpfleft_way *way)
{
	bool known = false;
	uint32_t a = 0;

	for (; at < p->n; at++) {
		const struct sock_filter *insn = &p->v[at];

		switch (insn->code) {
		case BPF_RET | BPF_K:
			*way = (struct bpfleft_way) { .is_answer = true, .answer = insn->k };
			return 0;
		case BPF_JMP | BPF_JA:
			if (insn->k >= p->n)
				return -ENOTSUP;
			at += insn->k;
			continue;
		case BPF_LD | BPF_W | BPF_ABS:
			if (insn->k == offsetof(struct seccomp_data, arch)) {
				a = c->arch;
				known = true;
				continue;
			}
			if (insn->k == offsetof(struct seccomp_data, nr) && c->has_number) {
				a = c->number;
				known = true;
				continue;
			}
			*way = (struct bpfleft_way) { .at = at };
			return 0;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			if (known) {
				at += holds(insn, a) ? insn->jt : insn->jf;
				continue;
			}
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
		case BPF_ALU | BPF_AND | BPF_K:
			break;
		default:
			return -ENOTSUP;
		}
		*way = (struct bpfleft_way) { .at = at };
		return known ? -ENOTSUP : 0;
	}
	return -ENOTSUP;
}

/* Its place among them; behind the last one if it is not there. */
static size_t find_answer(const struct bpfleft_answers *answers, uint32_t answer)
{
	size_t i = 0;

	while (i < answers->n && answers->v[i] != answer)
		i++;
	return i;
}

int bpfleft_add_answer(struct bpfleft_answers *answers, uint32_t answer)
{
	size_t i = find_answer(answers, answer);

	if (i == sizeof(answers->v) / sizeof(answers->v[0]))
		return -ENOTSUP;
	answers->v[i] = answer;
	if (i == answers->n)
		answers->n++;
	return (int) i;
}

/* What is left of the program: the instructions that read arguments, in their order, and where they lead. */
struct rest {
	struct left {
		bool in;
		bool jumps;     /* goes on elsewhere than at the next one */
		struct bpfleft_way yes; /* of a test; of another instruction: what follows */
		struct bpfleft_way no;
		size_t place;
	} *v; /* of each instruction of the program */
	struct bpfleft_answers answers;
	size_t n; /* without the answers */
};

static void rest_release(struct rest *rest)
{
	free(rest->v);
}

static bool is_test(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP;
}

static int lead(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t at, struct rest *rest, struct bpfleft_way *way)
{
	int r = bpfleft_go(p, c, at, way);

	if (r < 0)
		return r;
	if (way->is_answer)
		return bpfleft_add_answer(&rest->answers, way->answer) >= 0 ? 0 : -ENOTSUP;
	rest->v[way->at].in = true;
	return 0;
}

/* All that lead to an instruction stand before it: those after `at` that are in already are all that can come between. */
static bool is_next(const struct rest *rest, size_t at, const struct bpfleft_way *way)
{
	if (way->is_answer)
		return false;
	for (at++; !rest->v[at].in; at++)
		;
	return at == way->at;
}

static int find_rest(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t first, struct rest *rest)
{
	int r = 0;

	rest->v[first].in = true;
	for (size_t at = first; r == 0 && at < p->n; at++) {
		const struct sock_filter *insn = &p->v[at];
		struct left *left = &rest->v[at];

		if (!left->in)
			continue;
		left->place = rest->n++;
		r = lead(p, c, at + 1 + (is_test(insn) ? insn->jt : 0), rest, &left->yes);
		if (r == 0 && is_test(insn))
			r = lead(p, c, at + 1 + insn->jf, rest, &left->no);
		left->jumps = r == 0 && !is_test(insn) && !is_next(rest, at, &left->yes);
		rest->n += left->jumps;
	}
	return r;
}

void bpfleft_put(struct buf *out, struct sock_filter insn)
{
	buf_add(out, &insn, sizeof(insn));
}

void bpfleft_put_answers(const struct bpfleft_answers *answers, struct buf *out)
{
	for (size_t i = 0; i < answers->n; i++)
		bpfleft_put(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, answers->v[i]));
}

/* From behind instruction `from`. */
static size_t distance(const struct rest *rest, const struct bpfleft_way *way, size_t from)
{
	size_t to = way->is_answer ? rest->n + find_answer(&rest->answers, way->answer) : rest->v[way->at].place;

	return to - from - 1;
}

static int emit_rest(const struct bpfleft_program *p, const struct rest *rest, struct buf *out)
{
	for (size_t at = 0; at < p->n; at++) {
		const struct left *left = &rest->v[at];
		struct sock_filter insn = p->v[at];
		size_t yes, no;

		if (!left->in)
			continue;
		if (is_test(&insn)) {
			yes = distance(rest, &left->yes, left->place);
			no = distance(rest, &left->no, left->place);
			if (yes > UINT8_MAX || no > UINT8_MAX)
				return -ENOTSUP;
			insn.jt = (uint8_t) yes;
			insn.jf = (uint8_t) no;
		}
		bpfleft_put(out, insn);
		if (left->jumps)
			bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) distance(rest, &left->yes, left->place + 1), 0, 0));
	}
	bpfleft_put_answers(&rest->answers, out);
	return 0;
}

int bpfleft_make(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t first, struct buf *out)
{
	cleanup(rest_release) struct rest rest = { .v = calloc(p->n + 1, sizeof(*rest.v)) };
	int r;

	if (rest.v == NULL)
		return -ENOMEM;
	/* An instruction that does not load would find the number here where the program had nothing. */
	if (BPF_CLASS(p->v[first].code) != BPF_LD)
		return -ENOTSUP;
	r = find_rest(p, c, first, &rest);
	if (r == 0)
		r = emit_rest(p, &rest, out);
	return r == 0 && out->failed ? -ENOMEM : r;
}
