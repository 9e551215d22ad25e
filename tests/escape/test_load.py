# SPDX-License-Identifier: LGPL-2.1-or-later
"""Load and loss (issue 3): many boxes, full disks, floods, kills at any moment. The host is afterwards what it was before."""
import concurrent.futures
import os
import random
import signal
import subprocess
import time

import pytest

import packages
from boxlab import PATIENCE, tell
from hostwatch import IPC_KEY, Watch, children_of, descendants_of

# For each user; as root the tests run twice.
STARTS, BATCH = 500, 16
KILLS = 50
EARLY = 160  # in the first milliseconds of a start, by signals that end the launcher in order
BWRAP_KILLS = 60
FLOOD = 1 << 30
PROCESSES = 10000
TMP_FILL = 64 << 20
SMALL_DISK = "16m"


@pytest.fixture
def watch(lab, who):
    w = Watch(lab, who)
    try:
        yield w
        w.check()
    finally:
        w.close()


# --- many at once -----------------------------------------------------------------------------

# Each makes what outlives a process: files, shared memory, a semaphore, a queue, an abstract socket, a daemon.
BUSY = """
import ctypes, os, socket, sys
mark, n = sys.argv[1:]
for d in ('/tmp', '/var/tmp', '/dev/shm', os.environ.get('XDG_RUNTIME_DIR', '/tmp'), os.environ.get('TMPDIR', '/tmp')):
    try: open(d + '/' + mark, 'x').write(n)
    except (FileNotFoundError, PermissionError, FileExistsError): pass
    except OSError as e: assert e.errno == 30, e
libc = ctypes.CDLL(None)
assert libc.shmget(@KEY@, 4096, 0o1600) >= 0 and libc.semget(@KEY@, 1, 0o1600) >= 0 and libc.msgget(@KEY@, 0o1600) >= 0
s = socket.socket(socket.AF_UNIX); s.bind('\\0' + mark + n)
if os.fork() == 0:
    os.setsid(); os.dup2(os.open('/dev/null', os.O_RDWR), 1); os.dup2(1, 2); s.listen()
    while True: s.accept()
print(open('/tmp/' + mark).read())
""".replace("@KEY@", str(IPC_KEY))


def test_many_starts(fresh, watch):
    def start(n):
        done = fresh.run(["python", "-c", BUSY, watch.mark, str(n)], env=watch.env)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{n}\n", ""), tell(done)
        return n

    with concurrent.futures.ThreadPoolExecutor(BATCH) as pool:
        assert list(pool.map(start, range(STARTS))) == list(range(STARTS))
    watch.nobody_is_left()
    assert os.listdir(fresh.project) == [".venv"]


def test_what_the_watch_would_see(lab, who):
    """Control: the same program without a box leaves all of it, and the watch says so."""
    plain = lab.plain(who)
    w = Watch(lab, who)
    try:
        daemon = plain.run(["python", "-c", BUSY, w.mark, "1"], env=w.env)
        assert daemon.stdout == "1\n", tell(daemon)
        left, now = w.left(), w.look()
        assert len(left) == 1
        assert {k for k in now if now[k] != w.before[k]} == {"files", "public", "ipc", "sockets"}
        os.kill(left[0], signal.SIGKILL)
        w.nobody_is_left()
        plain.run(["/usr/bin/ipcrm", "-M", hex(IPC_KEY), "-S", hex(IPC_KEY), "-Q", hex(IPC_KEY)], check=True)
        for at in ("/tmp", "/var/tmp", "/dev/shm"):
            os.unlink(f"{at}/{w.mark}")
    finally:
        w.close()


# --- killed ---------------------------------------------------------------------------------------

class Victim:
    """A pip run that is hit after delay, in one of the ways."""

    WAYS = ("launcher KILL", "bwrap KILL", "pip KILL", "launcher TERM", "group INT", "group TERM", "launcher HUP")

    def __init__(self, box, watch, args, rng, longest):
        self.way, self.delay = rng.choice(self.WAYS), rng.uniform(0, longest)
        self.p = box.popen(["pip", *args], env=watch.env, start_new_session=True)

    def hit(self):
        time.sleep(self.delay)
        target, name = self.way.split()
        number = getattr(signal, "SIG" + name)
        if target == "group":
            os.killpg(self.p.pid, number)
            return
        below = descendants_of(self.p.pid)
        pid = {"launcher": self.p.pid, "bwrap": (below or [self.p.pid])[0], "pip": (below or [self.p.pid])[-1]}[target]
        if self.p.poll() is None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def end(self):
        try:
            self.p.communicate(timeout=PATIENCE)
        finally:
            self.p.kill()


