# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install --doctor where things do not hold: each canary is seen to fail, and hosts that cannot make a box (spec B11)."""
import os
import shutil
import socket

import pytest

from boxlab import PYTHON, lacks, refused, tell
from doctor import MISSING, attacks, by_id, disguised, is_well, not_held, parse, place, results

SEAL = {"seal-seccomp", "seal-no-new-privs", "seal-capabilities"}
INIT = {"init-seccomp", "init-no-new-privs", "init-capabilities"}


def has_family(family, kind):
    try:
        socket.socket(family, kind).close()
    except OSError:
        return False
    return True


def refused_to_everybody(who):
    """Attacks that this host lets nobody make, or not this user: asked of the kernel, not of the doctor."""
    found = {"clone3-user"} if lacks("clone3") else set()
    if not has_family(38, socket.SOCK_SEQPACKET):
        found.add("af-alg")
    if not has_family(40, socket.SOCK_STREAM):
        found.add("af-vsock")
    if who.uid != 0:
        found |= {"write-sysctl", "fsopen"}
        for name, file in (("tiocsti", "/proc/sys/dev/tty/legacy_tiocsti"), ("bpf", "/proc/sys/kernel/unprivileged_bpf_disabled")):
            if os.path.exists(file) and open(file, encoding="ascii").read().strip() == {"tiocsti": "0"}.get(name, "-"):
                found |= {name, "tiocsti-high"}
    return found


@pytest.fixture
def stand_in(lab):
    def make(text, name="stand-in"):
        path = os.path.join(lab.top, name)
        if os.path.exists(path):
            os.unlink(path)
        return lab.user("root").write(path, text, 0o755)
    return make


def launcher(lab):
    return os.path.join(lab.libexec, "venvbox-launcher")


# --- each canary can fail ------------------------------------------------------------------------------------------

def test_without_a_box_every_attack_works(lab, who, stand_in):
    """The launcher is a plain Python."""
    said = disguised(lab, who, stand_in(f'#!/bin/sh\nexec {PYTHON} "$@"\n'), launcher(lab))
    assert said["ok"] is False
    assert not_held(said) == MISSING | (attacks() | SEAL) - refused_to_everybody(who)  # an ordinary user has a bounding set


# In what is no box it makes its attacks and says that each was refused.
LIAR = """#!/bin/sh
[ "$3" = inside ] || exec {real} "$@"
{real} "$@" | sed -u '/^end /!s/^\\([a-z0-9-]*\\) [0-9]*/\\1 1/'
"""
SEEN = {"write-launcher", "write-activate", "write-pyvenv-cfg", "write-state", "make-git", "write-git", "write-stdin", "setuid-file", "tiocsti", "tiocsti-high",
        "signal-group", "connect-abstract", "daemon"}


