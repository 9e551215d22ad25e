/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The launcher's end of the channel: what PID 1, or whoever took it over, reports. Each message of the input: a byte,
 * 0: the next sizeof(struct report) bytes are one, else so many bytes. What reads them is static, so its source is included.
 */
#include "host/supervise.c"
#include "common/fd.h"
#include "tests/fuzz/fuzz.h"

static void send_all(int sock, const uint8_t *data, size_t size)
{
	for (int i = 0; i < 32 && size > 0; i++) {
		size_t len = data[0] > 0 ? data[0] : sizeof(struct report);

		data++;
		size--;
		len = len < size ? len : size;
		if (len > 0)
			must(send(sock, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) len);
		data += len;
		size -= len;
	}
}

static void check(const struct watch *w, int r)
{
	const struct outcome *o = w->o;

	must(r == 0 || w->f->what != NULL);
	/* Nothing is believed to have run unsealed. */
	must(w->phase == PHASE_MAKING ? !o->sealed : o->sealed);
	must(w->phase != PHASE_ENDED || WIFEXITED(o->wait_status) || WIFSIGNALED(o->wait_status));
	must(o->exec_errno == 0 || w->phase != PHASE_ENDED || WEXITSTATUS(o->wait_status) == 126 || WEXITSTATUS(o->wait_status) == 127);
	must(memchr(o->exec_words, '\0', sizeof(o->exec_words)) != NULL);
	must(r < 0 || w->stopped == 0 || signals_is_stop(w->stopped));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct order_fd given[2] = { { .target = 0, .how = FD_REOPEN }, { .target = 1, .how = FD_PASS } };
	struct userfd user[2] = { { .fd = -1, .fate = USERFD_REOPEN }, { .fd = -1, .fate = USERFD_PASS } };
	size_t index[3] = { 0, 1, 0 };
	struct orders orders = { .fds = given, .n_fds = 2 };
	struct userfds fds = { .v = user, .n = 2 };
	struct launch l = { .orders = &orders, .fds = &fds };
	struct outcome o = { 0 };
	struct failure f = { 0 };
	struct watch w = { .l = &l, .o = &o, .f = &f, .handout.given = index, .forward.open = true };
	int ends[2], r;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	send_all(ends[1], data, size);
	(void) close(ends[1]);
	user[0].fd = fd_memfd("file", "x", 1);
	w.box.channel = ends[0];
	r = take_reports(&w);
	check(&w, r);
	(void) close(ends[0]);
	(void) close(user[0].fd);
	failure_release(&f);
	return 0;
}
