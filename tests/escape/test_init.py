# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-init: the seal, the handover, signals, the end (spec B3, B4, B5, C2, C3)."""
import ctypes
import errno
import fcntl
import os
import socket
import subprocess

import pytest

import initrig as rig
from initrig import Box, bit, python, run, signal

CAP_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
MARK = "payload ran"
SAY = ["/bin/echo", MARK]


@pytest.fixture(params=rig.users())
def user(request):
    return request.param


def statuses(text):
    own, _, init = text.partition("====\n")
    return rig.status_fields(own), rig.status_fields(init)


BOTH = ["/bin/sh", "-c", "cat /proc/self/status; echo ====; cat /proc/1/status"]


def refused(user, **how):
    """Runs a box that must not run its payload; returns the words of the failure."""
    box, text = run(user, SAY, **how)
    assert MARK not in text
    assert rig.STARTED not in box.kinds() and rig.EXIT not in box.kinds()
    assert box.reports and box.reports[-1].kind == rig.FAILED, box.reports
    assert box.process.returncode == 125
    return box.reports[-1]


# --- the seal ---------------------------------------------------------------

def test_payload_and_pid1_are_sealed(user):
    box, text = run(user, BOTH)
    assert box.kinds() == [rig.SEALED, rig.STARTED, rig.EXIT]
    for status in statuses(text):
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert [int(status[name], 16) for name in CAP_SETS] == [0] * 5


