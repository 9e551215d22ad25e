/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stubs/etc.h"

#include <stdbool.h>
#include <string.h>

/* What the kernel shows for whoever is not mapped: user_namespaces(7), /proc/sys/kernel/overflowuid. */
#define OVERFLOW_ID 65534

const char *const etc_files[] = { "passwd", "group", "nsswitch.conf", NULL };

/* A name that adds no field, no line, and no second entry for a name that is there. */
static const char *safe_name(const char *name, const char *taken)
{
	if (name == NULL || *name == '\0' || strpbrk(name, ":,\r\n") != NULL || strchr("+-#", *name) != NULL ||
	    strcmp(name, "root") == 0 || strcmp(name, taken) == 0)
		return "user";
	return name;
}

static const char *safe_home(const char *home)
{
	return home == NULL || *home != '/' || strpbrk(home, ":\r\n") != NULL ? "/" : home;
}

static void passwd_line(struct buf *out, const char *name, uid_t uid, gid_t gid, const char *home)
{
	buf_printf(out, "%s:x:%lu:%lu::%s:/bin/sh\n", name, (unsigned long) uid, (unsigned long) gid, home);
}

/* The names of 0 and 65534 are fixed: programs compare them. The caller's home is his, whoever he is. */
void etc_passwd(struct buf *out, uid_t uid, gid_t gid, const char *user, const char *home)
{
	const char *own = safe_home(home);

	passwd_line(out, "root", 0, uid == 0 ? gid : 0, uid == 0 ? own : "/root");
	if (uid != 0 && uid != OVERFLOW_ID)
		passwd_line(out, safe_name(user, "nobody"), uid, gid, own);
	passwd_line(out, "nobody", OVERFLOW_ID, uid == OVERFLOW_ID ? gid : OVERFLOW_ID, uid == OVERFLOW_ID ? own : "/");
}

static bool group_is_named(gid_t gid, gid_t primary, const gid_t *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == 0 || gid == OVERFLOW_ID || gid == primary;
}

void etc_group(struct buf *out, gid_t gid, const char *group, const gid_t *groups, size_t n_groups)
{
	buf_puts(out, "root:x:0:\n");
	if (gid != 0 && gid != OVERFLOW_ID)
		buf_printf(out, "%s:x:%lu:\n", safe_name(group, "nogroup"), (unsigned long) gid);
	for (size_t i = 0; i < n_groups; i++)
		if (!group_is_named(groups[i], gid, groups, i))
			buf_printf(out, "g%lu:x:%lu:\n", (unsigned long) groups[i], (unsigned long) groups[i]);
	buf_printf(out, "nogroup:x:%d:\n", OVERFLOW_ID);
}

void etc_nsswitch(struct buf *out)
{
	buf_puts(out, "passwd: files\n"
		      "group: files\n"
		      "shadow: files\n"
		      "hosts: files dns\n"
		      "networks: files\n"
		      "protocols: files\n"
		      "services: files\n"
		      "ethers: files\n"
		      "rpc: files\n");
}
