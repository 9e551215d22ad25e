# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes inside, their end, and two boxes at once (spec S2, S14; issue 2)."""
import os
import signal
import subprocess
import time

import pytest

from boxlab import descendants, tell

PATIENCE = 60


def gone(pids, patience=PATIENCE):
    """Waits until none of these is alive; no time is judged."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if not [p for p in pids if alive(p)]:
            return True
        time.sleep(0.02)
    return False


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin1") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(pair, method):
    pair.write("mp.py", "import multiprocessing as m, os, sys\n"
                        "def work(n, q, lock):\n    with lock: q.put((n * n, os.getpid() != os.getppid()))\n"
                        "def square(x): return x * x\n"
                        "if __name__ == '__main__':\n"
                        "    m.set_start_method(sys.argv[1])\n"
                        "    q, lock = m.Queue(), m.Lock()\n"
                        "    ps = [m.Process(target=work, args=(n, q, lock)) for n in range(3)]\n"
                        "    [p.start() for p in ps]; print(sorted(q.get() for p in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])\n"
                        "    with m.Pool(2) as pool: print(pool.map(square, range(5)))\n"
                        "    s = m.Value('i', 7); print(s.value, m.Event().is_set(), m.Semaphore(2).acquire())\n"
                        "    with m.Manager() as g: d = g.dict(a=1); print(d['a'])\n"
                        "    from multiprocessing import shared_memory as h\n"
                        "    b = h.SharedMemory(create=True, size=10); b.buf[0] = 5; c = h.SharedMemory(b.name); print(c.buf[0]); c.close(); b.close(); b.unlink()\n")
    assert "[0, 1, 4, 9, 16]" in pair.same(["python", "mp.py", method])


def test_process_pool(pair):
    pair.write("pool.py", "from concurrent.futures import ProcessPoolExecutor as P\ndef f(x): return x + 1\n"
                          "if __name__ == '__main__':\n    with P(2) as p: print(list(p.map(f, range(4))))\n")
    assert pair.same(["python", "pool.py"]) == "[1, 2, 3, 4]\n"


def test_asyncio(pair):
    code = ("import asyncio, sys\n"
            "async def main():\n"
            "    p = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(6 * 7)', stdout=-1)\n"
            "    print((await p.communicate())[0])\n"
            "    print(await asyncio.to_thread(lambda: 1))\n"
            "    async def echo(r, w): w.write(await r.readline()); await w.drain(); w.close()\n"
            "    s = await asyncio.start_unix_server(echo, 'sock')\n"
            "    r, w = await asyncio.open_unix_connection('sock'); w.write(b'x\\n'); print(await r.readline())\n"
            "asyncio.run(main())\n")
    assert "b'42\\n'" in pair.same(["python", "-c", code])


@pytest.mark.parametrize("code", [
    "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.prefix, sys.argv)', 'x'], stdout=-1))",
    "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'import os; os.kill(os.getpid(), 9)']).returncode)",
    "import subprocess; print(subprocess.run('echo $0 $((1+1)); exit 3', shell=True))",
    "import os; print(os.system('exit 5'), os.popen('echo x').read())",
    "import os; os.execvp('sh', ['sh', '-c', 'echo replaced; exit 7'])",
    "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])",
    "import subprocess; subprocess.run(['./no-such-command'])",  # of a name without a slash a note tells that it may be hidden: test_hints.py
    "import os; p = os.fork(); os._exit(3) if p == 0 else print(os.WEXITSTATUS(os.waitpid(p, 0)[1]))",
    "import subprocess; print(subprocess.run(['sh', '-c', 'kill -TERM $$']).returncode)",
    "import os, pty; print(pty.spawn(['uname']))",
])
def test_subprocesses(pair, code):
    pair.same(["python", "-c", code])


def test_venv_inside(fresh_pip):
    """python -m venv sub: works inside and stays there. Distributions keep the wheels of its pip in a place of their own."""
    done = fresh_pip.run(["python", "-m", "venv", "sub"])
    assert done.returncode == 0 and os.path.exists(fresh_pip.path("sub/bin/pip")), tell(done)
    code = ("import subprocess; r = subprocess.run(['sub/bin/python', '-c', 'import sys; print(sys.prefix != sys.base_prefix, "
            "[l for l in open(\"/proc/self/status\") if l.startswith(\"Seccomp:\")])'], stdout=-1, text=True); print(r.stdout.strip())")
    assert fresh_pip.value(code) == "True ['Seccomp:\\t2\\n']"


def test_daemon_ends_with_the_box(fresh):
    """Double fork, own session, closed descriptors, all signals ignored."""
    code = ("import os, signal, time\n"
            "r, w = os.pipe()\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0:\n"
            "        for s in (1, 2, 3, 13, 15): signal.signal(s, signal.SIG_IGN)\n"
            "        open('daemon', 'w').write(os.readlink('/proc/self/ns/pid'))\n"
            "        os.write(w, b'x')\n"
            "        for fd in range(10):\n"
            "            try: os.close(fd)\n"
            "            except OSError: pass\n"
            "        time.sleep(300)\n"
            "    os._exit(0)\n"
            "os.read(r, 1)\n")
    assert fresh.py(code).returncode == 0
    with open(fresh.path("daemon"), encoding="utf-8") as f:
        namespace = f.read()
    assert namespace.startswith("pid:[") and namespace != os.readlink("/proc/self/ns/pid")
    assert not members(namespace)


def members(namespace):
    """Processes of the host that are in this pid namespace."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == namespace:
                    found.append(entry)
            except OSError:
                pass
    return found