def test_without_pid1_the_same_box_is_not_sealed(user):
    """Positive control: what the test above sees is PID 1's work, not bwrap's."""
    switch = [] if user == "root" or os.getuid() != 0 else ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--init-groups"]
    text = subprocess.run([*switch, rig.BWRAP, *rig.bwrap_options(user), "/bin/cat", "/proc/self/status"], cwd="/",
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    status = rig.status_fields(text)
    assert status["Seccomp"] == "0"
    assert int(status["CapBnd"], 16) != 0 and int(status["CapAmb"], 16) != 0


def test_kept_capability_is_ambient_and_alone(user):
    keep = 1 << rig.CAP_NET_BIND_SERVICE
    box, text = run(user, BOTH, keep_caps=keep, extra=["--cap-add", "CAP_NET_BIND_SERVICE"])
    for status in statuses(text):
        assert [int(status[name], 16) for name in CAP_SETS] == [keep, keep, keep, 0, keep]


def test_capability_that_bwrap_holds_but_nobody_asked_for_goes(user):
    _, text = run(user, BOTH, extra=["--cap-add", "CAP_NET_BIND_SERVICE", "--cap-add", "CAP_SYS_PTRACE"])
    for status in statuses(text):
        assert [int(status[name], 16) for name in CAP_SETS] == [0] * 5


def test_securebits_are_locked(user):
    code = ("import ctypes, os; c = ctypes.CDLL(None, use_errno=True)\n"
            "print(c.prctl(27, 0, 0, 0, 0), c.prctl(28, 0, 0, 0, 0), c.prctl(47, 2, 10, 0, 0), c.prctl(8, 1, 0, 0, 0))")
    _, text = run(user, python(code))
    # PR_GET_SECUREBITS; then PR_SET_SECUREBITS 0, PR_CAP_AMBIENT_RAISE and PR_SET_KEEPCAPS, each refused
    assert text.split() == [str(0xEF), "-1", "-1", "-1"]


def test_capability_that_is_not_there_is_refused(user):
    failed = refused(user, keep_caps=1 << rig.CAP_NET_BIND_SERVICE)
    assert failed.text == "cannot give up capabilities" and failed.value == errno.EPERM


def test_capability_the_kernel_does_not_know_is_refused(user):
    assert refused(user, keep_caps=1 << 63).text == "cannot give up capabilities"


def test_without_setpcap_nothing_runs(user):
    options = [o for o in rig.bwrap_options(user) if o not in ("--cap-add", "CAP_SETPCAP")]
    assert refused(user, options=options).text == "cannot give up capabilities"


@pytest.mark.parametrize("program, why", [
    (b"", "empty"), (rig.small_filter()[:-3], "torn"), (rig.small_filter() * 700, "above BPF_MAXINSNS"),
    (b"\xff" * 16, "no program"), (rig.small_filter()[:-8], "does not end in a return"),
])
def test_bad_filter_is_refused(user, program, why):
    assert refused(user, filter=program).text == "cannot install the seccomp filter"


def test_filter_that_does_not_answer_as_ours_is_refused(user):
    failed = refused(user, filter=rig.small_filter(answer=errno.EPERM))
    assert failed.text == "the seal does not hold: the answer of the seccomp filter"


# --- PID 1 is out of the payload's reach ----------------------------------------

@pytest.mark.parametrize("name", ["mem", "environ", "maps", "auxv", "exe", "cwd", "root", "fd/3"])
def test_pid1_cannot_be_read(user, name):
    code = ("import os, sys\n"
            "for pid in ('1', 'self'):\n"
            "    path = '/proc/%s/%s' % (pid, sys.argv[1])\n"
            "    try: os.close(os.open(path, os.O_RDONLY)); print('open')\n"
            "    except OSError as e: print(e.errno)\n")
    _, text = run(user, python("import os; os.open('/dev/null', 0); os.open('/dev/null', 0)\n" + code, name))
    init, own = text.split()
    assert init in (str(errno.EACCES), str(errno.EPERM))
    assert own == "open"


def test_descriptors_of_pid1_lead_nowhere(user):
    """Their numbers can be listed by a mapped uid 0, which owns what belongs to non-dumpable processes (proc(5)); no more."""
    code = ("import os\n"
            "def look(pid):\n"
            "    for n in map(str, range(16)):\n"
            "        for what in (os.readlink, lambda p: os.open(p, os.O_RDONLY), lambda p: open(p.replace('/fd/', '/fdinfo/')).read()):\n"
            "            try: what('/proc/%s/fd/%s' % (pid, n)); yield n\n"
            "            except OSError: pass\n"
            "print(len(set(look('1'))), len(set(look('self'))) > 2)\n"
            "try: print(len(os.listdir('/proc/1/fd')) > 0)\n"
            "except OSError as e: print(e.errno)\n")
    _, text = run(user, python(code))
    assert text.split() == ["0", "True", "True" if os.getuid() == 0 and user == "root" else str(errno.EACCES)]


def test_pid1_cannot_be_traced(user):
    """Under a filter that lets ptrace() through: it is for being non-dumpable."""
    code = ("import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nc.ptrace.argtypes = [ctypes.c_long] * 4\n"
            "print(c.ptrace(0x4206, 1, 0, 0), ctypes.get_errno())\n"  # PTRACE_SEIZE
            "pid = os.fork()\nif pid == 0: import time; time.sleep(30)\n"
            "print(c.ptrace(0x4206, pid, 0, 0)); os.kill(pid, 9)\n")
    _, text = run(user, python(code), filter=rig.small_filter())
    assert text.split() == ["-1", str(errno.EPERM), "0"]


def test_environment_is_never_in_pid1(user):
    """As the host sees it, which may look."""
    with Box(user, ["/bin/sh", "-c", "echo up; read x"], env=["SECRET=hunter2", "PATH=/bin"],
             fds=[(0, 0, 0, 0, ""), (1, 0, 0, 0, "")], passed=[*stdin_pipe(), "out"]) as box:
        assert box.read_line() == "up"
        payload, = rig.children(init_pid(box))
        with open("/proc/%d/environ" % payload, "rb") as f:
            assert b"hunter2" in f.read()  # positive control
        assert b"hunter2" not in memory_of(init_pid(box))


PIPES = []


def stdin_pipe():
    r, w = os.pipe()
    PIPES.append(w)
    return [r]


def init_pid(box):
    rig.wait_until(lambda: rig.find_init(box.process.pid), "no PID 1")
    return rig.find_init(box.process.pid)


def memory_of(pid):
    data = b""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if " rw" in line:
                mem.seek(start)
                data += mem.read(end - start)
    return data


def test_signals_from_inside_do_not_disturb_pid1(user):
    code = ("import os, signal\nfor s in range(1, 65):\n    if s not in (32, 33): os.kill(1, s)\nprint('alive', os.getppid())")
    box, text = run(user, python(code))
    assert text == "alive 1\n" and box.kinds()[-1] == rig.EXIT and box.reports[-1].value == 0


# --- Landlock -----------------------------------------------------------------

def landlock_abi():
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


def test_abstract_socket_of_the_host_is_out_of_reach(user):
    if landlock_abi() < 6:
        pytest.fail("this kernel has no Landlock scopes: the row cannot be proved here")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("\0venvbox-test-%d" % os.getpid())
        s.listen()
        code = ("import socket, sys\n"
                "try: socket.socket(socket.AF_UNIX).connect('\\0' + sys.argv[1]); print('reached')\n"
                "except OSError as e: print(e.errno)\n"
                "a = socket.socket(socket.AF_UNIX); a.bind('\\0own' + sys.argv[1]); a.listen()\n"
                "socket.socket(socket.AF_UNIX).connect('\\0own' + sys.argv[1]); print('own reached')\n")
        _, text = run(user, python(code, s.getsockname()[1:].decode()))
    assert text.split("\n")[:2] == [str(errno.EPERM), "own reached"]


def test_kill_zero_stays_inside(user):
    sibling = subprocess.Popen(["/bin/sleep", "60"], preexec_fn=os.setpgrp)
    try:
        with Box(user, python("import os, signal\nsignal.signal(10, lambda *a: print('own', flush=True))\nos.kill(0, 10)"),
                 process_group=sibling.pid) as box:
            assert box.output() == "own\n"
        assert sibling.poll() is None
    finally:
        sibling.kill()
        sibling.wait()


# --- orders ---------------------------------------------------------------------

def mount_of(path, **change):
    st = os.stat(path)
    return (path, change.get("dev", st.st_dev), change.get("ino", st.st_ino), change.get("read_only", 1))


def test_mounts_that_are_as_opened_pass(user):
    box, text = run(user, SAY, mounts=[mount_of("/usr"), mount_of("/etc")])
    assert text == MARK + "\n"


@pytest.mark.parametrize("change", [{"ino": 1}, {"dev": 1}])
def test_mount_of_something_else_is_refused(user, change):
    failed = refused(user, mounts=[mount_of("/etc"), mount_of("/usr", **change)])
    assert failed.text == "'/usr' inside is not what was opened outside"


def test_writable_mount_is_refused_where_read_only_was_ordered(user, outside):
    bind = ["--bind", str(outside), "/mnt"]
    st = os.stat(outside)
    failed = refused(user, mounts=[("/mnt", st.st_dev, st.st_ino, 1)], extra=bind)
    assert failed.text == "'/mnt' is writable inside"
    box, text = run(user, SAY, mounts=[("/mnt", st.st_dev, st.st_ino, 0)], extra=bind)
    assert text == MARK + "\n"


def test_mount_behind_a_link_is_refused(user):
    st = os.stat("/usr/bin")
    failed = refused(user, mounts=[("/tmp/link/bin", st.st_dev, st.st_ino, 1)], extra=["--symlink", "/usr", "/tmp/link"])
    assert failed.text == "cannot check '/tmp/link/bin' inside" and failed.value == errno.ELOOP


@pytest.mark.parametrize("orders", [
    b"", b"\0" * 64, rig.pack_orders("/", "/bin/echo")[:-1], rig.pack_orders("/", "/bin/echo") + b"\0",
    rig.pack_orders("relative", "/bin/echo"), rig.pack_orders("/", "echo"),
    rig.pack_orders("/", "/bin/echo", fds=[(1, rig.PASS, 0, 0, "")] * 2),
    rig.pack_orders("/", "/bin/echo", fds=[(1, rig.PASS, 0, 0, ""), (2, rig.PASS, 0, 0, ""), (5, rig.PASS, 0, 0, ""), (6, rig.PASS, 0, 0, "")]),
    rig.pack_orders("/", "/bin/echo", fds=[(i, rig.PASS, 0, 0, "") for i in range(3)] + [(7, rig.REOPEN, os.O_WRONLY, 0, "/etc/passwd")]),
    rig.pack_orders("/", "/bin/echo", fds=[(i, rig.PASS, 0, 0, "") for i in range(3)] + [(7, rig.REOPEN, os.O_CREAT, 0, "/etc/passwd")]),
])
def test_bad_orders_are_refused(user, orders):
    assert refused(user, orders=orders).text == "cannot read the orders of the launcher"


def test_missing_working_directory_is_refused(user):
    assert "working directory" in refused_late(user, cwd="/nonexistent").text


def refused_late(user, **how):
    """A failure after the fork, before execve()."""
    box, text = run(user, SAY, **how)
    assert MARK not in text and box.kinds() == [rig.SEALED, rig.FAILED]
    return box.reports[-1]


def test_working_directory_argv_and_environment_arrive(user):
    code = "import os, sys; print(os.getcwd()); print(ascii(sys.argv[1:])); print(ascii(dict(os.environ)))"
    _, text = run(user, [*python(code), "a b\n", "", "\udcff"], cwd="/usr/lib", env=["A=x=\udcff", "LC_ALL=C.UTF-8"])
    assert text.splitlines() == ["/usr/lib", ascii(["a b\n", "", "\udcff"]), ascii({"A": "x=\udcff", "LC_ALL": "C.UTF-8"})]


# --- the start of the payload -----------------------------------------------------

@pytest.fixture
def outside(tmp_path):
    """A directory of the host that every user may look into."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and str(path) != "/":
            path.chmod(path.stat().st_mode | 0o055)
    return tmp_path


def place(directory, name, text, mode):
    path = directory / name
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("calls", [["--default"], ["read"], []])
def test_pid1_does_its_work_under_every_kind_of_filter(user, outside, calls):
    """The table, a list of the user's that names nothing PID 1 needs, and the lifted filter."""
    how = reopened(outside, offset=1)
    code = "import os, signal; os.read(0, 2); os.kill(os.getpid(), signal.SIGSTOP); os._exit(3)"
    calls = [*calls, "kill", "getpid"] if calls == ["read"] else calls
    with Box(user, python(code), filter=rig.real_filter(*calls), **how) as box:
        box.until(rig.STOPPED)
        box.send(signal.SIGCONT)
        box.until(rig.EXIT)
        assert [k for k in box.kinds() if k != rig.CONTINUED] == [rig.SEALED, rig.STARTED, rig.STOPPED, rig.OFFSET, rig.EXIT]
        assert [r.offset for r in box.reports if r.kind == rig.OFFSET] == [3]
        assert os.waitstatus_to_exitcode(box.reports[-1].value) == 3


def test_missing_program_is_127(user):
    box, text = run(user, ["x"], program="/nonexistent")
    assert box.kinds() == [rig.SEALED, rig.EXEC_FAILED, rig.EXIT]
    assert box.reports[1].value == errno.ENOENT and box.reports[1].text == ""
    assert os.waitstatus_to_exitcode(box.reports[2].value) == 127


@pytest.mark.parametrize("text, mode, error, status, words", [
    ("#!/nonexistent/python\n", 0o755, errno.ENOENT, 127, "it is there, but the interpreter or loader that it names is not"),
    ("#!/bin/sh\n", 0o644, errno.EACCES, 126, ""),
    ("no program\n", 0o755, errno.ENOEXEC, 126, ""),
])
def test_program_that_cannot_be_executed(user, outside, text, mode, error, status, words):
    path = place(outside, "prog", text, mode)
    box, _ = run(user, ["prog"], program="/mnt/prog", extra=["--ro-bind", str(outside), "/mnt"])
    assert path and box.kinds() == [rig.SEALED, rig.EXEC_FAILED, rig.EXIT]
    assert (box.reports[1].value, box.reports[1].text) == (error, words)
    assert os.waitstatus_to_exitcode(box.reports[2].value) == status


def test_signal_dispositions_and_mask_are_the_callers(user):
    ignored, blocked = bit(signal.SIGHUP) | bit(signal.SIGPIPE) | bit(40), bit(signal.SIGUSR1) | bit(signal.SIGCHLD)
    _, text = run(user, ["/bin/cat", "/proc/self/status"], ignored=ignored, blocked=blocked)
    status = rig.status_fields(text)
    assert int(status["SigIgn"], 16) == ignored
    assert int(status["SigBlk"], 16) == blocked
    assert int(status["SigPnd"], 16) == int(status["ShdPnd"], 16) == 0


def test_nothing_ignored_by_bwrap_stays_ignored(user):
    """With SIGCHLD ignored the kernel would reap for PID 1, and bwrap never ends (bubblewrap#705)."""
    with Box(user, ["/bin/sh", "-c", "cat /proc/self/status; echo ====; exit 3"],
             ignore=(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)) as box:
        assert os.waitstatus_to_exitcode(box.until(rig.EXIT).value) == 3
        lines = iter(box.read_line, "====")
        assert int(rig.status_fields("\n".join(lines))["SigIgn"], 16) == 0


# --- descriptors --------------------------------------------------------------------

LIST_FDS = ("import os\nfds = os.listdir('/proc/self/fd')\n"
            "links = {int(f): os.readlink('/proc/self/fd/' + f) for f in fds if os.path.lexists('/proc/self/fd/' + f)}\n"
            "os.write(%d, ascii({f: l for f, l in links.items() if not l.startswith('/proc/')}).encode())")


def files(outside, names):
    return {name: os.open(place(outside, name, name, 0o644), os.O_RDONLY | os.O_CLOEXEC) for name in names}


def test_descriptors_are_exactly_those_ordered(user, outside):
    opened = files(outside, "abc")
    fds = [(1, 0, 0, 0, ""), (3, 0, 0, 0, ""), (4, 0, 0, 0, ""), (9, 0, 0, 0, "")]
    box, text = run(user, python(LIST_FDS % 1), fds=fds, passed=["out", opened["a"], opened["b"], opened["c"]])
    for fd in opened.values():
        os.close(fd)
    seen = eval(text)
    assert sorted(seen) == [1, 3, 4, 9]
    assert [os.path.basename(seen[n]) for n in (3, 4, 9)] == ["a", "b", "c"]


def test_nothing_of_pid1_is_left_open(user):
    """Not the channel above all."""
    _, text = run(user, python(LIST_FDS % 1), fds=[(1, 0, 0, 0, "")], passed=["out"])
    assert sorted(eval(text)) == [1]


def test_every_arrangement_of_low_numbers_is_reached(user, outside):
    """The numbers at which they arrive in PID 1 are among those wanted: each must step aside for the others."""
    opened = files(outside, "abcdefgh")
    for turn in range(0, 16, 3):
        wanted = [(2 + (i * 5 + turn) % 16) for i in range(8)]
        fds = [(1, 0, 0, 0, "")] + [(n, 0, 0, 0, "") for n in wanted]
        _, text = run(user, python(LIST_FDS % 1), fds=fds, passed=["out", *opened.values()])
        seen = eval(text)
        assert {n: os.path.basename(seen[n]) for n in wanted} == dict(zip(wanted, "abcdefgh"))
        assert sorted(seen) == sorted([1, *wanted])
    for fd in opened.values():
        os.close(fd)


def test_passed_pipe_ends_with_its_last_user(user):
    """PID 1 keeps no copy: the reader sees the end of file while the box still runs."""
    code = "import os, time\nos.write(1, b'x')\nos.close(1)\nos.close(2)\ntime.sleep(60)"
    with Box(user, python(code)) as box:
        box.until(rig.STARTED)
        assert box.read_line() == "x"
        assert box.process.poll() is None


def test_more_descriptors_than_one_message_holds(user):
    r, w = os.pipe()
    fds = [(1, 0, 0, 0, "")] + [(n, 0, 0, 0, "") for n in range(10, 310)]
    _, text = run(user, python("import os; print(len(os.listdir('/proc/self/fd')) - 1)"), fds=fds, passed=["out"] + [r] * 300)
    os.close(r)
    os.close(w)
    assert text == "301\n"


def reopened(outside, offset=0, flags=0):
    """A file of the host, bound read-only at /mnt/data; descriptor 0 of the payload."""
    place(outside, "data", "0123456789", 0o666)
    return dict(fds=[(0, rig.REOPEN, flags, offset, "/mnt/data"), (1, 0, 0, 0, "")], passed=["out"],
                extra=["--ro-bind", str(outside), "/mnt"])


def test_plain_file_starts_at_the_offset_and_its_end_is_reported(user, outside):
    box, text = run(user, python("import os; os.write(1, os.read(0, 3))"), **reopened(outside, offset=2))
    assert text == "234"
    offsets = [(r.value, r.offset) for r in box.reports if r.kind == rig.OFFSET]
    assert offsets == [(0, 5)]
    assert box.kinds() == [rig.SEALED, rig.STARTED, rig.OFFSET, rig.EXIT]


def test_plain_file_cannot_be_changed_through_its_descriptor(user, outside):
    code = ("import os\n"
            "for what in (lambda: os.open('/proc/self/fd/0', os.O_WRONLY), lambda: os.open('/proc/self/fd/0', os.O_RDWR | os.O_TRUNC),\n"
            "             lambda: os.fchmod(0, 0o777), lambda: os.write(0, b'x'), lambda: os.utime(0)):\n"
            "    try: what(); print('changed')\n"
            "    except OSError as e: print(e.errno)\n")
    _, text = run(user, python(code), **reopened(outside))
    assert text.split() == [str(e) for e in (errno.EROFS, errno.EROFS, errno.EROFS, errno.EBADF, errno.EROFS)]
    assert (outside / "data").read_text() == "0123456789"


def test_file_on_a_writable_mount_is_not_reopened(user, outside):
    how = reopened(outside)
    how["extra"][0] = "--bind"
    assert refused(user, **how).text == "cannot open descriptor 0 again inside"


def test_link_is_not_reopened(user, outside):
    how = reopened(outside)
    (outside / "link").symlink_to("data")
    how["fds"][0] = (0, rig.REOPEN, 0, 0, "/mnt/link")
    assert refused(user, **how).text == "cannot open descriptor 0 again inside"


# --- the end -------------------------------------------------------------------------

@pytest.mark.parametrize("code, status", [
    ("exit 0", 0), ("exit 7", 7), ("exit 255", 255),
    ("kill -9 $$", -9), ("kill -TERM $$", -15), ("ulimit -c 0; kill -SEGV $$", -11), ("kill -RTMIN $$", -34),
])
def test_wait_status_is_the_true_one(user, code, status):
    box, _ = run(user, ["/bin/bash", "-c", code])
    assert box.kinds()[-1] == rig.EXIT
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == status


def test_daemons_end_before_the_end_is_reported(user):
    code = ("import os, time\n"
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        print('up', flush=True); time.sleep(600)\n    os._exit(0)\n"
            "time.sleep(.2)\n")
    with Box(user, python(code)) as box:
        assert box.read_line() == "up"
        init = init_pid(box)
        daemons = set()
        rig.wait_until(lambda: daemons.update(rig.children(init)) or len(daemons) >= 2, "no daemon")
        assert box.until(rig.EXIT).value == 0
        assert not [pid for pid in daemons if rig.is_alive(pid)]
        box.finish()


def test_orphans_are_reaped(user):
    code = ("import os, time\n"
            "for i in range(20):\n    if os.fork() == 0:\n        if os.fork() == 0: os._exit(0)\n        os._exit(0)\n    os.wait()\n"
            "end = time.time() + 10\n"
            "def state(p):\n    try: return open('/proc/%s/stat' % p).read().rsplit(')', 1)[1].split()[0]\n    except OSError: return None\n"
            "zombies = lambda: [p for p in os.listdir('/proc') if p.isdigit() and state(p) == 'Z']\n"
            "while zombies() and time.time() < end: time.sleep(.01)\nprint(zombies())")
    _, text = run(user, python(code))
    assert text == "[]\n"


def test_box_ends_with_the_launchers_end_of_the_channel(user):
    with Box(user, ["/bin/sh", "-c", "trap '' TERM HUP; sleep 600 & echo up; wait"]) as box:
        assert box.read_line() == "up"
        payload, = rig.children(init_pid(box))
        box.channel.close()
        rig.wait_until(lambda: not rig.is_alive(payload), "the payload outlives its launcher")
        assert box.process.wait(rig.PATIENCE) == 125


def test_box_of_a_launcher_gone_before_the_start_runs_nothing(user):
    box = Box(user, SAY, before=lambda b: b.channel.close())
    with box:
        assert os.read(box.out_fd, 100) == b""
        assert box.process.wait(rig.PATIENCE) != 0


def test_unknown_command_ends_the_box(user):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        box.send(1, kind=9)
        assert box.until(rig.FAILED).text == "cannot carry out a command of the launcher"


@pytest.mark.parametrize("sig", [0, -1, 65, 1 << 30])
def test_number_that_is_no_signal_ends_the_box(user, sig):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        box.send(sig)
        assert box.until(rig.FAILED).value == errno.EBADMSG


def test_it_refuses_to_run_outside_a_box():
    init = os.path.join(rig.LIBEXEC, "venvbox-init")
    done = subprocess.run([init], stderr=subprocess.PIPE)
    assert done.returncode == 125
    assert done.stderr.startswith(b"venvbox: ") and b"\nhint: " in done.stderr


def test_it_refuses_to_be_another_process_than_the_first():
    """Its kill(-1) would end everything the caller has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    high = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, 50)
    done = subprocess.run([os.path.join(rig.LIBEXEC, "venvbox-init")], stderr=subprocess.PIPE, pass_fds=(3,),
                          preexec_fn=lambda: os.dup2(high, 3))
    os.close(high)
    theirs.close()
    assert done.returncode == 125 and b"first process of a box" in done.stderr


@pytest.mark.parametrize("channel", ["/dev/null", None])
def test_it_refuses_to_run_without_a_channel(channel):
    init = os.open(os.path.join(rig.LIBEXEC, "venvbox-init"), os.O_RDONLY)
    number = fcntl.fcntl(init, fcntl.F_DUPFD, 50)
    prepare = (lambda: os.dup2(os.open(channel, os.O_RDONLY), 3)) if channel else None
    done = subprocess.run([rig.BWRAP, *rig.bwrap_options("root"), "/proc/self/fd/%d" % number], stderr=subprocess.PIPE,
                          preexec_fn=prepare, pass_fds=(3, number) if channel else (number,))
    os.close(init)
    os.close(number)
    assert done.returncode == 125 and done.stderr.startswith(b"venvbox: ")


# --- signals ----------------------------------------------------------------------------

COUNT = ("import os, signal, sys, time\n"
         "seen = []\n"
         "def on(s, f): seen.append(s); os.write(1, b'%d\\n' % s)\n"
         "for s in map(int, sys.argv[1:]): signal.signal(s, on)\n"
         "os.write(1, b'up\\n')\n"
         "while signal.SIGUSR2 not in seen: signal.pause()\n")
KINDS = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM, signal.SIGWINCH, signal.SIGCONT]


def counted(box, sig):
    """How often sig came before SIGUSR2, which ends the payload."""
    box.send(signal.SIGUSR2)
    return box.output().split().count(str(int(sig)))


def counting(user, sig, **how):
    return Box(user, python(COUNT, str(int(sig)), str(int(signal.SIGUSR2))), **how)


@pytest.mark.parametrize("sig", KINDS)
def test_relayed_signal_arrives_once(user, sig):
    with counting(user, sig) as box:
        assert box.read_line() == "up"
        box.send(sig)
        assert box.read_line() == str(int(sig))
        assert counted(box, sig) == 0


@pytest.mark.parametrize("sig", KINDS)
@pytest.mark.parametrize("relay_first", [True, False])
def test_signal_of_the_group_arrives_once(user, sig, relay_first):
    """The launcher relays what it got; PID 1 and payload got it from the group too."""
    with counting(user, sig, process_group=0, options=rig.bwrap_options(user)) as box:
        assert box.read_line() == "up"
        if relay_first:
            box.send(sig)
        signal_members(box, sig)
        if not relay_first:
            box.send(sig)
        assert box.read_line() == str(int(sig))
        assert counted(box, sig) == 0


def signal_members(box, sig):
    """As kill(-pgrp) does, but for bwrap itself, which the launcher has ignore it."""
    init = init_pid(box)
    for pid in (init, *rig.children(init)):
        os.kill(pid, sig)


def test_two_relayed_signals_arrive_twice(user):
    with counting(user, signal.SIGUSR1) as box:
        assert box.read_line() == "up"
        for _ in range(2):
            box.send(signal.SIGUSR1)
            assert box.read_line() == "10"


def test_credit_pays_once(user):
    with counting(user, signal.SIGUSR1) as box:
        assert box.read_line() == "up"
        signal_members(box, signal.SIGUSR1)
        assert box.read_line() == "10"
        box.send(signal.SIGUSR1)
        box.send(signal.SIGUSR1)
        assert box.read_line() == "10"
        assert counted(box, signal.SIGUSR1) == 0


def test_credit_cannot_be_forged_inside(user):
    """sigqueue() to PID 1 with pid 0 in it: the next relayed signal must still arrive."""
    code = ("import ctypes, os, struct\n"
            "info = struct.pack('iiiiiI', 10, 0, -1, 0, 0, 0) + bytes(104)\n"
            "c = ctypes.CDLL(None, use_errno=True)\n"
            "assert c.syscall(129, 1, 10, info) == 0, ctypes.get_errno()\n")
    with Box(user, python(code + COUNT, "10", "12")) as box:
        assert box.read_line() == "up"
        box.send(signal.SIGUSR1)
        assert box.read_line() == "10"


def test_signal_relayed_before_the_start_arrives(user):
    """It came while bwrap still mounted: only the launcher has it."""
    with Box(user, ["/bin/sleep", "600"], before=lambda b: b.send(signal.SIGTERM)) as box:
        box.finish()
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == -signal.SIGTERM


def early(sig):
    """Sends sig to PID 1 from outside, as the group does, before there is a payload."""
    return lambda box: os.kill(init_pid(box), sig)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signal_of_the_group_before_the_start_arrives(user, sig):
    """PID 1 has a copy, the payload was not there to get one."""
    with Box(user, ["/bin/sleep", "600"], late=early(sig)) as box:
        box.finish()
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == -sig


def test_signal_of_the_group_before_the_start_arrives_once_if_relayed(user):
    """Blocked and of real time, so that the kernel queues each one; the next number ends the count."""
    code = "import signal\nn = 0\nwhile signal.sigwait([40, 41]) == 40: n += 1\nprint(n)"
    with Box(user, python(code), late=early(40), blocked=bit(40) | bit(41)) as box:
        box.send(40)
        box.send(41)
        assert box.output() == "1\n"


def test_stop_and_continue_are_reported(user):
    with Box(user, ["/bin/sh", "-c", "kill -TSTP $$; sleep 600"]) as box:
        assert box.until(rig.STOPPED).value == signal.SIGTSTP
        box.send(signal.SIGCONT)
        box.until(rig.CONTINUED)
        box.send(signal.SIGTERM)
        box.finish()
        assert box.kinds() == [rig.SEALED, rig.STARTED, rig.STOPPED, rig.CONTINUED, rig.EXIT]
        assert os.waitstatus_to_exitcode(box.reports[-1].value) == -signal.SIGTERM


def test_relayed_stop_stops(user):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        box.send(signal.SIGTSTP)
        assert box.until(rig.STOPPED).value == signal.SIGTSTP
        box.send(signal.SIGCONT)
        box.until(rig.CONTINUED)
        box.send(signal.SIGKILL)
        assert os.waitstatus_to_exitcode(box.until(rig.EXIT).value) == -9


def test_stop_of_another_process_is_not_reported(user):
    """An orphan, so a child of PID 1 like the payload."""
    code = ("import os, signal, time\n"
            "r, w = os.pipe()\n"
            "if os.fork() == 0:\n"
            "    if os.fork() == 0:\n"
            "        while os.getppid() != 1: time.sleep(.01)\n"
            "        os.write(w, b'%d' % os.getpid()); time.sleep(600)\n"
            "    os._exit(0)\n"
            "os.wait(); orphan = int(os.read(r, 99)); os.kill(orphan, signal.SIGSTOP)\n"
            "while open('/proc/%d/stat' % orphan).read().split()[2] != 'T': time.sleep(.01)\n"
            "os.kill(os.getpid(), signal.SIGSTOP)\n")
    with Box(user, python(code)) as box:
        assert box.until(rig.STOPPED).value == signal.SIGSTOP
        box.send(signal.SIGCONT)
        box.finish()
        assert box.kinds().count(rig.STOPPED) == 1
