/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/bpftree.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* As many as the tests of a tree can reach past: 8 bits. */
#define MAX_RANGES  200
#define MAX_ANSWERS 8
#define MAX_BLOCKS  64

struct program {
	const struct sock_filter *v;
	size_t n;
};

/* What is known of a call. */
struct call {
	uint32_t arch;
	uint32_t number;
	bool has_number;
};

/* Where a path leads: to an answer, or to the next instruction that what is known does not decide. */
struct way {
	bool is_answer;
	uint32_t answer;
	size_t at;
};

/* --- the program, when the number is known -------------------------------------------- */

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

/* Goes on from instruction `at` as far as the call decides. */
static int go(const struct program *p, const struct call *c, size_t at, struct way *way)
{
	bool known = false;
	uint32_t a = 0;

	for (; at < p->n; at++) {
		const struct sock_filter *insn = &p->v[at];

		switch (insn->code) {
		case BPF_RET | BPF_K:
			*way = (struct way) { .is_answer = true, .answer = insn->k };
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
			*way = (struct way) { .at = at };
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
		*way = (struct way) { .at = at };
		return known ? -ENOTSUP : 0;
	}
	return -ENOTSUP;
}

/* The answers that a piece of program leads to, each once: they stand behind it. */
struct answers {
	uint32_t v[MAX_ANSWERS];
	size_t n;
};

/* Its place among them; behind the last one if it is not there. */
static size_t find_answer(const struct answers *answers, uint32_t answer)
{
	size_t i = 0;

	while (i < answers->n && answers->v[i] != answer)
		i++;
	return i;
}

static int add_answer(struct answers *answers, uint32_t answer)
{
	size_t i = find_answer(answers, answer);

	if (i == MAX_ANSWERS)
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
		struct way yes; /* of a test; of another instruction: what follows */
		struct way no;
		size_t place;
	} *v; /* of each instruction of the program */
	struct answers answers;
	size_t n; /* without the answers */
};

static bool is_test(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP;
}

static int lead(const struct program *p, const struct call *c, size_t at, struct rest *rest, struct way *way)
{
	int r = go(p, c, at, way);

	if (r < 0)
		return r;
	if (way->is_answer)
		return add_answer(&rest->answers, way->answer) >= 0 ? 0 : -ENOTSUP;
	rest->v[way->at].in = true;
	return 0;
}

/* All that lead to an instruction stand before it: those after `at` that are in already are all that can come between. */
static bool is_next(const struct rest *rest, size_t at, const struct way *way)
{
	if (way->is_answer)
		return false;
	for (at++; !rest->v[at].in; at++)
		;
	return at == way->at;
}

static int find_rest(const struct program *p, const struct call *c, size_t first, struct rest *rest)
{
	int r = 0;

	memset(rest->v, 0, p->n * sizeof(*rest->v));
	*rest = (struct rest) { .v = rest->v };
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

static void add(struct buf *out, struct sock_filter insn)
{
	buf_add(out, &insn, sizeof(insn));
}

static void add_answers(const struct answers *answers, struct buf *out)
{
	for (size_t i = 0; i < answers->n; i++)
		add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, answers->v[i]));
}

/* From behind instruction `from`. */
static size_t distance(const struct rest *rest, const struct way *way, size_t from)
{
	size_t to = way->is_answer ? rest->n + find_answer(&rest->answers, way->answer) : rest->v[way->at].place;

	return to - from - 1;
}

static int emit_rest(const struct program *p, const struct rest *rest, struct buf *out)
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
		add(out, insn);
		if (left->jumps)
			add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) distance(rest, &left->yes, left->place + 1), 0, 0));
	}
	add_answers(&rest->answers, out);
	return 0;
}

/* --- ranges of numbers that have one answer, or one rest ---------------------------------- */

struct range {
	uint32_t first;
	bool is_block;
	size_t to; /* of the answers, or of the blocks */
};

