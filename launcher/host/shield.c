/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/shield.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "host/ownid.h"

/* Those that bwrap --dev binds from the host. */
static const char *const nodes[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty" };

/* In two steps: a new bind takes no flags, mount(2). bwrap keeps them for its own bind of this one. */
static int cover(const char *node)
{
	if (mount(node, node, NULL, MS_BIND, NULL) < 0)
		return errno == ENOENT ? 0 : -errno;
	return mount(NULL, node, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) < 0 ? -errno : 0;
}

int shield_devices(int *old, struct failure *f)
{
	int r = 0;

	if (own_euid() != 0)
		return 0;
	*old = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (*old < 0)
		return fail_errno(f, errno, "/proc must be mounted", "cannot hold on to the mount namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return errno == EPERM ? 0 : fail_errno(f, errno, NULL, "cannot make a mount namespace");
	/* What the host mounts later is seen here; nothing of ours goes back. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < sizeof(nodes) / sizeof(nodes[0]); i++)
		r = cover(nodes[i]);
	return r < 0 ? fail_errno(f, -r, "see whether a security module forbids root to mount", "cannot make the device nodes read-only") : 0;
}