def test_ended_while_boxes_are_made(fresh, watch):
    """bwrap is at work then: nobody is left of it, no name of a mask, nothing that holds the caller's pipes."""
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    begun = time.monotonic()
    assert fresh.py("pass").returncode == 0
    longest = (time.monotonic() - begun) * BATCH / 4  # they are in each other's way

    def hit(delay, number):
        p = fresh.popen(["python", "-c", "import time; [time.sleep(0.1) for i in range(600)]"], env=watch.env, start_new_session=True)
        time.sleep(delay)
        os.killpg(p.pid, number)
        try:
            _, err = p.communicate(timeout=PATIENCE)
        finally:
            p.kill()
        assert p.returncode in (-number, 1), f"seed {seed}: {number} after {delay:.4f} s: {p.returncode}, {err}"

    with concurrent.futures.ThreadPoolExecutor(BATCH) as pool:
        for _ in range(EARLY // BATCH):
            hits = [(rng.uniform(0, longest), rng.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))) for _ in range(BATCH)]
            assert list(pool.map(lambda h: hit(*h), hits)) == [None] * BATCH
            watch.nobody_is_left()
            assert os.listdir(fresh.project) == [".venv"], f"seed {seed}"


def test_bwrap_killed_while_the_box_is_made(fresh, watch):
    """Its child, which makes the mounts, must not go on when the launcher has taken the names of masks away."""
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    for i in range(BWRAP_KILLS):
        p = fresh.popen(["python", "-c", "import time; time.sleep(60)"], env=watch.env, start_new_session=True)
        while not descendants_of(p.pid):
            assert p.poll() is None
        delay = rng.uniform(0, 0.02)
        time.sleep(delay)
        os.kill(children_of(p.pid)[0], signal.SIGKILL)
        where = f"seed {seed}, kill {i}: after {delay:.4f} s"
        try:
            p.communicate(timeout=PATIENCE)
        finally:
            p.kill()
        assert p.returncode in (125, -9), where
        watch.nobody_is_left()
        assert os.listdir(fresh.project) == [".venv"], where


def stale(box, original):
    """Names in bin that lead to no command of the box."""
    return set(os.listdir(box.bin(""))) - set(os.listdir(box.state("inner-bin"))) - original


def test_pip_killed_at_any_moment(lab, who, watch):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    box = lab.box(who, pip=True)
    original = set(os.listdir(box.bin("")))
    wheels = lab.directory(who, "wheels")
    packages.wheel(who, wheels, "one", {f"one_data/{i}.py": "x = 1\n" for i in range(200)}, commands=["one-cmd"])
    args = ["install", "--no-index", "--find-links", wheels, "--no-deps", "--force-reinstall", "one"]
    begun = time.monotonic()
    assert box.pip(*args).returncode == 0
    longest = time.monotonic() - begun
    for i in range(KILLS):
        v = Victim(box, watch, args, rng, longest)
        v.hit()
        v.end()
        where = f"seed {seed}, kill {i}: {v.way} after {v.delay:.4f} s"
        watch.nobody_is_left()
        done = box.py("print(1)")
        assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", ""), where + tell(done)
        done = box.install("--status", check=False)
        assert done.returncode == 0 or "hint: " in done.stdout, where + tell(done)
        assert os.listdir(box.project) == [".venv"], where
        assert stale(box, original) <= {"one-cmd"} and (v.way == "launcher KILL" or not stale(box, original)), where
    # pip writes RECORD last, in a box or not, and cannot uninstall what has none.
    done = box.pip(*args, "--ignore-installed")
    assert done.returncode == 0, f"seed {seed}" + tell(done)
    assert box.run(["one-cmd"]).stdout == "one 1.0\n" and stale(box, original) == set()
    assert not os.path.exists(box.state("pip-tmp")) or os.listdir(box.state("pip-tmp")) == []


