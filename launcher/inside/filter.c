/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inside/filter.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/callids.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* pread(), because a descriptor may come with any offset and is shared with whoever sent it. */
static int read_program(int fd, struct sock_filter *insns, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *) insns + done, size - done, (off_t) done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		done += (size_t) n;
	}
	return 0;
}

/*
 * No flag of seccomp(2) is set but for a listener. TSYNC: there is one thread. SPEC_ALLOW would lift the
 * speculative store bypass mitigation: since Linux 5.16 (2f46993d83ff) a filter no longer turns it on, and where
 * an administrator asks for it (spec_store_bypass_disable=seccomp) it is meant for programs like ours. LOG: no.
 */
static int load(struct sock_filter *insns, size_t n, unsigned flags)
{
	const struct sock_fprog program = { .len = (unsigned short) n, .filter = insns };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

	return r >= 0 ? (int) r : -errno;
}

/*
 * WAIT_KILLABLE_RECV (Linux 5.19): a call that the watcher has taken up is not interrupted by a signal that would not kill. While it still waits to
 * be taken up, a handler without SA_RESTART interrupts it (EINTR), which open(2) of a plain file never was: venvbox(7).
 */
static int load_watched(struct sock_filter *insns, size_t n)
{
	int r = load(insns, n, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	return r == -EINVAL ? load(insns, n, SECCOMP_FILTER_FLAG_NEW_LISTENER) : r;
}

int filter_load(int fd, uid_t uid, gid_t gid, int *listener)
{
	cleanup_free struct sock_filter *insns = NULL;
	struct stat st;
	size_t size;
	int err;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t) (BPF_MAXINSNS * sizeof(*insns)) ||
	    (size_t) st.st_size % sizeof(*insns) != 0)
		return -EBADMSG;
	size = (size_t) st.st_size;
	insns = malloc(size);
	if (insns == NULL)
		return -ENOMEM;
	err = read_program(fd, insns, size);
	if (err != 0)
		return err;
	if (listener == NULL) {
		callids_fill(insns, size / sizeof(*insns), uid, gid);
		return load(insns, size / sizeof(*insns), 0);
	}
	err = load_watched(insns, size / sizeof(*insns));
	if (err < 0)
		return err;
	*listener = err;
	return 0;
}
