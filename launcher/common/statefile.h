/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * statefile.h - reading a file of .venv/venvbox that is believed: manifest and policy.
 */
#ifndef VB_STATEFILE_H
#define VB_STATEFILE_H

#include "common/buf.h"
#include "common/failure.h"

/*
 * Appends the content of state_fd/name. Refuses, with words in f: not a plain file or a link, owned by neither the caller nor root,
 * writable by others, more than one hard link, too long. Missing is -ENOENT, without words.
 */
int statefile_read(int state_fd, const char *name, struct buf *out, struct failure *f) must_check;

/* Where it lies now, as well as /proc knows, for messages: the caller's, NULL: out of memory. */
char *statefile_path(int state_fd, const char *name) must_check;

#endif
