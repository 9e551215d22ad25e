/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service.h - what a service manager tells the process that it started: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).
 * It means the launcher; the program in the box does the work, and knows itself by another number.
 */
#ifndef VB_SERVICE_H
#define VB_SERVICE_H

#include <sys/types.h>

#include "common/cleanup.h"
#include "common/strv.h"

/* How many sockets, from descriptor 3 on, LISTEN_FDS announces to us, who are self; 0: none, or not to us. own: our environment. */
int service_listen_fds(const struct strv *own, pid_t self);

/*
 * Sets in env, which is the program's, what is said to us. The variables come from the manager itself, so it does not matter
 * whether its environment could be read (env.h).
 */
int service_set_env(const struct strv *own, pid_t self, struct strv *env) must_check;

#endif
