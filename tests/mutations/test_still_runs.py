# SPDX-License-Identifier: LGPL-2.1-or-later
"""The control of every mutation: the box still starts, so a test that fails has seen an attack that works, and no broken build."""
from boxlab import tell


def test_a_box_starts(lab, who):
    box = lab.box(who)
    done = box.py("print(6 * 7)")
    assert (done.returncode, done.stdout) == (0, "42\n"), tell(done)
