/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/dirread.h"

#include <string.h>
#include <sys/syscall.h>

/* getdents(2); no header has it under a name that all libcs share. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	unsigned char type;
	char name[];
};

static int fill(struct dirread *d)
{
	long n = syscall(SYS_getdents64, d->fd, d->names, sizeof(d->names));

	if (n < 0)
		return -errno;
	d->at = 0;
	d->len = (size_t) n;
	return n > 0;
}

int dirread_next(struct dirread *d, const char **name, unsigned char *type)
{
	for (;;) {
		const struct entry *e;

		if (d->at == d->len) {
			int r = fill(d);

			if (r <= 0)
				return r;
		}
		e = (const struct entry *) (const void *) (d->names + d->at);
		d->at += e->len;
		if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
			continue;
		*name = e->name;
		*type = e->type;
		return 1;
	}
}
