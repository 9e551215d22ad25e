/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caps.h - capabilities(7): everything is given up but what the user asked for.
 * The only file that knows libcap.
 */
#ifndef VB_CAPS_H
#define VB_CAPS_H

#include <linux/securebits.h>
#include <stdint.h>

#include "common/cleanup.h"

/* What PR_GET_SECUREBITS says afterwards: root is nobody special, and nobody can change that. */
#define CAPS_SECUREBITS \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | \
	 SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | \
	 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/*
 * Empties the bounding set, leaves exactly keep (bit n: capability n) in the permitted,
 * effective, inheritable and ambient sets, and locks securebits. Needs CAP_SETPCAP, which goes too
 * unless keep names it. -EPERM if a capability of keep is not there to be kept.
 */
int caps_reduce(uint64_t keep) must_check;

#endif
