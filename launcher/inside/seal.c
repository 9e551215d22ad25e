/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "inside/caps.h"
#include "inside/filter.h"
#include "inside/landlock.h"
#include "inside/verify.h"

int seal_prepare(struct seal *s)
{
	s->status_fd = openat(AT_FDCWD, "/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (s->status_fd >= 0)
		return 0;
	s->what = "cannot open /proc/self/status";
	return -errno;
}

static int step_caps(struct seal *s)
{
	return caps_reduce(s->keep_caps);
}

static int step_no_new_privs(struct seal *s)
{
	(void) s;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

static int step_landlock(struct seal *s)
{
	return landlock_enter(&s->landlock);
}

static int step_dumpable(struct seal *s)
{
	(void) s;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -errno;
}

static int step_filter(struct seal *s)
{
	return filter_load(s->filter_fd, getuid(), getgid(), s->watch ? &s->listener : NULL);
}

static int step_verify(struct seal *s)
{
	return verify_seal(s->status_fd, s->keep_caps, &s->fact);
}

/*
 * The order: capabilities first, while CAP_SETPCAP and every call are still there;
 * no_new_privs before Landlock and seccomp, which ask for it from those without CAP_SYS_ADMIN;
 * the filter last, because it refuses what the others need. Then the proof, in which only the descriptor
 * of seal_prepare() is read: a non-dumpable process does not own its /proc (proc(5)).
 */
static const struct {
	int (*run)(struct seal *s);
	const char *what;
} steps[] = {
	{ step_caps, "cannot give up capabilities" },
	{ step_no_new_privs, "cannot set no_new_privs" },
	{ step_landlock, "cannot enter the Landlock domain" },
	{ step_dumpable, "cannot become non-dumpable" },
	{ step_filter, "cannot install the seccomp filter" },
	{ step_verify, "the seal does not hold" },
};

int seal_apply(struct seal *s)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int err = steps[i].run(s);

		if (err != 0) {
			s->what = steps[i].what;
			return err;
		}
	}
	return 0;
}
