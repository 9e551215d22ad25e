/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/caps.h"

#include <errno.h>
#include <sys/capability.h>

/* libcap's functions return -1 and set errno. */
static int result(int rc)
{
	return rc == 0 ? 0 : -errno;
}

static int set_flags(cap_t caps, uint64_t set)
{
	static const cap_flag_t flags[] = { CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE };

	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		if ((set >> cap & 1) == 0)
			continue;
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (cap_set_flag(caps, flags[i], 1, &cap, CAP_SET) != 0)
				return -errno;
	}
	return 0;
}

/* Permitted, effective and inheritable become exactly set; the kernel lowers the ambient set with them. */
static int set_all(uint64_t set)
{
	cap_t caps = cap_init();
	int err;

	if (caps == NULL)
		return -ENOMEM;
	err = set_flags(caps, set);
	if (err == 0)
		err = result(cap_set_proc(caps));
	(void) cap_free(caps);
	return err;
}

static int empty_bounding_set(void)
{
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (cap_drop_bound(cap) != 0)
			return -errno;
	return 0;
}

static int set_ambient(uint64_t keep)
{
	if (cap_reset_ambient() != 0)
		return -errno;
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if ((keep >> cap & 1) != 0 && cap_set_ambient(cap, CAP_SET) != 0)
			return -errno;
	return 0;
}

/*
 * The order is forced by capabilities(7):
 *  1. the working set first: a capability cannot be made inheritable once it has left the bounding set;
 *  2. ambient before securebits: NO_CAP_AMBIENT_RAISE would forbid it;
 *  3. bounding set and securebits while CAP_SETPCAP is still effective;
 *  4. CAP_SETPCAP goes last.
 *
 * A kept capability survives execve() although NOROOT is set and the bounding set is empty: the
 * ambient set is masked by neither. Without it uid 0 would get nothing at execve(), which is the point of NOROOT.
 */
int caps_reduce(uint64_t keep)
{
	int err;

	if (cap_max_bits() < 64 && keep >> cap_max_bits() != 0)
		return -EPERM;
	err = set_all(keep | UINT64_C(1) << CAP_SETPCAP);
	if (err == 0)
		err = set_ambient(keep);
	if (err == 0)
		err = empty_bounding_set();
	if (err == 0)
		err = result(cap_set_secbits(CAPS_SECUREBITS));
	if (err == 0)
		err = set_all(keep);
	return err;
}
