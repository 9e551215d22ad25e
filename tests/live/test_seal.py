# SPDX-License-Identifier: LGPL-2.1-or-later
"""The seal is on before the first instruction of Python, and nothing avoids it (spec C2, C3, B3, S8)."""
import os
import pathlib
import subprocess

import pytest

from boxlab import refused, status_of, tell

STATUS = "print(open('/proc/self/status').read() + '====\\n' + open('/proc/1/status').read())"
CAP_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NET_BIND = 1 << 10

SEAL_C = r"""
#include <stdio.h>
#include <string.h>
static void say(const char *who)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Seccomp:", 8) || !strncmp(line, "NoNewPrivs:", 11) || !strncmp(line, "Cap", 3))
			fprintf(stderr, "%s %s", who, line);
}
#ifdef LIBRARY
__attribute__((constructor)) static void begin(void) { say("library"); }
#else
int main(void) { say("program"); return 0; }
#endif
"""


def compiled(box, name, *options):
    source = box.write(name + ".c", SEAL_C)
    out = box.path(name)
    subprocess.run(["cc", "-o", out, source, *options], check=True)
    os.chmod(out, 0o755)
    return out


def assert_sealed(text, caps=0):
    status = status_of(text)
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert {name: int(status[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb", "CapBnd")} | {"CapBnd": 0, "CapInh": 0} == \
        {"CapPrm": caps, "CapEff": caps, "CapInh": 0, "CapAmb": caps, "CapBnd": 0}
    assert int(status["CapBnd"], 16) & ~caps == 0 and int(status["CapInh"], 16) & ~caps == 0


def assert_lines_sealed(text, word):
    """Lines of SEAL_C."""
    lines = [line for line in text.splitlines() if line.startswith(word + " ")]
    assert lines, text
    for line in lines:
        value = line.split(":")[1].strip()
        assert int(value, 16) == (2 if "Seccomp" in line else 1 if "NoNewPrivs" in line else 0), text


@pytest.mark.parametrize("flags", [[], ["-I"], ["-S"], ["-E"], ["-I", "-S", "-E"], ["-s", "-P"]], ids=" ".join)
def test_process_and_pid1_are_sealed(box, flags):
    own, _, init = box.run(["python", *flags, "-c", STATUS]).stdout.partition("====\n")
    assert_sealed(own)
    assert_sealed(init)


def test_plain_python_is_not_sealed(lab, who):
    """Positive control of this page."""
    status = status_of(lab.plain(who).value("print(open('/proc/self/status').read())"))
    assert status["Seccomp"] == "0" and int(status["CapBnd"], 16) != 0


def test_every_thread_is_sealed(box):
    code = ("import threading, os\n"
            "done = threading.Event()\n"
            "for i in range(3): threading.Thread(target=done.wait).start()\n"
            "for t in os.listdir('/proc/self/task'):\n"
            "    print([l.split()[1] for l in open('/proc/self/task/%s/status' % t) if l.startswith('Seccomp:')])\n"
            "done.set()\n")
    assert box.value(code).splitlines() == ["['2']"] * 4


def test_sitecustomize_is_too_late(lab, who):
    """Code of a package that runs before main: sitecustomize, .pth, PYTHONPATH, PYTHONSTARTUP."""
    box, plain = lab.box(who), lab.plain(who)
    code = "import sys; sys.stderr.write('program ' + [l for l in open('/proc/self/status') if l.startswith('Seccomp:')][0])\n"
    for side in (box, plain):
        who.write(side.site("sitecustomize.py"), code)
        who.write(side.site("evil.pth"), code)
        side.write("path/usercustomize.py", code)
    env = {"PYTHONPATH": "path"}
    assert plain.py("", env=env).stderr.count("Seccomp:\t0") >= 2
    said = box.py("", env=env).stderr
    assert said.count("Seccomp:\t2") >= 2 and "Seccomp:\t0" not in said


def test_ld_preload_from_dotenv_is_too_late(fresh):
    library = compiled(fresh, "preload.so", "-DLIBRARY", "-shared", "-fPIC")
    fresh.write(".env", f"LD_PRELOAD={library}\n")
    done = fresh.py("pass")
    assert done.returncode == 0, tell(done)
    assert_lines_sealed(done.stderr, "library")


def test_ld_preload_of_the_caller_reaches_python_sealed(fresh):
    """The caller preloads into the launcher too, as he may, unless it is static; the last to load it is Python."""
    library = compiled(fresh, "preload.so", "-DLIBRARY", "-shared", "-fPIC")
    done = fresh.sh('LD_PRELOAD="$1" .venv/bin/python -c pass; exit $?', library)
    seccomp = [line for line in done.stderr.splitlines() if "Seccomp:" in line]
    static = b"ld-linux" not in pathlib.Path(os.path.realpath(fresh.bin("python"))).read_bytes()
    assert seccomp[-1].endswith("\t2") and [s for s in seccomp[:-1] if s.endswith("\t2")] == [], tell(done)
    assert (len(seccomp) == 1) == static, tell(done)


def test_a_native_program_is_sealed(fresh):
    program = compiled(fresh, "native")
    assert "program Seccomp:\t0" in fresh.run([program]).stderr
    assert_lines_sealed(fresh.py("import subprocess, sys; subprocess.run([sys.argv[1]])", program).stderr, "program")


def test_a_static_program_is_sealed(fresh):
    program = compiled(fresh, "native", "-static")
    assert_lines_sealed(fresh.py("import subprocess, sys; subprocess.run([sys.argv[1]])", program).stderr, "program")


def test_a_native_command_of_bin_is_sealed(fresh):
    """As ruff: an ELF that pip put into bin (H20)."""
    program = compiled(fresh, "native")
    os.rename(program, fresh.state("inner-bin", "native"))
    os.symlink(os.readlink(fresh.bin("python")) if os.path.islink(fresh.bin("python")) else fresh.bin("python"), fresh.bin("native"))
    done = fresh.run(["native"])
    assert done.returncode == 0, tell(done)
    assert_lines_sealed(done.stderr, "program")


def test_securebits_are_locked(box):
    code = "import ctypes; c = ctypes.CDLL(None); print(c.prctl(27), c.prctl(28, 0), c.prctl(47, 2, 10, 0, 0))"
    assert box.value(code) == f"{0xEF} -1 -1"


def test_namespaces_are_private(box, who):
    """Mount, pid, ipc, uts, user, cgroup; the network is the host's (S2, S14)."""
    code = "import os; print({n: os.readlink('/proc/self/ns/' + n) for n in ('mnt', 'pid', 'ipc', 'uts', 'user', 'cgroup', 'net')})"
    inside = eval(box.value(code))  # pylint: disable=eval-used
    outside = eval(who.run(["/usr/bin/python3", "-c", code]).stdout)  # pylint: disable=eval-used
    assert [n for n in inside if inside[n] == outside[n]] == ["net"]


# --- --cap-add (C3, S7) ---------------------------------------------------------------------

def test_cap_add_is_kept_and_nothing_else(lab, who):
    box = lab.box(who, "--cap-add", "cap_net_bind_service")
    own, _, init = box.py(STATUS).stdout.partition("====\n")
    assert_sealed(own, NET_BIND)
    assert int(status_of(init)["CapEff"], 16) & ~NET_BIND == 0


def test_cap_add_reaches_a_program_that_python_starts(lab, who):
    box = lab.box(who, "--uid", "0", "--cap-add", "CAP_NET_BIND_SERVICE")
    done = box.py("import os, subprocess; print(os.getuid(), flush=True); subprocess.run(['cat', '/proc/self/status'])")
    uid, _, status = done.stdout.partition("\n")
    assert uid == "0"
    assert_sealed(status, NET_BIND)


def test_unknown_capability_is_refused(box):
    refused(box.py("print(1)", env={"BWRAP_ARGS": "--cap-add CAP_NO_SUCH"}), "CAP_NO_SUCH")


# --- SANDBOX_SECCOMP_ALLOW (S8) -----------------------------------------------------------------

# What Python needs to start and to print; no mkdir, no socket.
ALLOW = """read write open openat close stat fstat lstat newfstatat statx poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
rt_sigreturn ioctl pread64 pwrite64 readv writev access faccessat faccessat2 pipe pipe2 dup dup2 dup3 getpid gettid getppid getuid geteuid getgid getegid
getcwd readlink readlinkat getdents64 fcntl fcntl64 futex set_robust_list set_tid_address rseq prlimit64 getrandom sysinfo uname arch_prctl exit exit_group clone fork
vfork wait4 execve sigaltstack mremap madvise clock_gettime clock_nanosleep sched_getaffinity prctl time gettimeofday getrlimit""".replace("\n", " ")
CALLS = "for f in (lambda: os.mkdir('d'), lambda: socket.socket().close(), lambda: os.stat('.')):\n" \
        "    try: f(); print('ok')\n" \
        "    except OSError as e: print(errno.errorcode[e.errno])"
KEYCTL = "import ctypes, errno; c = ctypes.CDLL(None, use_errno=True); c.syscall(%d, 0, -3, 0); print(ctypes.get_errno())" % (
    250 if os.uname().machine == "x86_64" else 219)


def test_a_list_replaces_the_rows(fresh):
    code = "import errno, os, socket\n" + CALLS
    assert fresh.value(code).split() == ["ok", "ok", "ok"]
    os.rmdir(fresh.path("d"))
    said = fresh.value(code, env={"SANDBOX_SECCOMP_ALLOW": ALLOW}).split()
    assert said[2] == "ok" and not {"ok"} & set(said[:2]), said


def test_a_list_keeps_the_seal(box):
    own, _, init = box.py(STATUS, env={"SANDBOX_SECCOMP_ALLOW": ALLOW}).stdout.partition("====\n")
    assert_sealed(own)
    assert_sealed(init)


def test_an_unknown_call_is_an_error(box):
    refused(box.py("print(1)", env={"SANDBOX_SECCOMP_ALLOW": ALLOW + " no_such_call"}), "no_such_call")


def test_empty_allows_what_the_table_refuses(box):
    """keyctl(KEYCTL_GET_KEYRING_ID) is refused by the table; empty lifts that."""
    assert box.value(KEYCTL) in ("1", "38")
    assert box.value(KEYCTL, env={"SANDBOX_SECCOMP_ALLOW": ""}) not in ("1", "38")


def test_empty_still_keeps_terminal_and_namespaces(box):
    code = ("import ctypes, errno, os\n"
            "c = ctypes.CDLL(None, use_errno=True)\n"
            "def call(f, *a):\n"
            "    ctypes.set_errno(0); r = f(*a); return errno.errorcode.get(ctypes.get_errno(), 'ok') if r < 0 else 'ok'\n"
            "m, s = os.openpty()\n"
            "print(call(c.unshare, 0x10000000), call(c.ioctl, s, 0x5412, b'x'), call(c.ioctl, s, ctypes.c_ulong(0x5412 | 1 << 32), b'x'), call(c.ioctl, s, 0x541C, b'x'))\n")
    assert box.value(code, env={"SANDBOX_SECCOMP_ALLOW": ""}) == "EPERM EPERM EPERM EPERM"


def test_empty_keeps_the_seal(box):
    own, _, init = box.py(STATUS, env={"SANDBOX_SECCOMP_ALLOW": ""}).stdout.partition("====\n")
    assert_sealed(own)
    assert_sealed(init)


# --- nested start --------------------------------------------------------------------------------

def test_python_inside_starts_no_second_box(box):
    """sys.executable inside is the sealed interpreter itself; "inside" is no environment variable (design.md, law 8)."""
    code = ("import os, subprocess, sys\n"
            "print(os.readlink('/proc/self/ns/pid') == subprocess.run([sys.executable, '-c', 'import os; print(os.readlink(\"/proc/self/ns/pid\"))'],"
            " stdout=-1, text=True).stdout.strip())\n")
    assert box.value(code) == "True"


def test_no_variable_makes_it_believe_it_is_inside(box):
    """Every variable that is set inside, set outside: it is boxed all the same."""
    inside = eval(box.value("import os; print(dict(os.environ))"))  # pylint: disable=eval-used
    status = box.py(STATUS, env=inside).stdout.partition("====\n")[0]
    assert_sealed(status)
