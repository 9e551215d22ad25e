/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a function writes to standard error. */
#ifndef VB_TEST_CAPTURE_H
#define VB_TEST_CAPTURE_H

#include <sys/socket.h>
#include <unistd.h>

struct capture {
	int saved;
	int ends[2];
};

/* SOCK_SEQPACKET: one read(2) is one write(2), so that a test can count them. */
static inline int capture_begin(struct capture *c)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c->ends) < 0)
		return -1;
	c->saved = dup(STDERR_FILENO);
	return dup2(c->ends[1], STDERR_FILENO);
}

/* Puts the first write into text and returns how many there were. */
static inline int capture_end(struct capture *c, char *text, size_t room)
{
	char more[16];
	ssize_t len;
	int writes = 0;

	(void) dup2(c->saved, STDERR_FILENO);
	(void) close(c->saved);
	(void) close(c->ends[1]);
	len = read(c->ends[0], text, room - 1);
	text[len > 0 ? len : 0] = '\0';
	if (len > 0)
		writes++;
	while (read(c->ends[0], more, sizeof(more)) > 0)
		writes++;
	(void) close(c->ends[0]);
	return writes;
}

#endif
