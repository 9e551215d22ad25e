/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the harnesses share. A check that does not hold aborts: libFuzzer and replay.c both show the input then.
 *
 * An input of several parts has them separated by the byte 0x1e; words end with NUL.
 */
#ifndef VB_FUZZ_H
#define VB_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/strv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(fact) ((fact) ? (void) 0 : fuzz_untrue(__FILE__, __LINE__, #fact))

static inline void fuzz_untrue(const char *file, int line, const char *fact)
{
	(void) fprintf(stderr, "%s:%d: untrue: %s\n", file, line, fact);
	abort();
}

/* What is not read yet of an input. */
struct fuzz {
	const char *at;
	size_t left;
};

static inline struct fuzz fuzz_begin(const uint8_t *data, size_t size)
{
	return (struct fuzz) { .at = (const char *) data, .left = size };
}

/* Takes up to the next `end`, or all. A copy of just that size, so that the sanitizer sees a byte too far; *len may be NULL for a text. */
static inline char *fuzz_take(struct fuzz *in, char end, size_t *len)
{
	const char *stop = in->left > 0 ? memchr(in->at, end, in->left) : NULL;
	size_t n = stop != NULL ? (size_t) (stop - in->at) : in->left;
	char *part = malloc(n + 1);

	must(part != NULL);
	if (n > 0)
		memcpy(part, in->at, n);
	part[n] = '\0';
	in->at += n + (stop != NULL);
	in->left -= n + (stop != NULL);
	if (len != NULL)
		*len = n;
	return part;
}

#define FUZZ_PART '\x1e'

/* A text: up to the end of the part, or to a NUL in it. */
static inline char *fuzz_text(struct fuzz *in)
{
	return fuzz_take(in, FUZZ_PART, NULL);
}

/* The words of one part. */
static inline void fuzz_words(struct fuzz *in, struct strv *words)
{
	size_t len;
	char *part = fuzz_take(in, FUZZ_PART, &len);
	struct fuzz rest = { .at = part, .left = len };

	while (rest.left > 0)
		must(strv_take(words, fuzz_take(&rest, '\0', NULL)) == 0);
	free(part);
}

static inline bool fuzz_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static inline bool fuzz_same_words(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->n == b->n;
}

static inline bool fuzz_has_twice(const struct strv *words)
{
	struct strv sorted = { 0 };
	bool twice = false;

	must(strv_add_all(&sorted, words) == 0);
	strv_sort(&sorted);
	for (size_t i = 1; i < sorted.n; i++)
		twice |= strcmp(sorted.v[i - 1], sorted.v[i]) == 0;
	strv_release(&sorted);
	return twice;
}

/* A refusal (r < 0) comes with words. */
static inline void fuzz_refused(int r, struct failure *f)
{
	must(r <= 0);
	must(r == 0 || (f->what != NULL && f->what[0] != '\0'));
	failure_release(f);
}

#endif
