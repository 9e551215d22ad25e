/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quota.h - the section [limits] of the policy in the numbers of this machine and
 * run. The defaults stop a fork bomb and a full /tmp, and are meant to be out of the way of real work.
 */
#ifndef VB_QUOTA_H
#define VB_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "common/buf.h"
#include "common/limits.h"

/* What the machine has. */
struct machine {
	unsigned cpus;        /* that this process may use */
	uint64_t memory;      /* bytes */
	/* Asked as root only, whose pid_max alone is set. */
	uint64_t least_pid_max;
	bool own_pid_max;     /* the kernel has a pid_max for each PID namespace; where not, writing one would change the host's */
};

struct quota {
	uint64_t rlimits[RLIM_NLIMITS]; /* as orders.limits */
	uint64_t tmp, shm;    /* bytes of /tmp and /dev/shm; 0: the kernel's default, half of the memory each */
	uint64_t pid_max;     /* of the PID namespace; 0: as it is */
};

int machine_read(struct machine *m) must_check;

/* Pure. is_root: RLIMIT_NPROC does not stop uid 0 (getrlimit(2)), so pid_max must. */
void quota_make(const uint64_t limits[LIMITS], const struct machine *m, bool is_root, struct quota *q);

/* The key of [limits] that sets this RLIMIT_*, static; NULL: none does. */
const char *quota_key(unsigned resource);

/* For people: "processes 4096, /tmp 6G, ...". What does not hold is said too. */
void quota_put(struct buf *out, const struct quota *q, bool is_root);

#endif
