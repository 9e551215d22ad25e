# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each system call of the launcher fails once in a run of pip: the links are those of the commands that are there (issue 3, 7)."""
import os

import pytest

import faultlab
from boxlab import FAILURE, snapshot
from faultbench import Bench, check, points_of

# As far as the launcher goes this is pip: a module of that name in the venv. One command comes, one goes.
PIP = """
import os, sys
def bin(name): return os.path.join(sys.prefix, "bin", name)
with open(bin("comes"), "w") as f:
    f.write("#!" + sys.executable + "\\nprint('came')\\n")
os.chmod(bin("comes"), 0o755)
if os.path.exists(bin("goes")): os.unlink(bin("goes"))
print("said")
"""

# What may be missing although nothing was said: the next run of pip then looks at every file; any run makes a spare directory again.
MISSED = {"venvbox/links-seen", *("venvbox/spare/" + name for name in ("git", "vscode", "idea", "env", "envrc"))}


class PipRun(Bench):
    roles = ("launcher", "launcher child")

    def prepare(self):
        self.owner.write(self.box.site("pip", "__init__.py"), "")
        self.owner.write(self.box.site("pip", "__main__.py"), PIP)
        self.owner.write(self.box.bin("goes"), f"#!{self.box.bin()}\nprint('goes')\n", 0o755)

    def command(self, *options):
        return [self.box.bin(), "-B", "-m", "pip", *options]

    def reset(self):
        super().reset()
        for name in set(os.listdir(self.box.project)) - {".venv"}:
            self.owner.run(["rm", "-rf", self.box.path(name)], check=True)

    def commands(self):
        return {name for name in ("comes", "goes") if os.path.lexists(self.box.bin(name))}

    def verdict(self, run):
        if run.left:
            return f"processes are left: {run}"
        if run.code == 0 and not (run.out == "said\n" and (set(self.changed(snapshot(self.box.venv))) <= MISSED or faultlab.said_once(run.err))):
            return f"not what it should be: {faultlab.differ(self.after, snapshot(self.box.venv))}; {run}, printed {run.out!r}"
        if run.code != 0 and not (run.code == FAILURE and faultlab.said_once(run.err)):
            return f"neither done nor refused: {run}"
        if run.code != 0 and run.out == "" and self.commands() != {"goes"}:
            return f"pip did not run, and there is {self.commands()}: {run}"
        done = self.again()
        if done.returncode != 0 or snapshot(self.box.venv) != self.after:
            return f"the next run does not mend it: {faultlab.differ(self.after, snapshot(self.box.venv))}; {done.stderr}; {run}"
        return os.listdir(self.box.project) != [".venv"] and f"left in the project: {os.listdir(self.box.project)}; {run}"


@pytest.fixture(scope="module")
def pip_benches(lab):
    user = lab.user("user")
    return [PipRun(lab, user, user, [], True) for _ in range(faultlab.WORKERS)]


def test_a_run_of_pip(pip_benches):
    assert pip_benches[0].commands() == {"goes"}
    check(pip_benches, points_of(pip_benches[0]))
