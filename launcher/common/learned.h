/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learned.h - what the launcher tells venvbox-install --learn of each thing that was denied. Both ends are of one build.
 */
#ifndef VB_LEARNED_H
#define VB_LEARNED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

/* VENVBOX_VERBOSE: tells so to the descriptor in VENVBOX_LOG. */
#define LEARNED_FORM "learn"

struct learned {
	bool unwise;   /* nothing that does not ask may set it */
	char *what;    /* for people */
	char *setting; /* a key of venvbox.conf and what to add to it, or "": no setting allows it */
	char *value;
	char *line;    /* to paste, or "" */
	char *why;     /* why not, or what speaks against it; or "" */
};

struct learned_list {
	struct learned *v;
	size_t n;
};

void learned_release(struct learned_list *list);
#define cleanup_learned cleanup(learned_release)

/* One record; a text may be NULL for "". */
void learned_pack(struct buf *out, bool unwise, const char *what, const char *setting, const char *value, const char *line, const char *why);

/* All records in data. -EBADMSG, -ENOMEM: the list is empty. */
int learned_unpack(const void *data, size_t len, struct learned_list *list) must_check;

#endif
