# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of the running host a box can reach: processes, sockets, terminals, kernel knobs, PID 1 (spec B3, B6)."""
import fcntl
import os
import pty
import select
import signal
import socket
import subprocess
import termios
import time

import pytest

from boxlab import SECRET, PYTHON, tell
from inside import HELP


# --- signals (B6) --------------------------------------------------------------------------

SIBLING = "import subprocess, sys; subprocess.run(sys.argv[1:]); print('survived')"
ATTACK = "import os, signal\ntry: %s\nexcept OSError: pass\n"


def beside(side, attack):
    """A program of the host, and Python as its child in the same process group."""
    return side.who.run([PYTHON, "-c", SIBLING, side.bin(), "-c", ATTACK % attack], cwd=side.project, start_new_session=True)


@pytest.mark.parametrize("attack", ["os.kill(0, 9)", "os.killpg(0, 9)", "[os.kill(0, s) for s in range(9, 65) if s not in (17, 18, 19, 20, 21, 22, 23, 28)]"])
def test_siblings_in_the_process_group_survive(pair, attack):
    """A pipeline is one group: kill(0, 9) reached its members outside (landlock(7), scope)."""
    assert beside(pair.box, attack).stdout == "survived\n"


def test_the_same_attack_ends_siblings_without_a_box(pair):
    """Positive control."""
    assert beside(pair.plain, "os.kill(0, 9)").returncode == -9


def test_signals_inside_work(box):
    code = ("import os, signal, subprocess, sys\n"
            "wait = [sys.executable, '-S', '-c', 'import time; time.sleep(100)']\n"
            "p = subprocess.Popen(wait); p.send_signal(9); print(p.wait())\n"
            "p = subprocess.Popen(wait, start_new_session=True); os.killpg(p.pid, 9); print(p.wait())\n")
    assert box.value(code).split() == ["-9", "-9"]


@pytest.mark.parametrize("call", ["os.setpriority(os.PRIO_PROCESS, 0, 5)", "os.setpriority(os.PRIO_PROCESS, os.getpid(), 6)", "os.nice(1)"])
def test_own_priority(box, call):
    assert box.value(HELP + f"print(attempt(lambda: {call}))") == "ok"


@pytest.mark.parametrize("call", ["os.setpriority(os.PRIO_PGRP, 0, 5)", "os.setpriority(os.PRIO_USER, os.getuid(), 5)", "os.setpriority(os.PRIO_USER, 0, 5)"])
def test_priority_of_others(fresh, call):
    """The user's processes on the host would all become slow. In a session of its own: root's processes in the group are out of his reach anyway."""
    before = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert fresh.value(HELP + f"print(attempt(lambda: {call}))", start_new_session=True) == "EPERM"
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == before


def test_processes_of_the_host_are_not_seen(box):
    code = HELP + f"print(attempt(lambda: os.kill({os.getpid()}, 0)), os.path.exists('/proc/{os.getpid()}/cmdline'))"
    assert box.value(code) == "ESRCH False"


# --- sockets (B6) ------------------------------------------------------------------------------

def test_abstract_sockets_of_the_host(pair):
    """They live in the network namespace, which is shared; Landlock's scope keeps them out."""
    name = "vbtest-" + os.path.basename(pair.box.project) + str(os.getpid())
    with socket.socket(socket.AF_UNIX) as s, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as d:
        s.bind("\0" + name)
        s.listen(5)
        d.bind("\0" + name + "d")
        code = HELP + (f"print(attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0{name}')), "
                       f"attempt(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '\\0{name}d')))")
        assert pair.plain.value(code) == "ok ok"
        assert pair.box.value(code) == "EPERM EPERM"


def test_abstract_sockets_of_the_box_work(box):
    code = HELP + ("s = socket.socket(socket.AF_UNIX); s.bind('\\0mine'); s.listen(1)\n"
                   "print(attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0mine')))")
    assert box.value(code) == "ok"


def test_path_sockets_outside_the_project(pair):
    who = pair.box.who
    path = os.path.join(who.makedirs(os.path.join(who.home, "agent")), "s")
    with socket.socket(socket.AF_UNIX) as s:
        if os.path.exists(path):
            os.unlink(path)
        s.bind(path)
        os.chmod(path, 0o777)
        s.listen(5)
        code = HELP + f"print(attempt(lambda: socket.socket(socket.AF_UNIX).connect({path!r})))"
        assert pair.plain.value(code) == "ok"
        assert pair.box.value(code) == "ENOENT"


