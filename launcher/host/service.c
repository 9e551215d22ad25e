/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/service.h"

#include <stdlib.h>

#include "common/names.h"

static bool means_us(const struct strv *own, const char *name, pid_t self)
{
	const char *pid = strv_getenv(own, name);

	return pid != NULL && atol(pid) == (long) self;
}

int service_listen_fds(const struct strv *own, pid_t self)
{
	const char *n = strv_getenv(own, "LISTEN_FDS");

	return n != NULL && means_us(own, "LISTEN_PID", self) ? atoi(n) : 0;
}

static int copy(const struct strv *own, const char *name, struct strv *env)
{
	const char *value = strv_getenv(own, name);

	return value == NULL ? 0 : strv_setenv(env, name, value);
}

int service_set_env(const struct strv *own, pid_t self, struct strv *env)
{
	int r = copy(own, "NOTIFY_SOCKET", env);

	if (r == 0 && means_us(own, "WATCHDOG_PID", self)) {
		r = copy(own, "WATCHDOG_USEC", env);
		if (r == 0)
			r = strv_setenv(env, "WATCHDOG_PID", VB_PAYLOAD_PID);
	}
	if (r < 0 || !means_us(own, "LISTEN_PID", self))
		return r;
	r = copy(own, "LISTEN_FDS", env);
	if (r == 0)
		r = copy(own, "LISTEN_FDNAMES", env);
	return r < 0 ? r : strv_setenv(env, "LISTEN_PID", VB_PAYLOAD_PID);
}
