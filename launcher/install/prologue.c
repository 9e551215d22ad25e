/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/prologue.h"

#include <endian.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "install/argrules.h"
#include "install/filter.h"

#define ROOM 512

/* A jump that leaves its rule or the prologue; the distance is known when the end is. */
enum leave {
	LEAVE_NOT,
	LEAVE_TRUE,
	LEAVE_FALSE,
};

struct code {
	struct sock_filter insns[ROOM];
	enum leave leave[ROOM];
	bool to_end[ROOM]; /* "ja" to what follows the prologue */
	size_t n;
	bool full;
};

static void emit(struct code *c, struct sock_filter insn, enum leave leave)
{
	if (c->n == ROOM) {
		c->full = true;
		return;
	}
	c->insns[c->n] = insn;
	c->leave[c->n++] = leave;
}

static void load(struct code *c, size_t offset)
{
	emit(c, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset), LEAVE_NOT);
}

static void jump(struct code *c, uint16_t test, uint32_t value, enum leave leave)
{
	emit(c, (struct sock_filter) BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, 0), leave);
}

static void go_to_end(struct code *c)
{
	if (c->n < ROOM)
		c->to_end[c->n] = true;
	emit(c, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0), LEAVE_NOT);
}

/* Points the jumps that leave the instructions from first on to here. */
static int land(struct code *c, size_t first)
{
	for (size_t i = first; i < c->n; i++) {
		size_t distance = c->n - i - 1;

		if (c->leave[i] == LEAVE_NOT)
			continue;
		if (distance > UINT8_MAX)
			return -E2BIG;
		if (c->leave[i] == LEAVE_TRUE)
			c->insns[i].jt = (uint8_t) distance;
		else
			c->insns[i].jf = (uint8_t) distance;
		c->leave[i] = LEAVE_NOT;
	}
	return 0;
}

static size_t low_half(unsigned arg)
{
	return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
	       (__BYTE_ORDER == __BIG_ENDIAN ? sizeof(uint32_t) : 0);
}

static void emit_cond(struct code *c, const struct cond *cond)
{
	load(c, low_half(cond->arg));
	if ((cond->op == COND_IS || cond->op == COND_OTHER) && cond->mask != UINT32_MAX)
		emit(c, (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, cond->mask), LEAVE_NOT);
	switch (cond->op) {
	case COND_HAS:
		jump(c, BPF_JSET, cond->value, LEAVE_FALSE);
		break;
	case COND_BEYOND:
		jump(c, BPF_JSET, ~cond->value, LEAVE_FALSE);
		break;
	case COND_IS:
		jump(c, BPF_JEQ, cond->value, LEAVE_FALSE);
		break;
	case COND_OTHER:
		for (size_t i = 0; i < cond->n_list; i++)
			jump(c, BPF_JEQ, cond->list[i], LEAVE_TRUE);
		break;
	case COND_NONE:
		break;
	}
}

static int emit_rule(struct code *c, const struct argrule *rule)
{
	size_t first = c->n;

	for (size_t i = 0; i < ARGRULE_CONDS && rule->conds[i].op != COND_NONE; i++)
		emit_cond(c, &rule->conds[i]);
	emit(c, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t) rule->err), LEAVE_NOT);
	return land(c, first);
}

/*
 * One test of the number per call, and arguments are read behind it only: so the kernel sees that the other calls do
 * not depend on arguments and never runs the filter for them (its bitmap of allowed calls, Linux 5.11).
 */
static int emit_call(struct code *c, const struct argrule *rules, size_t n, bool all)
{
	int number = filter_call_number(rules[0].call);
	size_t test = c->n;
	int r = 0;

	if (number < 0)
		return number == -ENOSYS ? 0 : number; /* not a call of this architecture */
	emit(c, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 0), LEAVE_NOT);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (all || rules[i].always)
			r = emit_rule(c, &rules[i]);
	if (r < 0)
		return r;
	if (c->n == test + 1) {
		c->n--; /* no rule in force */
		return 0;
	}
	go_to_end(c);
	if (c->full || c->n - test - 1 > UINT8_MAX)
		return -E2BIG;
	c->insns[test].jf = (uint8_t) (c->n - test - 1);
	return 0;
}

static size_t rules_of_call(const struct argrule *rule)
{
	size_t n = 1;

	while (rule[n].call != NULL && strcmp(rule[n].call, rule->call) == 0)
		n++;
	return n;
}

int prologue_emit(uint32_t audit_arch, bool all, struct buf *program)
{
	struct code c = { .n = 0 };
	int r = 0;

	/* The numbers below mean other calls elsewhere; libseccomp's part kills those callers. */
	load(&c, offsetof(struct seccomp_data, arch));
	emit(&c, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit_arch, 1, 0), LEAVE_NOT);
	go_to_end(&c);
	load(&c, offsetof(struct seccomp_data, nr));
	for (const struct argrule *rule = argrules; r == 0 && rule->call != NULL; rule += rules_of_call(rule))
		r = emit_call(&c, rule, rules_of_call(rule), all);
	if (r == 0 && c.full)
		r = -E2BIG;
	if (r < 0)
		return r;
	for (size_t i = 0; i < c.n; i++)
		if (c.to_end[i])
			c.insns[i].k = (uint32_t) (c.n - i - 1);
	buf_add(program, c.insns, c.n * sizeof(c.insns[0]));
	return program->failed ? -ENOMEM : 0;
}
