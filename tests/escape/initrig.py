# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays the launcher for venvbox-init: speaks launcher/common/wire.h from Python.

The tests judge PID 1 by /proc, errno and its reports, with a box of their own
making; nothing of the host's side of venvbox takes part.
"""
import array
import contextlib
import errno
import fcntl
import functools
import os
import platform
import pwd
import select
import signal
import socket
import struct
import subprocess
import time

LIBEXEC = os.environ.get("VENVBOX_LIBEXEC", "/usr/local/libexec/venvbox")
BWRAP = os.environ.get("VENVBOX_BWRAP", "/usr/bin/bwrap")
USER = os.environ.get("VENVBOX_TEST_USER", "vbtest")  # the ordinary user, when the tests run as root

SEALED, STARTED, STOPPED, CONTINUED, OFFSET, EXIT, FAILED, EXEC_FAILED, READY, WATCH, LOOKED = range(1, 12)
SIGNAL, LOOK = 1, 2
PASS, REOPEN = 0, 1
PRCTL_SEALED = 0x76624F58
ERRNO_SEALED = 4000
USER_NOTIF = 0x7FC00000  # SECCOMP_RET_USER_NOTIF
CAP_NET_BIND_SERVICE = 10
NR_PRCTL, NR_PRLIMIT64, NR_MKDIRAT = {"x86_64": (157, 302, 258), "aarch64": (167, 261, 34)}[platform.machine()]
WIRE_VERSION = 6
PATIENCE = 20  # seconds after which something hangs


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(word) for word in f.read().split()]


def find_init(pid):
    """PID 1 of the box of the bwrap `pid`, as the host numbers it; None while it is not there."""
    try:
        while not open("/proc/%d/status" % pid).readline().startswith("Name:\tvenvbox-init"):
            pid = children(pid)[0]
    except (OSError, IndexError):
        return None
    return pid


def users():
    """Who runs the boxes: root and the ordinary user, or whoever we are."""
    return ["root", USER] if os.getuid() == 0 else [pwd.getpwuid(os.getuid()).pw_name]


def _insn(code, jt, jf, k):
    return struct.pack("=HBBI", code, jt, jf, k)


def small_filter(answer=ERRNO_SEALED, refuse=0xFFFF, refusal=0x00050000 | errno.EPERM):
    """Answers the magic prctl with errno `answer`, refuses the call with the number `refuse` and allows the rest."""
    return b"".join([
        _insn(0x20, 0, 0, 0),
        _insn(0x15, 0, 1, refuse),
        _insn(0x06, 0, 0, refusal),
        _insn(0x20, 0, 0, 0),              # A = nr
        _insn(0x15, 0, 3, NR_PRCTL),       # not prctl: allow
        _insn(0x20, 0, 0, 16),             # A = low half of the first argument
        _insn(0x15, 0, 1, PRCTL_SEALED),   # another prctl: allow
        _insn(0x06, 0, 0, 0x00050000 | answer),
        _insn(0x06, 0, 0, 0x7FFF0000),
    ])


@functools.lru_cache
def real_filter(*args):
    """As venvbox-filter writes it; "--default" is the table."""
    return subprocess.run([os.path.join(LIBEXEC, "venvbox-filter"), *args], stdout=subprocess.PIPE, check=True).stdout


def _str(word):
    data = os.fsencode(word)
    return struct.pack("=I", len(data)) + data


def pack_orders(cwd, program, mounts=(), fds=(), keep_caps=0, ignored=0, blocked=0, limits=(), files=0, watch=0, base=0):
    """mounts: (path, dev, ino, read_only); fds: (target, how, flags, offset, path); limits: resource -> most."""
    out = struct.pack("=IIQQQQI", 0x4F427676, WIRE_VERSION, keep_caps, files, ignored, blocked, watch | base << 1)
    out += struct.pack("=16Q", *[dict(limits).get(which, 0) for which in range(16)])
    out += _str(cwd) + _str(program)
    out += struct.pack("=I", len(mounts))
    for path, dev, ino, read_only in mounts:
        out += _str(path) + struct.pack("=QQI", dev, ino, read_only)
    out += struct.pack("=I", len(fds))
    for target, how, flags, offset, path in fds:
        out += struct.pack("=iIiq", target, how, flags, offset) + _str(path)
    return out


def pack_payload(argv, env):
    out = struct.pack("=II", 0x50427676, WIRE_VERSION)
    for words in (argv, env):
        out += struct.pack("=I", len(words)) + b"".join(_str(w) for w in words)
    return out


def memfd(data):
    fd = os.memfd_create("rig", os.MFD_CLOEXEC)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def bwrap_options(user):
    """As the launcher has them (design.md, Sealing); the whole host is visible, read-only."""
    drop = ["--cap-drop", "ALL"] if user == "root" else []
    return ["--unshare-user", "--unshare-all", "--share-net", "--disable-userns", "--die-with-parent", "--as-pid-1",
            *drop, "--cap-add", "CAP_SETPCAP",
            "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]


class Report:
    def __init__(self, data):
        self.kind, self.value, self.offset, text = struct.unpack("=Iiq240s", data)
        self.text = text.split(b"\0")[0].decode()

    def __repr__(self):
        return "Report(kind=%d, value=%d, offset=%d, text=%r)" % (self.kind, self.value, self.offset, self.text)


class Box:
    """One box. Reports are in .reports, standard output and error of the payload in .out."""

    def __init__(self, user, argv, *, program=None, base=0, env=("PATH=/usr/bin:/bin",), cwd="/", mounts=(), fds=None, passed=(),
                 filter=None, orders=None, options=None, extra=(), keep_caps=0, ignored=0, blocked=0, limits=(), init="venvbox-init",
                 before=None, late=None, process_group=None, ignore=()):
        self.reports, self.process_group, self.ignore = [], process_group, ignore
        self.out_fd, out_inner = os.pipe()
        if fds is None:
            fds = [(0, PASS, 0, 0, ""), (1, PASS, 0, 0, ""), (2, PASS, 0, 0, "")]
            null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            passed = (null, out_inner, out_inner)
        else:
            passed = [out_inner if fd == "out" else fd for fd in passed]
        if orders is None:
            orders = pack_orders(cwd, program or argv[0], mounts, fds, keep_caps, ignored, blocked, limits, base=base)
        hello = [memfd(orders), memfd(real_filter("--default") if filter is None else filter), memfd(pack_payload(argv, env)), *passed]
        self.channel, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if late is None:
            self._send_hello(hello)
        if before is not None:
            before(self)
        options = bwrap_options(user) if options is None else options
        self._spawn(user, [BWRAP, *options, *extra, "--remount-ro", "/"], inner, os.path.join(LIBEXEC, init))
        inner.close()
        if late is not None:
            late(self)  # PID 1 waits for its orders
            self._send_hello(hello)
        os.close(out_inner)
        for fd in hello[:3]:
            os.close(fd)

    def _send_hello(self, fds):
        for i in range(0, len(fds), 200):
            some = array.array("i", fds[i:i + 200])
            self.channel.sendmsg([struct.pack("=II", WIRE_VERSION, len(fds))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, some)])

    def _spawn(self, user, command, inner, init):
        raw = os.open(init, os.O_RDONLY | os.O_CLOEXEC)
        number = fcntl.fcntl(raw, fcntl.F_DUPFD_CLOEXEC, 50)
        high = fcntl.fcntl(inner.fileno(), fcntl.F_DUPFD_CLOEXEC, 50)
        if user == "root" or os.getuid() != 0:
            switch = []
        else:
            switch = ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--init-groups"]
        self.process = subprocess.Popen(
            [*switch, *command, "/proc/self/fd/%d" % number], cwd="/", env={}, close_fds=True, pass_fds=(3, number),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lambda: self._prepare(high))
        os.close(raw)
        os.close(number)
        os.close(high)

    def _prepare(self, channel):
        os.dup2(channel, 3)
        if self.process_group is not None:
            os.setpgid(0, self.process_group)
        for sig in self.ignore:
            signal.signal(sig, signal.SIG_IGN)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.channel.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()
        os.close(self.out_fd)

    def next(self):
        """The next report; None when PID 1 has closed the channel."""
        ready, _, _ = select.select([self.channel], [], [], PATIENCE)
        assert ready, "no report; so far %r" % self.reports
        try:
            data = self.channel.recv(4096)
        except ConnectionResetError:
            data = b""
        if not data:
            return None
        report = Report(data)
        if report.kind == READY:  # the orders wait for it already
            return self.next()
        self.reports.append(report)
        return report

    def until(self, kind):
        while True:
            report = self.next()
            assert report is not None, "no report %d; %r; %s" % (kind, self.reports, self.process.stderr.read())
            if report.kind == kind:
                return report

    def finish(self):
        """To the end of the box. Returns the reports."""
        while self.next() is not None:
            pass
        self.process.wait(PATIENCE)
        return self.reports

    def kinds(self):
        return [r.kind for r in self.reports]

    def send(self, sig, kind=SIGNAL):
        self.channel.send(struct.pack("=Ii", kind, sig))

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.out_fd], [], [], PATIENCE)
            assert ready, "no output; %r" % self.reports
            c = os.read(self.out_fd, 1)
            if not c:
                break
            line += c
        return line.decode().rstrip("\n")

    def output(self):
        """What the payload wrote, to the end of the box."""
        data = b""
        while True:
            ready, _, _ = select.select([self.out_fd], [], [], PATIENCE)
            assert ready, "no output; %r" % self.reports
            some = os.read(self.out_fd, 65536)
            if not some:
                break
            data += some
        self.finish()
        return data.decode()


def run(user, argv, **how):
    """Runs a box to its end: (reports, output)."""
    with Box(user, argv, **how) as box:
        text = box.output()
        return box, text


def python(code, *args):
    return ["/usr/bin/python3", "-I", "-S", "-c", code, *args]


def bit(sig):
    return 1 << (sig - 1)


def status_fields(text):
    """/proc/PID/status as a dict."""
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def is_alive(pid):
    """A process, not a zombie."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


__all__ = [name for name in dir() if not name.startswith("_")] + ["signal"]