struct tree {
	struct range ranges[MAX_RANGES];
	size_t n;
	struct answers answers;
	struct buf blocks[MAX_BLOCKS];
	size_t n_blocks;
	struct rest rest; /* of one number after the other */
};

static void tree_release(struct tree *t)
{
	for (size_t i = 0; i < MAX_BLOCKS; i++)
		buf_release(&t->blocks[i]);
	free(t->rest.v);
}

/* 0 or more: which block. */
static int add_block(const struct program *p, const struct call *c, size_t first, struct tree *t)
{
	struct buf *block = &t->blocks[t->n_blocks];
	int r;

	/* An instruction that does not load would find the number here where the program had nothing. */
	if (t->n_blocks == MAX_BLOCKS - 1 || BPF_CLASS(p->v[first].code) != BPF_LD)
		return -ENOTSUP;
	r = find_rest(p, c, first, &t->rest);
	if (r == 0)
		r = emit_rest(p, &t->rest, block);
	if (r == 0 && block->failed)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < t->n_blocks; i++)
		if (t->blocks[i].len == block->len && memcmp(t->blocks[i].data, block->data, block->len) == 0) {
			buf_release(block);
			return (int) i;
		}
	return r < 0 ? r : (int) t->n_blocks++;
}

static int add_range(const struct program *p, const struct call *c, struct tree *t)
{
	const struct range *last = t->n > 0 ? &t->ranges[t->n - 1] : NULL;
	struct way way;
	int r = go(p, c, 0, &way);

	if (r < 0)
		return r;
	r = way.is_answer ? add_answer(&t->answers, way.answer) : add_block(p, c, way.at, t);
	if (r < 0)
		return r;
	if (last != NULL && last->is_block == !way.is_answer && last->to == (size_t) r)
		return 0;
	if (t->n == MAX_RANGES)
		return -ENOTSUP;
	t->ranges[t->n++] = (struct range) { .first = c->number, .is_block = !way.is_answer, .to = (size_t) r };
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

	return x < y ? -1 : x > y;
}

/* Of n sorted ones, at least one: how many are left. */
static size_t drop_repeated(uint32_t *bounds, size_t n)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++)
		if (bounds[i] != bounds[kept - 1])
			bounds[kept++] = bounds[i];
	return kept;
}

/* Where a test could tell one number, or architecture, from the next one. More than there need be: the constants for arguments are among them. */
static size_t find_bounds(const struct program *p, uint32_t arch, uint32_t *bounds)
{
	size_t n = 0;

	bounds[n++] = 0;
	/* It stands for itself alone; what follows it is foreign again. */
	bounds[n++] = arch;
	bounds[n++] = arch + 1;
	for (size_t i = 0; i < p->n; i++) {
		if (!is_test(&p->v[i]) || p->v[i].code == (BPF_JMP | BPF_JA))
			continue;
		bounds[n++] = p->v[i].k;
		if (p->v[i].k != UINT32_MAX)
			bounds[n++] = p->v[i].k + 1;
	}
	qsort(bounds, n, sizeof(*bounds), compare);
	return drop_repeated(bounds, n);
}

static int find_ranges(const struct program *p, uint32_t arch, const uint32_t *bounds, size_t n, struct tree *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_range(p, &(struct call) { .arch = arch, .number = bounds[i], .has_number = true }, t);
	return r;
}

/* For calls of any other architecture, whatever their number. */
static int find_foreign(const struct program *p, uint32_t arch, const uint32_t *bounds, size_t n, uint32_t *answer)
{
	struct way way;
	bool has = false;

	for (size_t i = 0; i < n; i++) {
		int r;

		if (bounds[i] == arch)
			continue;
		r = go(p, &(struct call) { .arch = bounds[i] }, 0, &way);
		if (r < 0)
			return r;
		if (!way.is_answer || (has && way.answer != *answer))
			return -ENOTSUP;
		*answer = way.answer;
		has = true;
	}
	return has ? 0 : -ENOTSUP;
}

/* --- the tree ------------------------------------------------------------------------------ */

