/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "common/names.h"
#include "inside/caps.h"

#define STATUS_MAX 65536 /* the Groups line of a user with very many comes before what we look for */

static int broken(const char **fact, const char *which)
{
	*fact = which;
	return -EPROTO;
}

/* The text after "name:\t" of the line that begins with it. */
static const char *status_field(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ':' && line[len + 1] == '\t')
			return line + len + 2;
	}
	return NULL;
}

static bool field_is(const char *text, const char *name, int base, uint64_t wanted)
{
	const char *value = status_field(text, name);
	char *end;
	uint64_t number;

	if (value == NULL)
		return false;
	errno = 0;
	number = strtoull(value, &end, base);
	return errno == 0 && end != value && *end == '\n' && number == wanted;
}

int verify_status(const char *text, uint64_t keep_caps, const char **fact)
{
	const struct {
		const char *name;
		int base;
		uint64_t wanted;
	} rows[] = {
		{ "CapInh", 16, keep_caps },
		{ "CapPrm", 16, keep_caps },
		{ "CapEff", 16, keep_caps },
		{ "CapAmb", 16, keep_caps },
		{ "CapBnd", 16, 0 },
		{ "NoNewPrivs", 10, 1 },
		{ "Seccomp", 10, SECCOMP_MODE_FILTER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!field_is(text, rows[i].name, rows[i].base, rows[i].wanted))
			return broken(fact, rows[i].name);
	return 0;
}

/* Seen by nobody outside: another filter may be in force too, this answer is only ours (design.md, law 8). */
static bool filter_is_ours(void)
{
	return prctl(VB_PRCTL_SEALED, 0, 0, 0, 0) == -1 && errno == VB_ERRNO_SEALED;
}

int verify_seal(int status_fd, uint64_t keep_caps, const char **fact)
{
	char text[STATUS_MAX];
	ssize_t n = pread(status_fd, text, sizeof(text) - 1, 0);
	int err;

	if (n <= 0)
		return broken(fact, "/proc/self/status");
	text[n] = '\0';
	err = verify_status(text, keep_caps, fact);
	if (err != 0)
		return err;
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != (int) CAPS_SECUREBITS)
		return broken(fact, "securebits");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return broken(fact, "dumpable");
	if (!filter_is_ours())
		return broken(fact, "the answer of the seccomp filter");
	return 0;
}

static bool is_ambient(unsigned cap)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1;
}

/* capget(2) by number: the libc has no wrapper, and libcap is caps.c's alone. */
static bool only_ambient_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	for (unsigned cap = 0; cap < 32 * _LINUX_CAPABILITY_U32S_3; cap++) {
		const struct __user_cap_data_struct *word = &data[cap / 32];
		uint32_t any = word->permitted | word->effective | word->inheritable;

		if ((any >> cap % 32 & 1) != 0 && !is_ambient(cap))
			return false;
	}
	return true;
}

int verify_inside(const char **fact)
{
	if (!filter_is_ours())
		return broken(fact, "the seccomp filter of venvbox is not in force");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return broken(fact, "seccomp is not in filter mode");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return broken(fact, "no_new_privs is not set");
	if (!only_ambient_caps())
		return broken(fact, "there are capabilities left");
	return 0;
}
