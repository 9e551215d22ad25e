# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install --learn: what a command lacked becomes a change of the policy, if somebody agrees."""
import os

import pytest

import terminal
from boxlab import FAILURE, tell

CODE = """import os, sys
for path in sys.argv[1:]:
    try:
        print(open(path).read())
    except OSError as e:
        print(e)
"""


@pytest.fixture
def data(lab, who):
    """Files of the host that no box shows."""
    top = who.makedirs(os.path.join(lab.directory(who), "data"))
    return [who.write(os.path.join(top, name), f"text of {name}\n") for name in ("one.csv", "two.csv")]


@pytest.fixture
def learner(fresh):
    fresh.write("show.py", CODE)
    return fresh


def learn(box, *command, yes=True):
    return box.install("--learn", *(["--yes"] if yes else []), "--", *command)


def policy(box):
    with open(box.state("venvbox.conf"), encoding="utf-8") as f:
        return f.read()


def test_a_second_run_lacks_nothing(learner, data):
    done = learn(learner, "python", "show.py", *data)
    assert done.returncode == 0 and "No such file" in done.stdout and f"+ro = {data[0]}" in done.stdout, tell(done)
    assert all(f"ro = {path}" in policy(learner) for path in data)
    done = learn(learner, "python", "show.py", *data)
    assert "text of one.csv" in done.stdout and "text of two.csv" in done.stdout and "nothing to write" in done.stdout, tell(done)


def test_the_command_has_its_variables(learner):
    """As `GIVEN=1 python ...` has it without --learn (S12)."""
    show = """python -c "import os; print(os.environ.get('GIVEN'))"; true"""
    assert learner.sh(f"GIVEN=1 .venv/bin/{show}").stdout == "1\n"
    done = learner.sh(f"GIVEN=1 {learner.lab.installer} .venv --learn --yes -- {show}")
    assert done.stdout.startswith("1\n"), tell(done)
    done = learner.sh(f"{learner.lab.installer} .venv --learn --yes -- {show}", env={"GIVEN": "1"})
    assert done.stdout.startswith("None\n"), tell(done)


def test_nothing_is_written_unasked(learner, data):
    before = policy(learner)
    done = learn(learner, "python", "show.py", data[0], yes=False)
    assert done.returncode == 0 and f"+ro = {data[0]}" in done.stdout and "nothing was written" in done.stdout, tell(done)
    assert policy(learner) == before


@pytest.mark.parametrize("answer, written", [("y", True), ("n", False), ("", False)])
def test_people_are_asked(learner, data, answer, written):
    with terminal.Terminal(learner.who, [learner.lab.installer, ".venv", "--learn", "--", "python", "show.py", data[0]], learner.project) as t:
        t.expect("[y/N]")
        t.send(answer + "\r")
        t.finish()
    assert (f"ro = {data[0]}" in policy(learner)) == written


def test_what_is_only_looked_for(learner, data):
    done = learn(learner, "python", "-c", f"import os; print(os.path.exists({data[0]!r}))")
    assert "False" in done.stdout and f"+ro = {data[0]}" in done.stdout, tell(done)
    assert "True" in learn(learner, "python", "-c", f"import os; print(os.path.exists({data[0]!r}))").stdout


def test_a_directory_comes_with_what_is_in_it(learner, data):
    top = os.path.dirname(data[0])
    done = learn(learner, "python", "-c", f"import os; os.path.exists({data[0]!r}); os.path.exists({top!r})")
    assert f"+ro = {top}\n" in done.stdout and f"+ro = {data[0]}" not in done.stdout, tell(done)


def test_keys_are_told_apart_and_never_written(learner):
    path = os.path.join(learner.who.home, ".ssh/id_ed25519")
    done = learn(learner, "python", "show.py", path)
    assert done.returncode == 0 and path in done.stdout and "not written" in done.stdout, tell(done)
    assert path not in policy(learner) and "+ro" not in done.stdout


def test_what_a_program_refuses_is_told_apart(learner):
    done = learn(learner, "python", "-c", "import os\ntry: os.chroot('/')\nexcept OSError as e: print(e)")
    assert "Operation not permitted" in done.stdout and "chroot" in done.stdout.split("not written")[1] and "nothing to write" in done.stdout, tell(done)


def test_any_command(learner, data):
    done = learn(learner, "sh", "-c", f"cat {data[0]}; exit 3")
    assert f"+ro = {data[0]}" in done.stdout and "ended with status 3" in done.stdout, tell(done)
    assert "text of one.csv" in learn(learner, "sh", "-c", f"cat {data[0]}").stdout


def test_a_command_by_its_path(learner, data):
    done = learn(learner, ".venv/bin/python", "show.py", data[0])
    assert f"+ro = {data[0]}" in done.stdout, tell(done)


def test_a_death_by_signal_is_told(learner):
    done = learn(learner, "python", "-c", "import os; os.kill(os.getpid(), 15)")
    assert done.returncode == 0 and "killed by signal 15" in done.stdout, tell(done)


def test_arguments_arrive_as_they_are(learner):
    done = learn(learner, "python", "-c", "import sys; print(sys.argv[1:])", "a b", "--", "$x", "'", "")
    assert str(["a b", "--", "$x", "'", ""]) in done.stdout, tell(done)
    done = learn(learner, "sh", "-c", "printf '<%s>' \"$@\"", "sh", "a b", "$x", "")
    assert "<a b><$x><>" in done.stdout, tell(done)


def test_no_terminal_obeys_what_a_program_names(learner, data):
    odd = os.path.join(os.path.dirname(data[0]), "x\x1b]0;t\x07\ny")
    learner.who.write(odd, "odd\n")
    done = learn(learner, "python", "-c", f"import os; os.path.exists({odd!r})")
    assert "\x1b" not in done.stdout and "\\x1b" in done.stdout, tell(done)
    assert "True" in learn(learner, "python", "-c", f"import os; print(os.path.exists({odd!r}))").stdout


def test_the_descriptor_is_not_the_boxs(learner):
    done = learn(learner, "python", "-c", "import os; print([os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd') if int(n) > 2])")
    assert "pipe:" not in done.stdout, tell(done)


@pytest.mark.parametrize("args, word", [([".venv", "--learn"], "command"), ([".venv", "--yes"], "--learn"), ([".venv", "--learn", "--network", "none", "--", "true"], "settings")])
def test_bad_command_lines(learner, args, word):
    done = learner.who.run([learner.lab.installer, *args], cwd=learner.project)
    assert done.returncode == FAILURE and word in done.stderr and done.stdout == "", tell(done)


def test_a_plain_venv_is_refused(lab, who):
    twin = lab.plain(who)
    done = who.run([lab.installer, twin.venv, "--learn", "--", "python", "-c", "print(1)"])
    assert done.returncode == FAILURE and "not boxed" in done.stderr and done.stdout == "", tell(done)
