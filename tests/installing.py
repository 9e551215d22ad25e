# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of venvbox-install share."""
from boxlab import refused, snapshot


def install(lab, who, *args, **kw):
    return who.run([lab.installer, *args], **kw)


def refuses(lab, who, plain, *words, args=(), **kw):
    """Two lines and 125; the venv is what it was."""
    before = snapshot(plain.venv)
    said = refused(install(lab, who, plain.venv, *args, **kw), *words)
    assert snapshot(plain.venv) == before
    return said
