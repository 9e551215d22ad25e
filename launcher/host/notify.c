/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "common/buf.h"
#include "common/path.h"
#include "host/pycmd.h"

#define PAGE 4096U /* the smallest there is: what lies in it is there whole or not at all */
#define CMDLINE_MAX 1024
#define MAX_WORDS 32

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

void notify_release(struct notify *n)
{
	if (n->fd >= 0)
		(void) close(n->fd);
	free(n->call);
	free(n->answer);
	*n = (struct notify) { .fd = -1 };
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The kernel's structs may have grown since ours were compiled: seccomp(2), SECCOMP_GET_NOTIF_SIZES. */
static int make_room(struct notify *n)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return -errno;
	n->call_size = larger(sizes.seccomp_notif, sizeof(*n->call));
	n->answer_size = larger(sizes.seccomp_notif_resp, sizeof(*n->answer));
	n->call = calloc(1, n->call_size);
	n->answer = calloc(1, n->answer_size);
	return n->call != NULL && n->answer != NULL ? 0 : -ENOMEM;
}

/*
 * SYNC_WAKE_UP (Linux 6.6): the one that waits runs next on our processor, which halves the cost of a question. Without it
 * all works.
 */
int notify_open(struct notify *n, int fd)
{
	int r;

	notify_release(n);
	n->fd = fd;
	r = make_room(n);
	(void) ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return r;
}

int notify_take(struct notify *n)
{
	memset(n->call, 0, n->call_size); /* the kernel wants it so */
	if (ioctl(n->fd, SECCOMP_IOCTL_NOTIF_RECV, n->call) == 0)
		return 1;
	return errno == ENOENT || errno == EINTR ? 0 : -errno;
}

int notify_answer(struct notify *n, int err)
{
	memset(n->answer, 0, n->answer_size);
	n->answer->id = n->call->id;
	n->answer->error = -err;
	n->answer->flags = err == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	return ioctl(n->fd, SECCOMP_IOCTL_NOTIF_SEND, n->answer) == 0 || errno == ENOENT ? 0 : -errno;
}

bool notify_is_valid(const struct notify *n)
{
	uint64_t id = n->call->id;

	return ioctl(n->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static ssize_t read_some(pid_t pid, uint64_t address, void *to, size_t len)
{
	const struct iovec here = { .iov_base = to, .iov_len = len };
	const struct iovec there = { .iov_base = (void *) (uintptr_t) address, .iov_len = len };

	return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

int notify_read(pid_t pid, uint64_t address, void *to, size_t len)
{
	ssize_t n = read_some(pid, address, to, len);

	if (n < 0)
		return -errno;
	return (size_t) n == len ? 0 : -EFAULT;
}

int notify_read_text(pid_t pid, uint64_t address, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t left = PAGE - (size_t) ((address + done) % PAGE);
		size_t some = left < size - done ? left : size - done;
		ssize_t n = read_some(pid, address + done, text + done, some);

		if (n <= 0)
			return n < 0 ? -errno : -EFAULT;
		if (memchr(text + done, '\0', (size_t) n) != NULL)
			return 0;
		done += (size_t) n;
	}
	return -ENAMETOOLONG;
}

/* The link /proc/PID/name: a path as the box has it, for the mounts of the box are no others' (path_resolution(7)). */
static int read_link(pid_t pid, const char *name, char **to)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void) snprintf(link, sizeof(link), "/proc/%d/%s", (int) pid, name);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	*to = strdup(path);
	return *to != NULL ? 0 : -ENOMEM;
}

int notify_base(pid_t pid, int dir, char **base)
{
	char name[32];

	if (dir == AT_FDCWD)
		return read_link(pid, "cwd", base);
	(void) snprintf(name, sizeof(name), "fd/%d", dir);
	return read_link(pid, name, base);
}

/* The words in text, which holds len bytes; as many as there is room for. */
static int split(char *text, size_t len, char *words[static MAX_WORDS])
{
	int n = 0;

	for (size_t at = 0; at < len && n < MAX_WORDS; at += strlen(text + at) + 1)
		words[n++] = text + at;
	return n;
}

static void put_python(struct buf *out, int argc, char **argv)
{
	struct pycmd cmd;

	pycmd_parse(argc, argv, &cmd);
	if (cmd.kind == PYCMD_CODE)
		buf_puts(out, " -c");
	else if (cmd.target != NULL)
		buf_printf(out, "%s %s", cmd.kind == PYCMD_MODULE ? " -m" : "", path_base(cmd.target));
}

char *notify_program(pid_t pid)
{
	char path[64], text[CMDLINE_MAX];
	char *words[MAX_WORDS];
	cleanup_buf struct buf out = { 0 };
	cleanup_fd int fd = -1;
	ssize_t n;
	int argc;

	(void) snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	text[n > 0 ? n : 0] = '\0';
	argc = split(text, n > 0 ? (size_t) n : 0, words);
	buf_puts(&out, argc > 0 && *path_base(words[0]) != '\0' ? path_base(words[0]) : "?");
	if (argc > 0 && out.data != NULL && strncmp(out.data, "python", strlen("python")) == 0)
		put_python(&out, argc, words);
	return buf_take(&out);
}