def test_no_keyring(pair):
    """The session keyring is inherited, namespaces do not help."""
    code = HELP + "print(call(%d, 11, -3, 0, 0), call(%d, b'user', b'vb', b'x', 1, -3))" % ((250, 248) if os.uname().machine == "x86_64" else (219, 217))
    assert pair.plain.value(code) != pair.box.value(code)
    assert set(pair.box.value(code).split()) <= {"EPERM", "ENOSYS"}


# --- the terminal --------------------------------------------------------------------------------

INJECT = HELP + r'''
TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS = 0x5412, 0x541C, 0x5423, 0x541D
def ioctl(cmd, arg=b"x"): return call(16 if X86 else 29, 0, cmd, arg)
print(*[ioctl(TIOCSTI | high) for high in (0, 1 << 32, 1 << 63, 0xFFFFFFFF << 32)], *[ioctl(TIOCLINUX | high, b"\2") for high in (0, 1 << 32)], ioctl(TIOCCONS), flush=True)
'''


def at_terminal(side, code):
    """What the code prints at a terminal of its own, and what is left in its input."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chown(os.ttyname(0), side.who.uid, side.who.gid)
            old = termios.tcgetattr(0)
            old[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, old)
            if os.getuid() != side.who.uid:
                os.setgroups([])
                os.setgid(side.who.gid)
                os.setuid(side.who.uid)
            os.chdir(side.project)
            p = subprocess.run([side.bin(), "-c", code], env=side.who.env, check=False)
            left = len(os.read(0, 100)) if select.select([0], [], [], 0)[0] else 0
            fcntl.ioctl(0, termios.FIONREAD, b"1234")
            print("left", left, p.returncode, flush=True)
        finally:
            os._exit(0)
    text, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([master], [], [], 1)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(master)
    return text.decode("latin1").replace("\r", "")


def test_no_typing_into_the_terminal(pair):
    """TIOCSTI, also with high bits set (CVE-2019-10063), TIOCLINUX (CVE-2023-28100), TIOCCONS."""
    said = at_terminal(pair.box, INJECT)
    assert said.splitlines()[0].split() == ["EPERM"] * 7, said


def test_other_terminal_calls_work(pair):
    said = at_terminal(pair.box, "import os, termios; print(os.isatty(0), len(termios.tcgetattr(0)), os.get_terminal_size().columns >= 0); termios.tcflush(0, termios.TCIFLUSH)")
    assert said.splitlines()[0] == "True 7 True", said


# --- kernel knobs -----------------------------------------------------------------------------------

KNOBS = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/hostname",
         "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/randomize_va_space", "/proc/irq/default_smp_affinity", "/proc/sys/fs/binfmt_misc/register",
         "/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/yama/ptrace_scope", "/proc/sys/fs/protected_symlinks", "/proc/bus", "/proc/fs", "/proc/scsi/scsi",
         "/proc/acpi/wakeup", "/proc/mtrr", "/sys/kernel/uevent_helper"]


@pytest.mark.parametrize("path", KNOBS)
def test_knobs_cannot_be_opened_for_writing(box, path):
    """uid 0 may write /proc/sys whatever its capabilities: core_pattern is a command run as root."""
    said = box.value(HELP + "print(attempt(lambda: os.close(os.open(sys.argv[1], os.O_WRONLY))))", path)
    assert said in ("EROFS", "EACCES", "EPERM", "ENOENT", "EISDIR")


def test_no_writable_knob_anywhere(box):
    """The whole of /proc/sys, and /proc but for the process's own."""
    code = ("import os\n"
            "for top in ('/proc/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/driver', '/proc/tty'):\n"
            "    for at, dirs, files in os.walk(top):\n"
            "        for f in files:\n"
            "            try: os.close(os.open(os.path.join(at, f), os.O_WRONLY | os.O_NONBLOCK)); print(os.path.join(at, f))\n"
            "            except OSError: pass\n")
    # The limits of the box's own IPC and pid namespaces (6.14 on) are its own.
    own = ("/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/pid_max", "/proc/sys/fs/mqueue/", "/proc/sys/kernel/msg", "/proc/sys/kernel/sem", "/proc/sys/kernel/shm", "/proc/sys/kernel/auto_msgmni")
    assert [w for w in box.value(code).split() if not w.startswith(own)] == []


# If the attack works it changes nothing: the mode of now.
CHMOD = HELP + "print(attempt(lambda: os.chmod(sys.argv[1], os.stat(sys.argv[1]).st_mode & 0o777)))"


@pytest.mark.parametrize("path", ["/proc/version", "/proc/meminfo", "/proc/uptime"])
def test_modes_of_the_files_of_proc(pair, path):
    """Root owns them, and they are one for all instances of proc: chmod(2) of /proc/meminfo inside was one for the host."""
    root = pair.box.who.uid == 0
    assert pair.box.value(CHMOD, path) in (("EROFS",) if root else ("EROFS", "EPERM"))
    assert pair.plain.value(CHMOD, path) == ("ok" if root else "EPERM")


