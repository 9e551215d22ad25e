/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/watchnet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "host/notify.h"

#define UNIX_MAX (4U << 20)
#define FIRST_PORT "/proc/sys/net/ipv4/ip_unprivileged_port_start"

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void put_port(struct watchnet_address *a, const void *host, in_port_t port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	a->number = ntohs(port);
	(void) inet_ntop(a->family, host, text, sizeof(text));
	(void) snprintf(a->words, sizeof(a->words), "%s port %u", text, a->number);
	(void) snprintf(a->port, sizeof(a->port), "%u", a->number);
}

int watchnet_read(pid_t pid, uint64_t address, uint64_t len, struct watchnet_address *a)
{
	union address u;
	int r;

	memset(&u, 0, sizeof(u));
	memset(a, 0, sizeof(*a));
	if (len < sizeof(sa_family_t))
		return -EINVAL;
	r = notify_read(pid, address, &u, len < sizeof(u) ? (size_t) len : sizeof(u));
	if (r < 0)
		return r;
	a->family = u.any.sa_family;
	if (a->family == AF_UNIX)
		(void) memccpy(a->path, u.local.sun_path, '\0', sizeof(u.local.sun_path));
	if (a->family == AF_UNIX && a->path[0] == '\0' && u.local.sun_path[1] != '\0') {
		a->abstract[0] = '@';
		(void) memccpy(a->abstract + 1, u.local.sun_path + 1, '\0', sizeof(u.local.sun_path) - 1);
	}
	if (a->family == AF_INET && len >= sizeof(u.v4)) {
		put_port(a, &u.v4.sin_addr, u.v4.sin_port);
		a->loopback = ntohl(u.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET || u.v4.sin_addr.s_addr == 0;
	} else if (a->family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		put_port(a, &u.v6.sin6_addr, u.v6.sin6_port);
		a->loopback = IN6_IS_ADDR_LOOPBACK(&u.v6.sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&u.v6.sin6_addr)
			|| (IN6_IS_ADDR_V4MAPPED(&u.v6.sin6_addr) && u.v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
	}
	return 0;
}

bool watchnet_is_remote(const struct watchnet_address *a)
{
	return a->words[0] != '\0' && !a->loopback;
}

bool watchnet_is_listening(const struct watchnet_address *a)
{
	cleanup_buf struct buf text = { 0 };
	cleanup_buf struct buf end = { 0 };

	buf_printf(&end, " %s\n", a->abstract);
	if (end.failed || fd_read_file(AT_FDCWD, "/proc/net/unix", UNIX_MAX, &text) < 0 || text.data == NULL)
		return false;
	return strstr(text.data, end.data) != NULL;
}

bool watchnet_is_privileged(const struct watchnet_address *a)
{
	cleanup_buf struct buf text = { 0 };

	if (a->words[0] == '\0' || a->number == 0)
		return false;
	if (fd_read_file(AT_FDCWD, FIRST_PORT, 64, &text) < 0 || text.data == NULL)
		return a->number < IPPORT_RESERVED;
	return a->number < strtoul(text.data, NULL, 10);
}
