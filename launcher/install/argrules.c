/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/argrules.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/fcntl.h> /* __O_TMPFILE: O_TMPFILE without O_DIRECTORY */
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/callids.h"
#include "common/names.h"

#ifdef __s390x__
#define CLONE_FLAGS 1 /* CONFIG_CLONE_BACKWARDS2, clone(2) */
#else
#define CLONE_FLAGS 0
#endif

#define HAS(a, bits)       { .op = COND_HAS, .arg = (a), .value = (bits) }
#define IS(a, val)         { .op = COND_IS, .arg = (a), .value = (val), .mask = UINT32_MAX }
#define IS_IN(a, m, val)   { .op = COND_IS, .arg = (a), .value = (val), .mask = (m) }
#define OTHER(a, values)   OTHER_IN(a, UINT32_MAX, values)
#define OTHER_IN(a, m, values) \
	{ .op = COND_OTHER, .arg = (a), .mask = (m), .list = (values), .n_list = sizeof(values) / sizeof(*(values)) }
#define BEYOND(a, bits)    { .op = COND_BEYOND, .arg = (a), .value = (bits) }

#define SET_ID   (S_ISUID | S_ISGID)
#define CREATES  (O_CREAT | __O_TMPFILE) /* otherwise the mode is whatever the register held */
#define NEW_NAMESPACE \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* <linux/btrfs.h> */
#define VB_BTRFS_IOC_SNAP_CREATE _IOC(_IOC_WRITE, 0x94, 1, 4096)
#define VB_BTRFS_IOC_SNAP_CREATE_V2 _IOC(_IOC_WRITE, 0x94, 23, 4096)

/* Newer than the headers of Debian 12. */
#define VB_PR_GET_AUXV 0x41555856
#define VB_PR_SET_MDWE 65
#define VB_PR_GET_MDWE 66
#define VB_PR_GET_MEMORY_MERGE 68
#define VB_PR_GET_SHADOW_STACK_STATUS 74 /* and SET, LOCK: glibc starts a process with them on AArch64 */
#define VB_PR_FUTEX_HASH 78
#define VB_F_SETDELEG 1040 /* Linux 6.19: leases on directories */
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

static const uint32_t families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

/*
 * With protocol 0 the type alone names a protocol: SOCK_DCCP and SOCK_SEQPACKET are DCCP and SCTP, and
 * AF_INET with SOCK_PACKET is AF_PACKET by another name (packet(7)).
 */
static const uint32_t types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
#define TYPE_MASK 0xf /* the bits above are SOCK_CLOEXEC and SOCK_NONBLOCK */

/*
 * Not SCTP, DCCP, L2TP, SMC, MPTCP: modules that load when asked for, each with a history of
 * its own (CVE-2017-6074, CVE-2021-23133). Go falls back on TCP at this errno.
 */
static const uint32_t protocols[] = {
	IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_UDPLITE, IPPROTO_RAW,
};

/* As it is, asking, `setarch` of compilers and of ThreadSanitizer. Not READ_IMPLIES_EXEC, MMAP_PAGE_ZERO. */
static const uint32_t personalities[] = {
	PER_LINUX, PER_LINUX32, UNAME26, PER_LINUX32 | UNAME26, ADDR_NO_RANDOMIZE, PER_LINUX32 | ADDR_NO_RANDOMIZE, UINT32_MAX,
};

/*
 * Not PR_SET_MM (another name and file in the host's ps), PR_SCHED_CORE (who shares a core with the
 * host's programs), PR_SET_MEMORY_MERGE (tells by timing what others have in memory); EINVAL is the answer of a kernel without them.
 */
static const uint32_t prctls[] = {
	PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,
	PR_GET_TIMING, PR_SET_TIMING, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_SET_SECCOMP,
	PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC, PR_GET_SECUREBITS, PR_SET_SECUREBITS,
	PR_SET_TIMERSLACK, PR_GET_TIMERSLACK, PR_MCE_KILL, PR_MCE_KILL_GET, PR_SET_PTRACER,
	PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
	PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_CAP_AMBIENT,
	PR_SVE_SET_VL, PR_SVE_GET_VL, PR_SME_SET_VL, PR_SME_GET_VL, PR_PAC_RESET_KEYS, PR_PAC_SET_ENABLED_KEYS,
	PR_PAC_GET_ENABLED_KEYS, PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL,
	PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL, PR_SET_SYSCALL_USER_DISPATCH, PR_SET_VMA,
	VB_PR_SET_MDWE, VB_PR_GET_MDWE, VB_PR_GET_MEMORY_MERGE, VB_PR_GET_AUXV, VB_PR_FUTEX_HASH,
	VB_PR_GET_SHADOW_STACK_STATUS, VB_PR_GET_SHADOW_STACK_STATUS + 1, VB_PR_GET_SHADOW_STACK_STATUS + 2,
};

static const uint32_t own_user[] = { VB_CALLIDS_USER, UINT32_MAX /* no change */ };
static const uint32_t own_group[] = { VB_CALLIDS_GROUP, UINT32_MAX };

#define USER(call, a)  { call, EPERM, true, { OTHER(a, own_user) } }
#define GROUP(call, a) { call, EPERM, true, { OTHER(a, own_group) } }

