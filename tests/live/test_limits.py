# SPDX-License-Identifier: LGPL-2.1-or-later
"""The section [limits] of the policy: what a box may use of the machine."""
import os
import resource

import pytest

from boxlab import refused, tell
from packages import source_tree

RLIMITS = {"processes": resource.RLIMIT_NPROC, "memory": resource.RLIMIT_AS, "cpu": resource.RLIMIT_CPU,
           "files": resource.RLIMIT_NOFILE, "file-size": resource.RLIMIT_FSIZE}
SHOW = "import resource, sys; print(*resource.getrlimit(int(sys.argv[1])))"

# Children that wait until their parent has counted: how many there may be, and why no more.
FORK = """
import errno, os, signal, sys
held, begin = os.pipe()
n, why = 0, "no limit"
while n < int(sys.argv[1]):
    try:
        if os.fork() == 0:
            os.close(begin)
            os.read(held, 1)
            os._exit(0)
    except OSError as e:
        why = errno.errorcode[e.errno]
        break
    n += 1
print(n, why)
"""


def limits(box, key):
    return [int(n) for n in box.value(SHOW, str(int(RLIMITS[key]))).split()]


def fill(box, path, size):
    """'' or the errno with which writing size bytes to path ends."""
    return box.attempt("with open(sys.argv[1], 'wb', buffering=0) as f:\n"
                       "    for i in range(int(sys.argv[2]) >> 16): f.write(bytes(1 << 16))", path, str(size))


@pytest.mark.parametrize("key, text, value", [
    ("processes", "40", 40), ("memory", "2G", 2 << 30), ("files", "64", 64), ("file-size", "3M", 3 << 20)])
def test_the_key_is_the_limit(fresh, key, text, value):
    before = limits(fresh, key)
    fresh.conf(f"[limits]\n{key} = {text}\n")
    assert limits(fresh, key) == [value, value] != before


def test_processor_time_ends_with_a_word(fresh):
    """SIGXCPU at the limit, SIGKILL for what goes on."""
    fresh.conf("[limits]\ncpu = 1\n")
    assert limits(fresh, "cpu") == [1, 2]
    done = fresh.sh(".venv/bin/python -c 'while True: pass'; echo $?")
    assert done.stdout == "152\n", tell(done)


@pytest.mark.parametrize("key", sorted(RLIMITS))
def test_never_above_the_callers_own(fresh, key):
    mine = {"processes": 2000, "memory": 4 << 30, "cpu": 100, "files": 100, "file-size": 1 << 30}[key]
    fresh.conf(f"[limits]\n{key} = {mine * 2}\n")
    code = "import os, resource as r, sys; r.setrlimit(int(sys.argv[1]), (int(sys.argv[2]), int(sys.argv[2]) + 5)); os.execv(sys.argv[3], sys.argv[3:])"
    done = fresh.who.run(["/usr/bin/python3", "-c", code, str(int(RLIMITS[key])), str(mine), fresh.bin(), "-c", SHOW, str(int(RLIMITS[key]))],
                         cwd=fresh.project)
    assert done.stdout.split() == [str(mine), str(mine + 5)], tell(done)


def test_the_box_cannot_raise_it(fresh):
    fresh.conf("[limits]\nfiles = 64\n")
    assert fresh.value("import resource as r\n"
                       "try: r.setrlimit(r.RLIMIT_NOFILE, (65, 65))\n"
                       "except (ValueError, OSError): print('refused')\n"
                       "r.setrlimit(r.RLIMIT_NOFILE, (60, 64)); print('less')") == "refused\nless"


def test_nothing_set_is_the_callers_own(pair):
    for key in set(RLIMITS) - {"processes"}:
        boxed, plain = pair.both(lambda side: side.value(SHOW, str(int(RLIMITS[key]))))
        assert boxed == plain, key


def test_none_lifts_the_default(fresh):
    before = limits(fresh, "processes")
    fresh.conf("[limits]\nprocesses = none\ntmp = none\n")
    assert limits(fresh, "processes") == list(resource.getrlimit(resource.RLIMIT_NPROC)) != before


def test_a_fork_bomb_ends(fresh):
    """By default already: far above what work needs, far below what the machine can hold."""
    most = 1024 + 128 * len(os.sched_getaffinity(0))
    n, why = fresh.value(FORK, str(most + 500)).split()
    assert why == "EAGAIN" and most - 310 <= int(n) <= most, (n, why)
    assert fresh.value("import subprocess; print(subprocess.run(['/bin/sh', '-c', 'echo $((1+1))'], stdout=-1, text=True).stdout)") == "2"


def test_a_fork_bomb_without_a_limit_would_not(fresh):
    fresh.conf("[limits]\nprocesses = none\n")
    assert fresh.value(FORK, "3000") == "3000 no limit"


