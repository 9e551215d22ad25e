/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* launched.h - runs the supervisor in a process of its own, against the fake box. */
#ifndef VB_TEST_LAUNCHED_H
#define VB_TEST_LAUNCHED_H

#include "host/supervise.h"

#include "tests/unit/fakebox.h"

#define FILE_FD 31 /* a file of the caller */
#define FORGOTTEN_FD 33 /* that nothing of ours may inherit */
#define TEXT_MAX 512

/* One launcher, in a process of its own, and what it made of its run. */
struct scene {
	pid_t launcher;
	int talk; /* what the fake box tells */
	struct result {
		int r;
		struct outcome o;
		char what[TEXT_MAX];
		off_t offset; /* of FILE_FD */
		bool childless; /* it has, when the run is over */
		int kept;     /* of the descriptors that came with reports, the watcher's released */
	} *result;
};

#define SEALED   { .act = FAKE_REPORT, .report = { .kind = REPORT_SEALED } }
#define STARTED  { .act = FAKE_REPORT, .report = { .kind = REPORT_STARTED, .value = 2 } }
#define EXIT(status) { .act = FAKE_REPORT, .report = { .kind = REPORT_EXIT, .value = (status) } }
#define REPORT(k, v) { .act = FAKE_REPORT, .report = { .kind = (k), .value = (v) } }
#define WITH(k, v) { .act = FAKE_WITH, .value = (v), .report = { .kind = (k) } } /* value: of FAKE_WITH */
#define ACT(a, v)    { .act = (a), .value = (v) }
#define HELLO    ACT(FAKE_HELLO, 0)
#define HELLO_OF(uid, gid) { .act = FAKE_HELLO, .report = { .value = (uid), .offset = (gid) } }
#define END      ACT(FAKE_END, 0)
#define HANG     ACT(FAKE_HANG, 0)

void launch_with(struct scene *s, const struct fake_step *script, size_t len, void (*prepare)(void));

#define launch(s, script) launch_with((s), (script), sizeof(script), NULL)

/* launch.complete of those that are launched; NULL unless a test, or its prepare(), sets it. */
extern int (*launch_complete)(struct launch *l, void *data, struct failure *f);

/*
 * Boxes that are given up before the one that runs the script, by launch.settle: they have no script, and wait for one. Then it is
 * launch_settled that says; 0: it holds.
 */
extern int launch_given_up;
/* The second box cannot be started: launch.offer fails. */
extern bool launch_offered_once;
extern int launch_settled;

/* launch.watcher of those that are launched, which is released with the launcher; NULL: none. */
extern struct watcher *launch_watcher;

/* launch.filter_fd of those that are launched; -1: an empty file. */
extern int launch_filter;

/* The wait status of the launcher; result stays. */
int end(struct scene *s);
void forget(struct scene *s);

/* What the fake box tells, up to the next semicolon; "" at the end. */
void hear(struct scene *s, char text[static TEXT_MAX]);
int hear_number(struct scene *s);

/* For launch_with(): HUP, PIPE and CHLD are ignored, USR2 is blocked, nothing else. */
void set_signals(void);

#endif
