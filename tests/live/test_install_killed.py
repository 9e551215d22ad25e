# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install on hosts that cannot make a box, without room or rights, and killed at each step (issue 2)."""
import collections
import fcntl
import os
import re
import shutil

import pytest

from boxlab import refused, snapshot, tell
from installing import install, refuses

STRACE = "/usr/bin/strace"


# --- hosts that cannot make a box ------------------------------------------------------------------------

def elsewhere(who, script, lab, plain, proc=False):
    """As root of a user namespace of its own, where the script can make the host worse than it is."""
    flags = "-Urmpf" if proc else "-Urm"
    more = ["--mount-proc"] if proc else []
    return who.run(["unshare", flags, *more, "sh", "-ec", script + '; exec "$@"', "sh", lab.installer, plain.venv], cwd=plain.project)


@pytest.mark.parametrize("script,word,hint", [
    ("echo 0 > /proc/sys/user/max_user_namespaces", "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces="),
    ("mount --bind /dev/null /usr/bin/bwrap", "is not a program", "install bubblewrap"),
    ("cp /usr/bin/bwrap b; chmod 4755 b; mount --bind b /usr/bin/bwrap", "setuid", "chmod u-s"),
    ("printf '#!/bin/sh\\necho bwrap: Unknown option --bind-fd >&2; exit 1\\n' > b; chmod 755 b; mount --bind b /usr/bin/bwrap", "--bind-fd", "install bubblewrap"),
    ("printf '#!/bin/sh\\nexit 0\\n' > b; chmod 755 b; mount --bind b /usr/bin/bwrap", "status 0", "whether a box"),
    ("cp /usr/bin/bwrap b; chmod 644 b; mount --bind b /usr/bin/bwrap", "cannot execute", "install bubblewrap"),
])
def test_host_that_cannot(lab, who, script, word, hint):
    plain = lab.plain(who)
    before = snapshot(plain.venv)
    assert hint in refused(elsewhere(who, script, lab, plain), word)
    assert snapshot(plain.venv) == before


def test_proc_that_cannot_be_mounted(lab, who):
    """The kernel lets a namespace mount /proc only where all of the old one can be seen."""
    plain = lab.plain(who)
    refused(elsewhere(who, "mount -t tmpfs x /proc/bus", lab, plain, proc=True), "/proc cannot be mounted")
    assert not os.path.exists(plain.state())


def test_kernel_without_seccomp(lab, who):
    plain = lab.plain(who)
    refused(who.run([STRACE, "-qqo", "/dev/null", "-e", "trace=prctl", "-e", "inject=prctl:error=EINVAL", lab.installer, plain.venv]), "seccomp")
    assert not os.path.exists(plain.state())


# --- no room, no rights, no company -------------------------------------------------------------------

