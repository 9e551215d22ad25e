/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* Own definitions: <linux/landlock.h> of Debian 12 knows ABI 2. The numbers are those of every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif
#ifndef LANDLOCK_CREATE_RULESET_VERSION
#define LANDLOCK_CREATE_RULESET_VERSION (1U << 0)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

#define ABI_WITH_SCOPES 6

/* struct landlock_ruleset_attr as of ABI 6. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* An abstract datagram socket under a name of the kernel's choice (unix(7), autobind), made outside the domain. */
static int make_canary(struct sockaddr_un *addr, socklen_t *len)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	addr->sun_family = AF_UNIX;
	if (bind(fd, (struct sockaddr *) addr, sizeof(sa_family_t)) != 0)
		return -errno;
	*len = sizeof(*addr);
	if (getsockname(fd, (struct sockaddr *) addr, len) != 0)
		return -errno;
	return take_fd(&fd);
}

static int canary_is_out_of_reach(const struct sockaddr_un *addr, socklen_t len)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *) addr, len) == 0)
		return -EPROTO;
	return errno == EPERM ? 0 : -errno;
}

static int restrict_self(void)
{
	const struct ruleset_attr attr = {
		.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
	};
	cleanup_fd int ruleset = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (ruleset < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : -errno;
}

int landlock_enter(bool *held)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct sockaddr_un addr = { 0 };
	cleanup_fd int canary = -1;
	socklen_t len;
	int err;

	*held = false;
	/* Not compiled in, or disabled at boot: landlock_create_ruleset(2). Any other error is one. */
	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	if (abi < ABI_WITH_SCOPES)
		return 0;
	canary = make_canary(&addr, &len);
	if (canary < 0)
		return canary;
	err = restrict_self();
	if (err == 0)
		err = canary_is_out_of_reach(&addr, len);
	*held = err == 0;
	return err;
}
