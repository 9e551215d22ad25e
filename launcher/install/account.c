/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/account.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void account_release(struct account *a)
{
	free(a->name);
	free(a->group);
	strv_release(&a->homes);
	*a = (struct account) { 0 };
}

static int add_home(struct account *a, const char *home)
{
	cleanup_free char *real = home != NULL && home[0] == '/' ? realpath(home, NULL) : NULL;

	/* System accounts have "/" or nothing at all. */
	if (real == NULL || strcmp(real, "/") == 0 || strv_contains(&a->homes, real))
		return 0;
	return strv_add(&a->homes, real);
}

static const struct passwd *find_user(FILE *file, uid_t uid)
{
	const struct passwd *entry;

	while ((entry = fgetpwent(file)) != NULL)
		if (entry->pw_uid == uid)
			return entry;
	return NULL;
}

int account_group_of(uid_t uid, gid_t *gid)
{
	cleanup_file FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry = file != NULL ? find_user(file, uid) : NULL;

	if (file == NULL)
		return -errno;
	if (entry != NULL)
		*gid = entry->pw_gid;
	return 0;
}

static int read_passwd(struct account *a)
{
	cleanup_file FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry = file != NULL ? find_user(file, geteuid()) : NULL;

	if (entry == NULL)
		return 0;
	a->name = strdup(entry->pw_name);
	return a->name != NULL ? add_home(a, entry->pw_dir) : -ENOMEM;
}

static int read_group(struct account *a)
{
	cleanup_file FILE *file = fopen("/etc/group", "re");
	const struct group *entry;

	while (file != NULL && (entry = fgetgrent(file)) != NULL) {
		if (entry->gr_gid != getegid())
			continue;
		a->group = strdup(entry->gr_name);
		return a->group != NULL ? 0 : -ENOMEM;
	}
	return 0;
}

int account_read(struct account *a)
{
	const char *user = getuid() != 0 ? getenv("USER") : "root";
	int r;

	*a = (struct account) { 0 };
	r = add_home(a, getenv("HOME"));
	if (r == 0)
		r = read_passwd(a);
	if (r == 0)
		r = read_group(a);
	if (r < 0)
		return r;
	/* A user of a directory service is not in /etc/passwd. */
	if (a->name == NULL)
		a->name = strdup(user != NULL && *user != '\0' ? user : "user");
	if (a->group == NULL)
		a->group = strdup("user");
	return a->name != NULL && a->group != NULL ? 0 : -ENOMEM;
}
