# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-init: the seal, what is out of reach, the orders (spec B3, C2, C3)."""
import ctypes
import errno
import os
import socket
import subprocess

import pytest

import initrig as rig
from initrig import Box, python, run, signal
from initparts import BOTH, CAP_SETS, MARK, SAY, init_pid, outside, refused, refused_late, statuses, user

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


def test_without_a_watcher_its_calls_fail(user):
    """Of a watcher that is gone. With a copy of it in the box the call would wait for ever."""
    code = ("import os\n"
            "tmp = os.open('/tmp', os.O_RDONLY)\n"
            "try:\n    os.mkdir('x', dir_fd=tmp)\nexcept OSError as e:\n    print('errno', e.errno)\n"
            "else:\n    print('made')\n")
    orders = rig.pack_orders("/", "/usr/bin/python3", fds=[(i, rig.PASS, 0, 0, "") for i in range(3)], watch=1)
    filter = rig.small_filter(refuse=rig.NR_MKDIRAT, refusal=rig.USER_NOTIF)
    with Box(user, python(code), orders=orders, filter=filter) as box:
        box.until(rig.WATCH)  # the rig takes no descriptor: the kernel closes it
        assert box.output() == f"errno {errno.ENOSYS}\n"
    assert box.kinds() == [rig.WATCH, rig.SEALED, rig.STARTED, rig.EXIT]
    _, text = run(user, python(code), filter=rig.small_filter())
    assert text == "made\n"


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


def good_orders(cwd="/", program="/bin/echo"):
    """As a box without a wish of its own gets them; what is wrong with one below is wrong with it alone."""
    return rig.pack_orders(cwd, program, fds=[(i, rig.PASS, 0, 0, "") for i in range(3)])


def test_good_orders_are_carried_out(user):
    """Positive control."""
    _, text = run(user, SAY, orders=good_orders())
    assert text == MARK + "\n"


@pytest.mark.parametrize("orders", [
    b"", b"\0" * 64, good_orders()[:-1], good_orders() + b"\0", good_orders(cwd="relative"), good_orders(cwd="/.."), good_orders(program="echo"),
    rig.pack_orders("/", "/bin/echo", fds=[(1, rig.PASS, 0, 0, "")] * 2),
    rig.pack_orders("/", "/bin/echo", fds=[(1, rig.PASS, 0, 0, ""), (2, rig.PASS, 0, 0, ""), (5, rig.PASS, 0, 0, ""), (6, rig.PASS, 0, 0, "")]),
    rig.pack_orders("/", "/bin/echo", fds=[(i, rig.PASS, 0, 0, "") for i in range(3)] + [(7, rig.REOPEN, os.O_WRONLY, 0, "/etc/passwd")]),
    rig.pack_orders("/", "/bin/echo", fds=[(i, rig.PASS, 0, 0, "") for i in range(3)] + [(7, rig.REOPEN, os.O_CREAT, 0, "/etc/passwd")]),
])
def test_bad_orders_are_refused(user, orders):
    assert refused(user, orders=orders).text == "cannot read the orders of the launcher"


def test_missing_working_directory_is_refused(user):
    assert "working directory" in refused_late(user, cwd="/nonexistent").text


def test_working_directory_argv_and_environment_arrive(user):
    code = "import os, sys; print(os.getcwd()); print(ascii(sys.argv[1:])); print(ascii(dict(os.environ)))"
    _, text = run(user, [*python(code), "a b\n", "", "\udcff"], cwd="/usr/lib", env=["A=x=\udcff", "LC_ALL=C.UTF-8"])
    assert text.splitlines() == ["/usr/lib", ascii(["a b\n", "", "\udcff"]), ascii({"A": "x=\udcff", "LC_ALL": "C.UTF-8"})]
