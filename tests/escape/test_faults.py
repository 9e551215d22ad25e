# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each system call of launcher and PID 1 fails once: the program runs in the same box as ever, or does not run (issue 3, 7)."""
import json
import os
import socket

import pytest

import faultlab
from boxlab import FAILURE, snapshot

# What the program finds out about its box; with a fault it must find the same, or not be there.
PAYLOAD = """
import errno, fcntl, json, os, socket, sys
def attempt(do, *args):
    try: return str(do(*args))
    except OSError as e: return errno.errorcode[e.errno]
def connect(name):
    with socket.socket(socket.AF_UNIX) as s: s.connect(name)
def create(path):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
status = open("/proc/self/status").read()
fds = [n for n in range(64) if attempt(fcntl.fcntl, n, fcntl.F_GETFD) != "EBADF"]
facts = {
    "status": [line.split() for line in status.splitlines() if line.startswith(("Cap", "NoNewPrivs", "Seccomp", "Sig", "Shd"))
               and not line.startswith("SigQ")],
    "init": attempt(lambda: open("/proc/1/environ").read()),
    "fds": fds, "stdin": sys.stdin.read(), "cwd": os.getcwd(), "argv": sys.argv, "env": dict(os.environ),
    "decoy": attempt(lambda: open(sys.argv[1]).read()),
    "typing": attempt(fcntl.ioctl, 0, 0x5412, b"x"),
    "abstract": attempt(connect, sys.argv[2].replace("@", chr(0))),
    "git": attempt(os.mkdir, ".git"), "envrc": attempt(create, ".envrc"), "bin": attempt(create, ".venv/bin/x"),
    "state": attempt(create, ".venv/venvbox/x"), "root": attempt(create, "/x"), "core": attempt(os.open, "/proc/sys/kernel/core_pattern", os.O_WRONLY),
}
with open("marker", "w") as f: json.dump(facts, f)
print("said")
"""

# Calls of PID 1 between its orders and its fork whose failure may go unnoticed; of the rest each must stop it.
HARMLESS = {
    "close": "the number is free whatever it says",
    "munmap": "memory that is kept",
    "set_robust_list": "of the libc's fork(3); there are no locks",
    "close_range": "a kernel without it: one by one",
}
# Of its child, which executes the base interpreter itself (inside/payload.c, become_base()).
HARMLESS_OF_CHILD = {
    "mmap": "bin/python does all of it; what else has no memory stops it, or the program would find another box",
    "readlink": "bin/python finds it",
    "execve": "bin/python executes it",
    "statfs": "the interpreter is not told of the box",
}
SPARE = ".venv/venvbox/spare/"
PR_SET_NAME, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET = 15, 47, 1


def is_harmless(point):
    if point.role == "init child" and point.call in HARMLESS_OF_CHILD:
        return True
    if point.call == "prctl":
        # A name; and what libcap asks before it changes anything, which is read back at the end.
        return point.args[0] == PR_SET_NAME or point.args[:2] == [PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET]
    # Of the libc's fork(3), restoring the mask; ours ask for the one before (ksignal.c), and come later.
    if point.call == "rt_sigprocmask":
        return point.args[2] == 0
    # A page that is to stay empty, of the libc's malloc(3).
    if point.call == "mmap":
        return point.args[2] == faultlab.PROT_NONE
    # Without a place for the answer libcap asks for a version, and has one of its own.
    return point.call in HARMLESS or (point.call == "capget" and point.args[1] == 0)


ROLES = ("launcher", "launcher child", "init", "init child")


