# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the text of a requirements file, which may be anybody's, opens of the host (spec B1)."""
import os

import pytest

from boxlab import SECRET, tell
from packages import source_tree

BUILD = ("import glob\n"
         "for key in glob.glob(os.path.expandvars('$KEYS/*')):\n"
         "    open(os.path.join('/tmp', 'x'), 'w').close()\n"
         "    print('HAVE', open(key).read())\n")


def cloned(lab, who, lines):
    """A repository outside the project, just cloned, with a package that prints what it finds of the key."""
    clone = lab.directory(who, "clone")
    source_tree(who, clone + "/evil", "evil", BUILD.replace("$KEYS", who.home + "/.ssh"))
    who.write(clone + "/requirements.txt", "".join(line + "\n" for line in lines))
    return clone


@pytest.mark.parametrize("line", ["--find-links {home}/.ssh", "-f file://{home}/.ssh", "-r {home}/.ssh/id_ed25519", "--find-links keys"])
def test_a_requirements_file_shows_no_key(lab, who, line):
    box = lab.box(who, pip=True)
    clone = cloned(lab, who, [line.format(home=who.home), "./evil"])
    os.symlink(who.home + "/.ssh", clone + "/keys")
    done = box.pip("install", "-v", "--no-deps", "--no-index", "--no-build-isolation", "-r", "requirements.txt", cwd=clone)
    assert SECRET not in done.stdout + done.stderr, tell(done)
    assert f"'{who.home}/.ssh" in done.stderr and "is not shown to the box" in done.stderr, tell(done)


def test_what_the_user_names_himself_is_shown(lab, who):
    """Positive control: the package runs, and would find it."""
    box = lab.box(who, pip=True)
    clone = cloned(lab, who, ["./evil"])
    done = box.pip("install", "-v", "--no-deps", "--no-index", "--no-build-isolation", "-r", "requirements.txt", "-f", who.home + "/.ssh", cwd=clone)
    assert SECRET in done.stdout + done.stderr, tell(done)
