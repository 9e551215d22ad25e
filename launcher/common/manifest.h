/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * manifest.h - the facts about one boxed venv, written by venvbox-install and
 * trusted by the launcher: it never reads pyvenv.cfg, never searches, never
 * asks ldd (spec S19, design.md "The law").
 */
#ifndef VB_MANIFEST_H
#define VB_MANIFEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/failure.h"
#include "common/fd.h"
#include "common/strv.h"

/* Raised when an older launcher could misread a newer file or the other way round. */
#define MANIFEST_FORMAT 1

/* How the interpreter comes into venvbox-python (design.md, Interpreters). */
enum embed_way {
	EMBED_SHARED, /* venvbox-python opens libpython */
	EMBED_EXEC,   /* PID 1's child, or venvbox-python-exec, executes the base interpreter, after sealing */
};

enum profile {
	PROFILE_MINIMAL,
	PROFILE_SYSTEM,
};

/* What a mount row does with its source. */
enum mount_kind {
	MOUNT_RO,      /* read-only bind mount of source at dest */
	MOUNT_COPY,    /* a small file: its content, read at start, at dest */
	MOUNT_SYMLINK, /* dest is a symbolic link whose text is source */
};

struct mount_row {
	enum mount_kind kind;
	bool in_minimal;
	bool in_system;
	char *source;
	char *dest;
	char *why; /* for people: "the interpreter", "certificates" */
};

struct manifest {
	char *version; /* of the venvbox that wrote it */
	uid_t uid;     /* who installed */

	char *venv;    /* clean, real path */
	char *project; /* clean, real path; what is writable inside */

	enum embed_way way;
	char *python_version;  /* "3.11" */
	char *python_banner;   /* the base's Py_GetVersion(), one line */
	char *base_executable; /* real path */
	struct file_id base_id;
	char *base_prefix;
	char *libpython;       /* real path of the shared library; "" if there is none */
	struct file_id libpython_id;

	struct mount_row *mounts; /* in mount order */
	size_t n_mounts;

	uint64_t filter_size;   /* bytes of the filter beside this file */
	unsigned calls_allowed; /* rows of the filter beside this file, for people */

	struct strv nested;   /* repositories (.git) and venvs found below project, relative, clean */
	struct strv recorded; /* names that <venv>/bin held before the install */
};

/* For people: "executed after sealing". */
const char *manifest_way_words(enum embed_way way);

void manifest_release(struct manifest *m);
#define cleanup_manifest cleanup(manifest_release)

/* Copies the row. */
int manifest_add_mount(struct manifest *m, const struct mount_row *row) must_check;

/*
 * Reads state_fd/manifest. Refuses, with words in f: missing, malformed
 * (line), of another format, owned by neither the caller nor root, writable by others, more than
 * one hard link, not a plain file. Does not look at the venv or at Python: that is the caller's.
 */
int manifest_load(int state_fd, struct manifest *m, struct failure *f) must_check;

/* Writes it whole or not at all (fd_replace_file). -EINVAL for one that manifest_load would refuse: a path that is not clean. */
int manifest_save(int state_fd, const struct manifest *m) must_check;

const char *profile_name(enum profile profile); /* "minimal", "system" */

#endif
