# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host before and after: what load in boxes may not touch (issue 3, "Load and loss").

Other people's processes come and go on a machine, so what is ours is told by descent and by name: a subreaper becomes the
parent of whatever a box leaves behind, payloads put watch.mark into the name of all they make, and use the key IPC_KEY.
"""
import ctypes
import hashlib
import os
import signal
import subprocess
import time

from boxlab import PATIENCE

PR_SET_CHILD_SUBREAPER = 36
PUBLIC = ("/tmp", "/var/tmp", "/run", "/dev/shm", "/dev/mqueue")
IPC_KEY = 0x7662
DECOY = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)\n"


def stat_fields(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        return f.read().rpartition(") ")[2].split()


def children_of(pid):
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(stat_fields(name)[1]) == pid:
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def descendants_of(pid):
    found = children_of(pid)
    for child in found:  # grows
        found += children_of(child)
    return found


def facts(path):
    """Inode, mode, owner, links, size, times, and a hash of the content."""
    st = os.lstat(path)
    content = None
    if os.path.isfile(path) and not os.path.islink(path):
        with open(path, "rb") as f:
            content = hashlib.sha256(f.read()).hexdigest()
    return st.st_ino, st.st_mode, st.st_uid, st.st_nlink, st.st_size, st.st_mtime_ns, st.st_ctime_ns, content


def tree(top):
    """What is at and below top, a directory or a file."""
    found = {top: facts(top)}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            found[os.path.join(at, name)] = facts(os.path.join(at, name))
    return found


def lines(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().splitlines()


class Watch:
    def __init__(self, lab, who):
        self.who, self.top, self.mark = who, lab.top, "vbload%x" % time.monotonic_ns()
        self.trees = [os.path.join(who.home, n) for n in (".ssh", ".aws", ".bashrc", ".netrc", ".config")]
        self.sibling = lab.directory(who, "sibling")
        self.runtime, self.tmp = lab.directory(who, "runtime"), lab.directory(who, "tmp")
        for name in (".config/autostart/x", ".config/git/config"):
            who.write(os.path.join(who.home, name), "decoy\n")
        for at in (self.sibling, self.runtime, self.tmp):
            who.write(os.path.join(at, "sub/decoy"), "decoy\n")
        self.trees += [self.sibling, self.runtime, self.tmp]
        self.public = [who.write(os.path.join(at, f"{self.mark}-decoy"), "decoy\n") for at in ("/tmp", "/var/tmp", "/dev/shm")]
        # Of what boxes run as, and in the group of those who start them: in reach of kill(2) as without a box.
        self.decoys = [who.popen(["/usr/bin/python3", "-I", "-c", DECOY], stdin=subprocess.PIPE) for _ in range(2)]
        self.env = {"XDG_RUNTIME_DIR": self.runtime, "TMPDIR": self.tmp}
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        self.before = self.look()

    def look(self):
        return {
            "mounts": sorted(x for x in lines("/proc/self/mountinfo") if any(n in x for n in (self.top, self.mark, "/newroot", "/oldroot"))),
            "files": {k: v for top in self.trees + self.public for k, v in tree(top).items()},
            "public": sorted(f"{at}/{n}" for at in PUBLIC if os.path.isdir(at) for n in os.listdir(at) if self.mark in n),
            "ipc": {n: [x for x in lines(f"/proc/sysvipc/{n}")[1:] if x.split()[0] == str(IPC_KEY)] for n in ("shm", "sem", "msg")},
            "sockets": [x for x in lines("/proc/net/unix") if self.mark in x],
            "decoys": [stat_fields(p.pid)[19] for p in self.decoys],
        }

    def left(self):
        """Processes that boxes left: they have come to us."""
        known = {p.pid for p in self.decoys}
        found = []
        for pid in children_of(os.getpid()):
            if pid in known:
                continue
            # What has ended and nobody waited for is no process any more.
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    found.append(pid)
            except ChildProcessError:
                pass
        return found

    def nobody_is_left(self):
        """The end of a box is not one instant: the kernel kills what is in it after its PID 1."""
        end = time.monotonic() + PATIENCE
        while self.left():
            assert time.monotonic() < end, [(p, lines(f"/proc/{p}/cmdline"), lines(f"/proc/{p}/status")[:3]) for p in self.left()]
            time.sleep(0.01)

    def check(self):
        self.nobody_is_left()
        now = self.look()
        changed = {k: [x for x in now[k] if x not in self.before[k]] + [x for x in self.before[k] if x not in now[k]] for k in now if now[k] != self.before[k]}
        assert now == self.before, changed
        for p in self.decoys:  # not ended, not stopped
            p.stdin.write("alive\n")
            p.stdin.flush()
            assert p.stdout.readline() == "alive\n"

    def close(self):
        for p in self.decoys:
            p.kill()
            p.communicate()
        for path in self.public:
            os.unlink(path)
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