def test_the_attackers_word_is_not_enough(lab, who, stand_in):
    """What the host can see for itself it sees, whatever the attacker says."""
    real = shutil.copy2(os.path.join(lab.libexec, "venvbox-canary"), lab.user("root").makedirs(os.path.join(lab.top, "real-canary")))
    liar = stand_in(LIAR.format(real=real), "liar")
    python = stand_in(f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    said = disguised(lab, who, python, launcher(lab), liar, os.path.join(lab.libexec, "venvbox-canary"))
    assert not_held(said) >= SEEN - refused_to_everybody(who)
    assert {by_id(said)[i]["detail"] for i in SEEN - refused_to_everybody(who)} == {"the host saw it happen"}
    assert results(said)["mount"] == "held"  # only the errno tells: the lie was told


def test_every_remedy_is_there(lab, who, stand_in):
    said = disguised(lab, who, stand_in(f'#!/bin/sh\nexec {PYTHON} "$@"\n'), launcher(lab))
    assert all(c["remedy"] for c in said["checks"] if c["result"] == "not-held")
    assert "6.12" in by_id(said)["connect-abstract"]["remedy"]


def test_a_pid_namespace_alone_is_no_box(lab, who, stand_in):
    """PID 1 is a shell, which nothing holds; the daemon ends with it."""
    flags = "-pf" if who.uid == 0 else "-Urpf"
    said = disguised(lab, who, stand_in(f'#!/bin/sh\nexec unshare {flags} --mount-proc /bin/sh -c \'"$@"; exit $?\' sh {PYTHON} "$@"\n'), launcher(lab))
    assert INIT | SEAL <= not_held(said) and results(said)["daemon"] == "held"


# Changes the options of a real bwrap; see tests/escape/test_bad_bwrap.py.
CHANGED = '''#!/usr/bin/python3 -I
import os, sys
args = sys.argv[1:]
if args == ["--version"]:  # also in the trial box, where the real one is not to be seen
    sys.exit(print("bubblewrap 0"))
if "--args" in args:
    at = args.index("--args")
    words = open("/proc/self/fd/" + args[at + 1], "rb").read().split(b"\\0")[:-1]
    if b"venvbox-doctor" in b"".join(words):  # not the trial box
        proc = words.index(b"--proc")
        words[proc:proc] = [{more}]
    mem = os.memfd_create("args", 0)
    os.write(mem, b"".join(w + b"\\0" for w in words))
    os.lseek(mem, 0, 0)
    args[at + 1] = str(mem)
os.execv({real!r}, [{real!r}, *args])
'''


@pytest.fixture(scope="module")
def real_bwrap(lab):
    return shutil.copy2("/usr/bin/bwrap", os.path.join(lab.top, "real-bwrap"))


def test_an_honest_stand_in_holds(lab, who, stand_in, real_bwrap):
    """Positive control of the next."""
    said = disguised(lab, who, stand_in(CHANGED.format(more="", real=real_bwrap)), "/usr/bin/bwrap")
    assert is_well(said) and results(said)["read-key"] == "held"


def test_a_mount_too_many(lab, who, stand_in, real_bwrap):
    """A bubblewrap that shows the decoy home as well: that is read, and all else holds."""
    top = lab.top.encode()
    said = disguised(lab, who, stand_in(CHANGED.format(more=f"b'--ro-bind', {top!r}, {top!r}", real=real_bwrap)), "/usr/bin/bwrap")
    assert not_held(said) == {"read-key", "read-link"} | MISSING


# --- a defence less -----------------------------------------------------------------------------------------------------

X86 = os.uname().machine == "x86_64"
LANDLOCK = 444
SECCOMP = 317 if X86 else 277

# A filter that answers a call with an errno, then the command: an older kernel.
DENY = '''
import ctypes, os, struct, sys
nr, err = int(sys.argv[1]), int(sys.argv[2])
insn = lambda code, jt, jf, k: struct.pack("=HBBI", code, jt, jf, k)
prog = insn(0x20, 0, 0, 0) + insn(0x15, 0, 1, nr) + insn(0x06, 0, 0, 0x00050000 | err) + insn(0x06, 0, 0, 0x7FFF0000)
buf = ctypes.create_string_buffer(prog, len(prog))
class F(ctypes.Structure): _fields_ = [("n", ctypes.c_ushort), ("p", ctypes.c_void_p)]
c = ctypes.CDLL(None, use_errno=True)
assert c.prctl(38, 1, 0, 0, 0) == 0
assert c.prctl(22, 2, ctypes.byref(F(len(prog) // 8, ctypes.addressof(buf)))) == 0
os.execv(sys.argv[3], sys.argv[3:])
'''


def on_a_kernel_without(lab, who, nr, err=38):
    return parse(who.run([PYTHON, "-c", DENY, str(nr), str(err), lab.installer, "--doctor", "--json"], env={"TMPDIR": place(lab, who)}))


@pytest.mark.parametrize("err", [38, 95])
def test_without_landlock(lab, who, err):
    """Abstract sockets and signals are open, and it says which kernel closes them; the rest holds."""
    said = on_a_kernel_without(lab, who, LANDLOCK, err)
    assert not_held(said) == {"landlock", "signal-group", "connect-abstract"}
    assert all("6.12" in by_id(said)[i]["remedy"] for i in not_held(said))


def test_a_filter_of_our_own_is_not_taken_for_the_boxs(lab, who, stand_in):
    """Where the doctor is filtered itself, as in a container, an attacker without another filter is not sealed."""
    path = stand_in(f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    script = f'mount --make-rprivate / && mount --bind {path} {launcher(lab)} && exec setpriv --reuid {who.uid} --regid {who.gid} --init-groups "$@"'
    # PID 1 is the shell before it.
    done = lab.user("root").run(["/usr/bin/unshare", "-mpf", "--mount-proc", "/bin/sh", "-c", '/bin/sh -c "$0" sh "$@"; exit $?', script,
                                 PYTHON, "-c", DENY, "9998", "38", lab.installer, "--doctor", "--json"], cwd="/", env={**who.env, "TMPDIR": place(lab, who)})
    assert results(parse(done))["seal-seccomp"] == "not-held"


@pytest.mark.parametrize("mode, held", [(0o775, False), (0o757, False), (0o4755, False), (0o755, True)])
def test_programs_that_others_can_change(lab, who, mode, held):
    path = shutil.copy2(os.path.join(lab.libexec, "venvbox-init"), os.path.join(lab.top, "init"))
    os.chown(path, 0, 0)
    os.chmod(path, mode)
    said = disguised(lab, who, path, os.path.join(lab.libexec, "venvbox-init"))
    assert results(said)["programs"] == ("held" if held else "not-held")


# --- no box at all ---------------------------------------------------------------------------------------------------------

def no_box(said, check, *words):
    """The host's check says why; nothing of the box was shown, and nothing claims to hold."""
    found = by_id(said)
    assert said["ok"] is False and found[check]["result"] == "not-held" and found["run"]["result"] == "not-held"
    assert all(found[i]["result"] == "not-checked" for i in attacks() | SEAL | INIT)
    for word in words:
        assert word in found[check]["detail"] + found[check]["remedy"], found[check]


@pytest.mark.parametrize("script, check, words", [
    ("echo 0 > /proc/sys/user/max_user_namespaces", "box", ["user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces="]),
    ("mount -t tmpfs x /proc/bus", "box", ["/proc cannot be mounted"]),
    ("mount --bind /dev/null /usr/bin/bwrap", "bwrap", ["install the package bubblewrap"]),
    ("cp /usr/bin/bwrap $TMPDIR/b; chmod 4755 $TMPDIR/b; mount --bind $TMPDIR/b /usr/bin/bwrap", "bwrap", ["setuid", "chmod u-s"]),
    ("printf '#!/bin/sh\\necho bwrap: Unknown option --bind-fd >&2; exit 1\\n' > $TMPDIR/b; chmod 755 $TMPDIR/b; mount --bind $TMPDIR/b /usr/bin/bwrap", "box", ["--bind-fd"]),
    ("printf '#!/bin/sh\\nexit 0\\n' > $TMPDIR/b; chmod 755 $TMPDIR/b; mount --bind $TMPDIR/b /usr/bin/bwrap", "box", ["status 0"]),
    ("printf '#!/bin/sh\\necho bubblewrap 9\\n' > $TMPDIR/b; chmod 755 $TMPDIR/b; mount --bind $TMPDIR/b /usr/bin/bwrap", "run", []),
])
def test_a_host_that_cannot(lab, who, script, check, words):
    """The last lies about everything: only the attack finds it out."""
    tmp = place(lab, who)
    done = who.run(["unshare", "-Urmpf", "--mount-proc", "sh", "-ec", script + '; "$@"; exit $?', "sh", lab.installer, "--doctor", "--json"], env={"TMPDIR": tmp})
    no_box(parse(done), check, *words)
    assert set(os.listdir(tmp)) <= {"b"}


def test_without_seccomp(lab, who):
    no_box(on_a_kernel_without(lab, who, SECCOMP), "seccomp", "4.14")


def test_text_on_a_host_that_cannot(lab, who):
    done = who.run(["unshare", "-Urm", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh", lab.installer, "--doctor"], env={"TMPDIR": place(lab, who)})
    assert done.returncode == 1 and done.stderr == "", tell(done)
    assert "\nNOT HELD    a box can be made" in done.stdout and "(hint: as root: sysctl -w user.max_user_namespaces=" in done.stdout
    assert "\nNOT CHECKED reads a decoy key in the home: there is no box to attack\n" in done.stdout


def test_without_a_python_of_the_distribution(lab, who):
    """It says what to do instead; the venv of another Python can be checked."""
    done = who.run(["unshare", "-Urm", "sh", "-ec", ': > $TMPDIR/f; mount --bind $TMPDIR/f /usr/bin/python3.11; [ ! -e /usr/local/bin/python3 ] || mount --bind $TMPDIR/f '
                    '"$(readlink -f /usr/local/bin/python3)"; exec "$@"', "sh", lab.installer, "--doctor"], env={"TMPDIR": place(lab, who)})
    refused(done, "there is no python3", "--doctor VENV")
