/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sources.h - opens what a plan binds, so that bwrap is handed descriptors and
 * no path that a box could turn into something else (design.md, law 4).
 */
#ifndef VB_SOURCES_H
#define VB_SOURCES_H

#include "common/failure.h"
#include "common/wire.h"
#include "host/plan.h"

/*
 * Opens every source (all descriptors >= VB_FREE_FD, so that none collides with the channel, and without FD_CLOEXEC: bwrap inherits them), and leaves out optional
 * ones that are gone.
 */
int sources_open(struct plan *plan, struct failure *f) must_check;

/* Refuses a mount point below a box-writable directory that is missing or reached through a link (CVE-2026-87766): before bwrap is told of it. */
int sources_check_dests(const struct plan *plan, struct failure *f) must_check;

/* To read what a file that is shown as a copy holds, or -errno; as far as its path is trusted. */
int sources_open_file(const struct op *op) must_check;

/* A program of ours, for bwrap to inherit and to execute, or -errno. */
int sources_open_program(const char *path) must_check;

/* Tells PID 1 which device and inode each mount of the opened plan must show. */
int sources_order(const struct plan *plan, struct orders *orders, struct failure *f) must_check;

/* Takes fd, opened without FD_CLOEXEC for bwrap to inherit. One >= VB_FREE_FD, or -errno; what was fd < 0 is returned as it is. */
int sources_lift(int fd) must_check;

#endif
