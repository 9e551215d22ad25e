# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which system calls our programs make, and what became of a run in which one of them failed.

A call is a Point: the program, the call, where it is made (faulttrace.py), and which one of those made there. Of a loop
the first, the second and the last are tried, or all if VENVBOX_TEST_FAULTS is "all".
"""
import concurrent.futures
import collections
import ctypes
import errno
import json
import os
import queue
import subprocess

from boxlab import PATIENCE

TRACER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faulttrace.py")
WORKERS = 2
ALL = os.environ.get("VENVBOX_TEST_FAULTS") == "all"

Point = collections.namedtuple("Point", "role call args site when keep error index nth")

# What says EIO unless it stands here: a plausible word of the kernel for each.
ERRORS = {
    errno.ENOMEM: "mmap mremap munmap mprotect madvise poll ppoll execve recvmsg recvfrom getgroups",
    errno.EMFILE: "open openat openat2 dup dup2 dup3 pipe2 socket socketpair memfd_create signalfd4 eventfd2",
    errno.ENOSPC: "write mkdir mkdirat symlinkat linkat rename renameat renameat2 ftruncate fsync",
    errno.ENOBUFS: "sendto sendmsg",
    errno.EAGAIN: "fork vfork clone clone3",
    errno.ENOLCK: "fcntl flock",
    errno.EPERM: "prctl seccomp capget capset landlock_create_ruleset landlock_restrict_self setgroups setresgid setresuid "
                 "setrlimit prlimit64 kill fchmod fchmodat fchown fchownat utimensat getpgid setpgid kcmp bind",
    errno.EINVAL: "rt_sigaction rt_sigprocmask getsockopt setsockopt getsockname lseek ioctl",
    errno.ECHILD: "wait4 waitid",
    errno.ENOSYS: "close_range getrandom",
}
ERROR_OF = {call: number for number, calls in ERRORS.items() for call in calls.split()}

# These have no error (their man pages, ERRORS), or do not return; brk(2) fails by giving the end that was.
NEVER_FAIL = set("brk getpid getppid gettid getuid geteuid getgid getegid umask exit exit_group rt_sigreturn alarm "
                 "set_tid_address sched_yield".split())

SIG_BLOCK, PROT_NONE = 0, 0

# What a program calls before its main() is the loader's and the libc's; main() begins with this.
MAIN = {
    "launcher": ("fcntl", [0, 3]),  # userfds_reserve(): F_GETFL, is descriptor 0 open?
    "init": ("getpid", None),       # handover_settle()
    "installer": ("umask", None),
}

_seccomp = ctypes.CDLL("libseccomp.so.2")
_seccomp.seccomp_arch_native.restype = ctypes.c_uint32
_seccomp.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
_seccomp.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]


def name_of(number):
    return _seccomp.seccomp_syscall_resolve_num_arch(_seccomp.seccomp_arch_native(), number).decode()


def number_of(name):
    return _seccomp.seccomp_syscall_resolve_name(name.encode())


def error_of(call):
    return ERROR_OF.get(call, errno.EIO)


class Run:
    """What a traced command did."""

    def __init__(self, result, out, err):
        self.status, self.left, self.hit, self.calls = (result[k] for k in ("status", "left", "hit", "calls"))
        self.out, self.err = out, err

    @property
    def code(self):
        """As a shell has it; None: it never ended."""
        if self.status is None:
            return None
        return os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else -os.WTERMSIG(self.status)

    def __str__(self):
        return f"status {self.code}, left {self.left}, said {self.err!r}"


def trace(who, order, args, *, cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
    """Runs args as this user below the tracer."""
    tool = os.path.join(who.home, "faulttrace.py")
    if not os.path.exists(tool):
        # The ordinary user may not be able to read the tree that is tested.
        with open(TRACER, encoding="utf-8") as f:
            who.write(tool, f.read())
    result = os.path.join(cwd, "..", os.path.basename(cwd) + ".result")
    done = who.run(["/usr/bin/python3", "-I", "-S", tool, json.dumps({"patience": 20, **order}), result, *args],
                   cwd=cwd, stdin=stdin, stdout=stdout, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    with open(result, encoding="utf-8") as f:
        return Run(json.load(f), done.stdout, done.stderr)


def inject(who, point, args, **how):
    order = {"role": point.role, "nr": number_of(point.call), "keep": point.keep, "error": point.error}
    order.update({"site": None, "when": point.nth} if point.site is None else {"site": point.site, "when": point.when})
    return trace(who, order, args, **how)


def by_number(point):
    """The same call, found as the nth of its kind: what is left on the stack by earlier calls may differ."""
    return point._replace(site=None)


def _is_main(role, call, args):
    name, words = MAIN[role]
    return call == name and (words is None or args[:len(words)] == words)


def _wanted(n):
    """Which of the n calls made at one place are tried."""
    return range(1, n + 1) if ALL else sorted({1, min(2, n), n})


def _can_fail(call, args):
    """Neither these nor what the libc does for moments on its own account, blocking signals around fork(3): ours set the mask."""
    return call not in NEVER_FAIL and not (call == "rt_sigprocmask" and args[0] == SIG_BLOCK)


def points_of(calls, roles, skip=()):
    """All that can be made to fail, in the order in which they were first made; skip: calls that are only tried with ALL."""
    begun = {role: False for role in MAIN}
    places, made_by = {}, collections.Counter()
    for index, (role, number, args, site) in enumerate(calls):
        call = name_of(number)
        made_by[role, call] += 1
        program = role.split()[0]
        begun[program] = begun[program] or _is_main(program, call, args)
        if role in roles and begun[program] and _can_fail(call, args) and (ALL or call not in skip):
            places.setdefault((role, call, site), []).append((args, index, made_by[role, call]))
    # close(2) frees the number whatever it says: it is made, and its answer changed.
    return [Point(role, call, made[when - 1][0], site, when, call == "close", error_of(call), *made[when - 1][1:])
            for (role, call, site), made in places.items() for when in _wanted(len(made))]


def index_of(calls, role, names):
    """When this program first made one of these calls."""
    return next(i for i, (who, number, _, _) in enumerate(calls) if who == role and name_of(number) in names)


def place(point):
    """Where it is made, of whichever run."""
    return point.role, point.call, point.site


def tell(point):
    words = ", ".join(hex(a) for a in point.args)
    return f"{point.role}: {point.call}({words}) no. {point.when} -> {errno.errorcode[point.error]} [{point.site[:40]}]"


def try_all(points, benches, attempt):
    """attempt(bench, point) -> (kind, complaint) for each, each bench used by one at a time. Returns complaints and kinds."""
    free = queue.Queue()
    for bench in benches:
        free.put(bench)
    kinds, complaints = collections.Counter(), []

    def one(point):
        bench = free.get()
        try:
            return point, *attempt(bench, point)
        finally:
            free.put(bench)

    with concurrent.futures.ThreadPoolExecutor(len(benches)) as pool:
        for point, kind, complaint in pool.map(one, points):
            kinds[kind] += 1
            if complaint:
                complaints.append(f"{tell(point)}: {complaint}")
    print(f"{len(points)} faults: " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
    missed = kinds["not met again"]
    # How often a program looks whether its child has ended depends on the time that it has.
    if missed > max(3, len(points) // 20):
        complaints.append(f"{missed} of {len(points)} calls were not made again")
    return complaints, kinds


def said_once(err):
    """A failure of ours: one line that says what failed, and at most one with a remedy."""
    lines = err.splitlines()
    ours = [line for line in lines if line.startswith("venvbox: ")]
    hints = [line for line in lines if line.startswith("hint: ")]
    return len(ours) == 1 and len(hints) <= 1 and len(lines) == len(ours) + len(hints)


def differ(before, after):
    """What is not the same in two dicts."""
    return ", ".join(f"{key}: {before.get(key, 'none')!r} -> {after.get(key, 'none')!r}"
                     for key in sorted(set(before) | set(after)) if before.get(key) != after.get(key))
