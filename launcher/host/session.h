/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.h - the venv of this run: its manifest and policy, read and checked
 * against what is on the disk now. Nothing is searched again (spec S19).
 */
#ifndef VB_SESSION_H
#define VB_SESSION_H

#include "common/conf.h"
#include "common/failure.h"
#include "common/manifest.h"
#include "host/venv.h"

struct session {
	struct called called;
	struct manifest manifest;
	struct conf conf;
	char *libexec;  /* directory of our programs */
	int project_fd; /* O_RDONLY | O_DIRECTORY */
};

/* Without descriptors; to be released from then on. */
void session_init(struct session *s);
void session_release(struct session *s);
#define cleanup_session cleanup(session_release)

/*
 * called has been filled in. Refuses a venv that was moved or copied, and a base interpreter that is gone. Of one that was upgraded
 * it warns; manifest.way is then how it comes into this box.
 */
int session_open(struct session *s, struct failure *f) must_check;

/* Refuses what the host obeys of the venv where it has hard links. */
int session_check_sourced(const struct session *s, struct failure *f) must_check;

/* HOME and ~/.cache of the box, made again where the user removed them. */
int session_make_home(const struct session *s, struct failure *f) must_check;

/* One pip run at a time: waits, and says so once after a second. Owns the lock until closed; its /tmp is empty then. */
int session_pip_lock(const struct session *s, struct failure *f) must_check;

#endif
