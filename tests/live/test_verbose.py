# SPDX-License-Identifier: LGPL-2.1-or-later
"""python -X venvbox-verbose, VENVBOX_VERBOSE, VERBOSE: to standard error, for people (spec S9, C4); quiet otherwise."""
import os
import re
import socket

import pytest

from boxlab import VERSION, lacks, tell
from packages import wheel

WAYS = [(["python", "-X", "venvbox-verbose", "-c", "print(1)"], {}), (["python", "-Xvenvbox-verbose", "-c", "print(1)"], {}),
        (["python", "-c", "print(1)"], {"VENVBOX_VERBOSE": "1"}), (["python", "-c", "print(1)"], {"VERBOSE": "1"}),
        (["python", "-B", "-X", "dev", "-X", "venvbox-verbose", "-c", "print(1)"], {})]


@pytest.mark.parametrize("args, env", WAYS)
def test_explains_the_run(box, args, env):
    done = box.run(args, env=env)
    assert (done.returncode, done.stdout) == (0, "1\n"), tell(done)
    said = done.stderr
    for word in (box.venv, box.project, "Python " + VERSION, "network", "system calls", "capabilities", "/usr/bin/bwrap", "--unshare-user", "--ro-bind", "the project"):
        assert word in said, (word, said)


def test_for_a_command(fresh_pip):
    path = wheel(fresh_pip.who, fresh_pip.project, "tiny", commands=["tiny"])
    assert fresh_pip.pip("install", "-q", "--no-index", path).returncode == 0
    done = fresh_pip.run(["tiny"], env={"VENVBOX_VERBOSE": "1"})
    assert done.stdout == "tiny 1.0\n" and "/usr/bin/bwrap" in done.stderr, tell(done)


@pytest.mark.parametrize("args, env", [(["python", "-c", "print(1)"], {}), (["python", "-c", "print(1)"], {"VENVBOX_VERBOSE": "", "VERBOSE": ""}),
                                       (["python", "-X", "dev", "-c", "print(1)"], {}), (["python", "-c", "print(1)", "-X", "venvbox-verbose"], {})])
