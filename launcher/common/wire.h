/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire.h - what the launcher and PID 1 of the box say to each other, over one
 * SOCK_SEQPACKET pair whose inner end is VB_CHANNEL_FD.
 *
 *   launcher -> PID 1   one or more HELLO messages, once it is ready. All carry
 *                       descriptors (SCM_RIGHTS), at most WIRE_FDS_PER_MESSAGE each; in order:
 *                       orders, filter, payload, then the caller's descriptors (orders.fds, same order, those
 *                       with how != FD_REOPEN).
 *   PID 1 -> launcher   reports; REPORT_WATCH carries one descriptor
 *   launcher -> PID 1   signals to deliver, and whether there is anything to report
 *
 * bwrap itself never holds a descriptor of the caller, nor does the channel before PID 1 is there. The orders are a
 * memfd that PID 1 reads; the payload (argv and environment, which may hold
 * secrets) is a memfd that only the forked child reads, PID 1 closes it unread.
 *
 * Numbers are in host byte order: both ends are the same build.
 */
#ifndef VB_WIRE_H
#define VB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/strv.h"

#define WIRE_VERSION 6
#define WIRE_FDS_PER_MESSAGE 200 /* SCM_MAX_FD is 253, unix(7) */

enum wire_fd_index {
	WIRE_ORDERS,
	WIRE_FILTER,
	WIRE_PAYLOAD,
	WIRE_USER, /* the first of the caller's */
};

/* The body of a HELLO. */
struct wire_hello {
	uint32_t version;
	uint32_t total_fds; /* over all HELLO messages */
};

/* A mount that PID 1 must find as the launcher opened it (design.md, law 4). */
struct order_mount {
	char *path;
	uint64_t dev;
	uint64_t ino;
	bool read_only; /* statvfs must say ST_RDONLY */
};

enum order_fd_how {
	FD_PASS,   /* the descriptor that came with the message */
	FD_REOPEN, /* open(path, flags) inside, lseek(offset): a plain file, read-only bind */
};

struct order_fd {
	int32_t target; /* number the payload gets */
	enum order_fd_how how;
	int32_t flags;  /* FD_REOPEN: O_RDONLY and status flags such as O_NONBLOCK */
	int64_t offset; /* FD_REOPEN: where the caller was; its final value is reported */
	char *path;     /* FD_REOPEN, else NULL */
};

struct orders {
	uint64_t keep_caps;   /* bit n: capability n stays, ambient */
	uint64_t sig_ignored; /* bit n-1: signal n is ignored in the payload */
	uint64_t sig_blocked; /* bit n-1: signal n is blocked in the payload */
	uint64_t files;       /* the caller's soft RLIMIT_NOFILE, which the launcher has raised for itself; 0: as it is */
	bool watch;           /* the filter notifies, and knows the numbers of REPORT_READY (callids.h): its listener is sent with REPORT_WATCH */
	uint64_t limits[RLIM_NLIMITS]; /* by RLIMIT_*, getrlimit(2): no more than this; 0: what the caller has */
	char *cwd;            /* clean path inside */
	char *program;        /* path inside to execve, from cwd if it is relative */
	bool base;            /* program is <venv>/bin/python and would execute the base interpreter: PID 1 may do that for it */
	struct order_mount *mounts;
	size_t n_mounts;
	struct order_fd *fds;
	size_t n_fds;
};

void orders_release(struct orders *o);
#define cleanup_orders cleanup(orders_release)
int orders_add_mount(struct orders *o, const char *path, uint64_t dev, uint64_t ino, bool read_only) must_check;
int orders_add_fd(struct orders *o, const struct order_fd *fd) must_check; /* copies path */
int orders_pack(const struct orders *o, struct buf *out) must_check;
int orders_unpack(const void *data, size_t len, struct orders *o) must_check; /* -EBADMSG */

/* argv and environment, each word any bytes but NUL. */
int payload_pack(const struct strv *argv, const struct strv *env, struct buf *out) must_check;
int payload_unpack(const void *data, size_t len, struct strv *argv, struct strv *env) must_check;

enum report_kind {
	REPORT_SEALED = 1, /* seal proved; nothing of the payload has run yet */
	REPORT_STARTED,    /* value: pid of the payload inside; execve() succeeded */
	REPORT_STOPPED,    /* value: the signal that stopped the payload */
	REPORT_CONTINUED,
	REPORT_OFFSET,     /* value: index in orders.fds; offset: final file offset */
	REPORT_EXIT,       /* value: wait status of the payload; the last report */
	REPORT_FAILED,     /* value: errno; text: the step that failed, for people; the last report */
	REPORT_EXEC_FAILED,/* value: errno of execve() of the payload: its exit status is 126 or 127, see below */
	REPORT_READY,      /* the first report: it waits for HELLO; value: its user, offset: its group, as the box numbers them */
	REPORT_WATCH,      /* with the listener of the filter, seccomp_unotify(2); before REPORT_SEALED, if orders.watch */
	REPORT_LOOKED,     /* value: that of the COMMAND_LOOK; all that had happened when it came was reported before */
};

#define WIRE_TEXT 240

struct report {
	uint32_t kind;
	int32_t value;
	int64_t offset;
	char text[WIRE_TEXT]; /* NUL-terminated */
};

enum command_kind {
	COMMAND_SIGNAL = 1, /* value: signal to deliver to the payload, unless PID 1 itself just got it from the group */
	COMMAND_LOOK,       /* value: comes back in REPORT_LOOKED, unless the payload has ended */
};

struct command {
	uint32_t kind;
	int32_t value;
};

/* Sends one HELLO series. fds stay the caller's. */
int wire_send_hello(int sock, const int *fds, size_t n) must_check;
/* Receives it; *fds (malloc, all O_CLOEXEC) is the caller's. -EBADMSG for anything else, -EPIPE at the end. */
int wire_recv_hello(int sock, int **fds, size_t *n) must_check;

/* One whole struct each. -EPIPE: the other end is gone; -EAGAIN as recv(2) with MSG_DONTWAIT. */
int wire_send(int sock, const void *msg, size_t len) must_check;
int wire_recv(int sock, void *msg, size_t len, bool dont_wait) must_check;
int wire_peek(int sock, void *msg, size_t len) must_check; /* waits, and leaves it there, MSG_PEEK */

/* The same with one descriptor: fd stays the caller's; *fd is the caller's from then on, -1: none came. */
int wire_send_with(int sock, const void *msg, size_t len, int fd) must_check;
int wire_recv_with(int sock, void *msg, size_t len, int *fd) must_check; /* MSG_DONTWAIT */

#endif
