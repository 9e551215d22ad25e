# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each system call of venvbox-install fails once: the venv is boxed as ever, or what it was (issue 3, 7)."""
import os
import shutil

import pytest

import faultlab
from boxlab import FAILURE, Box, Venv, refused, snapshot

ROLES = ("installer", "installer child")

UNIMPORTANT = ("close",)  # a sixth of all, and nothing depends on the answer

# What may differ although nothing was said: names for people, where there is one for everybody.
LESSER = {"venvbox/etc/group", "venvbox/etc/passwd"}


class Bench:
    """A venv, and the command that is made to fail on it."""

    def __init__(self, lab, who, owner, options, boxed):
        self.lab, self.who, self.owner, self.options = lab, who, owner, options
        self.box = Box(lab, owner, lab.directory(owner))
        lab.make_venv(self.box)
        self.plain = self.box.project + ".plain"
        self.store(self.plain)
        self.bin = snapshot(self.box.bin(""))
        if boxed:
            self.box.install("--network", "none")
        self.start = self.box.project + ".start"
        self.store(self.start)
        self.before = snapshot(self.box.venv)
        self.args = [lab.installer, self.box.venv, *options]
        run = self.run(lambda **how: faultlab.trace(who, {"roles": list(ROLES)}, self.args, **how))
        assert run.code == 0 and not run.left, str(run)
        self.calls, self.said, self.after = run.calls, run.out, snapshot(self.box.venv)
        self.reset()

    def store(self, place):
        self.owner.run(["cp", "-a", self.box.venv, place], check=True)

    def reset(self):
        shutil.rmtree(self.box.venv)
        self.owner.run(["cp", "-a", self.start, self.box.venv], check=True)

    def run(self, do):
        return do(cwd=self.box.project)

    def inject(self, point):
        return self.run(lambda **how: faultlab.inject(self.who, point, self.args, **how))

    def again(self, *options):
        return self.who.run([self.lab.installer, self.box.venv, *options], cwd=self.box.project)

    def judge(self, point):
        run = self.inject(point)
        if not run.hit:
            self.reset()
            run = self.inject(faultlab.by_number(point))
        kind = "not met again" if not run.hit else "refused" if run.code == FAILURE else "worked"
        complaint = self.verdict(run)
        self.reset()
        return kind, complaint

    def verdict(self, run):
        if run.left:
            return f"processes are left: {run}"
        now = snapshot(self.box.venv)
        if run.code == 0:
            return set(self.changed(now)) - LESSER and f"it is not what it should be: {faultlab.differ(self.after, now)}; {run}"
        if run.code != FAILURE or not faultlab.said_once(run.err):
            return f"neither done nor refused: {run}"
        return self.unharmed(now, run)

    def changed(self, now):
        return [name for name in set(now) | set(self.after) if now.get(name) != self.after.get(name)]

    def unharmed(self, now, run):
        """As before, or boxed and in order, or plain; and the next one does it."""
        if now not in (self.before, self.after):
            if self.before == snapshot(self.plain):
                return f"it is not what it was: {faultlab.differ(self.before, now)}; {run}"
            status = self.again("--status")
            if status.returncode != 0 and snapshot(self.box.bin("")) != self.bin:
                return f"it is neither boxed nor plain: {status.stdout}; {run}"
        done = self.again(*self.options)
        if snapshot(self.box.venv) == self.after:
            return None  # a removal that is complete has nothing to remove
        later = snapshot(self.box.venv)
        if done.returncode != 0 or later != self.after:
            return f"the next one does not mend it: {faultlab.differ(self.after, later)}; {done.stderr}; {run}"
        return None


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


def benches(lab, who, owner, options, boxed, kind=Bench):
    return [kind(lab, who, owner, options, boxed) for _ in range(faultlab.WORKERS)]


def check(some, points):
    complaints, kinds = faultlab.try_all(points, some, type(some[0]).judge)
    assert not complaints, "\n".join(complaints)
    assert kinds["refused"] > 0


def test_neighbours_are_seen(lab):
    """A directory of venvs is no project, also if it cannot be listed."""
    user = lab.user("user")
    bench = Bench(lab, user, user, [], False)
    lab.make_venv(Venv(user, bench.box.project, os.path.join(bench.box.project, "other")))
    refused(bench.again(), "a directory of venvs")
    for point in faultlab.points_of(bench.calls, ["installer"]):
        if point.call in ("openat", "getdents64") and point.when == 1:
            run = bench.run(lambda **how: faultlab.inject(user, point, bench.args, **how))
            assert not run.hit or run.code == FAILURE, faultlab.tell(point)


@pytest.fixture(scope="module")
def fresh_benches(lab):
    user = lab.user("user")
    return benches(lab, user, user, [], False)


@pytest.fixture(scope="module")
def known(fresh_benches):
    """Where a first installation makes its calls: those are tried there."""
    return {faultlab.place(p) for p in faultlab.points_of(fresh_benches[0].calls, ROLES, UNIMPORTANT)}


def new(points, known):
    return [p for p in points if faultlab.ALL or faultlab.place(p) not in known]


def test_installation(fresh_benches):
    check(fresh_benches, faultlab.points_of(fresh_benches[0].calls, ROLES, UNIMPORTANT))


@pytest.mark.parametrize("options,kind", [
    (["--network", "host"], Bench),
    (["--remove"], Bench),
    (["--status"], Looking),
], ids=["second installation", "removal", "status"])
def test_of_a_boxed_venv(lab, known, options, kind):
    user = lab.user("user")
    some = benches(lab, user, user, options, True, kind)
    check(some, new(faultlab.points_of(some[0].calls, ROLES, UNIMPORTANT), known))
