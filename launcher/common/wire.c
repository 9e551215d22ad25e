/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages on the channel; what they carry in a memfd is packed in orders.c. */
#include "common/wire.h"

#include <string.h>
#include <sys/socket.h>

#define MAX_FDS 65536 /* no process can have more without raising fs.nr_open by hand */

union fd_control {
	char bytes[CMSG_SPACE(WIRE_FDS_PER_MESSAGE * sizeof(int))];
	struct cmsghdr align;
};

/*
 * Whoever ends with a message unread, a signal for a payload that has ended meanwhile, resets the other end (unix_release_sock() in the
 * kernel): that is told once, before what he sent himself, the last report.
 */
static bool goes_on(int err)
{
	return err == EINTR || err == ECONNRESET;
}

/* The other end is gone, however the kernel puts it. */
static int gone(int err)
{
	return err == ECONNRESET || err == ENOTCONN ? -EPIPE : -err;
}

static int send_fds(int sock, struct iovec *body, const int *fds, size_t n, int flags)
{
	union fd_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = body,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(header), fds, n * sizeof(int));
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | flags) < 0)
		if (errno != EINTR)
			return gone(errno);
	return 0;
}

int wire_send_hello(int sock, const int *fds, size_t n)
{
	struct wire_hello hello = { .version = WIRE_VERSION, .total_fds = (uint32_t) n };
	struct iovec body = { .iov_base = &hello, .iov_len = sizeof(hello) };

	if (n < WIRE_USER || n > MAX_FDS)
		return -EINVAL;
	for (size_t sent = 0; sent < n;) {
		size_t some = n - sent < WIRE_FDS_PER_MESSAGE ? n - sent : WIRE_FDS_PER_MESSAGE;
		/* Nobody reads yet: a full queue is an error, waiting for room would be for ever. */
		int r = send_fds(sock, &body, fds + sent, some, MSG_DONTWAIT);

		if (r < 0)
			return r;
		sent += some;
	}
	return 0;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void) close(fds[i]);
}

/* Takes every descriptor out of msg, so that one of a bad message is closed and not leaked. */
static size_t take_fds(struct msghdr *msg, int fds[static WIRE_FDS_PER_MESSAGE])
{
	size_t n = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(msg); header != NULL; header = CMSG_NXTHDR(msg, header)) {
		size_t bytes = header->cmsg_len - CMSG_LEN(0);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds + n, CMSG_DATA(header), bytes); /* the control buffer holds no more than fds does */
		n += bytes / sizeof(int);
	}
	return n;
}

/* One message that fills body; *n descriptors in fds are the caller's, whatever the result. */
static int recv_fds(int sock, struct iovec *body, int flags, int fds[static WIRE_FDS_PER_MESSAGE], size_t *n)
{
	union fd_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = body,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t got;

	*n = 0;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (got < 0 && goes_on(errno));
	if (got < 0)
		return gone(errno);
	*n = take_fds(&msg, fds);
	if (got == 0 && *n == 0)
		return -EPIPE;
	if ((size_t) got != body->iov_len || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return -EBADMSG;
	return 0;
}

/* Receives one message and appends its descriptors to all. */
static int recv_some(int sock, struct wire_hello *first, int **all, size_t *have)
{
	struct wire_hello hello = { 0 };
	struct iovec body = { .iov_base = &hello, .iov_len = sizeof(hello) };
	int fds[WIRE_FDS_PER_MESSAGE];
	int *grown;
	size_t n;
	int r = recv_fds(sock, &body, 0, fds, &n);

	if (*have == 0)
		*first = hello;
	if (r == 0 && (hello.version != WIRE_VERSION || hello.total_fds != first->total_fds || n == 0 ||
		       hello.total_fds < WIRE_USER || hello.total_fds > MAX_FDS || n > hello.total_fds - *have))
		r = -EBADMSG;
	if (r == 0) {
		grown = reallocarray(*all, *have + n, sizeof(**all));
		if (grown == NULL)
			r = -ENOMEM;
		else
			*all = grown;
	}
	if (r != 0) {
		close_all(fds, n);
		return r;
	}
	memcpy(*all + *have, fds, n * sizeof(int));
	*have += n;
	return 0;
}

int wire_recv_hello(int sock, int **fds, size_t *n)
{
	cleanup_free int *all = NULL;
	struct wire_hello first = { 0 };
	size_t have = 0;

	do {
		int r = recv_some(sock, &first, &all, &have);

		if (r < 0) {
			close_all(all, have);
			return r;
		}
	} while (have < first.total_fds);
	*fds = take_ptr(&all);
	*n = have;
	return 0;
}

int wire_send(int sock, const void *msg, size_t len)
{
	ssize_t sent;

	do
		sent = send(sock, msg, len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return gone(errno);
	return (size_t) sent == len ? 0 : -EMSGSIZE;
}

int wire_send_with(int sock, const void *msg, size_t len, int fd)
{
	struct iovec body = { .iov_base = (void *) (uintptr_t) msg, .iov_len = len };

	return send_fds(sock, &body, &fd, 1, 0);
}

int wire_recv_with(int sock, void *msg, size_t len, int *fd)
{
	struct iovec body = { .iov_base = msg, .iov_len = len };
	int fds[WIRE_FDS_PER_MESSAGE];
	size_t n;
	int r = recv_fds(sock, &body, MSG_DONTWAIT, fds, &n);

	*fd = -1;
	if (r == 0 && n > 1)
		r = -EBADMSG;
	if (r == 0 && n == 1)
		*fd = fds[0];
	else
		close_all(fds, n);
	return r;
}

static int recv_one(int sock, void *msg, size_t len, int flags)
{
	ssize_t got;

	/* MSG_TRUNC: the result is the true length. Descriptors sent along are dropped by the kernel: there is no room for them. */
	do
		got = recv(sock, msg, len, MSG_TRUNC | flags);
	while (got < 0 && goes_on(errno));
	if (got < 0)
		return gone(errno);
	if (got == 0)
		return -EPIPE;
	return (size_t) got == len ? 0 : -EBADMSG;
}

int wire_recv(int sock, void *msg, size_t len, bool dont_wait)
{
	return recv_one(sock, msg, len, dont_wait ? MSG_DONTWAIT : 0);
}

int wire_peek(int sock, void *msg, size_t len)
{
	return recv_one(sock, msg, len, MSG_PEEK);
}
