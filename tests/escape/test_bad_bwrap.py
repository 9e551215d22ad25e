# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bubblewrap that does not do what it was told, and hosts that cannot sandbox: 125, and nothing runs (spec B3; design.md, laws 4 and 7)."""
import os
import shutil
import stat

import pytest

from boxlab import PYTHON, refused, tell, with_mounts

RAN = "open('ran', 'w')"

# Stands in for bwrap: reads the options behind --args, changes them as CHANGE says, goes on with the real one.
LIAR = '''#!/usr/bin/python3 -I
import os, sys
args = sys.argv[1:]
at = args.index("--args")
fd = int(args[at + 1])
text = b""
while True:
    piece = os.read(fd, 65536)
    if not piece:
        break
    text += piece
words = [os.fsdecode(w) for w in text.split(b"\\0")[:-1]]

def drop(*names, n=0):
    """Without every option of this name and its n arguments."""
    out = []
    i = 0
    while i < len(words):
        if words[i] in names:
            i += 1 + n
        else:
            out.append(words[i])
            i += 1
    return out

{change}
mem = os.memfd_create("args")
os.write(mem, b"".join(os.fsencode(w) + b"\\0" for w in words))
os.lseek(mem, 0, 0)
os.set_inheritable(mem, True)
args[at + 1] = str(mem)
os.execv({real!r}, [{real!r}, *args])
'''


def disguised(box, stand_in, *args, **kw):
    """The box's Python where /usr/bin/bwrap is another file."""
    args = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', box.project, box.bin(), *args]
    return with_mounts(box, f'mount --bind "{stand_in}" /usr/bin/bwrap', *args, **kw)


@pytest.fixture(scope="module")
def real(lab):
    path = os.path.join(lab.top, "real-bwrap")
    shutil.copy2("/usr/bin/bwrap", path)
    return path


@pytest.fixture
def stand_in(lab, real):
    def make(text, mode=0o755):
        path = os.path.join(lab.top, "stand-in")
        if os.path.exists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path
    return make


def test_an_honest_stand_in_works(fresh, stand_in, real):
    """Positive control of this page."""
    done = disguised(fresh, stand_in(LIAR.format(change="", real=real)), "-c", RAN)
    assert done.returncode == 0 and os.path.exists(fresh.path("ran")), tell(done)