const struct argrule argrules[] = {
	/* A set-user-ID program in the project would run as the user for everybody on the host. */
	{ "openat", EPERM, false, { HAS(2, CREATES), HAS(3, SET_ID) } },
	{ "open", EPERM, false, { HAS(1, CREATES), HAS(2, SET_ID) } },

	/* Words typed into the terminal the box shares with the user's shell. CVE-2017-5226, CVE-2023-28100. */
	{ "ioctl", EPERM, true, { IS(1, TIOCSTI) } },
	{ "ioctl", EPERM, true, { IS(1, TIOCLINUX) } },
	/* Line disciplines load as modules. CVE-2017-2636, CVE-2023-6546. */
	{ "ioctl", EPERM, false, { IS(1, TIOCSETD) } },
	/*
	 * A snapshot of the subvolume in which the project lies holds the home around it. Before Linux 6.7 any directory of the
	 * user's would do as its source (Linux, "btrfs: do not allow non subvolume root targets for snapshot").
	 */
	{ "ioctl", EPERM, false, { IS(1, VB_BTRFS_IOC_SNAP_CREATE) } },
	{ "ioctl", EPERM, false, { IS(1, VB_BTRFS_IOC_SNAP_CREATE_V2) } },
	/*
	 * A lease on a file that is only readable here holds up, for lease-break-time (45 s), whoever on the host opens it, and
	 * says when: our own launcher, git, for root the loader; a means to win races too. fcntl(2), Leases.
	 */
	{ "fcntl", EPERM, false, { IS(1, F_SETLEASE) } },
	{ "fcntl", EPERM, false, { IS(1, VB_F_SETDELEG) } },

	/* A user namespace gives back every capability over what is in it. */
	{ "clone", EPERM, true, { HAS(CLONE_FLAGS, NEW_NAMESPACE) } },
	{ "clone3", ENOSYS, true, { { COND_NONE } } },
	{ "unshare", EPERM, true, { BEYOND(0, CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) } },
	{ "setns", EPERM, true, { { COND_NONE } } },

	/* "Am I inside?", design.md, law 8. */
	{ "prctl", VB_ERRNO_SEALED, true, { IS(0, VB_PRCTL_SEALED) } },
	{ "prctl", EINVAL, false, { OTHER(0, prctls) } },

	/* VSOCK reaches the hypervisor, ALG the page cache of read-only files (CVE-2026-31431), PACKET the wire. */
	{ "socket", EAFNOSUPPORT, false, { OTHER(0, families) } },
	{ "socket", EAFNOSUPPORT, false, { IS(0, AF_NETLINK), BEYOND(2, NETLINK_ROUTE) } },
	{ "socket", EPROTONOSUPPORT, false, { IS(0, AF_INET), OTHER(2, protocols) } },
	{ "socket", EPROTONOSUPPORT, false, { IS(0, AF_INET6), OTHER(2, protocols) } },
	{ "socket", ESOCKTNOSUPPORT, false, { IS(0, AF_INET), OTHER_IN(1, TYPE_MASK, types) } },
	{ "socket", ESOCKTNOSUPPORT, false, { IS(0, AF_INET6), OTHER_IN(1, TYPE_MASK, types) } },
	{ "socketpair", EAFNOSUPPORT, false, { OTHER(0, families) } },

	{ "chmod", EPERM, false, { HAS(1, SET_ID) } },
	{ "fchmod", EPERM, false, { HAS(1, SET_ID) } },
	{ "fchmodat", EPERM, false, { HAS(2, SET_ID) } },
	{ "fchmodat2", EPERM, false, { HAS(2, SET_ID) } },
	{ "creat", EPERM, false, { HAS(1, SET_ID) } },
	{ "mknod", EPERM, false, { HAS(1, SET_ID) } },
	{ "mknod", EPERM, false, { IS_IN(1, S_IFMT, S_IFCHR) } },
	{ "mknod", EPERM, false, { IS_IN(1, S_IFMT, S_IFBLK) } },
	{ "mknodat", EPERM, false, { HAS(2, SET_ID) } },
	{ "mknodat", EPERM, false, { IS_IN(2, S_IFMT, S_IFCHR) } },
	{ "mknodat", EPERM, false, { IS_IN(2, S_IFMT, S_IFBLK) } },
	/* Flags and mode in memory: a list cannot bring it back, or the rules above would be for show. */
	{ "openat2", ENOSYS, false, { { COND_NONE } } },

	/* By pid they reach into the box only; by group or user also the caller's pipeline and more on the host. */
	{ "setpriority", EPERM, false, { BEYOND(0, PRIO_PROCESS) } },
	{ "ioprio_set", EPERM, false, { OTHER(0, (const uint32_t[]) { 1 /* IOPRIO_WHO_PROCESS */ }) } },

	{ "personality", EPERM, false, { OTHER(0, personalities) } },

	/*
	 * Of a number that is not mapped in the box the kernel says that it is invalid (EINVAL, user_namespaces(7)), where an ordinary user is used
	 * to hear that it is not permitted: test suites and installers look for that. Nothing is refused here that the kernel would not.
	 */
	USER("setuid", 0),
	GROUP("setgid", 0),
	USER("setreuid", 0), USER("setreuid", 1),
	GROUP("setregid", 0), GROUP("setregid", 1),
	USER("setresuid", 0), USER("setresuid", 1), USER("setresuid", 2),
	GROUP("setresgid", 0), GROUP("setresgid", 1), GROUP("setresgid", 2),
	USER("chown", 1), GROUP("chown", 2),
	USER("lchown", 1), GROUP("lchown", 2),
	USER("fchown", 1), GROUP("fchown", 2),
	USER("fchownat", 2), GROUP("fchownat", 3),
	{ NULL },
};
