# SPDX-License-Identifier: LGPL-2.1-or-later
"""A verbose run is watched (design.md, Diagnostics): the program does not notice, and an ordinary run costs nothing."""
import os
import re
import signal
import subprocess
import time

import pytest

from boxlab import PATIENCE, WITHOUT, descendants, lacks, status_of, tell, wait_until
from test_seal import ALLOW
from terminal import CTRL_C, CTRL_Z, Terminal

VERBOSE = {"VENVBOX_VERBOSE": "1"}
LISTENER = "anon_inode:seccomp notify"


def quiet(box):
    """The environment of a run that is watched and says so elsewhere."""
    return {**VERBOSE, "VENVBOX_LOG": os.path.join(box.who.home, "said-" + os.path.basename(box.project))}


def said(box):
    with open(quiet(box)["VENVBOX_LOG"], encoding="utf-8") as f:
        return f.read()


def summary(text):
    return re.split(r"venvbox: (?:nothing was )?denied\n", text)[-1]


# --- off ----------------------------------------------------------------------------------------

def links(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return found


def listeners(box, env):
    """How many listeners the launcher has while the program runs."""
    p = box.popen(["python", "-c", "print('ready', flush=True); input()"], env=env, stdin=subprocess.PIPE)
    try:
        assert p.stdout.readline() == "ready\n"
        return links(p.pid).count(LISTENER)
    finally:
        p.communicate("\n", PATIENCE)


def test_an_ordinary_run_is_not_watched(box):
    assert listeners(box, {}) == 0
    assert listeners(box, quiet(box)) == 1


def test_an_ordinary_run_says_nothing(box):
    done = box.py("import os\nfor path in ('/usr/share/fonts', '/sys', '/usr/bin/gdb'):\n    try: os.open(path, 0)\n    except OSError as e: print(e.errno)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n2\n2\n", ""), tell(done)


def test_the_filter_is_in_the_place_of_the_other(box):
    """And there is one: a second would refuse before the launcher hears of it."""
    code = "print(*[line.split()[1] for line in open('/proc/self/status') if line.startswith('Seccomp')])"
    watched, other = ([int(n) for n in box.value(code, env=env).split()] for env in (quiet(box), None))
    with open("/proc/self/status", encoding="utf-8") as f:
        one_more = [int(n) + 1 for name, n in status_of(f.read()).items() if name == "Seccomp_filters"]
    assert watched[0] == other[0] == 2 and watched[1:] == other[1:] and (WITHOUT or other[1:] == one_more)


# --- on: the program does not notice ----------------------------------------------------------------

SAME = {
    "200 processes": """
import os
pids = []
for i in range(200):
    pid = os.fork()
    if pid == 0:
        open('/etc/hosts').close()
        os._exit(i % 7)
    pids.append(pid)
print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])
""",
    "50 threads": """
import threading
begin, counts = threading.Barrier(50), [0] * 50
def work(n):
    begin.wait()
    for i in range(100):
        try: open('/etc/hosts' if i % 2 else '/no/such/%d/%d' % (n, i)).close()
        except FileNotFoundError: counts[n] += 1
threads = [threading.Thread(target=work, args=(n,)) for n in range(50)]
[t.start() for t in threads]; [t.join() for t in threads]
print(counts)
""",
    "multiprocessing": """
import multiprocessing
for method in ('fork', 'spawn', 'forkserver'):
    with multiprocessing.get_context(method).Pool(4) as pool: print(pool.map(abs, range(-50, 0)))
""",
    "subprocess": """
import os, subprocess, sys
for vfork in (False, True):
    subprocess._USE_VFORK = vfork
    print(subprocess.run(['/bin/sh', '-c', 'echo $1; exit 3', 'sh', 'x'], stdout=-1))
    try: subprocess.run(['/no/such/program'])
    except FileNotFoundError as e: print(e)
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 4'], {})
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
try: os.posix_spawn('/no/such/program', ['x'], {})
except FileNotFoundError as e: print(e)
""",
    "asyncio": """
import asyncio
async def serve(r, w):
    w.write(await r.read(100)); await w.drain(); w.close()
async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    async def one(i):
        r, w = await asyncio.open_connection(*server.sockets[0].getsockname())
        w.write(b'%d' % i); w.write_eof()
        return await r.read()
    print(await asyncio.gather(*map(one, range(30))))
    p = await asyncio.create_subprocess_exec('/bin/sh', '-c', 'echo out; exit 5', stdout=-1)
    print(await p.communicate(), p.returncode)
asyncio.run(main())
""",
    "files": """
import os, tempfile
with tempfile.TemporaryDirectory(dir='.') as top:
    os.chdir(top); os.mkdir('d'); open('d/f', 'w').write('x'); os.link('d/f', 'l'); os.symlink('d', 's'); os.rename('l', 'd/m'); os.truncate('d/m', 5)
    print(open('s/m').read().encode(), sorted(os.listdir('d')), os.stat('d/m').st_size); os.chmod('d/f', 0o600); os.unlink('d/f'); os.mkfifo('p')
    fd = os.open('d', 0); print(os.open('f', os.O_CREAT, dir_fd=fd) > 0, os.listdir(fd)); os.chdir('..')
for bad in ('', 'x' * 5000, '/etc/hosts/x', '/root/.x', '/proc/1/mem'):
    try: open(bad)
    except OSError as e: print(e.errno)
""",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (50, 60)); print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
              "try: resource.setrlimit(resource.RLIMIT_NOFILE, (70, 70))\nexcept ValueError as e: print(e)",
    # A handler without SA_RESTART can interrupt a call that the watcher has not taken up yet: Python asks again, PEP 475.
    "signals that come while files are opened": """
import ctypes, os, signal
libc, n = ctypes.CDLL(None, use_errno=True), 0
def on(*_):
    global n
    n += 1
signal.signal(signal.SIGALRM, on); signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while n < 100: os.close(os.open('/etc/hosts', 0))
signal.siginterrupt(signal.SIGALRM, False)
while n < 200:
    fd = libc.open(b'/etc/hosts', 0)
    if fd < 0: raise OSError(ctypes.get_errno(), 'interrupted')
    os.close(fd)
signal.setitimer(signal.ITIMER_REAL, 0)
print('no EINTR')
""",
}