def test_the_priority_of_the_session(pair):
    """/proc/self/autogroup is that of every process of the session, the user's shell first (sched(7))."""
    code = "import os; os.close(os.open('/proc/self/autogroup', os.O_WRONLY))"
    assert pair.box.attempt(code) in ("EROFS", "ENOENT")
    assert pair.plain.attempt(code) in ("", "ENOENT")


def test_nothing_in_proc_can_be_written(box):
    """But what descriptors lead to: the limits of PID 1, names, scores, settings of the kernel."""
    code = ("import os\n"
            "tried = 0\n"
            "for at, dirs, files in os.walk('/proc'):\n"
            "    dirs[:] = [d for d in dirs if d not in ('fd', 'map_files', 'cwd', 'root')]\n"
            "    for f in files:\n"
            "        tried += 1\n"
            "        try: os.close(os.open(os.path.join(at, f), os.O_WRONLY | os.O_NONBLOCK)); print(os.path.join(at, f))\n"
            "        except OSError: pass\n"
            "print('tried', tried > 300)\n")
    assert box.value(code) == "tried True"


def test_proc_of_a_plain_process_can_be_written(pair):
    """Positive control of the walk above."""
    assert pair.plain.attempt("import os; os.close(os.open('/proc/self/coredump_filter', os.O_WRONLY))") == ""


@pytest.mark.parametrize("path", ["/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups"])
def test_the_user_namespace_is_not_mapped_again(box, path):
    said = box.value(HELP + "print(attempt(lambda: os.write(os.open(sys.argv[1], os.O_WRONLY), b'0 0 4294967295' if 'map' in sys.argv[1] else b'allow')))", path)
    assert said in ("EPERM", "EACCES", "EROFS")


def test_reading_knobs_works(box):
    assert box.value("print(int(open('/proc/sys/kernel/pid_max').read()) > 0)") == "True"


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/timer_list", "/proc/keys", "/proc/config.gz", "/dev/mem", "/dev/kmsg"])
def test_kernel_memory(box, path):
    said = box.value(HELP + "f = attempt(lambda: os.close(os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)))\nprint(f)", path)
    if path in ("/proc/kallsyms", "/proc/timer_list", "/proc/keys", "/proc/config.gz") and said == "ok":
        text = box.value("print(open(sys.argv[1], 'rb').read(200))".replace("print", "import sys; print"), path)
        assert path != "/proc/kallsyms" or "0000000000000000" in text
    else:
        assert said in ("ENOENT", "EACCES", "EPERM", "EIO")


# --- leases -------------------------------------------------------------------------------------------

LEASE = "import fcntl, os; fcntl.fcntl(os.open(%r, os.O_RDONLY), fcntl.F_SETLEASE | %s, fcntl.%s)"


@pytest.mark.parametrize("kind", ["F_RDLCK", "F_WRLCK"])
def test_no_lease_on_a_file_of_the_host(pair, kind):
    """The next to open it, our launcher and git among them, waits 45 s or gets EAGAIN (fcntl(2), Leases)."""
    for side in (pair.box, pair.plain):
        side.write("lib.txt", "x")
    assert pair.box.attempt(LEASE % ("lib.txt", "0", kind)) == "EPERM"
    assert pair.plain.attempt(LEASE % ("lib.txt", "0", kind)) == ""


def test_a_box_cannot_hold_up_the_start_of_another(fresh):
    """By a lease on what the launcher opens."""
    code = ("import fcntl, os, signal, sys\nsignal.signal(signal.SIGIO, signal.SIG_IGN)\n"
            "for name in ('venvbox/manifest', 'venvbox/venvbox.conf', 'pyvenv.cfg'):\n"
            "    try: fcntl.fcntl(os.open('.venv/' + name, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_WRLCK)\n"
            "    except OSError: pass\n"
            "print('up', flush=True)\nsys.stdin.read()\n")
    with fresh.popen(["python", "-c", code], stdin=subprocess.PIPE) as p:
        assert p.stdout.readline() == "up\n"
        second = fresh.py("print('second')")
        p.communicate()
    assert second.stdout == "second\n", tell(second)


# --- PID 1 ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["mem", "environ", "maps", "smaps", "pagemap", "auxv", "cwd", "root", "exe", "fd", "map_files", "io", "syscall", "personality", "task/1/mem",
                                  "task/1/environ", "task/1/maps", "task/1/exe"])
