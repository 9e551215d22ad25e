# SPDX-License-Identifier: LGPL-2.1-or-later
"""A venv that was boxed, is plain again and is boxed once more: what pip wrote meanwhile steers nothing."""
import os

import pytest

from boxlab import Box, tell
from packages import source_tree

BUILD = ("path = os.path.join(os.environ['VIRTUAL_ENV'], '.project')\nif os.path.isdir(path): os.rmdir(path)\nelif os.path.lexists(path): os.unlink(path)\n"
         "{plant}\n")
PLANTS = {"text": "open(path, 'w').write({dir!r} + '\\n')", "link": "os.symlink({dir!r}, path)", "directory": "os.mkdir(path)", "fifo": "os.mkfifo(path)"}


@pytest.mark.parametrize("plant", sorted(PLANTS))
@pytest.mark.parametrize("had", [False, True], ids=["without", "with"])
def test_a_planted_project_file_names_no_project(lab, who, plant, had):
    """It would be writable in the next box."""
    plain = lab.plain(who, pip=True)
    if had:
        who.write(plain.venv + "/.project", plain.project + "\n")
    box = Box(lab, who, plain.project)
    box.install()
    source_tree(who, box.project, "x", BUILD.format(plant=PLANTS[plant].format(dir=who.home + "/.ssh")))
    box.pip("install", "-q", "--no-deps", "--no-build-isolation", ".", check=True)
    assert os.path.lexists(box.venv + "/.project")
    box.restored()
    box.install()
    assert box.attempt("open(sys.argv[1], 'a')", who.home + "/.ssh/id_ed25519") == "ENOENT"
    assert box.attempt("open('free', 'w')") == ""


def test_a_true_project_file_stays(lab, who):
    """Control: virtualenvwrapper's own."""
    box = lab.box(who)
    who.write(box.venv + "/.project", box.project + "\n")
    done = box.restored()
    assert os.path.exists(box.venv + "/.project") and ".project" not in done.stdout, tell(done)
