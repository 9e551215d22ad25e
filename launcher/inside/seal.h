/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seal.h - takes from this process, for good, everything the box must not have
 * (spec B3, C2, C3). All or nothing: on any result but 0 the caller ends.
 */
#ifndef VB_SEAL_H
#define VB_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct seal {
	uint64_t keep_caps;
	int filter_fd;
	int status_fd; /* of seal_prepare() */
	bool watch;    /* the filter is loaded with a listener */
	int listener;  /* result: it, or -1; the caller's */
	bool landlock; /* result: the Landlock scopes hold */
	const char *what; /* result of a failure, for people: the step, static */
	const char *fact; /* the same: what did not read back as it should, or NULL; static */
};

/* Opens what must be opened before the seal. */
int seal_prepare(struct seal *s) must_check;

/* Seals, and proves it. */
int seal_apply(struct seal *s) must_check;

#endif
