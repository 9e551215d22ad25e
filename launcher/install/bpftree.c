/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/bpftree.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "install/bpfleft.h"

/* As many as the tests of a tree can reach past: 8 bits. */
#define MAX_RANGES 200
#define MAX_BLOCKS 64

/* --- ranges of numbers that have one answer, or one rest ---------------------------------- */

struct range {
	uint32_t first;
	bool is_block;
	size_t to; /* of the answers, or of the blocks */
};

struct tree {
	struct range ranges[MAX_RANGES];
	size_t n;
	struct bpfleft_answers answers;
	struct buf blocks[MAX_BLOCKS];
	size_t n_blocks;
	struct buf often; /* what is left for that number; it is in no range then */
};

static void tree_release(struct tree *t)
{
	for (size_t i = 0; i < MAX_BLOCKS; i++)
		buf_release(&t->blocks[i]);
	buf_release(&t->often);
}

/* 0 or more: which block. */
static int add_block(const struct bpfleft_program *p, const struct bpfleft_call *c, size_t first, struct tree *t)
{
	struct buf *block = &t->blocks[t->n_blocks];
	int r = t->n_blocks < MAX_BLOCKS - 1 ? bpfleft_make(p, c, first, block) : -ENOTSUP;

	for (size_t i = 0; r == 0 && i < t->n_blocks; i++)
		if (t->blocks[i].len == block->len && memcmp(t->blocks[i].data, block->data, block->len) == 0) {
			buf_release(block);
			return (int) i;
		}
	return r < 0 ? r : (int) t->n_blocks++;
}

static int add_range(const struct bpfleft_program *p, const struct bpfleft_call *c, uint32_t often, struct tree *t)
{
	const struct range *last = t->n > 0 ? &t->ranges[t->n - 1] : NULL;
	struct bpfleft_way way;
	int r = bpfleft_go(p, c, 0, &way);

	if (r < 0)
		return r;
	if (!way.is_answer && c->number == often)
		return bpfleft_make(p, c, way.at, &t->often);
	r = way.is_answer ? bpfleft_add_answer(&t->answers, way.answer) : add_block(p, c, way.at, t);
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
static size_t find_bounds(const struct bpfleft_program *p, uint32_t arch, uint32_t often, uint32_t *bounds)
{
	size_t n = 0;

	bounds[n++] = 0;
	/* Each stands for itself alone; what follows arch is foreign again. */
	bounds[n++] = arch;
	bounds[n++] = arch + 1;
	bounds[n++] = often;
	bounds[n++] = often + 1;
	for (size_t i = 0; i < p->n; i++) {
		if (BPF_CLASS(p->v[i].code) != BPF_JMP || p->v[i].code == (BPF_JMP | BPF_JA))
			continue;
		bounds[n++] = p->v[i].k;
		if (p->v[i].k != UINT32_MAX)
			bounds[n++] = p->v[i].k + 1;
	}
	qsort(bounds, n, sizeof(*bounds), compare);
	return drop_repeated(bounds, n);
}

static int find_ranges(const struct bpfleft_program *p, uint32_t arch, uint32_t often, const uint32_t *bounds, size_t n, struct tree *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_range(p, &(struct bpfleft_call) { .arch = arch, .number = bounds[i], .has_number = true }, often, t);
	return r;
}

/* For calls of any other architecture, whatever their number. */
static int find_foreign(const struct bpfleft_program *p, uint32_t arch, const uint32_t *bounds, size_t n, uint32_t *answer)
{
	struct bpfleft_way way;
	bool has = false;

	for (size_t i = 0; i < n; i++) {
		int r;

		if (bounds[i] == arch)
			continue;
		r = bpfleft_go(p, &(struct bpfleft_call) { .arch = bounds[i] }, 0, &way);
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
		bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, test->first, (uint8_t) upper, (uint8_t) lower));
	}
	return 0;
}

static void emit_blocks(const struct tree *t, struct buf *out)
{
	size_t jump = t->n_blocks;

	for (size_t i = 0; i < t->n_blocks; i++) {
		bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) --jump, 0, 0));
		jump += t->blocks[i].len / sizeof(struct sock_filter);
	}
	for (size_t i = 0; i < t->n_blocks; i++)
		buf_add(out, t->blocks[i].data, t->blocks[i].len);
}

/* Past it the number is still loaded. */
static int emit_often(const struct tree *t, uint32_t often, struct buf *out)
{
	size_t n = t->often.len / sizeof(struct sock_filter);

	if (n == 0)
		return 0;
	if (n > UINT8_MAX)
		return -ENOTSUP;
	bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, often, 0, (uint8_t) n));
	buf_add(out, t->often.data, t->often.len);
	return 0;
}

static int emit_tree(const struct tree *t, uint32_t arch, uint32_t often, uint32_t foreign, struct buf *out)
{
	struct tests tests = { .n = 0 };
	struct branch root = plant(t, 0, t->n, &tests);
	int r;

	bpfleft_put(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	bpfleft_put(out, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, foreign));
	bpfleft_put(out, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	r = emit_often(t, often, out);
	if (r < 0)
		return r;
	if (root.is_range)
		bpfleft_put(out, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JA, (uint32_t) where(t, &tests, &root), 0, 0));
	r = emit_tests(t, &tests, out);
	if (r < 0)
		return r;
	bpfleft_put_answers(&t->answers, out);
	emit_blocks(t, out);
	return out->failed ? -ENOMEM : 0;
}

int bpftree_make(const struct sock_filter *program, size_t n, uint32_t arch, uint32_t often, struct buf *out)
{
	const struct bpfleft_program p = { .v = program, .n = n };
	cleanup_free uint32_t *bounds = n <= BPF_MAXINSNS ? calloc(2 * n + 5, sizeof(*bounds)) : NULL;
	cleanup(tree_release) struct tree t = { .n = 0 };
	cleanup_buf struct buf made = { 0 };
	uint32_t foreign = SECCOMP_RET_KILL_PROCESS;
	size_t n_bounds;
	int r;

	if (bounds == NULL)
		return n <= BPF_MAXINSNS ? -ENOMEM : -ENOTSUP;
	n_bounds = find_bounds(&p, arch, often, bounds);
	r = find_foreign(&p, arch, bounds, n_bounds, &foreign);
	if (r == 0)
		r = find_ranges(&p, arch, often, bounds, n_bounds, &t);
	if (r == 0)
		r = emit_tree(&t, arch, often, foreign, &made);
	if (r == 0 && made.len / sizeof(*program) >= n)
		r = -ENOTSUP;
	if (r < 0)
		return r;
	buf_add(out, made.data, made.len);
	return out->failed ? -ENOMEM : 0;
}