def test_pid1_is_closed(box, name):
    """Without Yama /proc/1/mem was writable (design.md, Why venvbox-init is PID 1)."""
    code = HELP + ("def look(p):\n"
                   "    if os.path.basename(p) in ('fd', 'map_files'): return os.listdir(p) or None\n"
                   "    if os.path.basename(p) in ('cwd', 'root', 'exe'): return os.readlink(p)\n"
                   "    f = os.open(p, os.O_RDONLY)\n"
                   "    if not p.endswith('mem'): os.read(f, 8)\n"
                   f"print(attempt(lambda: look('/proc/1/{name}')), attempt(lambda: look('/proc/self/{name}'.replace('task/1', 'task/%d' % os.getpid()))))")
    pid1, own = box.value(code).split()
    assert own == "ok" or name == "map_files"
    if pid1 == "ok" and name in ("fd", "map_files"):  # uid 0: listed, but empty or unreadable
        assert box.value(f"import os; print(os.listdir('/proc/1/{name}'))") == "[]"
    else:
        assert pid1 in ("EACCES", "EPERM"), pid1


def test_pid1_cannot_be_killed_or_stopped(box):
    code = ("import os, signal, time\n"
            "for s in range(1, 65):\n"
            "    try: os.kill(1, s)\n"
            "    except OSError: pass\n"
            "time.sleep(0.1)\n"
            "print('state', open('/proc/1/status').read().split('State:')[1].split()[0])\n")
    done = box.py(code)
    assert done.stdout in ("state S\n", "state R\n"), tell(done)


def test_arguments_of_pid1_carry_no_policy(box):
    said = box.value("print(open('/proc/1/cmdline').read().split(chr(0))[:-1])")
    assert "--" not in said and box.project not in said


def test_no_other_process_of_ours_inside(box):
    """bwrap is outside; inside are PID 1 and the program."""
    assert box.value("import os; print([p for p in os.listdir('/proc') if p.isdigit()])") == "['1', '2']"


# --- the file system of the host -------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/oldroot", "/newroot", "/proc/1/root", "/proc/self/root/../../..", "/.."])
def test_the_hosts_root_is_out_of_reach(pair, path):
    secret = os.path.join(pair.box.who.home, ".ssh/id_ed25519")
    assert pair.box.attempt("open(sys.argv[1] + sys.argv[2]).read()", path, secret) in ("ENOENT", "EACCES", "EPERM", "ENOTDIR")


def test_nothing_of_the_home_by_walking(pair):
    """Everything that can be opened, searched for the decoys."""
    code = ("import os, sys\n"
            "found = []\n"
            "for top in ('/', sys.argv[2]):\n"
            "    for at, dirs, files in os.walk(top):\n"
            "        dirs[:] = [d for d in dirs if os.path.join(at, d) not in ('/proc', '/usr', '/lib', '/lib64', '/sys', '/dev')]\n"
            "        for f in files:\n"
            "            p = os.path.join(at, f)\n"
            "            try:\n"
            "                if os.path.isfile(p) and os.path.getsize(p) < 100000 and sys.argv[1].encode() in open(p, 'rb').read(): found.append(p)\n"
            "            except OSError: pass\n"
            "print(found)\n")
    assert pair.box.value(code, SECRET, pair.box.who.home) == "[]"
    assert ".ssh/id_ed25519" in pair.plain.value(code.replace("('/', sys.argv[2])", "(sys.argv[2],)"), SECRET, pair.box.who.home)


@pytest.mark.parametrize("program", ["su", "mount", "passwd", "newgrp", "chsh"])
def test_set_user_id_programs_gain_nothing(lab, who, program):
    """no_new_privs, and nosuid mounts (P09)."""
    box = lab.box(who, "--profile", "system")
    path = "/usr/bin/" + program
    if not os.path.exists(path):
        path = "/usr/bin/env"
    nosuid = box.value("import os, sys; print(os.statvfs(sys.argv[1]).f_flag & os.ST_NOSUID != 0, [l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')])", path)
    assert nosuid == "True ['1']"


def test_set_user_id_file_of_the_project_gains_nothing(lab, who):
    assert os.getuid() == 0, "run the tests as root: only root can make the decoy"
    box = lab.box(who)
    box.write("id.c", "#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf(\"%d\\n\", geteuid()); return 0; }\n")
    subprocess.run(["cc", "-o", box.path("id"), box.path("id.c")], check=True)
    os.chown(box.path("id"), 0, 0)
    os.chmod(box.path("id"), 0o4755)
    other = lab.user("user")
    assert other.run([box.path("id")]).stdout == "0\n"
    assert box.value("import subprocess; print(subprocess.run(['./id'], stdout=-1, text=True).stdout.strip())") == str(who.uid)
