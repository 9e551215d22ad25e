/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/relay.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fd.h"

#define CHUNK 65536 /* what a pipe holds, pipe(7) */

short fdrelay_events(const struct userfd *u)
{
	if (u->pipe_host < 0)
		return 0;
	return u->fate == USERFD_RELAY_OUT ? POLLIN : POLLOUT;
}

static void hang_up(struct userfd *u)
{
	(void) close(u->pipe_host);
	u->pipe_host = -1;
}

/* 1: there may be more. */
static int move_out(struct userfd *u)
{
	char chunk[CHUNK];
	ssize_t n = read(u->pipe_host, chunk, sizeof(chunk));
	int r;

	if (n < 0)
		return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -errno;
	if (n == 0) {
		hang_up(u);
		return 0;
	}
	r = fd_write_all(u->fd, chunk, (size_t) n);
	return r < 0 ? r : 1;
}

/* Reads no more than the pipe took: the offset of the file is where the pipe begins. */
static int move_in(struct userfd *u)
{
	char chunk[CHUNK];
	ssize_t n = read(u->fd, chunk, sizeof(chunk));
	ssize_t put;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0) {
		hang_up(u);
		return 0;
	}
	put = write(u->pipe_host, chunk, (size_t) n);
	if (put < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	if (put < 0)
		put = 0;
	if (put < n && lseek(u->fd, (off_t) (put - n), SEEK_CUR) < 0)
		return -errno;
	return 0;
}

int fdrelay_turn(struct userfd *u)
{
	int r;

	if (u->pipe_host < 0)
		return 0;
	r = u->fate == USERFD_RELAY_OUT ? move_out(u) : move_in(u);
	if (r < 0)
		hang_up(u);
	return r < 0 ? r : 0;
}

static int give_back(struct userfd *u)
{
	int left = 0;

	if (u->pipe_box < 0)
		return 0;
	if (ioctl(u->pipe_box, FIONREAD, &left) < 0)
		return -errno;
	return left > 0 && lseek(u->fd, -(off_t) left, SEEK_CUR) < 0 ? -errno : 0;
}

int fdrelay_finish(struct userfd *u)
{
	int r = 0;

	if (u->fate == USERFD_RELAY_IN)
		return give_back(u);
	if (u->fate != USERFD_RELAY_OUT)
		return 0;
	do
		r = u->pipe_host < 0 ? 0 : move_out(u);
	while (r > 0);
	if (u->pipe_host >= 0)
		hang_up(u);
	return r;
}