def test_quiet_otherwise(box, args, env):
    """Not one byte of ours on a run that succeeds."""
    done = box.run(args, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", ""), tell(done)


def test_quiet_pip(fresh_pip):
    path = wheel(fresh_pip.who, fresh_pip.project, "tiny", commands=["tiny"])
    done = fresh_pip.pip("install", "-q", "--no-index", "--disable-pip-version-check", path)
    assert (done.stdout, done.stderr) == ("", ""), tell(done)


def test_each_mount_has_a_reason(box):
    said = box.run(["python", "-X", "venvbox-verbose", "-c", "pass"]).stderr
    listed = said.split("  mounts\n")[1].split("  bubblewrap")[0].splitlines()
    assert len(listed) > 10
    assert not [line for line in listed if not line.rstrip().endswith(")")], listed


def test_the_command_line_is_that_of_print_plan(box):
    said = box.run(["python", "-X", "venvbox-verbose", "-c", "pass"]).stderr
    assert box.install("--print-plan").stdout.strip().splitlines()[:20] == said[said.index("/usr/bin/bwrap"):].strip().splitlines()[:20]


def test_withheld_names_but_no_values(box):
    done = box.sh("export MY_API_TOKEN=sesame; .venv/bin/python -X venvbox-verbose -c 'import os; print(os.environ.get(\"MY_API_TOKEN\"))'")
    assert done.stdout == "None\n" and "MY_API_TOKEN" in done.stderr and "sesame" not in done.stderr, tell(done)


def test_what_was_there_before_the_shell_is_named_as_left_out(box):
    """Spec S12: the shell started with DISPLAY and did not set it. What it set comes in, and what is said is no value."""
    show = "import os; print(os.environ.get('DISPLAY'), os.environ.get('MINE'))"
    done = box.sh(f"export MINE=1; .venv/bin/python -X venvbox-verbose -c \"{show}\"; exit $?", env={"DISPLAY": "sesame"})
    left_out = next(line.split("(")[0] for line in done.stderr.splitlines() if line.startswith("  left out "))
    assert done.stdout == "None 1\n" and "sesame" not in done.stderr, tell(done)
    assert "DISPLAY" in re.findall(r"\w+", left_out) and not {"MINE", "HOME", "PATH", "VENVBOX_VERBOSE"} & set(re.findall(r"\w+", left_out)), left_out
    assert "left out" not in box.sh(f".venv/bin/python -X venvbox-verbose -c \"{show}\"; exit $?", env={"BWRAP_ARGS": "--clearenv"}).stderr


def test_values_of_the_environment_are_not_shown(box):
    done = box.sh("FOO=sesame .venv/bin/python -X venvbox-verbose -c 'import os; print(os.environ[\"FOO\"])'")
    assert done.stdout == "sesame\n" and "sesame" not in done.stderr, tell(done)


def test_policy_in_force_is_shown(lab, who):
    box = lab.box(who, "--network", "none", "--cap-add", "cap_net_bind_service", "--profile", "system")
    said = box.run(["python", "-X", "venvbox-verbose", "-c", "pass"]).stderr
    assert "none" in [line.split()[-1] for line in said.splitlines() if line.split()[:1] == ["network"]]
    assert "cap_net_bind_service" in said.lower() and "system" in said and "--unshare-net" in said


def test_a_terminal_obeys_nothing(lab, who):
    """Paths come from packages and users: no control character is passed on."""
    box = lab.box(who, project=who.makedirs(os.path.join(lab.directory(who), "a\x1b]0;title\x07\nb")))
    said = box.run(["python", "-X", "venvbox-verbose", "-c", "pass"]).stderr
    assert "title" in said and "\x1b" not in said and "\x07" not in said


def test_in_pip_runs(fresh_pip):
    said = fresh_pip.pip("--version", env={"VERBOSE": "1"}).stderr
    assert "pip" in said and "an empty home for pip" in said or "empty" in said


def verbose_with_landlock(box, abi):
    """(what verbose says of Landlock, whether an abstract socket of the host is out of reach) on a kernel with this ABI."""
    with socket.socket(socket.AF_UNIX) as s:
        name = f"venvbox-verbose-{os.getpid()}-{box.who.name}"
        s.bind("\0" + name)
        s.listen()
        code = f"import socket\ntry: socket.socket(socket.AF_UNIX).connect('\\0{name}')\nexcept PermissionError: print('held')\nelse: print('reached')"
        tracer = ["/usr/bin/strace", "-f", "-qqo", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e", f"inject=landlock_create_ruleset:retval={abi}"] if abi else []
        done = box.run([*tracer, box.bin(), "-X", "venvbox-verbose", "-c", code])
    assert done.returncode == 0, tell(done)
    return [line.split(None, 1)[1] for line in done.stderr.splitlines() if line.startswith("  Landlock")], done.stdout.strip()


@pytest.mark.parametrize("abi", [1, 3, 5])
def test_old_landlock_is_said(box, abi):
    said, found = verbose_with_landlock(box, abi)
    assert len(said) == 1 and said[0].startswith("not held: abstract sockets") and "signals" in said[0] and found == "reached"


def test_landlock_is_said(box):
    """Of this kernel, or, with VENVBOX_TEST_WITHOUT=landlock, of one that has none."""
    said, found = verbose_with_landlock(box, None)
    if lacks("landlock"):
        assert said[0].startswith("not held: ") and found == "reached"
    else:
        assert said == ["abstract sockets and signals of the host are out of reach"] and found == "held"


def test_directories_that_are_not_looked_at_are_said(lab, who):
    box = lab.box(who)
    for i in range(300):
        box.write(f"d{i}/file", "")
    assert "not looked at" in box.run(["python", "-X", "venvbox-verbose", "-c", ""]).stderr
    assert box.run(["python", "-c", ""]).stderr == ""
