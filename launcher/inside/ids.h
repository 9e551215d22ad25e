/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ids.h - one user and one group are mapped in the box. Of any other the kernel says that its number is invalid
 * (EINVAL, user_namespaces(7)), where an ordinary user is used to hear that it is not permitted (EPERM): test suites and
 * installers look for that. A small filter of its own beside the one that venvbox-install compiled, which cannot know who will run.
 * It refuses nothing that the kernel would not.
 */
#ifndef VB_IDS_H
#define VB_IDS_H

#include <sys/types.h>

#include "common/cleanup.h"

/* The set*id() and chown() families give EPERM for numbers other than uid, gid and -1 (no change). Needs no_new_privs. */
int ids_load(uid_t uid, gid_t gid) must_check;

#endif
