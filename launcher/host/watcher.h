/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watcher.h - answers for the seccomp filter of one run, and remembers what was denied (design.md, Diagnostics).
 *
 * What the filter would refuse is refused, by the program that would have refused it (callbpf.h); what it would allow goes on, whatever is
 * read of the process meanwhile. So a watched box holds what another holds. If the watcher is gone, the kernel refuses every
 * call that would have been asked about: ENOSYS.
 */
#ifndef VB_WATCHER_H
#define VB_WATCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "common/failure.h"
#include "host/denial.h"
#include "host/judge.h"
#include "host/notify.h"

/* What it must know of the run; all borrowed. */
struct watched {
	const char *venv;
	const char *box_home;     /* HOME in the box, clean */
	const char *real_home;    /* of the caller, clean; or NULL */
	bool network_unshared;
	const uint64_t *limits;   /* RLIM_NLIMITS, as orders.limits */
	bool looks;               /* also stat(2) and its like */
	/* Called for what is denied for the first time. */
	void (*tell)(const struct denial *d, void *data);
	void *data;
};

struct watcher {
	struct watched of;
	struct notify notify;
	struct denials denials;
	bool blind;               /* paths cannot be judged here: no openat2(2), or no memory to be read */
	/* private */
	struct sock_filter *program; /* what decides */
	size_t n_program;
	int root_fd;
	void *fine;               /* tsearch(3): paths that need not be judged again */
	size_t fine_bytes;
};

void watcher_init(struct watcher *w, const struct watched *of);
void watcher_release(struct watcher *w);

/*
 * Puts the program that notifies in place of the one that *filter_fd holds, which is closed. uid, gid: those of the box, for callids.h.
 */
int watcher_prepare(struct watcher *w, int *filter_fd, uid_t uid, gid_t gid, struct failure *f) must_check;

/* The listener, whose owner it is from now on. */
int watcher_begin(struct watcher *w, int listener) must_check;

/* To poll(2); -1: nothing to watch. */
int watcher_fd(const struct watcher *w);

/* One call is answered. revents as poll(2) gave them. -errno: nothing can be answered any more, the box is to be ended. */
int watcher_turn(struct watcher *w, short revents) must_check;

#endif
