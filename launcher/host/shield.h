/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shield.h - the device nodes that every box shows are the host's own. Root's box owns them: without this it could
 * give /dev/null another mode or owner for everybody.
 */
#ifndef VB_SHIELD_H
#define VB_SHIELD_H

#include "common/failure.h"

/*
 * For uid 0: puts this process into a mount namespace of its own, where the nodes are read-only mounts. What they are
 * can then not be changed, through any box made from here; reading and writing the devices is not affected (a
 * read-only mount holds files and directories only). Where root may not mount (a container's), nothing is done.
 *
 * *old, the caller's, holds on to the namespace before (-1: there is none other): if nobody else is in it, its mounts would
 * end, and with them the paths of our own program and of descriptors that were open before.
 */
int shield_devices(int *old, struct failure *f) must_check;

#endif
