# SPDX-License-Identifier: LGPL-2.1-or-later
"""However it is called, Python finds itself as in the plain venv (spec S1, C1)."""
import os

import pytest

from boxlab import tell

SHOW = "import sys; print(sys.executable, sys.prefix, sys.orig_argv[0], sep='\\n')"


@pytest.mark.parametrize("script", [
    'exec .venv/bin/python -c "$1"',
    'exec ./.venv/bin/python3 -c "$1"',
    'mkdir -p sub; cd sub; exec ../.venv/bin/python -c "$1"',
    'exec "$PWD/.venv/bin/python" -c "$1"',
    'cd .venv/bin; exec ./python -c "$1"',
    'PATH="$PWD/.venv/bin:$PATH"; exec python -c "$1"',
    'PATH="/nowhere:$PWD/.venv/bin"; python3 -c "$1"',
    '. .venv/bin/activate; python -c "$1"',
])
def test_same_as_plain(pair, script):
    said = []
    for side in (pair.plain, pair.box):
        done = side.sh(script, SHOW)
        assert done.returncode == 0, tell(done)
        said.append(done.stdout.replace(side.project, "@"))
    assert said[0] == said[1]


@pytest.mark.parametrize("script", [
    'ln -sfn .venv here; exec here/bin/python -c "$1"',
    'mkdir -p sub; exec sub/../.venv/bin/python -c "$1"',
    'exec -a other .venv/bin/python -c "$1"',
    'exec -a /nowhere/python .venv/bin/python -c "$1"',
    'PATH=".venv/bin:$PATH"; exec python -c "$1"',
    'PATH="$PATH:$PWD/.venv/bin"; exec -a python3 .venv/bin/python -c "$1"',
])
def test_the_real_path_where_the_words_may_not_hold_inside(pair, script):
    done = pair.box.sh("exec /bin/bash -c '" + script + "' bash \"$1\"", SHOW)
    program = os.path.join(pair.box.venv, "bin", "python")
    assert done.stdout.splitlines() == [program, pair.box.venv, program], tell(done)


def test_a_relative_call_and_chdir(pair):
    """Python would look for its venv below the new working directory, and run without its packages."""
    done = pair.box.sh('exec .venv/bin/python -c "$1; import os; print(os.getcwd())"', SHOW, env={"BWRAP_ARGS": "--chdir /tmp"})
    program = os.path.join(pair.box.venv, "bin", "python")
    assert done.stdout.splitlines() == [program, pair.box.venv, program, "/tmp"], tell(done)
