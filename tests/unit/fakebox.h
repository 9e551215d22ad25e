/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fakebox.h - plays bwrap and PID 1 for the tests of the supervisor: the test
 * program executes itself, with a script where bwrap finds its options.
 */
#ifndef VB_TEST_FAKEBOX_H
#define VB_TEST_FAKEBOX_H

#include <stdbool.h>

#include "common/wire.h"

#define FAKE_TALK 30 /* number of the caller's descriptor through which the fake box talks to the test */

enum fake_act {
	FAKE_END,      /* exits with status value */
	FAKE_REPORT,
	FAKE_RAW,      /* sends only the first value bytes of the report */
	FAKE_WITH,     /* sends the report with a descriptor: value 0 an eventfd(2); 1 the listener of a filter that it loads */
	FAKE_CALL,     /* makes the call that the filter is asked about, and tells its errno */
	FAKE_WORDS,    /* value bytes on standard error, "bwrap: text" before them */
	FAKE_HELLO,    /* receives it, after the value and offset of the report are said to be its user and group; needed before all that talks */
	FAKE_FACTS,    /* tells what bwrap was started with */
	FAKE_ORDERS,   /* tells what PID 1 is ordered to do */
	FAKE_COMMAND,  /* waits for a command and tells its signal */
	FAKE_LOOK,     /* waits for a COMMAND_LOOK; value 1: answers it, 0: does not */
	FAKE_SIGNAL,   /* sends value to its parent, the launcher, and waits until that has read it; before FAKE_HELLO */
	FAKE_TELL,     /* tells value */
	FAKE_WRITE,    /* writes "text" to what was sent for descriptor value */
	FAKE_READ,     /* reads 4 bytes from it and tells them */
	FAKE_FORK,     /* goes on as a child, whose pid is told; the parent waits for it */
	FAKE_KILL_PARENT,
	FAKE_HANG,
};

struct fake_step {
	enum fake_act act;
	int value;
	struct report report;
};

/* argv is that of a bwrap. */
bool fake_is_called(int argc, char *argv[]);
int fake_main(char *argv[]);

#endif