def test_two_at_once(lab, who):
    plain = lab.plain(who)
    fd = os.open(plain.venv, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    refuses(lab, who, plain, "another venvbox-install")
    os.close(fd)
    assert install(lab, who, plain.venv).returncode == 0


def test_read_only_venv(lab):
    user = lab.user("user")
    plain = lab.plain(user)
    os.chmod(plain.venv, 0o555)
    refuses(lab, user, plain, "must be writable")
    os.chmod(plain.venv, 0o755)
    assert install(lab, user, plain.venv).returncode == 0


@pytest.mark.parametrize("call", ["mkdirat", "write", "symlinkat", "renameat", "fsync"])
def test_disk_full(lab, who, call):
    """The k-th step says ENOSPC: everything made so far is taken back."""
    plain = lab.plain(who)
    before = snapshot(plain.venv)
    for k in (1, 2, 5, 9):
        done = who.run([STRACE, "-qqo", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSPC:when={k}", lab.installer, plain.venv])
        if done.returncode == 0:
            assert call == "renameat" or k > 2
            assert install(lab, who, "--remove", plain.venv).returncode == 0
            break
        refused(done, "No space left on device")
        assert snapshot(plain.venv) == before


# --- killed -------------------------------------------------------------------------------------------

CALLS = ("mkdirat", "symlinkat", "renameat", "renameat2", "unlinkat", "fchmod", "fsync")


def traced(lab, who, inject, *args):
    words = [w for i in inject for w in ("-e", i)]
    return who.run([STRACE, "-qqo", "/dev/null", "-e", "trace=" + ",".join(CALLS), *words, lab.installer, *args])


def count(lab, who, tmp, *args):
    """How often one run makes each call."""
    log = tmp + "/calls"
    done = who.run([STRACE, "-qqo", log, "-e", "trace=" + ",".join(CALLS), lab.installer, *args])
    assert done.returncode == 0, tell(done)
    with open(log, encoding="utf-8", errors="surrogateescape") as f:
        return collections.Counter(re.match(r"\w+", line).group() for line in f if re.match(r"\w+\(", line))


def bin_of(plain):
    return snapshot(plain.bin(""))


def check_whole(lab, who, plain, original):
    """Plain as it was, or boxed; and then it can be boxed, and given back."""
    status = install(lab, who, "--status", plain.venv).returncode
    assert status in (0, 1)
    assert status == 0 or bin_of(plain) == original
    return status


def check_mends(lab, who, plain, original):
    assert install(lab, who, plain.venv).returncode == 0
    assert install(lab, who, "--status", plain.venv).returncode == 0
    done = install(lab, who, "--remove", plain.venv)
    assert done.returncode == 0 and bin_of(plain) == original, tell(done)
    assert not [n for n in os.listdir(plain.venv) if "venvbox" in n]


def steps(calls):
    """Every exchange; of the others the first, the last and some between. What is kept ready is made by hundreds of them, one like the other."""
    for call, n in calls.items():
        every = 1 if call == "renameat2" else max(4, n // 8)
        for k in range(1, n + 1):
            if k in (1, n) or k % every == 0:
                yield call, k


@pytest.mark.parametrize("fallback", [False, True], ids=["exchange", "three renames"])
def test_killed_installation(lab, who, fallback):
    plain = lab.plain(who)
    original = bin_of(plain)
    pretend = ["inject=renameat2:error=EINVAL"] if fallback else []
    calls = count(lab, who, who.home, plain.venv)
    if fallback:
        calls = {"renameat": calls["renameat"] + 3}
    assert install(lab, who, "--remove", plain.venv).returncode == 0
    for call, k in steps(calls):
        done = traced(lab, who, pretend + [f"inject={call}:signal=KILL:when={k}"], plain.venv)
        assert done.returncode in (-9, 137), (call, k, tell(done))
        if not fallback:
            check_whole(lab, who, plain, original)
        check_mends(lab, who, plain, original)
        shutil.rmtree(plain.venv + "/home")
        shutil.rmtree(plain.venv + "/cache")


@pytest.mark.parametrize("fallback", [False, True], ids=["exchange", "three renames"])
def test_killed_removal(lab, who, fallback):
    plain = lab.plain(who)
    original = bin_of(plain)
    pretend = ["inject=renameat2:error=EINVAL"] if fallback else []
    assert install(lab, who, plain.venv).returncode == 0
    calls = count(lab, who, who.home, "--remove", plain.venv)
    if fallback:
        calls = {"renameat": calls["renameat"] + 3}
    for call, k in steps(calls):
        assert install(lab, who, plain.venv).returncode == 0
        done = traced(lab, who, pretend + [f"inject={call}:signal=KILL:when={k}"], "--remove", plain.venv)
        assert done.returncode in (-9, 137), (call, k, tell(done))
        if not fallback:
            check_whole(lab, who, plain, original)
        check_mends(lab, who, plain, original)


def test_killed_second_installation(lab, who):
    """Of a boxed venv: it stays boxed, whichever of the settings it has."""
    plain = lab.plain(who)
    original = bin_of(plain)
    assert install(lab, who, plain.venv).returncode == 0
    calls = count(lab, who, who.home, plain.venv, "--network", "none")
    for call, k in steps(calls):
        assert install(lab, who, plain.venv, "--network", "host").returncode == 0
        done = traced(lab, who, [f"inject={call}:signal=KILL:when={k}"], plain.venv, "--network", "none")
        assert done.returncode in (-9, 137), (call, k, tell(done))
        assert check_whole(lab, who, plain, original) == 0
    check_mends(lab, who, plain, original)


def test_exchange_is_one_step(lab, who):
    """Without it there would be a moment without python."""
    plain = lab.plain(who)
    assert count(lab, who, who.home, plain.venv)["renameat2"] == 1