def test_the_program_does_not_wait_for_its_children(pair):
    pair.write("go", "")
    child = "import os, time\nwhile os.path.exists('go'): time.sleep(0.05)"
    pair.same(["python", "-c", f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], stdout=-3, stderr=-3, stdin=-3); print('done', flush=True); os._exit(4)"])
    os.unlink(pair.plain.path("go"))  # the twin's child is nobody's


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_survives_the_launcher(fresh, sig):
    p = fresh.popen(["python", "-c", "import os, time; child = os.fork(); child and print('up', flush=True); time.sleep(300)"], stderr=subprocess.DEVNULL)
    assert p.stdout.readline() == "up\n"
    inside = descendants(p.pid)
    try:
        assert len(inside) >= 4
        p.send_signal(sig)
        p.wait(PATIENCE)
        assert p.returncode == -sig and gone(inside)
    finally:
        p.stdout.close()
        for pid in filter(alive, [p.pid, *inside]):
            os.kill(pid, signal.SIGKILL)
        p.wait(PATIENCE)


def test_zombies_are_reaped(box):
    code = ("import os, time\n"
            "for i in range(20):\n"
            "    if os.fork() == 0:\n"
            "        os.fork() or os._exit(0)\n"
            "        os._exit(0)\n"
            "    os.wait()\n"
            "for i in range(1000):\n"
            "    if sum(p.isdigit() for p in os.listdir('/proc')) == 2: break\n"
            "    time.sleep(0.01)\n"
            "print(sorted(p for p in os.listdir('/proc') if p.isdigit()))\n")
    assert box.value(code) == "['1', '2']"


def test_two_boxes_of_one_project(fresh):
    """They share files, and nothing else."""
    code = "import os, sys; print(os.readlink('/proc/self/ns/pid'), flush=True); sys.stdin.read(); print(open('shared').read())"
    first, second = (fresh.popen(["python", "-c", code], stdin=-1) for _ in range(2))
    spaces = [p.stdout.readline() for p in (first, second)]
    assert fresh.attempt("open('shared', 'w').write('seen')") == ""
    outs = [p.communicate(timeout=PATIENCE)[0] for p in (first, second)]
    assert spaces[0] != spaces[1] and outs == ["seen\n", "seen\n"]


def test_lsns_lists_the_box(fresh):
    p = fresh.popen(["python", "-c", "import os, sys; print(os.readlink('/proc/self/ns/pid')[5:-1], flush=True); sys.stdin.read()"], stdin=-1)
    number = p.stdout.readline().strip()
    try:
        listed = fresh.who.run(["/usr/bin/lsns", "-t", "pid", "-n", "-o", "NS,COMMAND"]).stdout
        assert number in listed.split() or any(line.split()[0] == number for line in listed.splitlines()), listed
    finally:
        p.communicate(timeout=PATIENCE)


def test_ipc_is_private(pair):
    """System V shared memory of the host is not there."""
    made = pair.plain.who.run(["/usr/bin/ipcmk", "-M", "4096"], check=True).stdout.split()[-1]
    try:
        code = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.shmat({made}, None, 0o10000) == -1)"
        assert pair.plain.value(code) == "False"
        assert pair.box.value(code) == "True"
    finally:
        pair.plain.who.run(["/usr/bin/ipcrm", "-m", made])


def test_threads(pair):
    pair.same(["python", "-c", "import threading\nout = []\nts = [threading.Thread(target=out.append, args=(i,)) for i in range(50)]\n"
                               "[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(out) == list(range(50)))"])


def test_limits_are_inherited(pair):
    def do(side):
        return side.sh('ulimit -n 200; ulimit -c 0; umask 027; exec nice -n 5 .venv/bin/python -c "$1"',
                       "import os, resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), os.umask(0), os.nice(0))").stdout
    boxed, plain = pair.both(do)
    assert boxed == plain == "(200, 200) 23 5\n"
