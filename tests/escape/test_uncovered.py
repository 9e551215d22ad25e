# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command that a package takes away: the next one of that name in PATH runs in no box."""
import pytest

from boxlab import tell
from packages import source_tree

BUILD = "for name in ('pip', 'pip3'): os.unlink(os.path.join(os.environ['VIRTUAL_ENV'], 'bin', name))"


@pytest.mark.parametrize("there", [True, False])
def test_it_is_said(lab, who, there):
    box = lab.box(who, pip=True)
    source_tree(who, box.project, "x", BUILD)
    other = lab.directory(who, "other")
    if there:
        who.write(other + "/pip3", "#!/bin/sh\n", 0o755)
    done = box.pip("install", "-q", "--no-deps", "--no-build-isolation", ".", env={"PATH": f"{box.venv}/bin:{other}:/nowhere"})
    lines = [line for line in done.stderr.splitlines() if "is gone from the venv" in line]
    assert lines == ([f"venvbox: 'pip3' is gone from the venv: the name now means '{other}/pip3', which runs in no box"] if there else []), tell(done)
