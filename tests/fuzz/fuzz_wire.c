/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PID 1's end of the channel. Each message of the input: a byte with the number of descriptors that come along
 * (modulo 8), a byte with the length of the body, the body.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "common/wire.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES 8

static void send_one(int sock, const void *body, size_t len, int fd, size_t n_fds)
{
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { .iov_base = (void *) (uintptr_t) body, .iov_len = len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n_fds > 0) {
		struct cmsghdr *header;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (size_t i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(fd));
	}
	must(sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) len);
}

static void send_all(int sock, const uint8_t *data, size_t size)
{
	cleanup_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < MESSAGES && size >= 2; i++) {
		size_t n_fds = data[0] % 8, len = data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		send_one(sock, data, len, null, n_fds);
		data += len;
		size -= len;
	}
}

/* total: what the first message said, which is what must come. */
static void take_hello(int sock, uint32_t total)
{
	int *fds = NULL;
	size_t n = 0;
	int r = wire_recv_hello(sock, &fds, &n);

	must(r == 0 || r == -EBADMSG || r == -EPIPE);
	must(r == 0 ? n >= WIRE_USER && n == total : fds == NULL);
	for (size_t i = 0; i < n; i++) {
		must(fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
		(void) close(fds[i]);
	}
	free(fds);
}

/* The lowest free number, which rises when a descriptor is left open. */
static int lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	(void) close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = lowest_free(), ends[2], r;
	struct wire_hello first = { 0 };
	struct command c;

	if (size >= 2 + sizeof(first))
		memcpy(&first, data + 2, sizeof(first));
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	send_all(ends[0], data, size);
	(void) close(ends[0]);
	take_hello(ends[1], first.total_fds);
	do {
		r = wire_recv(ends[1], &c, sizeof(c), true);
		must(r == 0 || r == -EBADMSG || r == -EPIPE);
	} while (r != -EPIPE);
	(void) close(ends[1]);
	must(lowest_free() == before);
	return 0;
}
