/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/fd.h"
#include "common/ksignal.h"
#include "common/names.h"

#define ORDERS_MAX (16U << 20)

int box_report(const struct box *b, enum report_kind kind, int value, off_t offset, const char *text)
{
	struct report r = { .kind = kind, .value = value, .offset = offset };

	if (text != NULL)
		(void) memccpy(r.text, text, '\0', sizeof(r.text) - 1);
	return wire_send(b->channel, &r, sizeof(r));
}

/* Is VB_CHANNEL_FD one end of a SOCK_SEQPACKET pair? Anything else there is not from our launcher. */
static bool channel_is_there(void)
{
	int domain, type;
	socklen_t len = sizeof(int);

	return getsockopt(VB_CHANNEL_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
	       getsockopt(VB_CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* An ignored SIGCHLD, inherited from the caller, would make the kernel reap for us and lose the status (bubblewrap#705). */
static int block_signals(void)
{
	int err = ksignal_mask(SIG_SETMASK, KSIGNAL_ALL, NULL);

	return err == 0 ? ksignal_default(SIGCHLD) : err;
}

/*
 * Signals first: one that the first process of a namespace neither blocks nor handles is dropped,
 * pid_namespaces(7), and it may be the user's Ctrl-C. The descriptors next, before anything is opened: bwrap may have
 * left some, and our own program file is one of them.
 */
static int settle(struct box *b)
{
	int err = block_signals();

	if (err == 0)
		err = fd_close_from(VB_CHANNEL_FD + 1);
	if (err != 0)
		return err;
	b->channel = VB_CHANNEL_FD;
	if (fcntl(b->channel, F_SETFD, FD_CLOEXEC) != 0)
		return -errno;
	b->signals = ksignal_fd(KSIGNAL_ALL);
	if (b->signals < 0)
		return b->signals;
	/* It was executed as /proc/self/fd/N and would be called "N" by ps and lsns. */
	(void) prctl(PR_SET_NAME, VB_INIT, 0, 0, 0);
	return 0;
}

int handover_settle(struct box *b, struct failure *f)
{
	int err;

	if (getpid() != 1 || !channel_is_there())
		return fail_msg(f, EINVAL, "run a command of the venv; this program is its launcher's",
				"%s is no command: it is the first process of a box", VB_INIT);
	err = settle(b);
	return err == 0 ? 0 : fail_errno(f, -err, NULL, "cannot prepare the first process of the box");
}

/* What a plain file that was opened for reading can have; nothing that creates, truncates or writes. */
static bool flags_are_harmless(int flags)
{
	const int forbidden = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_PATH | O_TMPFILE;

	return (flags & forbidden) == O_RDONLY;
}

static bool targets_differ(const struct orders *o)
{
	for (size_t i = 0; i < o->n_fds; i++)
		for (size_t j = i + 1; j < o->n_fds; j++)
			if (o->fds[i].target == o->fds[j].target)
				return false;
	return true;
}

int handover_check_orders(const struct orders *o, size_t n_passed)
{
	size_t passed = 0;

	for (size_t i = 0; i < o->n_fds; i++) {
		if (o->fds[i].how == FD_PASS)
			passed++;
		else if (!flags_are_harmless(o->fds[i].flags))
			return -EBADMSG;
	}
	return passed == n_passed && targets_differ(o) ? 0 : -EBADMSG;
}

static int read_orders(int fd, struct orders *o)
{
	cleanup_buf struct buf text = { 0 };
	int err = fd_read_all(fd, ORDERS_MAX, &text);

	return err != 0 ? err : orders_unpack(text.data, text.len, o);
}

/* Gives each FD_PASS order its descriptor, in the order in which they came. */
static int assign_fds(struct box *b, const int *passed)
{
	b->fds = calloc(b->orders.n_fds + 1, sizeof(*b->fds));
	if (b->fds == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < b->orders.n_fds; i++)
		b->fds[i] = b->orders.fds[i].how == FD_PASS ? *passed++ : -1;
	return 0;
}

/* Descriptors are never closed on the way out: the process ends. */
int handover_receive(struct box *b, struct failure *f)
{
	cleanup_free int *fds = NULL;
	size_t n = 0;
	int err = box_report(b, REPORT_READY, (int) getuid(), getgid(), NULL);

	if (err == 0)
		err = wire_recv_hello(b->channel, &fds, &n);
	if (err == 0 && n < WIRE_USER)
		err = -EBADMSG;
	if (err != 0)
		return fail_msg(f, -err, NULL, "cannot receive the orders of the launcher");
	b->filter = fds[WIRE_FILTER];
	b->payload = fds[WIRE_PAYLOAD];
	err = read_orders(fds[WIRE_ORDERS], &b->orders);
	(void) close(fds[WIRE_ORDERS]);
	if (err == 0)
		err = handover_check_orders(&b->orders, n - WIRE_USER);
	if (err == 0)
		err = assign_fds(b, fds + WIRE_USER);
	return err == 0 ? 0 : fail_msg(f, -err, NULL, "cannot read the orders of the launcher");
}

/*
 * No link in any component: bwrap before 0.12 follows one when it mounts (GHSA-pxhw-h44j-8pfx), the mount then lies
 * elsewhere, and the name remains the box's to replace.
 */
static int check_mount(const struct order_mount *m)
{
	cleanup_fd int fd = fd_open_nofollow(m->path, O_PATH);
	struct statvfs vfs;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0 || fstatvfs(fd, &vfs) != 0)
		return -errno;
	if (st.st_dev != m->dev || st.st_ino != m->ino)
		return -ESTALE;
	return m->read_only && (vfs.f_flag & ST_RDONLY) == 0 ? -EPERM : 0;
}

int handover_check_mounts(const struct box *b, struct failure *f)
{
	for (size_t i = 0; i < b->orders.n_mounts; i++) {
		const struct order_mount *m = &b->orders.mounts[i];
		int err = check_mount(m);

		if (err == -ESTALE)
			return fail_msg(f, ESTALE, NULL, "'%s' inside is not what was opened outside", m->path);
		if (err == -EPERM)
			return fail_msg(f, EPERM, NULL, "'%s' is writable inside", m->path);
		if (err != 0)
			return fail_msg(f, -err, NULL, "cannot check '%s' inside", m->path);
	}
	return 0;
}

/* On a read-only mount and a plain file, or it is not what FD_REOPEN stands for (design.md, law 6). */
static int open_file(const struct order_fd *order)
{
	cleanup_fd int fd = openat(AT_FDCWD, order->path, order->flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	struct statvfs vfs;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || fstatvfs(fd, &vfs) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (vfs.f_flag & ST_RDONLY) == 0)
		return -EPERM;
	if (lseek(fd, order->offset, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

int handover_open_files(struct box *b, struct failure *f)
{
	for (size_t i = 0; i < b->orders.n_fds; i++) {
		const struct order_fd *order = &b->orders.fds[i];

		if (order->how != FD_REOPEN)
			continue;
		b->fds[i] = open_file(order);
		if (b->fds[i] < 0)
			return fail_msg(f, -b->fds[i], NULL, "cannot open descriptor %d again inside", order->target);
	}
	return 0;
}
