# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of venvbox-init share: users, a directory of the host, refusals."""
import os

import pytest

import initrig as rig
from initrig import run

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


def refused_late(user, **how):
    """A failure after the fork, before execve()."""
    box, text = run(user, SAY, **how)
    assert MARK not in text and box.kinds() == [rig.SEALED, rig.FAILED]
    return box.reports[-1]


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


def init_pid(box):
    rig.wait_until(lambda: rig.find_init(box.process.pid), "no PID 1")
    return rig.find_init(box.process.pid)
