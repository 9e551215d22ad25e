# SPDX-License-Identifier: LGPL-2.1-or-later
"""bin/shell: a shell in the box (spec S10)."""
import pytest

from boxlab import status_of, tell
from terminal import Terminal


def shell(box, *args, **kw):
    return box.run(["shell", *args], **kw)


def test_shell_is_sealed(box):
    """And plain sh is not."""
    assert status_of(box.sh("cat /proc/self/status").stdout)["Seccomp"] == "0"
    status = status_of(shell(box, "-c", "cat /proc/self/status").stdout)
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1" and int(status["CapEff"], 16) == 0


def test_shell_sees_no_keys(box, who):
    assert shell(box, "-c", f"cat {who.home}/.ssh/id_ed25519").returncode == 1
    assert "KEY" in box.sh(f"cat {who.home}/.ssh/id_ed25519").stdout


def test_shell_cannot_write_the_venv(box):
    assert shell(box, "-c", "(: > .venv/x) 2>/dev/null || echo refused; : > made && echo made").stdout == "refused\nmade\n"


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 42", 42), ("no-such-command", 127), ("kill -9 $$", -9), ("kill -TERM $$", -15), ("false", 1)])
def test_exit_status(box, script, status):
    assert shell(box, "-c", script).returncode == status


def test_arguments(box):
    assert shell(box, "-c", 'echo "$0|$1|$#"', "zero", "a b", "c").stdout == "zero|a b|2\n"


def test_script_on_standard_input(box):
    assert shell(box, input="echo one\necho two\n").stdout == "one\ntwo\n"


def test_commands_of_the_venv_are_found(box):
    done = box.sh(". .venv/bin/activate; shell -c \"python -c 'import sys; print(sys.prefix)'\"")
    assert done.stdout == box.venv + "\n", tell(done)


def test_shell_by_path_after_activate(box):
    assert box.sh(". .venv/bin/activate; shell -c 'echo $VIRTUAL_ENV'").stdout == box.venv + "\n"


def test_home_and_directory(box):
    assert shell(box, "-c", 'pwd; echo "$HOME"').stdout == f"{box.project}\n{box.venv}/home\n"


def test_verbose(box):
    assert "/usr/bin/bwrap" in shell(box, "-c", "true", env={"VENVBOX_VERBOSE": "1"}).stderr


# --- the prompt ----------------------------------------------------------------------------------

def prompt(box, rc=None, args=(), exported=None):
    """What stands before the first command and before the second, at a terminal."""
    export = 'export PS1="$0"; "$@"; exit $?' if exported else '"$@"; exit $?'
    box.who.write(box.path(".venv/home/.bashrc"), rc or "")
    with Terminal(box.who, ["/bin/sh", "-c", export, exported or "", box.bin("shell"), *args], box.project) as t:
        first = t.expect(r"[$#>] ")
        t.send("echo se''cond\n")
        t.expect("second\r\n")
        second = t.expect(r"[$#>] ")
        t.send("exit\n")
        assert t.finish() == 0
    return [text.rpartition("\n")[2].rpartition("\x1b[?2004h")[2] for text in (first, second)]


def test_the_prompt_says_that_it_is_boxed(fresh):
    assert [p.split()[0] for p in prompt(fresh)] == ["(boxed)"] * 2


def test_an_rc_file_in_the_private_home_does_not_hide_it(fresh):
    assert prompt(fresh, "PS1='own> '\n") == ["(boxed) own"] * 2


def test_without_an_rc_file_it_is_said(fresh):
    assert [p.split()[0] for p in prompt(fresh, "PS1='own> '\n", ["--norc"])] == ["(boxed)"] * 2


def test_an_exported_prompt_is_kept_behind_it(fresh):
    """As activate exports it."""
    assert prompt(fresh, exported="(.venv) mine> ") == ["(boxed) (.venv) mine"] * 2


def test_an_exported_prompt_that_runs_commands_is_not_kept(fresh):
    """The function would be missing at each prompt."""
    said = prompt(fresh, exported="$(__git_ps1)mine> ")
    assert [p.split()[0] for p in said] == ["(boxed)"] * 2 and "mine" not in said[0]


def test_commands_without_a_prompt_have_no_variable_for_one(box):
    assert shell(box, "-c", "env").stdout.count("PS1=") == shell(box, "-c", "env").stdout.count("PROMPT_COMMAND=") == 0
    assert "HOME=" in shell(box, "-c", "env").stdout
