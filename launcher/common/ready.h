/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ready.h - directories of the box that are made of small files of the host's (/etc, and what profile minimal shows of /usr), kept ready in
 * .venv/venvbox/ready: one mount shows what would be thirty copies made by bwrap at each start (docs/performance.md).
 *
 * Beside each tree lies a list of what it was made of. The launcher uses a tree only if that is what this run's plan has
 * there, to the last mount, and only after every file of the host's was asked whether it is still the same; what has changed is copied again.
 * Where a plan has something else in /usr, it uses what the tree has for /usr/bin, /usr/share ... by itself. A whole directory that was copied is
 * shown while nothing in it has changed, and else mounted over its copy, as it would be without; an installation copies it again.
 * No box can write here (design.md, law 2).
 *
 * A tree that a box has mounted is never replaced: to remove a mount point would take the mount out of the box,
 * mount_namespaces(7). One of another shape gets another name.
 */
#ifndef VB_READY_H
#define VB_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/cleanup.h"

enum ready_kind {
	READY_FILE,  /* the content of source */
	READY_OWN,   /* the same; source is of the state (VB_ETC), which changes with an installation only */
	READY_LINK,  /* a symbolic link with the text source */
	READY_DIR,   /* source, a directory, is mounted here, or was copied */
	READY_MOUNT, /* source, a file too large to copy, is mounted here */
	READY_PART,  /* a file or directory in the READY_DIR before it, which was copied with it; links are not listed: whoever changes one changes its directory */
};

/*
 * Which content a file of the host's had. Unlike struct file_id it sees a change that leaves size and time alone (ostree
 * gives all files one time), and restored backups are copied again. All zero: there is no copy.
 */
struct ready_id {
	uint64_t ino;
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

struct ready_item {
	enum ready_kind kind;
	char *source;
	char *dest;         /* absolute, at or below the directory */
	struct ready_id id; /* READY_FILE, READY_DIR, READY_PART: of what was copied */
};

/* The directories that are kept so, if there is enough in them; NULL ends the list. */
extern const char *const ready_dirs[];

struct ready {
	char *tree; /* its name in VB_READY; NULL: none */
	struct ready_item *v;
	size_t n;
};

void ready_release(struct ready *ready);
#define cleanup_ready cleanup(ready_release)

/* Copies the texts. */
int ready_add(struct ready *ready, enum ready_kind kind, const char *source, const char *dest, const struct ready_id *id) must_check;

/* The name of the list of a directory: "/usr" has "usr.list". Owned by the caller, NULL: out of memory. */
char *ready_list_name(const char *dir) must_check;

/* Do they show the same, whatever content their files and directories have? */
bool ready_is_alike(const struct ready *a, const struct ready *b);

/* The list as it is in the file. -EBADMSG: it is none, or its tree is no name. An empty one is left when that fails. */
int ready_pack(const struct ready *ready, struct buf *out) must_check;
int ready_unpack(const char *text, size_t len, struct ready *ready) must_check;

/* ready_fd/list, by ready_list_name(). The list is replaced whole or not at all. -errno, and as above. */
int ready_load(int ready_fd, const char *list, struct ready *ready) must_check;
int ready_save(int ready_fd, const char *list, const struct ready *ready) must_check;

/* Of what is copied now. What was changed in this moment may change again within one tick of its clock: then it is the id of nothing. */
void ready_id_of(const struct stat *st, struct ready_id *id);

/* Is there a copy, whatever of? */
bool ready_has_copy(const struct ready_id *id);

/* False: there is none, or it was made of what was too fresh to be known again: ready_id_of(). */
bool ready_can_be_same(const struct ready_id *id);

/* Is st still what was copied? A regular file or a directory, as that was. */
bool ready_is_same(const struct ready_id *id, const struct stat *st);

/*
 * Copies what is in source_fd to ready_fd/place (a path of one or more names, whose directories are there), with the time that it has, for everybody
 * to read, to execute if anybody may. A reader sees the old or the new file, whole. *id: of what was copied.
 */
int ready_put_file(int ready_fd, const char *place, int source_fd, struct ready_id *id) must_check;

#endif
