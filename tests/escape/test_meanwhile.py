# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What changes on the host between the start of bwrap, which is made for what is expected, and its options: the box is as the host is then.
strace(1) holds the launcher where bwrap has just been started.
"""
import contextlib
import os
import shutil
import signal
import time

import pytest

from boxlab import descendants, tell, wait_until, with_mounts
from initrig import children

HELD = ["/usr/bin/strace", "-qqo", "/dev/null", "-e", "trace=vfork", "-e", "inject=vfork:delay_exit=1500000:when=1"]
FILE = "/etc/inputrc"


def comm(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as f:
        return f.read().strip()
    return ""


def bwraps(pid):
    return [p for p in descendants(pid) if comm(p) == "bwrap"]


@contextlib.contextmanager
def meanwhile(box, code):
    """A box of which bwrap has been started and told nothing; end() waits for its end."""
    p = box.popen([*HELD, box.bin(), "-c", code])
    try:
        wait_until(lambda: bwraps(p.pid))
        yield p
    finally:
        if p.poll() is None:
            for pid in [*descendants(p.pid), p.pid]:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        p.wait()
        p.stdout.close()
        p.stderr.close()


def end(p):
    """Status, output, words."""
    out, err = p.stdout.read(), p.stderr.read()
    return p.wait(), out, err


TRY = """
def attempt(what):
    try:
        what(); return 'done'
    except OSError as e:
        return errno.errorcode[e.errno]