def test_few_processes_for_anybody(fresh):
    """Root's number is the pid_max of the box, of which the kernel keeps 300 for itself."""
    fresh.conf("[limits]\nprocesses = 600\n")
    n, why = fresh.value(FORK, "2000").split()
    assert why == "EAGAIN" and 250 < int(n) < 600, (n, why)


def test_the_hosts_pid_max_is_as_it_was(fresh):
    with open("/proc/sys/kernel/pid_max") as f:
        before = f.read()
    fresh.conf("[limits]\nprocesses = 1000\n")
    inside = fresh.value("print(open('/proc/sys/kernel/pid_max').read(), end='')")
    with open("/proc/sys/kernel/pid_max") as f:
        assert f.read() == before
    if fresh.who.uid == 0:
        assert inside == "1000" != before.strip()
        assert fresh.attempt("open('/proc/sys/kernel/pid_max', 'w')") == "EROFS"


def test_processes_of_other_boxes_do_not_count(fresh):
    """Nor do those outside: two boxes of 600 each run side by side."""
    fresh.conf("[limits]\nprocesses = 600\n")
    with fresh.popen(["python", "-c", FORK + "sys.stdout.flush(); sys.stdin.read()", "550" if fresh.who.uid else "250"], stdin=-1) as first:
        assert first.stdout.readline().endswith("no limit\n")
        assert fresh.value(FORK, "550" if fresh.who.uid else "250").endswith("no limit")
        first.stdin.close()


@pytest.mark.parametrize("where", ["/tmp", "/dev/shm"])
def test_size_of_tmp(fresh, where):
    fresh.conf("[limits]\ntmp = 4M\n")
    assert fill(fresh, where + "/x", 3 << 20) == ""
    assert fill(fresh, where + "/x", 5 << 20) == "ENOSPC"


def test_tmp_has_an_end_by_default(fresh):
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    tmp = int(fresh.value("import os; s = os.statvfs('/tmp'); print(s.f_blocks * s.f_frsize)"))
    assert memory // 5 < tmp < memory // 3


def test_home_of_pip_has_an_end(fresh_pip):
    fresh_pip.conf("[limits]\ntmp = 4M\n")
    source_tree(fresh_pip.who, fresh_pip.project, "x", "s = os.statvfs(os.path.expanduser('~')); open('size', 'w').write(str(s.f_blocks * s.f_frsize))")
    done = fresh_pip.pip("install", "--no-index", "--no-deps", "--no-build-isolation", ".")
    with open(fresh_pip.path("size")) as f:
        assert f.read() == str(4 << 20), tell(done)


def test_a_list_of_calls_does_not_lift_limits(fresh):
    fresh.conf("[limits]\nfiles = 64\n")
    done = fresh.py(SHOW, str(int(resource.RLIMIT_NOFILE)), env={"SANDBOX_SECCOMP_ALLOW": "getrandom readlink readlinkat getdents64 sysinfo"})
    assert done.stdout == "64 64\n", tell(done)


def test_memory_is_an_error_of_the_program(fresh):
    fresh.conf("[limits]\nmemory = 500M\n")
    done = fresh.py("try: bytearray(1 << 30)\nexcept MemoryError: print('too much')")
    assert done.stdout == "too much\n", tell(done)


def test_too_little_to_start_is_told(fresh):
    fresh.conf("[limits]\nfiles = 2\n")
    done = fresh.py("print(1)")
    assert done.returncode != 0 and done.stdout == "" and done.stderr, tell(done)


def test_options_of_the_installer(fresh):
    fresh.install("--processes", "500", "--tmp=8M", "--cpu", "2h")
    assert limits(fresh, "processes") == [500, 500] and limits(fresh, "cpu") == [7200, 7201]
    fresh.install("--processes", "default", "--cpu", "none")
    assert limits(fresh, "processes")[0] == 1024 + 128 * len(os.sched_getaffinity(0)) and limits(fresh, "cpu") == list(resource.getrlimit(resource.RLIMIT_CPU))
    assert fill(fresh, "/tmp/x", 9 << 20) == "ENOSPC"


@pytest.mark.parametrize("option", ["--processes=0", "--processes=many", "--memory=1X", "--cpu=-1", "--tmp=", "--file-size=1.5G"])
def test_bad_values_change_nothing(fresh, option):
    with open(fresh.state("venvbox.conf")) as f:
        before = f.read()
    refused(fresh.install(option, check=False), option[2:].split("=", maxsplit=1)[0])
    with open(fresh.state("venvbox.conf")) as f:
        assert f.read() == before


def test_verbose_names_them(fresh):
    fresh.conf("[limits]\nprocesses = 500\nmemory = 4G\ntmp = 8M\n")
    done = fresh.run(["python", "-X", "venvbox-verbose", "-c", "pass"])
    line = next(line for line in done.stderr.splitlines() if line.startswith("  limits "))
    assert line.split(maxsplit=1)[1] == "processes 500, memory 4G, /tmp 8M, /dev/shm 8M"