/* Where a branch leads: to a test, or to a range. */
struct branch {
	bool is_range;
	size_t to;
};

struct test {
	uint32_t first; /* of the numbers of the upper branch */
	struct branch upper, lower;
};

struct tests {
	struct test v[MAX_RANGES];
	size_t n;
};

/* Of ranges [from, to). A test stands before those of its branches. */
static struct branch plant(const struct tree *t, size_t from, size_t to, struct tests *tests)
{
	size_t middle = from + (to - from) / 2;
	struct test test = { .first = t->ranges[middle].first };
	size_t here = tests->n;

	if (to - from == 1)
		return (struct branch) { .is_range = true, .to = from };
	tests->n++;
	test.lower = plant(t, from, middle, tests);
	test.upper = plant(t, middle, to, tests);
	tests->v[here] = test;
	return (struct branch) { .to = here };
}

/* In the tree: its tests, the answers, and a jump to each block. */
static size_t where(const struct tree *t, const struct tests *tests, const struct branch *branch)
{
	const struct range *range = &t->ranges[branch->to];

	if (!branch->is_range)
		return branch->to;
	return tests->n + (range->is_block ? t->answers.n : 0) + range->to;
}

static int emit_tests(const struct tree *t, const struct tests *tests, struct buf *out)
{
	for (size_t i = 0; i < tests->n; i++) {
		const struct test *test = &tests->v[i];
		size_t upper = where(t, tests, &test->upper) - i - 1;
		size_t lower = where(t, tests, &test->lower) - i - 1;

		if (upper > UINT8_MAX || lower > UINT8_MAX)
			return -ENOTSUP;
		add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, test->first, (uint8_t) upper, (uint8_t) lower));
	}
	return 0;
}

static void emit_blocks(const struct tree *t, struct buf *out)
{
	size_t jump = t->n_blocks;

	for (size_t i = 0; i < t->n_blocks; i++) {
		add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) --jump, 0, 0));
		jump += t->blocks[i].len / sizeof(struct sock_filter);
	}
	for (size_t i = 0; i < t->n_blocks; i++)
		buf_add(out, t->blocks[i].data, t->blocks[i].len);
}

static int emit_tree(const struct tree *t, uint32_t arch, uint32_t foreign, struct buf *out)
{
	struct tests tests = { .n = 0 };
	struct branch root = plant(t, 0, t->n, &tests);
	int r;

	add(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	add(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, foreign));
	add(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	if (root.is_range)
		add(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) where(t, &tests, &root), 0, 0));
	r = emit_tests(t, &tests, out);
	if (r < 0)
		return r;
	add_answers(&t->answers, out);
	emit_blocks(t, out);
	return out->failed ? -ENOMEM : 0;
}

int bpftree_make(const struct sock_filter *program, size_t n, uint32_t arch, struct buf *out)
{
	const struct program p = { .v = program, .n = n };
	cleanup_free uint32_t *bounds = n <= BPF_MAXINSNS ? calloc(2 * n + 3, sizeof(*bounds)) : NULL;
	cleanup(tree_release) struct tree t = { .rest.v = bounds != NULL ? calloc(n + 1, sizeof(*t.rest.v)) : NULL };
	cleanup_buf struct buf made = { 0 };
	uint32_t foreign = SECCOMP_RET_KILL_PROCESS;
	size_t n_bounds;
	int r;

	if (t.rest.v == NULL)
		return n <= BPF_MAXINSNS ? -ENOMEM : -ENOTSUP;
	n_bounds = find_bounds(&p, arch, bounds);
	r = find_foreign(&p, arch, bounds, n_bounds, &foreign);
	if (r == 0)
		r = find_ranges(&p, arch, bounds, n_bounds, &t);
	if (r == 0)
		r = emit_tree(&t, arch, foreign, &made);
	if (r == 0 && made.len / sizeof(*program) >= n)
		r = -ENOTSUP;
	if (r < 0)
		return r;
	buf_add(out, made.data, made.len);
	return out->failed ? -ENOMEM : 0;
}
