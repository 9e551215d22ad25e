/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The orders that PID 1 gets from the launcher. */
#include <fcntl.h>

#include "common/path.h"
#include "common/wire.h"
#include "inside/handover.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct orders *o)
{
	size_t passed = 0;

	must(path_is_clean(o->cwd) && strchr(o->program, '/') != NULL);
	for (size_t i = 0; i < o->n_mounts; i++)
		must(path_is_clean(o->mounts[i].path));
	for (size_t i = 0; i < o->n_fds; i++) {
		must(o->fds[i].target >= 0);
		must((o->fds[i].how == FD_PASS) == (o->fds[i].path == NULL));
		passed += o->fds[i].how == FD_PASS;
	}
	if (handover_check_orders(o, passed) != 0)
		return;
	must(handover_check_orders(o, passed + 1) != 0);
	for (size_t i = 0; i < o->n_fds; i++)
		must(o->fds[i].how == FD_PASS || (o->fds[i].flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_orders struct orders o = { 0 };
	cleanup_buf struct buf out = { 0 };
	int r = orders_unpack(data, size, &o);

	must(r == 0 || r == -EBADMSG);
	if (r < 0) {
		must(o.cwd == NULL && o.program == NULL && o.mounts == NULL && o.fds == NULL);
		return 0;
	}
	check(&o);
	/* There is one way to write them. */
	must(orders_pack(&o, &out) == 0);
	must(out.len == size && memcmp(out.data, data, size) == 0);
	return 0;
}
