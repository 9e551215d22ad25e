# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the host executes, sources or obeys, as the host sees it: the same before and after whatever a box did."""
import os

from boxlab import PROTECTED, entry, snapshot, tell

LOCAL = ["install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--no-compile", "--disable-pip-version-check"]

# Of venvbox/: what pip is there to change, and what the launcher itself writes.
CHANGES = ("inner-bin", "pip-cache", "pip-tmp", "lock", "pip.lock", "masks", "spare", "nested", "links-seen")


def host_side(box):
    """{name: (mode, owner, content or link)} of what the host executes or obeys."""
    found = {"bin/" + n: v for n, v in snapshot(box.bin("")).items()}
    found.update({"venvbox/" + n: v for n, v in snapshot(box.state()).items() if not n.split("/")[0] in CHANGES})
    for name in PROTECTED:
        found.update({f"{name}/{n}": v for n, v in snapshot(box.path(name)).items()})
    # The project and the home of venv's user at their top: name, kind, mode; the project's own files are the box's to write.
    for top, names in ((box.venv, ["", "bin", "venvbox", "home", "cache", "pyvenv.cfg"]), (box.project, PROTECTED)):
        for name in names:
            path = os.path.join(top, name)
            if os.path.lexists(path):
                found["." + os.path.relpath(path, box.project)] = entry(path)
    found.update({"~/" + n: v for n, v in snapshot(box.who.home).items() if n.split("/")[0] != "work"})
    return found


def unchanged(box, before, done=None, gone=()):
    """What was there is as it was; returns the names that are new."""
    after = host_side(box)
    for name in before:
        if name not in gone:
            assert after.get(name) == before[name], (name, before[name], after.get(name), done and tell(done))
    return {n for n in after if n not in before}
