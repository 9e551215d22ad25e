/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostcheck.h - can this host make a box, and if not, what is the remedy?
 */
#ifndef VB_HOSTCHECK_H
#define VB_HOSTCHECK_H

#include <sys/stat.h>

#include "common/failure.h"

/* The bubblewrap at path: there, a plain executable file, not setuid, not setgid. */
int hostcheck_bwrap(const char *path, struct failure *f) must_check;

/*
 * Turns what bwrap wrote to standard error into `what` and the remedy that
 * fits this host: an option it does not know (name the package), kernel.unprivileged_userns_clone,
 * user.max_user_namespaces, AppArmor's restriction (kernel.apparmor_restrict_unprivileged_userns, with the profile
 * to install), a container without the right, a systemd unit whose own sandboxing forbids it, /proc not mountable, a bind source that is gone, no space.
 * proc_root is "/proc"; tests give another. Returns -err of its choice, never 0.
 */
int hostcheck_explain(const char *bwrap_stderr, int bwrap_status, const char *proc_root, struct failure *f);

/*
 * -EPERM, with words, unless the file of the interpreter at path belongs to root or to who runs this, and not everybody may write it: it
 * is run, or part of what is. what: "the base interpreter", for people.
 */
int hostcheck_owner(const struct stat *st, const char *what, const char *path, struct failure *f) must_check;

/* Kernel support for seccomp filters (prctl(2) PR_GET_SECCOMP, seccomp(2) SECCOMP_GET_ACTION_AVAIL). */
int hostcheck_seccomp(struct failure *f) must_check;

/* Runs a trivial box (true) with every option a real one needs, --bind-fd and --as-pid-1 included. */
int hostcheck_probe(const char *bwrap, struct failure *f) must_check;

#endif
