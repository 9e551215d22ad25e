/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/box.h"

#include <sys/wait.h>

#include "common/hostcheck.h"
#include "common/runprog.h"
#include "host/spawn.h"

#define WORDS_MAX 16384

void box_init(struct box *b)
{
	*b = (struct box) { .bwrap = -1, .channel = -1, .words = -1 };
}

void box_release(struct box *b)
{
	close_fd(&b->channel);
	close_fd(&b->words);
	buf_release(&b->said);
	box_init(b);
}

int box_start(struct box *b, struct launch *l, struct failure *f)
{
	int r = l->offer != NULL ? l->offer(l, l->data, f) : 0;

	return r < 0 ? r : spawn_box(l, b, f);
}

/* One that waits for its options: there is nothing below it. */
static void give_up(struct box *b)
{
	(void) runprog_end(b->bwrap, &b->status);
	box_release(b);
}

int box_settle(struct box *b, struct launch *l, struct failure *f)
{
	int r = 0;

	while (r == 0 && l->settle != NULL) {
		r = l->settle(l, l->data, f);
		if (r <= 0)
			break;
		give_up(b);
		r = box_start(b, l, f);
	}
	b->told = r == 0;
	return r;
}

void box_reap(struct box *b)
{
	if (!b->reaped && waitpid(b->bwrap, &b->status, WNOHANG) == b->bwrap)
		b->reaped = true;
}

void box_read_words(struct box *b)
{
	char chunk[1024];

	while (b->words >= 0) {
		ssize_t n = read(b->words, chunk, sizeof(chunk));
		size_t room = WORDS_MAX - b->said.len;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			close_fd(&b->words);
		else
			buf_add(&b->said, chunk, (size_t) n < room ? (size_t) n : room);
	}
}

void box_end(struct box *b, bool finished)
{
	if (!b->reaped && b->bwrap > 0)
		b->reaped = runprog_end(b->bwrap, &b->status);
	if (b->told && (WIFSIGNALED(b->status) || !finished))
		runprog_end_all();
}

int box_explain(struct box *b, const char *bwrap, bool sealed, struct failure *f)
{
	static const char hint[] = "it was killed from outside, or memory ran out; the kernel's log may say which";

	box_read_words(b);
	buf_putc(&b->said, '\0');
	if (b->said.failed)
		return -ENOMEM;
	if (sealed)
		return fail_msg(f, ECHILD, hint, "the box ended without a report");
	if (WIFSIGNALED(b->status))
		return fail_msg(f, ECHILD, hint, "'%s' was killed by signal %d", bwrap, WTERMSIG(b->status));
	return hostcheck_explain(b->said.data, b->status, "/proc", f);
}