LIES = {
    "the venv writable": "i = [k for k, w in enumerate(words) if w == '--ro-bind-fd' and words[k + 2] == VENV][0]; words[i] = '--bind-fd'",
    "the state writable": "i = max(k for k, w in enumerate(words) if w == '--ro-bind-fd' and words[k + 2].startswith(VENV)); words[i] = '--bind-fd'",
    "another directory as the venv": "i = [k for k, w in enumerate(words) if w == '--ro-bind-fd' and words[k + 2] == VENV][0]; words[i:i + 2] = ['--ro-bind', '/usr']",
    "another directory as the home": "i = [k for k, w in enumerate(words) if w == '--bind-fd' and words[k + 2] == VENV + '/home'][0]; words[i:i + 2] = ['--bind', '/tmp']",
    "a mount left out": "i = [k for k, w in enumerate(words) if w == '--ro-bind-fd' and words[k + 2].endswith('/.git')][0]; del words[i:i + 3]",
    "another file as the interpreter": "i = [k for k, w in enumerate(words) if w == '--ro-bind-fd' and words[k + 2] == VENV + '/bin/python'][0]; "
                                       "words[i:i + 2] = ['--ro-bind', '/usr/bin/env']",
    "no pid namespace": "words = drop('--unshare-pid', '--as-pid-1')",
    "not as PID 1": "words = drop('--as-pid-1')",
    "no CAP_SETPCAP": "words = drop('--cap-add', n=1)",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_out(fresh, stand_in, real, lie):
    """PID 1 looks at what it really got."""
    fresh.write(".git/config", "x")
    # Without a namespace of its own, root's pid_max would be the host's, before anybody can look.
    fresh.conf("[limits]\nprocesses = none\n")
    change = f"VENV = {fresh.venv!r}\n{LIES[lie]}"
    done = disguised(fresh, stand_in(LIAR.format(change=change, real=real)), "-c", RAN)
    refused(done)
    assert not os.path.exists(fresh.path("ran")), tell(done)


@pytest.mark.parametrize("lie", ["words = drop('--cap-drop', n=1)", "words += ['--cap-add', 'ALL']"])
def test_too_many_capabilities_are_dropped_all_the_same(fresh, stand_in, real, lie):
    done = disguised(fresh, stand_in(LIAR.format(change=lie, real=real)), "-c", "print(open('/proc/self/status').read())")
    if done.returncode == 0:
        assert "CapEff:\t0000000000000000" in done.stdout and "CapBnd:\t0000000000000000" in done.stdout, tell(done)
    else:
        refused(done)


@pytest.mark.parametrize("text, words", [
    ("#!/bin/sh\nexit 0\n", []), ("#!/bin/sh\nexit 1\n", []), ("#!/bin/sh\nkill -9 $$\n", []),
    ("#!/bin/sh\necho 'bwrap: Unknown option --bind-fd' >&2; exit 1\n", ["bubblewrap"]),
    ("#!/bin/sh\necho 'bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.' >&2; exit 1\n", ["namespaces"]),
    ("#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done; exec \"$@\"\n", []),
    ("#!/bin/sh\nfor last; do :; done; exec 3</dev/null; exec \"$last\" \"$last\"\n", []),
    ("no program", []), ("", []),
])
def test_a_bwrap_that_fails(fresh, stand_in, text, words):
    """It says what bwrap said, and the remedy; also when it runs PID 1 outside any box, or ends well having done nothing."""
    done = disguised(fresh, stand_in(text), "-c", RAN)
    refused(done, *words)
    assert not os.path.exists(fresh.path("ran"))


@pytest.mark.parametrize("mode", [0o644, 0o000])
def test_a_bwrap_that_cannot_be_executed(fresh, stand_in, mode):
    refused(disguised(fresh, stand_in("#!/bin/sh\n", mode), "-c", RAN), "bwrap")


def test_a_setuid_bwrap_is_refused(fresh, lab):
    path = os.path.join(lab.top, "setuid-bwrap")
    shutil.copy2("/usr/bin/bwrap", path)
    os.chmod(path, 0o755 | stat.S_ISUID)
    refused(disguised(fresh, path, "-c", RAN), "setuid")
    os.chmod(path, 0o755)
    assert disguised(fresh, path, "-c", RAN).returncode == 0


def test_bwrap_is_not_taken_from_path(fresh, lab):
    directory = lab.directory(fresh.who, "evil-path")
    for name in ("bwrap", "sh", "id", "env", "ldd", "python3"):
        fresh.who.write(f"{directory}/{name}", f"#!/bin/sh\ntouch {directory}/ran\n", 0o755)
    done = fresh.py("print(1)", env={"PATH": directory})
    assert done.stdout == "1\n" and not os.path.exists(directory + "/ran"), tell(done)


# --- a disk that takes nothing -----------------------------------------------------------------

def read_only(box):
    return f'mount --bind "{box.project}" "{box.project}" && mount -o remount,bind,ro "{box.project}"'


@pytest.mark.parametrize("words", [["python", "-c", "open('/tmp/x', 'w'); print(1)"], ["pip", "--version"]], ids=["python", "pip"])
def test_a_read_only_venv_is_told(fresh_pip, words):
    """Or it works, sealed; nothing is changed either way."""
    done = with_mounts(fresh_pip, read_only(fresh_pip), fresh_pip.bin(words[0]), *words[1:])
    assert done.returncode == 0 or refused(done), tell(done)


def test_install_on_a_read_only_venv(lab, who):
    plain = lab.plain(who)
    plain.lab = lab
    refused(with_mounts(plain, read_only(plain), lab.installer, plain.venv))
    assert not os.path.exists(os.path.join(plain.venv, "venvbox"))


# --- hosts that cannot sandbox ----------------------------------------------------------------

def in_a_container(box, before, *args):
    """As root of a user namespace of one's own, after the commands in `before`."""
    return box.who.run(["/usr/bin/unshare", "-Urmpf", "--mount-proc", "/bin/sh", "-c", before + '\nexec "$@"', "sh", box.bin(), *args], cwd=box.project)


def test_in_a_container_with_the_right_it_works(fresh):
    done = in_a_container(fresh, ":", "-c", "print(open('/proc/self/status').read())")
    assert done.returncode == 0 and "Seccomp:\t2" in done.stdout, tell(done)


def test_no_user_namespaces_left(fresh):
    refused(in_a_container(fresh, "echo 0 > /proc/sys/user/max_user_namespaces || exit 99", "-c", RAN), "user.max_user_namespaces")
    assert not os.path.exists(fresh.path("ran"))


def test_proc_that_cannot_be_mounted(fresh):
    """VFS: mount too revealing, as in a container with a masked /proc."""
    refused(in_a_container(fresh, "mount -t tmpfs none /proc/sys || exit 99", "-c", RAN), "/proc")
    assert not os.path.exists(fresh.path("ran"))


# A filter that answers some calls with an errno, then the command: an old kernel, or a container's policy.
DENY = '''
import ctypes, os, struct, sys
calls = eval(sys.argv[1])  # {nr or (nr, first argument): errno}
insn = lambda code, jt, jf, k: struct.pack("=HBBI", code, jt, jf, k)
prog = insn(0x20, 0, 0, 0)
for what, err in calls.items():
    if isinstance(what, tuple):
        prog += insn(0x15, 0, 3, what[0]) + insn(0x20, 0, 0, 16) + insn(0x15, 0, 1, what[1])
        prog += insn(0x06, 0, 0, 0x00050000 | err) + insn(0x20, 0, 0, 0)
    else:
        prog += insn(0x15, 0, 1, what) + insn(0x06, 0, 0, 0x00050000 | err)
prog += insn(0x06, 0, 0, 0x7FFF0000)
buf = ctypes.create_string_buffer(prog, len(prog))
class F(ctypes.Structure): _fields_ = [("n", ctypes.c_ushort), ("p", ctypes.c_void_p)]
c = ctypes.CDLL(None, use_errno=True)
assert c.prctl(38, 1, 0, 0, 0) == 0
assert c.prctl(22, 2, ctypes.byref(F(len(prog) // 8, ctypes.addressof(buf)))) == 0
os.execv(sys.argv[2], sys.argv[2:])
'''
X86 = os.uname().machine == "x86_64"
SECCOMP, LANDLOCK, CLOSE_RANGE, MOUNT, UNSHARE = (317, 444, 436, 165, 272) if X86 else (277, 444, 436, 40, 97)


def on_a_kernel(box, calls, code):
    return box.who.run([PYTHON, "-c", DENY, repr(calls), box.bin(), "-c", code], cwd=box.project)


def test_without_seccomp_nothing_runs(fresh):
    set_seccomp = (157 if X86 else 167, 22)
    refused(on_a_kernel(fresh, {SECCOMP: 38, set_seccomp: 22}, RAN), "seccomp")
    assert not os.path.exists(fresh.path("ran"))


LIST = "import os; print(open('/proc/self/status').read(), sorted(os.listdir('/proc/self/fd')))"


@pytest.mark.parametrize("errno", [38, 95])
def test_a_kernel_without_landlock_is_enough(fresh, errno):
    done = on_a_kernel(fresh, {LANDLOCK: errno}, LIST)
    assert done.returncode == 0 and "Seccomp:\t2" in done.stdout, tell(done)


@pytest.mark.parametrize("calls", [{CLOSE_RANGE: 38}, {LANDLOCK: 38, CLOSE_RANGE: 38}, {CLOSE_RANGE: 1}])
def test_without_close_range_no_descriptor_slips_in(fresh, calls):
    """It works, or it is refused: PID 1 of root's box cannot list its descriptors."""
    done = on_a_kernel(fresh, calls, LIST)
    if done.returncode == 125:
        refused(done)
        return
    assert "Seccomp:\t2" in done.stdout and "['0', '1', '2', '3']" in done.stdout, tell(done)


def test_mount_refused(fresh):
    refused(on_a_kernel(fresh, {MOUNT: 1}, RAN))
    assert not os.path.exists(fresh.path("ran"))