class Bench:
    """A boxed project with a program that looks around; standard input and output are files, which are handed on."""

    def __init__(self, lab, who, listener):
        self.who, self.box = who, lab.box(who)
        self.project = self.box.project
        self.box.write("look.py", PAYLOAD)
        self.box.write(".env", "SETTING=1\n")
        self.input = who.write(os.path.join(self.project + ".in"), "first\nsecond\n")
        self.args = [self.box.bin(), "look.py", os.path.join(who.home, ".netrc"), listener]
        self.calls = self.facts = None
        # The first run makes what stays: home and cache.
        self.run(lambda **how: faultlab.trace(who, {"roles": []}, self.args, **how))
        self.before = snapshot(self.project)

    def run(self, do):
        """The run, what the program found out or None, what it printed."""
        output = self.who.write(self.project + ".out", "")
        with open(self.input, encoding="utf-8") as stdin, open(output, "w", encoding="utf-8") as stdout:
            stdin.read(0)
            run = do(cwd=self.project, stdin=stdin, stdout=stdout)
        with open(output, encoding="utf-8") as f:
            said = f.read()
        marker = self.box.path("marker")
        facts = None
        if os.path.exists(marker):
            with open(marker, encoding="utf-8") as f:
                text = f.read()
            facts = json.loads(text) if text else {}
            os.unlink(marker)
        return run, facts, said

    def reference(self):
        run, self.facts, said = self.run(lambda **how: faultlab.trace(self.who, {"roles": list(ROLES)}, self.args, **how))
        assert run.code == 0 and said == "said\n" and not run.left, str(run)
        self.calls = run.calls
        self.started = faultlab.index_of(run.calls, "launcher child", ("execve",))
        forked = faultlab.index_of(run.calls, "init", ("clone", "fork", "clone3"))
        # Where the payload, which holds still from the fork on, is let go: PID 1 waits from then on.
        self.let_go = forked + faultlab.index_of(run.calls[forked:], "init", ("poll", "ppoll"))
        return self

    def judge(self, point):
        for way in (point, faultlab.by_number(point)):
            run, facts, said = self.run(lambda **how: faultlab.inject(self.who, way, self.args, **how))
            if run.hit:
                break
        kind, complaint = self.verdict(point, run, facts, said)
        return kind, complaint or self.traces(run)

    def is_late(self, point):
        """Made when the program may already run: it cannot be unmade."""
        if point.role == "launcher":
            return point.index > self.started
        return point.role == "init" and point.index >= self.let_go

    def must_stop(self, point):
        """PID 1 from its orders to its fork, and what is done between fork and execve."""
        return point.role != "launcher" and not is_harmless(point) and not self.is_late(point)

    def verdict(self, point, run, facts, said):
        if not run.hit:
            kind = "not met again"
        elif run.code == FAILURE:
            kind = "refused"
        else:
            kind = "worked"
        if facts is not None and facts != self.facts:
            return kind, "another box: " + faultlab.differ(self.facts, facts)
        if run.code == FAILURE and not faultlab.said_once(run.err):
            return kind, f"not two lines: {run}"
        if run.code == FAILURE:
            return kind, facts is not None and not self.is_late(point) and f"the program ran: {run}"
        if point.call == "execve" and point.role == "init child" and run.code == 126 and faultlab.said_once(run.err):
            return kind, facts is not None and "the program ran"  # as env(1) ends then
        if run.code is not None and self.is_late(point) and faultlab.said_once(run.err):
            return kind, None
        if run.code != 0 or said != "said\n" or facts is None:
            return kind, f"neither run nor refused: {run}, printed {said!r}"
        return kind, run.hit and self.must_stop(point) and f"nobody noticed: {run}"

    def traces(self, run):
        """What is left of the run. A name that could not be taken away is told of, and gone after the next run."""
        if run.left:
            return f"processes are left: {run}"
        now = snapshot(self.project)
        if now == self.before:
            return None
        # A spare directory that is lost is made again by the next run.
        gone = [name for name in self.before if name not in now]
        quiet = all(name.startswith(SPARE) for name in gone) and {**now, **{name: self.before[name] for name in gone}} == self.before
        again, _, _ = self.run(lambda **how: faultlab.trace(self.who, {"roles": []}, self.args, **how))
        later = snapshot(self.project)
        said = any(line.startswith("venvbox: ") and "next run" in line for line in run.err.splitlines())
        complaint = None if said or quiet else f"left behind: {faultlab.differ(self.before, now)}; {run}"
        if later != self.before:
            complaint = f"left behind, even after the next run: {faultlab.differ(self.before, later)}; {again}"
            for name in set(later) - set(self.before):
                self.who.sh('rm -rf "$1"', self.box.path(name))
        return complaint


@pytest.fixture(scope="module")
def listener():
    """An abstract socket of the host's."""
    with socket.socket(socket.AF_UNIX) as s:
        name = f"venvbox-faults-{os.getpid()}"
        s.bind("\0" + name)
        s.listen()
        yield "@" + name


@pytest.fixture(scope="module")
def benches(lab, listener):
    return [Bench(lab, lab.user("user"), listener).reference() for _ in range(faultlab.WORKERS)]


def check(points, some):
    complaints, kinds = faultlab.try_all(points, some, Bench.judge)
    assert not complaints, "\n".join(complaints)
    assert kinds["refused"] > 0


@pytest.mark.parametrize("role", ROLES)
def test_fault(benches, role):
    check(faultlab.points_of(benches[0].calls, [role]), benches)


def test_fault_as_root(lab, listener, benches):
    """What root's run does at places where the ordinary user's does nothing."""
    known = {faultlab.place(p) for p in faultlab.points_of(benches[0].calls, ROLES)}
    roots = [Bench(lab, lab.user("root" if os.getuid() == 0 else "user"), listener).reference() for _ in range(faultlab.WORKERS)]
    points = faultlab.points_of(roots[0].calls, ROLES)
    check([p for p in points if faultlab.ALL or faultlab.place(p) not in known] or points[:20], roots)
