/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h - the box as a list of operations in the order in which bwrap carries
 * them out. Data only: building it opens nothing and changes nothing, so that
 * --print-plan shows what would run.
 *
 * The order is part of the meaning (design.md, law 9): defaults, the user's own,
 * protective mounts, and as the very last the remount of "/".
 */
#ifndef VB_PLAN_H
#define VB_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/strv.h"

enum op_kind {
	OP_RO,      /* bind mount of source at dest, read-only */
	OP_RW,      /* the same, writable */
	OP_COPY,    /* a file with the content that source has now */
	OP_DATA,    /* a read-only file with the content in data */
	OP_SET,     /* a file of the kernel's, such as a sysctl of the box, is written with data */
	OP_SYMLINK, /* dest is a link with the text source */
	OP_TMPFS,
	OP_DIR,
	OP_PROC,
	OP_DEV,
	OP_REMOUNT_RO,
	OP_WORDS,   /* an option of the user's that is passed on as it is */
};

/* How far the path of a source is believed when it is opened. */
enum op_trust {
	TRUST_HOST, /* no box can write a component: symbolic links are followed */
	TRUST_NONE, /* boxes write there: every component is opened O_NOFOLLOW */
};

struct op {
	enum op_kind kind;
	enum op_trust trust;
	bool optional;    /* a source that is gone is left out in silence */
	bool folded;      /* in a run, a directory that is kept ready shows it: neither opened nor told to bwrap, fold.h */
	bool ready;       /* that directory, in a run; not told to people, who are told what it shows */
	bool fresh;       /* OP_RW: made for this run, no box has written in it: bwrap may make mount points there */
	char *source;     /* OP_RO, OP_RW, OP_COPY, OP_SYMLINK; OP_WORDS that are a writable bind by path */
	char *dest;
	const char *why;  /* for people; static, or owned by the manifest */
	struct buf data;  /* OP_DATA, OP_SET */
	struct strv words;/* OP_WORDS */
	unsigned mode;    /* OP_TMPFS, OP_DIR, OP_COPY: permission bits, 0 for bwrap's own choice */
	uint64_t size;    /* OP_TMPFS: bytes, 0 for the kernel's choice, half of the memory: tmpfs(5) */
	int fd;           /* the opened source; owned unless fd_borrowed; -1 until sources_open() */
	bool fd_borrowed; /* a descriptor of the caller's */
};

struct plan {
	struct op *ops;
	size_t n;
	size_t room;
	struct strv options; /* bwrap options that are no mounts: namespaces, capabilities */
};

void plan_release(struct plan *p);
#define cleanup_plan cleanup(plan_release)

/* Adds one operation and returns it (valid until the next one is added), or NULL: out of memory. Copies the texts. */
struct op *plan_add(struct plan *p, enum op_kind kind, const char *source, const char *dest, const char *why);

/* The same at index, before what is there; what plan_add() has returned is no longer valid. */
struct op *plan_insert(struct plan *p, size_t index, enum op_kind kind, const char *source, const char *dest, const char *why);

/* Takes the operation at index out. */
void plan_remove(struct plan *p, size_t index);

/*
 * Is there an operation that makes path, or a directory above it, visible? The last one wins; NULL: none. A directory
 * that is merely made (OP_DIR, --dir) belongs to what it is made in.
 */
const struct op *plan_find_cover(const struct plan *p, const char *path);

/*
 * Where a path inside really lies: dest with the plan's own symbolic links followed
 * ("/lib/x" becomes "/usr/lib/x" where /lib is a link to usr/lib), so that bwrap 0.12 and its
 * backports, which refuse links in a destination (bubblewrap#801), accept it. Owned by the caller; NULL: out of memory.
 */
char *plan_resolve_dest(const struct plan *p, const char *dest) must_check;

/* Is the operation at index still what is seen at its dest, or does a later one lie over it? */
bool plan_is_covered(const struct plan *p, size_t index);

#endif
