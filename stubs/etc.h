/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * etc.h - the synthetic /etc/passwd and /etc/group (spec S18): root, nobody, the caller and his groups by number as the kernel maps
 * them, nothing else of the host's list. No getpwnam(3) here: NSS modules are
 * other people's code; the names come from the caller.
 */
#ifndef VB_ETC_H
#define VB_ETC_H

#include <sys/types.h>

#include "common/buf.h"

/* Their names in /etc; NULL ends the list. */
extern const char *const etc_files[];

/*
 * Appends the file. user: the login name; home: HOME inside. A ':' or newline in
 * either would forge a line: then "user" and "/" are used. shell is /bin/sh.
 */
void etc_passwd(struct buf *out, uid_t uid, gid_t gid, const char *user, const char *home);
void etc_group(struct buf *out, gid_t gid, const char *group, const gid_t *groups, size_t n_groups);
/* nsswitch.conf: files for users, "files dns" for hosts. */
void etc_nsswitch(struct buf *out);

#endif
