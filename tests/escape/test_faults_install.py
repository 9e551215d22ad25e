# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each system call of venvbox-install fails once: the venv is boxed as ever, or what it was (issue 3, 7)."""
import os

import pytest

import faultlab
from boxlab import FAILURE, Venv, refused, snapshot
from faultbench import Bench, benches, check, new, places, points_of


class Looking(Bench):
    """--status: changes nothing, and never says that all is well when it could not see."""

    def verdict(self, run):
        if run.left or run.code is None or run.code < 0:
            return str(run)
        if snapshot(self.box.venv) != self.before:
            return f"it changed something: {run}"
        if run.code == FAILURE:
            return not faultlab.said_once(run.err) and f"not two lines: {run}"
        return run.code == 0 and run.out != self.said and f"it says something else: {run.out}"


def test_neighbours_are_seen(lab):
    """A directory of venvs is no project, also if it cannot be listed."""
    user = lab.user("user")
    bench = Bench(lab, user, user, [], False)
    lab.make_venv(Venv(user, bench.box.project, os.path.join(bench.box.project, "other")))
    refused(bench.again(), "a directory of venvs")
    for point in faultlab.points_of(bench.calls, ["installer"]):
        if point.call in ("openat", "openat2", "getdents64") and point.when == 1:
            run = bench.run(lambda **how: faultlab.inject(user, point, bench.args, **how))
            assert not run.hit or run.code == FAILURE, faultlab.tell(point)


@pytest.fixture(scope="module")
def fresh_benches(lab):
    user = lab.user("user")
    return benches(lab, user, user, [], False)


@pytest.fixture(scope="module")
def known(fresh_benches):
    """Where a first installation makes its calls: those are tried there."""
    return places(fresh_benches[0])


def test_installation(fresh_benches):
    check(fresh_benches, points_of(fresh_benches[0]))


@pytest.mark.parametrize("options,kind", [
    (["--network", "host"], Bench),
    (["--remove"], Bench),
    (["--status"], Looking),
], ids=["second installation", "removal", "status"])
def test_of_a_boxed_venv(lab, known, options, kind):
    user = lab.user("user")
    some = benches(lab, user, user, options, True, kind)
    check(some, new(points_of(some[0]), known))


def test_of_root(lab, known):
    """What root's installation does at places where the ordinary user's does nothing."""
    root = lab.user("root" if os.getuid() == 0 else "user")
    some = benches(lab, root, root, [], False)
    points = points_of(some[0])
    check(some, new(points, known) + points[:20])
