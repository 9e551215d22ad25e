/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account.h - the caller, from /etc/passwd and the environment. Not by
 * getpwnam(3): NSS modules are other people's code.
 */
#ifndef VB_ACCOUNT_H
#define VB_ACCOUNT_H

#include <sys/types.h>

#include "common/strv.h"

struct account {
	char *name;        /* "user" if nothing knows it */
	char *group;       /* "user" if nothing knows it */
	struct strv homes; /* clean, real: $HOME and the one of /etc/passwd; each is a home that is not to be laid open */
};

void account_release(struct account *a);
#define cleanup_account cleanup(account_release)

int account_read(struct account *a) must_check;

/* The group of a user of /etc/passwd; *gid stays for one who is not in it. */
int account_group_of(uid_t uid, gid_t *gid) must_check;

#endif
