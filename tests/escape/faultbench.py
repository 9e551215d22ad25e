# SPDX-License-Identifier: LGPL-2.1-or-later
"""A venv that a command works on, one of whose system calls fails: what it must be afterwards."""
import shutil

import faultlab
from boxlab import FAILURE, Box, snapshot

ROLES = ("installer", "installer child")

UNIMPORTANT = (
    "close",  # a sixth of all, and nothing depends on the answer
    "clock_nanosleep",  # made when a child takes its time, so not in every run
)

# What may differ although nothing was said: names for people, where there is one for everybody.
LESSER = {place + "/" + name for place in ("venvbox/etc", "venvbox/ready/etc.0") for name in ("group", "passwd")}


class Bench:
    """A venv, and the command that is made to fail on it: venvbox-install, or what a subclass has."""

    roles = ROLES

    def __init__(self, lab, who, owner, options, boxed):
        self.lab, self.who, self.owner, self.options = lab, who, owner, options
        self.box = Box(lab, owner, lab.directory(owner))
        lab.make_venv(self.box)
        self.prepare()
        self.plain = self.box.project + ".plain"
        self.store(self.plain)
        self.bin = snapshot(self.box.bin(""))
        if boxed:
            self.box.install("--network", "none")
        self.start = self.box.project + ".start"
        self.store(self.start)
        self.before = snapshot(self.box.venv)
        self.args = self.command(*options)
        run = self.run(lambda **how: faultlab.trace(who, {"roles": list(self.roles)}, self.args, **how))
        assert run.code == 0 and not run.left, str(run)
        self.calls, self.said, self.after = run.calls, run.out, snapshot(self.box.venv)
        self.reset()

    def prepare(self):
        """What the venv holds beside what venv(1) makes."""

    def command(self, *options):
        return [self.lab.installer, self.box.venv, *options]

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
        return self.who.run(self.command(*options), cwd=self.box.project)

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
            status = self.who.run([self.lab.installer, self.box.venv, "--status"], cwd=self.box.project)
            if status.returncode != 0 and snapshot(self.box.bin("")) != self.bin:
                return f"it is neither boxed nor plain: {status.stdout}; {run}"
        done = self.again(*self.options)
        if snapshot(self.box.venv) == self.after:
            return None  # a removal that is complete has nothing to remove
        later = snapshot(self.box.venv)
        if done.returncode != 0 or later != self.after:
            return f"the next one does not mend it: {faultlab.differ(self.after, later)}; {done.stderr}; {run}"
        return None


def benches(lab, who, owner, options, boxed, kind=Bench):
    return [kind(lab, who, owner, options, boxed) for _ in range(faultlab.WORKERS)]


def check(some, points):
    """The points are those of the first."""
    complaints, kinds = faultlab.try_all(points, some, type(some[0]).judge)
    assert not complaints, "\n".join(complaints)
    assert kinds["refused"] > 0



def new(points, known):
    """Those at other places than are known."""
    return [p for p in points if faultlab.ALL or faultlab.place(p) not in known]


def places(bench):
    return {faultlab.place(p) for p in points_of(bench)}


def points_of(bench):
    return faultlab.points_of(bench.calls, bench.roles, UNIMPORTANT)
