/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * landlock.h - landlock(7), scopes only: the host shares its network
 * namespace with the box, and so its abstract sockets; and the process group of the caller
 * reaches into the box, so kill(0, 9) would reach out of it (spec B6).
 */
#ifndef VB_LANDLOCK_H
#define VB_LANDLOCK_H

#include <stdbool.h>

#include "common/cleanup.h"

/*
 * Enters a domain whose members cannot connect to abstract sockets made outside it, nor send
 * signals out of it. *held: false where the kernel is older than ABI 6 (6.12): that is no error. Whoever is
 * forked later is in the same domain, so PID 1 can signal the payload. Needs no_new_privs. Proved by
 * trying to reach an abstract socket made just before; -EPROTO if that succeeds.
 */
int landlock_enter(bool *held) must_check;

#endif
