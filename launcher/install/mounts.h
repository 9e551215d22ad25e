/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounts.h - what of the system a box sees (spec S5; design.md, Mounts), found
 * out once and written to the manifest: no start searches anything again (S19).
 */
#ifndef VB_MOUNTS_H
#define VB_MOUNTS_H

#include "common/manifest.h"
#include "install/interpreter.h"

struct mounts_input {
	const char *root;      /* "" for the host; tests give a directory that stands in for "/" */
	const struct interpreter *interpreter;
	const char *project;   /* no mount may be above it, nor above the home */
	const char *home;      /* the caller's home; NULL: unknown */
};

/* Adds the rows of both profiles to m. */
int mounts_add(const struct mounts_input *in, struct manifest *m) must_check;

#endif
