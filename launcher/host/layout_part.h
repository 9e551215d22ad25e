/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layout_part.h - what the parts of layout.c share: the box in the making and the
 * few ways to add to it. Nobody else includes this.
 */
#ifndef VB_LAYOUT_PART_H
#define VB_LAYOUT_PART_H

#include "host/facts.h"
#include "host/plan.h"
#include "host/policy.h"

/* What is being made, and what it is made from. All borrowed. */
struct layout {
	const struct policy *policy;
	const struct facts *facts;
	struct plan *plan;
};

/* plan_add(); NULL: out of memory. layout_done() makes a result of it. */
struct op *layout_add(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why);
int layout_done(const struct op *op) must_check;

/* A bind mount (OP_RO, OP_RW); its source is believed only if no box can write there. */
int layout_bind(struct layout *l, enum op_kind kind, const char *source, const char *dest, const char *why, bool optional) must_check;
/* path on itself. */
int layout_self(struct layout *l, enum op_kind kind, const char *path, const char *why) must_check;
/* dir/name, on itself (dest NULL) or on dest. */
int layout_child(struct layout *l, enum op_kind kind, const char *dir, const char *name, const char *dest, const char *why) must_check;
/* An empty directory that stays so. */
int layout_empty(struct layout *l, const char *path, const char *why) must_check;
/* The directories above path that boxes can write become mounts of their own: see there. */
int layout_pins(struct layout *l, const char *path) must_check;

/* The parts, in the order in which layout_make() calls them. */
int layout_system(struct layout *l, const char *libexec) must_check;
/* Our /dev takes no new names: a made-up /dev/sda could fool what looks for one. After the user's mounts, for which bwrap makes some there. */
int layout_seal_dev(struct layout *l) must_check;
int layout_protective(struct layout *l, const char *libexec) must_check;

#endif
