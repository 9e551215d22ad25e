/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watchnet.h - the address that a program gives to connect(2) or bind(2).
 */
#ifndef VB_WATCHNET_H
#define VB_WATCHNET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "common/cleanup.h"

struct watchnet_address {
	int family;
	unsigned number; /* of the port */
	bool loopback;
	char path[sizeof(struct sockaddr_un)]; /* AF_UNIX with a name in the file system; else "" */
	char abstract[sizeof(struct sockaddr_un)]; /* AF_UNIX with another name: "@" and its text; else "" */
	char words[INET6_ADDRSTRLEN + 16];     /* AF_INET, AF_INET6: "192.0.2.1 port 80" */
	char port[8];
};

/* What is at address in the memory of pid. -errno: no address can be read there. */
int watchnet_read(pid_t pid, uint64_t address, uint64_t len, struct watchnet_address *a) must_check;

/* Is it an address that a box without network cannot reach? */
bool watchnet_is_remote(const struct watchnet_address *a);

/* Has this abstract socket somebody who listens, as far as /proc/net/unix tells of our network namespace? Names with blanks are not found. */
bool watchnet_is_listening(const struct watchnet_address *a);

/* Is it a port that only root may listen on? ip(7), ip_unprivileged_port_start. */
bool watchnet_is_privileged(const struct watchnet_address *a);

#endif
