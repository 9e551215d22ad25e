/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/handout.h"

#include <fcntl.h>

#include "common/fd.h"
#include "common/names.h"

void handout_release(struct handout *h)
{
	free(h->fds);
	free(h->given);
	if (h->null >= 0)
		(void) close(h->null);
	if (h->orders >= 0)
		(void) close(h->orders);
}

static int fd_for_box(const struct userfds *all, const struct userfd *u, int null)
{
	switch (u->fate) {
	case USERFD_PASS:
		return u->own_fd >= 0 ? u->own_fd : u->fd;
	case USERFD_NULL:
		return null;
	case USERFD_RELAY_IN:
	case USERFD_RELAY_OUT:
		return all->v[u->same_as].pipe_box;
	default:
		return -1;
	}
}

static int order_one(struct orders *orders, const struct userfd *u)
{
	char path[64];
	struct order_fd order = { .target = u->fd, .how = FD_PASS };

	if (u->fate == USERFD_REOPEN) {
		(void) snprintf(path, sizeof(path), VB_RUN_FD "/%d", u->fd);
		order.how = FD_REOPEN;
		order.flags = u->flags & (O_NONBLOCK | O_APPEND); /* the others had their say when it was opened */
		order.offset = u->offset;
		order.path = path;
	}
	return orders_add_fd(orders, &order);
}

static int order_fds(const struct launch *l, struct handout *h)
{
	for (size_t i = 0; i < l->fds->n; i++) {
		const struct userfd *u = &l->fds->v[i];
		int fd = fd_for_box(l->fds, u, h->null);
		int r;

		if (u->fate == USERFD_CLOSED)
			continue;
		if (fd < 0 && u->fate != USERFD_REOPEN)
			return -EBADF;
		h->given[l->orders->n_fds] = i;
		r = order_one(l->orders, u);
		if (r < 0)
			return r;
		if (fd >= 0)
			h->fds[h->n++] = fd;
	}
	return 0;
}

static int orders_memfd(const struct orders *orders)
{
	cleanup_buf struct buf text = { 0 };
	int r = orders_pack(orders, &text);

	return r < 0 ? r : fd_memfd("venvbox-orders", text.data, text.len);
}

int handout_make(const struct launch *l, struct handout *h, struct failure *f)
{
	int r;

	h->n = WIRE_USER;
	h->fds = calloc(WIRE_USER + l->fds->n, sizeof(*h->fds));
	h->given = calloc(l->fds->n + 1, sizeof(*h->given));
	if (h->fds == NULL || h->given == NULL)
		return -ENOMEM;
	h->null = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	if (h->null < 0)
		return fail_errno(f, errno, NULL, "cannot open '/dev/null'");
	r = order_fds(l, h);
	if (r == 0)
		r = h->orders = orders_memfd(l->orders);
	if (r < 0)
		return fail_errno(f, -r, NULL, "cannot write the orders for the box");
	h->fds[WIRE_ORDERS] = h->orders;
	h->fds[WIRE_FILTER] = l->filter_fd;
	h->fds[WIRE_PAYLOAD] = l->payload_fd;
	return 0;
}

int handout_send(const struct handout *h, int channel, struct failure *f)
{
	int r = wire_send_hello(channel, h->fds, h->n);

	if (r == -EAGAIN || r == -ETOOMANYREFS)
		return fail_errno(f, -r, "close some descriptors before, or raise `ulimit -n`", "cannot hand over %zu descriptors", h->n);
	return r < 0 ? fail_errno(f, -r, NULL, "cannot hand over descriptors to the box") : 0;
}
