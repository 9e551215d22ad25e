/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * userfds.h - what becomes of each descriptor the caller left open (design.md,
 * law 6; spec B5).
 */
#ifndef VB_USERFDS_H
#define VB_USERFDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/failure.h"
#include "common/strv.h"

enum userfd_fate {
	USERFD_CLOSED,    /* not given */
	USERFD_NULL,      /* 0-2 that were a directory, O_PATH or a refused device: /dev/null instead */
	USERFD_PASS,      /* goes in as it is */
	USERFD_REOPEN,    /* plain file open for reading only: read-only bind, reopened inside at its offset */
	USERFD_RELAY_IN,  /* the same, but it cannot be bound: read by us, given as a pipe */
	USERFD_RELAY_OUT, /* plain file open for writing only, outside what the box may write: given as a pipe, written by us */
};

struct userfd {
	int fd;          /* the caller's descriptor, still at its number; not ours to close before the end */
	enum userfd_fate fate;
	int flags;       /* F_GETFL */
	off_t offset;    /* of a plain file: where the caller was */
	uint64_t dev, ino;
	int own_fd;      /* USERFD_PASS of a device node of root's: opened anew where the node is read-only, shield.h; goes in instead; owned, else -1 */
	int node_fd;     /* USERFD_PASS of a terminal: its node as O_PATH; owned, else -1 */
	uint32_t mode;   /* of that node */
	int bind_fd;     /* USERFD_REOPEN: the file as O_PATH, a number from 10 up, for --ro-bind-fd; owned, else -1 */
	int pipe_box;    /* USERFD_RELAY_*: the end that goes in, owned; two descriptors of one file share it: -1 in the second */
	int pipe_host;   /* the end that stays, owned, non-blocking */
	size_t same_as;  /* index of the descriptor whose pipe this shares, or its own index */
};

struct userfds {
	struct userfd *v;
	size_t n;
	bool was_closed[3]; /* of 0, 1, 2: the caller had it closed, so has the payload */
	int flags[3];       /* of the others: F_GETFL */
	int *inherited;     /* their numbers: userfds_list() */
	size_t n_inherited;
	rlim_t limit;       /* hard RLIMIT_NOFILE of the caller */
};

/*
 * First thing in main(): opens /dev/null O_CLOEXEC on each of 0, 1, 2 that is closed (so that nothing
 * of ours lands there) and remembers it.
 */
int userfds_reserve(struct userfds *u) must_check;

/*
 * Second thing, before anything of ours is open: notes all inherited descriptors, those in /proc/self/fd without FD_CLOEXEC, which is
 * set on each from 3 up, so that no program of ours inherits it by chance.
 */
int userfds_list(struct userfds *u, struct failure *f) must_check;

/* One above 2 that the caller gave to us and not to the box: takes it off the list. False: it is not on it. */
bool userfds_take(struct userfds *u, int fd) must_check;

/*
 * Sorts those that were listed. writable: clean
 * paths that the box may write, a plain file below which passes as it is when
 * open for writing. listen_fds: LISTEN_PID names us and LISTEN_FDS is set, so sockets 3 .. 3+listen_fds-1 pass; else 0.
 */
int userfds_collect(struct userfds *u, const struct strv *writable, int listen_fds, struct failure *f) must_check;

/*
 * The box has its copies: lets go of ours where they would change what others see (a reader waits
 * for the end of a pipe, a writer for SIGPIPE). Kept are 2, for messages, the files whose offset
 * or content we still handle, and what the box was not given. 0 and 1 become /dev/null.
 */
int userfds_let_go(struct userfds *u) must_check;

/*
 * Who owns a terminal may change its mode, and a box that lets others read what is typed does its user no good: gives the
 * terminals the mode that they had. After the run.
 */
void userfds_restore(const struct userfds *u);

void userfds_release(struct userfds *u);
#define cleanup_userfds cleanup(userfds_release)

#endif