@pytest.mark.parametrize("name", SAME)
def test_the_program_does_not_notice(box, name):
    plain, watched = box.py(SAME[name]), box.py(SAME[name], env=quiet(box))
    assert plain.returncode == 0 and plain.stderr == "", tell(plain)
    assert (watched.returncode, watched.stdout, watched.stderr) == (0, plain.stdout, ""), tell(watched)


@pytest.mark.parametrize("status", [0, 1, 77, 125, 126, 127, 255])
def test_exit_status(box, status):
    done = box.py(f"print('x'); raise SystemExit({status})", env=quiet(box))
    assert (done.returncode, done.stdout, done.stderr) == (status, "x\n", "")


@pytest.mark.parametrize("name", [s.name for s in signal.Signals if s.name not in ("SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH")])
def test_death_by_signal(box, name):
    code = (f"import os, resource, signal; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); number = signal.{name}\n"
            "if number != signal.SIGKILL: signal.signal(number, signal.SIG_DFL)\nos.kill(os.getpid(), number)")
    assert box.py(code, env=quiet(box)).returncode == -getattr(signal, name)


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1", "INT"])
def test_a_signal_is_relayed(box, name):
    p = box.popen(["python", "-c", f"import signal, time\nsignal.signal(signal.SIG{name}, lambda *_: exit(42))\nprint('ready', flush=True)\nwhile True: time.sleep(0.1)"],
                  env=quiet(box))
    assert p.stdout.readline() == "ready\n"
    p.send_signal(getattr(signal, "SIG" + name))
    p.communicate(timeout=PATIENCE)
    assert p.returncode == 42


def test_ctrl_c(box):
    with Terminal(box.who, [box.bin(), "-c", "import time\nprint('rea' + 'dy')\nwhile True: time.sleep(0.1)"], box.project, env=VERBOSE) as t:
        t.expect("ready")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        t.expect("nothing was denied")
        assert t.finish() == -signal.SIGINT


