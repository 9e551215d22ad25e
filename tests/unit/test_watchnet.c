/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of our own memory: process_vm_readv(2) reads it as another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <unistd.h>

#include "host/watchnet.h"

#include <cmocka.h>

static int read_it(const void *address, size_t len, struct watchnet_address *a)
{
	return watchnet_read(getpid(), (uint64_t) (uintptr_t) address, len, a);
}

static struct watchnet_address inet(int family, const char *host, unsigned port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port) };
	struct watchnet_address a;

	assert_int_equal(inet_pton(family, host, family == AF_INET ? (void *) &v4.sin_addr : (void *) &v6.sin6_addr), 1);
	assert_int_equal(family == AF_INET ? read_it(&v4, sizeof(v4), &a) : read_it(&v6, sizeof(v6), &a), 0);
	return a;
}

static void addresses_have_words(void **state)
{
	struct watchnet_address a = inet(AF_INET, "192.0.2.1", 80);

	(void) state;
	assert_string_equal(a.words, "192.0.2.1 port 80");
	assert_string_equal(a.port, "80");
	a = inet(AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666", 65535);
	assert_string_equal(a.words, "2001:db8:1111:2222:3333:4444:5555:6666 port 65535");
	assert_string_equal(a.port, "65535");
	a = inet(AF_INET6, "2001:db8:1111:2222:3333:4444:192.168.111.222", 65535); /* as long as they get */
	assert_non_null(strstr(a.words, " port 65535"));
}

/* A box without network has a loopback of its own. */
static void loopback_is_not_remote(void **state)
{
	static const struct {
		int family;
		const char *host;
		bool remote;
	} rows[] = {
		{ AF_INET, "192.0.2.1", true }, { AF_INET, "128.0.0.1", true }, { AF_INET, "127.0.0.1", false },
		{ AF_INET, "127.255.255.254", false }, { AF_INET, "0.0.0.0", false }, { AF_INET6, "2001:db8::1", true },
		{ AF_INET6, "::1", false }, { AF_INET6, "::", false }, { AF_INET6, "::ffff:127.0.0.1", false },
		{ AF_INET6, "::ffff:192.0.2.1", true },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct watchnet_address a = inet(rows[i].family, rows[i].host, 80);

		if (watchnet_is_remote(&a) != rows[i].remote)
			fail_msg("%s", rows[i].host);
	}
}

static void sockets_of_the_file_system_have_a_path(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct watchnet_address a;

	(void) state;
	strcpy(un.sun_path, "/run/x");
	assert_int_equal(read_it(&un, sizeof(un), &a), 0);
	assert_string_equal(a.path, "/run/x");
	assert_false(watchnet_is_remote(&a));
	assert_false(watchnet_is_privileged(&a));
	assert_int_equal(read_it(&un, offsetof(struct sockaddr_un, sun_path) + 4, &a), 0); /* its length ends it */
	assert_string_equal(a.path, "/run");
	memset(un.sun_path, 'x', sizeof(un.sun_path)); /* no NUL */
	assert_int_equal(read_it(&un, sizeof(un), &a), 0);
	assert_int_equal(strlen(a.path), sizeof(un.sun_path));
	un.sun_path[0] = '\0'; /* abstract */
	assert_int_equal(read_it(&un, sizeof(un), &a), 0);
	assert_string_equal(a.path, "");
}

static void what_is_no_address_is_none(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0xc0000201) };
	struct watchnet_address a;

	(void) state;
	assert_int_equal(read_it(&v4, 0, &a), -EINVAL);
	assert_int_equal(read_it(&v4, 1, &a), -EINVAL);
	assert_int_equal(read_it((void *) 16, sizeof(v4), &a), -EFAULT);
	assert_int_equal(read_it(&v4, sizeof(v4) - 1, &a), 0); /* too short for its family: the kernel says EINVAL */
	assert_false(watchnet_is_remote(&a) || watchnet_is_privileged(&a));
	v4.sin_family = AF_UNSPEC;
	assert_int_equal(read_it(&v4, sizeof(v4), &a), 0);
	assert_false(watchnet_is_remote(&a) || watchnet_is_privileged(&a));
}

static void low_ports_are_privileged(void **state)
{
	struct watchnet_address any = inet(AF_INET, "0.0.0.0", 0), low = inet(AF_INET, "0.0.0.0", 1), high = inet(AF_INET6, "::", 65535);
	unsigned first = IPPORT_RESERVED;
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

	(void) state;
	if (file != NULL) {
		assert_int_equal(fscanf(file, "%u", &first), 1);
		(void) fclose(file);
	}
	assert_false(watchnet_is_privileged(&any)); /* the kernel chooses */
	assert_int_equal(watchnet_is_privileged(&low), 1 < first);
	assert_int_equal(watchnet_is_privileged(&high), 65535 < first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_words),
		cmocka_unit_test(loopback_is_not_remote),
		cmocka_unit_test(sockets_of_the_file_system_have_a_path),
		cmocka_unit_test(what_is_no_address_is_none),
		cmocka_unit_test(low_ports_are_privileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
