/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ownid.h - the user that the launcher was executed for, as the kernel told it then, getauxval(3): no system call. It never becomes
 * another (the installer does).
 */
#ifndef VB_HOST_OWNID_H
#define VB_HOST_OWNID_H

#include <sys/auxv.h>
#include <sys/types.h>

static inline uid_t own_uid(void)
{
	return (uid_t) getauxval(AT_UID);
}

static inline uid_t own_euid(void)
{
	return (uid_t) getauxval(AT_EUID);
}

#endif
