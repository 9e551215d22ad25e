/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notify.h - the listener of a box's seccomp filter (seccomp_unotify(2)), and what can be read of a process that waits for its answer.
 * Never ptrace(2). What is read of its memory may be changed by another of its threads: it is good for words, not for decisions.
 */
#ifndef VB_NOTIFY_H
#define VB_NOTIFY_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"

struct notify {
	int fd;                        /* the listener, owned; -1: none */
	struct seccomp_notif *call;    /* as large as the kernel wants them; owned */
	struct seccomp_notif_resp *answer;
	size_t call_size, answer_size;
};

/* Owns fd from the call on, also when it fails. */
int notify_open(struct notify *n, int fd) must_check;
void notify_release(struct notify *n);

/* The next call, in n->call. 0: there is none, its process has ended meanwhile. 1: it waits. Only when poll(2) says that one is there. */
int notify_take(struct notify *n) must_check;

/* err 0: the call goes on; else it fails with that errno. A process that has ended meanwhile is no error. */
int notify_answer(struct notify *n, int err) must_check;

/* Is the process still the one that made the call? What was read of it before is its own then. */
bool notify_is_valid(const struct notify *n);

/* What is at address in the memory of pid, which made the call. 0, or -errno. */
int notify_read(pid_t pid, uint64_t address, void *to, size_t len) must_check;
/* The text there, at most size bytes with its NUL; -ENAMETOOLONG. */
int notify_read_text(pid_t pid, uint64_t address, char *text, size_t size) must_check;

/* Where a relative path begins: at the descriptor dir, or AT_FDCWD. As seen in the box. Owned by the caller. */
int notify_base(pid_t pid, int dir, char **base) must_check;

/* Who it is, for people: "python app.py", "ffmpeg". Not empty. Owned by the caller; NULL: out of memory. */
char *notify_program(pid_t pid) must_check;

#endif
