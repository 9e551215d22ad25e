# SPDX-License-Identifier: LGPL-2.1-or-later
"""The device nodes and terminals of a box are the host's: what can be done to them, beyond reading and writing."""
import os
import stat

import pytest

from boxlab import tell
from terminal import Terminal

NODES = ("null", "zero", "full", "random", "urandom", "tty")

# If the attack works it changes nothing: the mode, owner and times of now.
ATTACKS = {
    "chmod": "os.chmod(p, os.stat(p).st_mode & 0o777)",
    "chown": "os.chown(p, os.stat(p).st_uid, os.stat(p).st_gid)",
    "utime": "os.utime(p, ns=(os.stat(p).st_atime_ns, os.stat(p).st_mtime_ns))",
}
REFUSED = ("EROFS", "EPERM")


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_node_stays_as_it_is(box, node, attack):
    assert box.attempt(f"p = '/dev/{node}'\n{ATTACKS[attack]}") in REFUSED


def test_root_could_without_a_box(pair):
    """Positive control."""
    said = pair.plain.attempt("p = '/dev/full'\n" + ATTACKS["chmod"])
    assert said == ("" if pair.plain.who.uid == 0 else "EPERM")


@pytest.mark.parametrize("node, number", [("null", 0), ("zero", 0), ("null", 1), ("full", 2), ("urandom", 7)])
def test_nor_through_an_inherited_descriptor(fresh, node, number):
    """fchmod(2) goes by the descriptor's own mount."""
    code = ("import os, errno, sys\n"
            "n = int(sys.argv[1])\n"
            "try: os.fchmod(n, os.fstat(n).st_mode & 0o777); said = 'ok'\n"
            "except OSError as e: said = errno.errorcode[e.errno]\n"
            "open('said', 'w').write('%s %d' % (said, os.fstat(n).st_rdev))\n")
    script = f'exec {number}{"<" if number in (0, 7) else ">"}/dev/{node}; exec .venv/bin/python -c "$1" {number}'
    done = fresh.sh(script, code)
    with open(fresh.path("said"), encoding="ascii") as f:
        said, device = f.read().split()
    assert said in REFUSED and int(device) == os.stat(f"/dev/{node}").st_rdev, tell(done)


def test_nor_through_what_stands_in_for_a_directory(fresh):
    assert fresh.sh('exec .venv/bin/python -c "$1" < /', "import os\n"
                    "try: os.fchmod(0, 0o666)\n"
                    "except OSError as e: print(e.errno)").stdout in ("1\n", "30\n")


def test_devices_work(box):
    code = ("import errno\n"
            "assert open('/dev/zero', 'rb').read(3) == bytes(3) and len(open('/dev/urandom', 'rb').read(5)) == 5\n"
            "open('/dev/null', 'r+b', 0).write(b'x')\n"
            "try: open('/dev/full', 'wb', 0).write(b'x')\n"
            "except OSError as e: print(errno.errorcode[e.errno])\n")
    assert box.value(code) == "ENOSPC"
    assert box.sh("echo x | .venv/bin/python -c 'import sys; print(len(sys.stdin.read()))' 2>/dev/null").stdout == "2\n"
    assert box.sh(".venv/bin/python -c 'import sys; print(len(sys.stdin.read()))' </dev/null").stdout == "0\n"
    assert box.sh(".venv/bin/python -c 'import os; print(len(os.read(9, 4)))' 9</dev/zero").stdout == "4\n"


def test_flags_of_a_device_are_kept(box):
    code = "import fcntl, os; f = fcntl.fcntl(8, fcntl.F_GETFL); print(f & os.O_ACCMODE == os.O_WRONLY, bool(f & os.O_APPEND))"
    assert box.sh(f".venv/bin/python -c '{code}' 8>>/dev/null").stdout == "True True\n"


def test_the_terminal_gets_its_mode_back(fresh):
    """A box can let everybody read what its user types: not for longer than it runs."""
    code = "import os; input('ready'); os.fchmod(0, 0o666); print('mode', oct(os.fstat(0).st_mode & 0o777))"
    with Terminal(fresh.who, [fresh.bin(), "-c", code], cwd=fresh.project) as t:
        t.expect("ready")
        before = stat.S_IMODE(os.stat(t.tty).st_mode)
        t.send("\n")
        t.expect("mode 0o666")
        assert t.finish() == 0
        assert stat.S_IMODE(os.stat(t.tty).st_mode) == before != 0o666


def test_alone_in_a_mount_namespace_it_works(lab):
    """Where the launcher is the only process in it, as in a container, leaving it must not end what its descriptors and its program lie on."""
    box = lab.box(lab.user("root"))
    box.write("input", "some text")
    script = ('mount --make-rprivate / && mount -t tmpfs none /mnt && mkdir /mnt/p && mount --bind "$1" /mnt/p && mount --bind /mnt/p "$1" && cp "$2" /mnt/in'
              ' && cd "$3" && exec .venv/bin/python -c "import sys; print(sys.stdin.read(), sys.executable)" < /mnt/in')
    done = box.who.run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", lab.prefix, box.path("input"), box.project], cwd="/")
    assert done.stdout == f"some text {box.bin()}\n", tell(done)