def test_stop_and_go_on(box):
    """The shell sees the stop; a call that is made afterwards is answered."""
    with Terminal(box.who, ["/bin/bash", "--norc", "--noprofile", "-i"], box.project, env={"PS1": "sh> ", **quiet(box)}) as t:
        t.expect("sh> ")
        t.send(".venv/bin/python -c \"import time; print('rea' + 'dy')\nfor i in range(10000):\n    time.sleep(0.01); open('/etc/hosts').close()\n    if i % 50 == 0: print('it', i)\"\n")
        t.expect("ready")
        t.send(CTRL_Z)
        t.expect("Stopped")
        t.send("fg\n")
        t.expect("it [0-9]+")
        t.expect("it [0-9]+")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")


# --- what it sees ---------------------------------------------------------------------------------------

STATIC = """
#include <fcntl.h>
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
int main(void) { int fd = open("/usr/share/fonts", O_RDONLY); printf("%d %d\\n", fd, errno); fd = chroot("."); printf("%d %d\\n", fd, errno); return 0; }
"""


@pytest.fixture
def watched_program(box):
    """A static program, which no library of ours can be loaded into."""
    box.write("s.c", STATIC)
    subprocess.run(["cc", "-static", "-o", box.path("static"), box.path("s.c")], check=True)
    os.chmod(box.path("static"), 0o755)
    return "./static"


def test_a_static_program(box, watched_program):
    done = box.run(["shell", "-c", watched_program], env=VERBOSE)
    assert (done.returncode, done.stdout) == (0, "-1 2\n-1 1\n"), tell(done)
    assert "refused    chroot (Operation not permitted), to static\n" in summary(done.stderr)
    assert lacks("openat2") or "hidden     /usr/share/fonts (read), from static\n" in summary(done.stderr)


def test_a_shell(box):
    done = box.run(["shell", "-c", "/bin/sh -c ': </sys/devices/system/cpu/possible'; echo $?"], env=VERBOSE)
    assert done.stdout == "2\n", tell(done)
    assert lacks("openat2") or "  hidden     /sys/devices/system/cpu/possible (read), from sh\n" in summary(done.stderr), tell(done)


def test_each_thing_is_named_once_with_how_often(box):
    done = box.py("import os\nfor i in range(30):\n    try: os.chroot('.')\n    except OSError: pass", env=VERBOSE)
    assert done.stderr.count("refused: chroot (Operation not permitted), to python -c\n") == 1
    assert "refused    chroot (Operation not permitted), to python -c, 30 times\n" in done.stderr, tell(done)


def test_modules_that_are_not_compiled_are_one_line(box):
    """Packages of uv, or of pip with --no-compile: Python tries to keep each module that it compiles, below the venv and of no use to anybody."""
    for name in ("bare0", "bare1", "bare2"):
        for module in ("__init__", "a", "b"):
            box.who.write(box.site(name, f"{module}.py"), "")
    box.who.makedirs(box.site("bare2", "__pycache__"))
    box.who.write(box.site("bare2", "__pycache__", "old.pyc"), "")
    box.who.makedirs(box.path("cover"))
    if not os.path.islink(box.path("cover", "__pycache__")):
        os.symlink(box.site("bare0"), box.path("cover", "__pycache__"))
    code = f"""
import os, bare0.a, bare0.b, bare1.a, bare1.b, bare2.a, bare2.b
for path in ({box.site("bare0", "__init__.py")!r}, {box.site("bare2", "__pycache__", "old.pyc")!r}, 'cover/__pycache__/x.pyc.1', {box.site("bare2", "__pycache__", "new.pyc")!r}):
    try: os.open(path, os.O_CREAT | os.O_WRONLY)
    except OSError: pass
"""
    done = box.py(code, env={**VERBOSE, "PYTHONDONTWRITEBYTECODE": ""})
    lines = re.findall(r"^  read-only  (\S+) \((.*)\), from python -c(?:, \d+ times)?$", summary(done.stderr), re.M)
    plain = [box.site("bare0", "__init__.py"), box.site("bare2", "__pycache__", "old.pyc"), box.path("cover", "__pycache__", "x.pyc.1"), box.site("bare2", "__pycache__", "new.pyc")]
    assert lines == [(box.site("bare0", "__pycache__"), "what Python compiles"), *[(path, "write") for path in plain]], tell(done)
    assert "deliberate  another program could hide its code there; pip compiles" in summary(done.stderr)
    assert done.stderr.count("venvbox: read-only: ") == 5