# --- full ------------------------------------------------------------------------------------------

def test_a_full_tmp_is_the_boxes_own(fresh, watch):
    """To its end if it has one near; freed with the box, and not seen by the next."""
    code = ("import os, sys\n"
            "block, n = b'x' * (1 << 20), 0\n"
            "try:\n"
            "    with open('/tmp/' + sys.argv[1], 'wb', 0) as f:\n"
            "        while n < int(sys.argv[2]): n += f.write(block)\n"
            "except OSError as e: assert e.errno == 28, e\n"
            "print(n > 0, os.listdir('/tmp'))")
    for _ in range(2):
        done = fresh.run(["python", "-c", code, watch.mark, str(TMP_FILL)], env=watch.env)
        assert (done.returncode, done.stdout) == (0, f"True ['{watch.mark}']\n"), tell(done)
    assert fresh.value("import os; print(os.listdir('/tmp'))") == "[]"


FULL_HOME = r"""
set -eu
mount -t tmpfs -o size=$2,mode=700 small .venv/home
mkdir .venv/home/.cache
.venv/bin/python -c '
import os
n = 0
try:
    with open(os.path.expanduser("~/fill"), "wb", 0) as f:
        while True: n += f.write(b"x" * 65536)
except OSError as e: print("errno", e.errno, n > 0)'
"$1" --status .venv >/dev/null && echo status
.venv/bin/python -c 'print("full")'
.venv/bin/python -c 'import os; os.unlink(os.path.expanduser("~/fill")); open(os.path.expanduser("~/new"), "w").write("x"); print("again")'
ls -A
"""


def test_a_full_home_is_mended_by_making_room(lab, fresh, watch):
    """On a small disk in a mount namespace of its own, so that the machine's stays as it is."""
    done = fresh.run(["/usr/bin/unshare", "-Urm", "sh", "-c", FULL_HOME, "sh", lab.installer, SMALL_DISK])
    assert (done.returncode, done.stdout, done.stderr) == (0, "errno 28 True\nstatus\nfull\nagain\n.venv\n", ""), tell(done)


# --- floods ------------------------------------------------------------------------------------------

PRINT = "import sys\nblock = b'x' * (1 << 20)\nfor _ in range(int(sys.argv[1]) >> 20): sys.stdout.buffer.write(block)\n"


def test_a_flood_of_output_arrives_whole(fresh, watch):
    done = fresh.sh('exec .venv/bin/python -c "$1" "$2" | wc -c', PRINT, str(FLOOD))
    assert (done.stdout.strip(), done.stderr) == (str(FLOOD), ""), tell(done)


def test_a_flood_into_a_closed_pipe_ends(fresh, watch):
    done = fresh.run(["/bin/bash", "-c", '.venv/bin/python -c "$1" "$2" | head -c 10; echo " ${PIPESTATUS[0]}"', "sh", PRINT, str(FLOOD)], cwd=fresh.project)
    assert done.stdout == "xxxxxxxxxx 1\n" and "BrokenPipeError" in done.stderr, tell(done)


FORKS = """
import os, signal, sys
n = 0
try:
    while n < int(sys.argv[1]):
        if os.fork() == 0:
            os.close(1); os.close(2)
            while True: signal.pause()
        n += 1
except OSError as e: assert e.errno == 11, e
print(n)
"""


@pytest.mark.parametrize("end", ["returns", "killed"])
def test_ten_thousand_processes(fresh, watch, end):
    """As many as it gets, and all of them end with the box, however it ends."""
    code = FORKS + ("sys.stdout.flush(); sys.stdin.read()" if end == "killed" else "")
    with fresh.popen(["python", "-c", code, str(PROCESSES if end == "killed" else PROCESSES // 10)], stdin=subprocess.PIPE, env=watch.env) as p:
        made = int(p.stdout.readline())
        assert made >= 50
        if end == "killed":
            p.kill()
        p.communicate(timeout=PATIENCE)
    assert p.returncode == (-9 if end == "killed" else 0)
    watch.nobody_is_left()
    assert fresh.value("print(1)") == "1"