import errno, os
"""


def test_nothing_changes_and_one_bwrap_does(fresh):
    with meanwhile(fresh, "print(1)") as p:
        first = bwraps(p.pid)
        time.sleep(0.3)
        assert bwraps(p.pid) == first and not os.path.exists(fresh.path(".git")), "the masks are made meanwhile"
        assert end(p) == (0, "1\n", "")


def test_a_repository_at_the_root_is_protected_with_what_it_holds(fresh):
    code = TRY + "print(open('.git/config').read(), attempt(lambda: open('.git/config', 'a')), attempt(lambda: open('.git/x', 'w')))"
    with meanwhile(fresh, code) as p:
        fresh.write(".git/config", "mine")
        assert end(p) == (0, "mine EROFS EROFS\n", "")
    assert os.listdir(fresh.path(".git")) == ["config"]


def test_a_protected_name_that_goes_is_masked(fresh):
    fresh.write(".env", "A=1\n")
    code = TRY + "print(repr(open('.env').read()), attempt(lambda: open('.env', 'w')))"
    with meanwhile(fresh, code) as p:
        os.unlink(fresh.path(".env"))
        assert end(p) == (0, "'' EROFS\n", "")
    assert not os.path.exists(fresh.path(".env"))


def test_a_repository_below_is_protected(fresh):
    code = TRY + "print(attempt(lambda: open('sub/.git/hooks', 'w')), attempt(lambda: os.rename('sub/.git', 'x')), attempt(lambda: open('sub/y', 'w')))"
    with meanwhile(fresh, code) as p:
        fresh.write("sub/.git/config", "")
        assert end(p) == (0, "EROFS EXDEV done\n", "")


def test_a_repository_that_was_known_and_is_made_again(fresh):
    """It is mounted read-only while it is there; nobody looks for it as something new."""
    fresh.write("sub/.git/config", "")
    assert fresh.py("pass").returncode == 0
    shutil.rmtree(fresh.path("sub"))
    assert fresh.py("pass").returncode == 0
    code = TRY + "print(attempt(lambda: open('sub/.git/hooks', 'w')))"
    with meanwhile(fresh, code) as p:
        fresh.write("sub/.git/config", "")
        assert end(p) == (0, "EROFS\n", "")


def test_a_repository_that_goes(fresh):
    fresh.write("sub/.git/config", "")
    assert fresh.py("pass").returncode == 0  # it is known from now on
    with meanwhile(fresh, "import os; print(os.listdir('.'))") as p:
        shutil.rmtree(fresh.path("sub"))
        status, out, err = end(p)
    assert (status, err) == (0, "") and "sub" not in out, out


def test_a_file_with_a_protected_name_is_replaced(fresh):
    fresh.write(".env", "A=1\n")
    with meanwhile(fresh, "print(open('.env').read(), end='')") as p:
        fresh.write("new", "A=2\n")
        os.rename(fresh.path("new"), fresh.path(".env"))
        assert end(p) == (0, "A=2\n", "")


def test_a_link_in_a_protected_place_is_refused(fresh):
    with meanwhile(fresh, "print('ran')") as p:
        os.symlink("/etc", fresh.path(".git"))
        status, out, err = end(p)
    assert (status, out) == (125, "") and "'%s' is protected and a symbolic link" % fresh.path(".git") in err and err.count("\n") == 2, err
    assert not os.path.exists(fresh.path(".env")) and os.readlink(fresh.path(".git")) == "/etc"
    os.unlink(fresh.path(".git"))
    assert fresh.value("print('runs')") == "runs"


def test_a_hard_link_of_what_the_host_sources_is_refused(fresh):
    with meanwhile(fresh, "print('ran')") as p:
        os.link(fresh.path(".venv", "pyvenv.cfg"), fresh.path("other"))
        status, out, err = end(p)
    assert (status, out) == (125, "") and "hard links" in err, err


def test_a_file_of_etc_is_shown_as_it_is_then(fresh, lab):
    """The first start after the installation knows all copies for sure: 2 seconds must have passed."""
    path = os.path.join(lab.top, "meanwhile")
    with open(path, "w", encoding="utf-8") as f:
        f.write("old\n")
    os.utime(path, (1000, 1000))
    show = f"print(open({FILE!r}).read(), end='')"
    start = f'mount --bind "{path}" {FILE}'
    plain = with_mounts(fresh, start, "/bin/sh", "-c", 'cd "$0" && "$@" >/dev/null; sleep 2.2; exec "$@"', fresh.project, fresh.bin(), "-c", show)
    assert plain.stdout == "old\n", tell(plain)
    script = 'cd "$0" && "$@" & sleep 0.7; echo new >%s; wait $!' % path
    os.chmod(path, 0o666)
    done = with_mounts(fresh, start, "/bin/sh", "-c", script, fresh.project, *HELD, fresh.bin(), "-c", show)
    assert (done.returncode, done.stdout, done.stderr) == (0, "new\n", ""), tell(done)
    os.unlink(path)


def test_a_launcher_that_is_killed_leaves_nothing(fresh):
    with meanwhile(fresh, "print('ran')") as p:
        [launcher] = children(p.pid)
        mine = [launcher, *descendants(launcher)]
        os.kill(launcher, signal.SIGKILL)
        p.wait()
        wait_until(lambda: not any(comm(pid) for pid in mine))
        assert p.stdout.read() == ""
    assert sorted(os.listdir(fresh.project)) == [".venv"]


@pytest.mark.parametrize("sig", ["INT", "TERM", "HUP"])
def test_a_signal_ends_it(fresh, sig):
    with meanwhile(fresh, "print('ran')") as p:
        [launcher] = children(p.pid)
        os.kill(launcher, getattr(signal, "SIG" + sig))
        status, out, err = end(p)
    assert status in (-getattr(signal, "SIG" + sig), 128 + getattr(signal, "SIG" + sig)) and (out, err) == ("", "")
    assert sorted(os.listdir(fresh.project)) == [".venv"]


def test_a_bwrap_that_is_killed_is_a_failure(fresh):
    with meanwhile(fresh, "print('ran')") as p:
        os.kill(bwraps(p.pid)[0], signal.SIGKILL)
        status, out, err = end(p)
    assert (status, out) == (125, "") and "killed" in err, err
    assert sorted(os.listdir(fresh.project)) == [".venv"]
