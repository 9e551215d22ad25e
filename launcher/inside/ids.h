/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ids.h - loads the small filter of idcalls.h, beside the one that venvbox-install compiled. Not in a watched box, whose filter has it.
 */
#ifndef VB_IDS_H
#define VB_IDS_H

#include <sys/types.h>

#include "common/cleanup.h"

/* uid, gid: the one user and the one group that are mapped in the box. Needs no_new_privs. */
int ids_load(uid_t uid, gid_t gid) must_check;

#endif