NUMBERS = """
import errno, os
open('file', 'w').close()
fd, user, group = os.open('file', 0), os.getuid() + 1, os.getgid() + 1
for do in (lambda: os.setuid(user), lambda: os.setgid(group), lambda: os.setreuid(-1, user), lambda: os.setregid(group, -1), lambda: os.setresuid(-1, -1, user),
           lambda: os.setresgid(group, group, group), lambda: os.chown('file', user, -1), lambda: os.lchown('file', -1, group), lambda: os.fchown(fd, user, group),
           lambda: os.chown('file', user, -1, dir_fd=os.open('.', 0))):
    for i in range(3):
        try: do(); print('done')
        except OSError as e: print(errno.errorcode[e.errno])
os.setuid(user - 1); os.setresgid(-1, group - 1, -1); os.fchown(fd, user - 1, -1); os.chown('file', -1, group - 1)
"""


def test_numbers_of_others_are_named(box):
    """And the own ones are not."""
    done = box.py(NUMBERS, env=VERBOSE)
    assert (done.returncode, done.stdout) == (0, 30 * "EPERM\n"), tell(done)
    found = re.findall(r"^  refused    (\w+) \(Operation not permitted\), to python -c, (\d+) times$", summary(done.stderr), re.M)
    of_paths = [("chown", "3"), ("lchown", "3"), ("fchownat", "3")] if os.uname().machine == "x86_64" else [("fchownat", "9")]
    assert sorted(found) == sorted([*[(name, "3") for name in ("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "fchown")], *of_paths])
    assert "    deliberate  the number of another user or group: " in summary(done.stderr) and "to allow it" not in done.stderr


@pytest.mark.parametrize("listed", [True, False])
def test_numbers_of_others_and_a_list(box, listed):
    """SANDBOX_SECCOMP_ALLOW: what is not in it has the errno of the list."""
    allow = ALLOW + " fchown setuid" if listed else ALLOW
    code = "import errno, os\nfor do in (lambda: os.setuid(os.getuid() + 1), lambda: os.setuid(os.getuid()), lambda: os.fchown(2, os.getuid() + 1, -1)):\n" \
           "    try: do(); print('done')\n    except OSError as e: print(errno.errorcode[e.errno])"
    plain, watched = (box.value(code, env={"SANDBOX_SECCOMP_ALLOW": allow, **env}).split() for env in ({}, quiet(box)))
    assert watched == plain and (plain == ["EPERM", "done", "EPERM"] if listed else "done" not in plain)


def test_what_is_absent_outside_too_is_not_named(box):
    done = box.py("import os\nfor path in ('/no/such', '/usr/share/no-such', os.path.expanduser('~/no-such'), '/proc/1/mem', 'no/such'):\n"
                  "    try: os.open(path, os.O_RDWR)\n    except OSError: pass", env=VERBOSE)
    assert "venvbox: nothing was denied\n" in done.stderr, tell(done)


@pytest.mark.parametrize("kind", ["openat2"])
def test_a_kernel_without_openat2(box, kind):
    """With VENVBOX_TEST_WITHOUT=openat2; on another paths are seen and nothing is said."""
    done = box.py("import os\nfor do in (lambda: os.open('/usr/share/fonts', 0), lambda: os.chroot('.')):\n    try: do()\n    except OSError as e: print(e.errno)", env=VERBOSE)
    assert (done.returncode, done.stdout) == (0, "2\n1\n"), tell(done)
    assert "refused    chroot (Operation not permitted), to python -c\n" in summary(done.stderr)
    assert ("not seen   paths: that needs openat2(2), Linux 5.6, " in summary(done.stderr)) == lacks(kind)
    assert ("hidden     /usr/share/fonts" in summary(done.stderr)) == (not lacks(kind))


def test_the_listener_is_the_launchers_alone(box):
    """A copy in the box would keep calls waiting for a launcher that is gone. Of PID 1 only root can see it."""
    p = box.popen(["python", "-c", "print('ready', flush=True); input()"], env=quiet(box), stdin=subprocess.PIPE)
    try:
        assert p.stdout.readline() == "ready\n"
        inside = [pid for pid in descendants(p.pid) if os.access(f"/proc/{pid}/fd", os.R_OK)]
        assert len(inside) >= (3 if os.getuid() == 0 else 1)
        assert [links(pid) for pid in inside if LISTENER in links(pid)] == []
    finally:
        p.communicate("\n", PATIENCE)


# --- very much ------------------------------------------------------------------------------------------

FLOODS = {
    "refused calls": "import ctypes\nc = ctypes.CDLL(None)\nfor i in range(100000): c.chroot(b'x')",
    "absent paths": "import os\nfor i in range(100000):\n    try: os.open('/no/such/%d' % i, 0)\n    except OSError: pass",
    "addresses": "import socket, struct\nfor i in range(100000):\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                 "    try: s.connect((socket.inet_ntoa(struct.pack('!I', 0x0a000000 + i)), 9))\n    except OSError: pass\n    s.close()",
}


def most_memory(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(r"VmHWM:\s+(\d+) kB", f.read())[1])


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood(lab, who, name):
    """A hundred thousand of them: all are answered, and the launcher does not grow with them."""
    box = lab.box(who, "--network", "none")
    p = box.popen(["python", "-c", FLOODS[name] + "\nprint('done', flush=True); input()"], env=quiet(box), stdin=subprocess.PIPE)
    assert p.stdout.readline() == "done\n"
    assert most_memory(p.pid) < 20000
    p.communicate("\n", 2 * PATIENCE)
    assert p.returncode == 0
    if name == "addresses":
        assert "  and more than can be remembered\n" in said(box)
    if name == "refused calls":
        assert ", 100000 times\n" in said(box)


# --- the launcher -----------------------------------------------------------------------------------------

def ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin1") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


BUSY = """
import os, threading, time
def work():
    while True:
        try: os.chroot('.')
        except OSError: pass
for i in range(3): threading.Thread(target=work, daemon=True).start()
if os.fork() == 0: work()
print('ready', flush=True)
work()
"""


def test_nothing_is_left_when_the_launcher_is_killed(box):
    """Also of those that wait for its answer at that moment."""
    p = box.popen(["python", "-c", BUSY], env=quiet(box))
    assert p.stdout.readline() == "ready\n"
    inside = descendants(p.pid)
    assert len(inside) >= 4
    p.kill()
    p.communicate(timeout=PATIENCE)
    wait_until(lambda: all(map(ended, inside)))


def test_calls_wait_for_a_launcher_that_is_stopped(box):
    code = "import os, sys\nfor line in sys.stdin:\n    os.close(os.open('/etc/hosts', 0)); print(line, end='', flush=True)"
    p = box.popen(["python", "-c", code], env=quiet(box), stdin=subprocess.PIPE)
    try:
        p.stdin.write("one\n")
        p.stdin.flush()
        assert p.stdout.readline() == "one\n"
        p.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, p.pid, os.WSTOPPED)
        p.stdin.write("two\n")
        p.stdin.flush()
        # It waits for an answer: in the kernel's words, seccomp.
        python = descendants(p.pid)[-1]
        wait_until(lambda: "seccomp" in open(f"/proc/{python}/wchan", encoding="ascii").read())
    finally:
        p.send_signal(signal.SIGCONT)
    assert p.stdout.readline() == "two\n"
    p.communicate(timeout=PATIENCE)
    assert p.returncode == 0
