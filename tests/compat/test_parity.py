# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program takes over from its caller, and how it ends, in a plain venv and in the box (spec B4)."""
import json
import os
import pty
import signal

import pytest

from boxlab import PATIENCE, tell

# All that fork(2) and execve(2) hand on, and what Python tells of the machine.
FACTS = """
import json, os, resource, sys
def attempt(do, *args):
    try: return do(*args)
    except OSError as e: return e.strerror
def ioprio():  # of this process
    import ctypes
    return ctypes.CDLL(None).syscall({"x86_64": 252, "aarch64": 31}[os.uname().machine], 1, 0)
policy = os.sched_getscheduler(0)
print(json.dumps({
    "nice": os.getpriority(os.PRIO_PROCESS, 0), "affinity": sorted(os.sched_getaffinity(0)), "cpus": os.cpu_count(),
    "configured": os.sysconf("SC_NPROCESSORS_CONF"), "pages": os.sysconf("SC_PHYS_PAGES"), "scheduler": policy,
    "priority": os.sched_getparam(0).sched_priority, "io": ioprio(), "oom": open("/proc/self/oom_score_adj").read(),
    "umask": os.umask(0), "login": attempt(os.getlogin), "ids": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
    "uname": os.uname(), "load": len(attempt(os.getloadavg)),
    "tty": [attempt(os.isatty, fd) for fd in range(3)], "name": [attempt(os.ttyname, fd) for fd in range(3)],
    "terminal": attempt(lambda: os.close(os.open("/dev/tty", os.O_RDWR))), "size": attempt(os.get_terminal_size, 0),
    "foreground": attempt(lambda: os.tcgetpgrp(0) > 0), "leader": os.getsid(0) == os.getpid(),
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_") and n != "RLIMIT_NPROC"},
}))
"""


@pytest.fixture(scope="module", autouse=True)
def program(pair):
    pair.write("facts.py", FACTS)


def differ(boxed, plain):
    boxed, plain = json.loads(boxed), json.loads(plain)
    return {key: (boxed[key], plain[key]) for key in plain if boxed[key] != plain[key]}


@pytest.mark.parametrize("prefix", [
    "", "nice -n 7", "taskset -c 0", "chrt -b 0", "chrt -i 0", "ionice -c 3", "ionice -c 2 -n 6", "choom -n 700 --", "setsid -w",
    "prlimit --nofile=30:500", "prlimit --stack=4000000", "prlimit --cpu=500:600 --core=0:0 --data=8000000000",
    "prlimit --memlock=65536 --sigpending=500 --msgqueue=1000 --rss=9000000000 --fsize=100000000",
    "sh -c 'umask 027; exec \"$@\"' sh", "sh -c 'ulimit -S -n 20; exec \"$@\"' sh",
    "sh -c 'exec \"$@\" <&-' sh", "sh -c 'exec \"$@\" </dev/null 2>&-' sh", "env -i",
])
def test_what_the_caller_has_the_program_has(pair, prefix):
    boxed, plain = pair.both(lambda side: side.sh(f"exec {prefix} .venv/bin/python facts.py"))
    assert boxed.returncode == plain.returncode == 0 and boxed.stderr == plain.stderr == "", tell(boxed) + tell(plain)
    # The number of a session's leader outside is 0 in a pid namespace.
    assert set(differ(boxed.stdout, plain.stdout)) <= ({"leader"} if prefix == "setsid -w" else set())


def test_a_number_above_the_limit_is_kept(pair):
    """`exec 50>f; ulimit -S -n 40`: what is open stays open."""
    script = 'exec 50>out; ulimit -S -n 40; .venv/bin/python -c "import os, resource; os.write(50, b\'x\'); print(resource.getrlimit(7)[0])"; cat out'
    boxed, plain = pair.both(lambda side: side.sh("bash -c '%s'" % script.replace("'", "'\\''")))
    assert (boxed.returncode, boxed.stdout, boxed.stderr) == (plain.returncode, plain.stdout, plain.stderr) == (0, "40\nx", "")


def test_above_the_hard_limit_it_is_not_passed_and_the_program_runs(pair):
    script = 'exec 700>out; ulimit -n 600; exec .venv/bin/python -c "print(1)"'
    done = pair.box.sh("bash -c '%s'" % script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", ""), tell(done)


def at_a_terminal(side):
    """What the program says of its terminal, which is the first of its session."""
    ours, theirs = pty.openpty()
    try:
        p = side.popen(["/usr/bin/setsid", "-w", "-c", side.bin(), "facts.py"], stdin=theirs, stderr=theirs)
        out, _ = p.communicate(timeout=PATIENCE)
    finally:
        os.close(ours)
        os.close(theirs)
    assert p.returncode == 0
    return out


def test_a_terminal_is_the_caller_s(pair):
    boxed, plain = at_a_terminal(pair.box), at_a_terminal(pair.plain)
    assert json.loads(plain)["tty"] == [True, False, True]
    found = differ(boxed, plain)
    # Numbers of processes outside are 0 in a pid namespace: the session's leader, the foreground group.
    assert set(found) <= {"leader", "foreground", "name"}, found


def test_every_exit_status(pair):
    """One shell for all: 256 starts."""
    script = "for n in $(seq 0 255); do .venv/bin/python -I -S -c \"import os; os._exit($n)\"; echo $?; done"
    assert pair.box.sh(script, timeout=300).stdout.split() == [str(n) for n in range(256)]


DEADLY = [n for n in range(1, 65) if n not in (32, 33, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGCHLD,
                                               signal.SIGURG, signal.SIGWINCH)]


def test_every_death_by_signal(pair):
    code = ("import os, resource, signal, sys\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nn = int(sys.argv[1])\n"
            "if n != 9: signal.signal(n, signal.SIG_DFL)\nos.kill(os.getpid(), n)\nsignal.pause()")
    boxed = [pair.box.py(code, str(n)).returncode for n in DEADLY]
    assert boxed == [-n for n in DEADLY]
    assert pair.plain.py(code, str(DEADLY[-1])).returncode == -DEADLY[-1]


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT])
def test_signals_that_do_not_kill(pair, number):
    """Sent to itself; a child continues it."""
    code = ("import os, signal, sys, time\nn = int(sys.argv[1])\n"
            "if os.fork() == 0:\n    time.sleep(0.3); os.kill(os.getppid(), signal.SIGCONT); os._exit(0)\n"
            "os.kill(os.getpid(), n)\nos.wait()\nprint('on')")
    pair.same(["python", "-c", code, str(int(number))])


def test_stopped_and_continued_many_times(pair):
    code = ("import os, signal, time\nparent, seen = os.getpid(), []\nsignal.signal(signal.SIGCONT, lambda *_: seen.append(1))\n"
            "if os.fork() == 0:\n    for i in range(30):\n        os.kill(parent, signal.SIGSTOP); time.sleep(0.001 * i); os.kill(parent, signal.SIGCONT); time.sleep(0.02)\n"
            "    os._exit(0)\n"
            "while os.waitpid(-1, os.WNOHANG) == (0, 0): time.sleep(0.001)\nprint(0 < len(seen) <= 30)")
    pair.same(["python", "-c", code])


def test_killed_while_it_is_stopped(pair):
    code = "import os, signal, time\nif os.fork() == 0: time.sleep(0.3); os.kill(os.getppid(), signal.SIGKILL); os._exit(0)\nos.kill(os.getpid(), signal.SIGSTOP)"
    assert pair.box.py(code).returncode == pair.plain.py(code).returncode == -signal.SIGKILL
