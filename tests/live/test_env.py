# SPDX-License-Identifier: LGPL-2.1-or-later
"""The environment inside (spec S12; design.md, laws 3 and 5)."""
import json
import os

import pytest

from boxlab import descendants, refused, tell

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
KEY = "ghp_" + "0123456789abcdefABCDEF0123456789abcd"


def environment(box, script='.venv/bin/python -c "$1"', *args, **kw):
    """As it arrives from a shell of the user's, which started with kw["env"] and is the parent."""
    done = box.sh(script + "; exit $?", SHOW, *args, **kw)
    assert done.returncode == 0, tell(done)
    return json.loads(done.stdout)


# --- what comes in --------------------------------------------------------------------

ALLOWED = {"USER": "u", "LOGNAME": "u", "TERM": "vt100", "LANG": "C.UTF-8", "LANGUAGE": "de", "LC_ALL": "C", "LC_X": "y", "TZ": "UTC", "HOSTNAME": "h",
           "http_proxy": "http://p:1", "HTTPS_PROXY": "http://p:1", "no_proxy": "x", "CC": "cc", "CFLAGS": "-O2", "CXXFLAGS": "-O", "CPPFLAGS": "-D", "LDFLAGS": "-L",
           "LDLIBS": "-l", "MAKEFLAGS": "-j2", "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1", "NO_COLOR": "1", "FORCE_COLOR": "1", "COLORTERM": "truecolor",
           "COLUMNS": "80", "LINES": "24", "CI": "true"}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_listed_names_come_in(box, name):
    assert environment(box, env={name: ALLOWED[name]})[name] == ALLOWED[name]


@pytest.mark.parametrize("name", ["MYAPP_MODE", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "AWS_PROFILE", "EDITOR", "KUBECONFIG", "DISPLAY"])
def test_what_the_shell_started_with_stays_out(box, name):
    assert name not in environment(box, env={name: "x"})
    assert environment(box, f'{name}=x .venv/bin/python -c "$1"')[name] == "x"


def test_what_is_set_for_one_command_comes_in(box):
    assert environment(box, 'FOO=1 .venv/bin/python -c "$1"')["FOO"] == "1"
    assert environment(box, 'export FOO=2; .venv/bin/python -c "$1"')["FOO"] == "2"
    assert environment(box, 'FOO="changed" .venv/bin/python -c "$1"', env={"FOO": "before"})["FOO"] == "changed"


@pytest.mark.parametrize("name, value", [
    ("AWS_SECRET_ACCESS_KEY", "x"), ("GITHUB_TOKEN", "x"), ("DB_PASSWORD", "x"), ("OPENAI_API_KEY", "x"), ("MY_SECRET", "x"), ("HARMLESS", KEY),
    ("DATABASE_URL", "postgres://user:pw@host/db"), ("CERT", "-----BEGIN PRIVATE KEY-----\nx"), ("X", "AKIAIOSFODNN7EXAMPLE"), ("Y", "sk-proj-" + "a1B2" * 12),
])
def test_credentials_stay_out(box, name, value):
    """Everything exported in .bashrc is a variable that the parent did not start with."""
    inside = environment(box, f'export {name}="$2" HARMLESS2=1; .venv/bin/python -c "$1"', value)
    assert value not in inside.values() or value == "x" and name not in inside
    assert name not in inside and inside["HARMLESS2"] == "1"


def test_env_lets_one_in(lab, who):
    box = lab.box(who, "--env", "GITHUB_TOKEN")
    inside = environment(box, 'export GITHUB_TOKEN=x OTHER_TOKEN=y; .venv/bin/python -c "$1"')
    assert inside["GITHUB_TOKEN"] == "x" and "OTHER_TOKEN" not in inside


def test_env_lets_in_what_the_shell_started_with(lab, who):
    box = lab.box(who, "--env", "HF_TOKEN")
    assert environment(box, env={"HF_TOKEN": KEY, "OTHER": "x"})["HF_TOKEN"] == KEY


def test_bad_name_for_env_is_refused(lab, who):
    refused(who.run([lab.installer, lab.plain(who).venv, "--env", "A=b"]))


def test_fixed_variables(box):
    inside = environment(box, 'HOME=/x VIRTUAL_ENV=/y TMPDIR=/z PWD=/w .venv/bin/python -c "$1"')
    assert [inside[n] for n in ("HOME", "VIRTUAL_ENV", "TMPDIR", "PWD")] == [box.venv + "/home", box.venv, "/tmp", box.project]


def test_what_steers_venvbox_stays_out(box):
    inside = environment(box, 'VENVBOX_X=1 SANDBOX_USE_PIP_CACHE= VERBOSE= BWRAP_ARGS= .venv/bin/python -c "$1"')
    assert not [n for n in inside if n.startswith(("VENVBOX_", "SANDBOX_", "BWRAP_")) or n == "VERBOSE"]


def test_unreadable_parent_means_the_list_only(box, who):
    """sudo -u: the parent belongs to another user. Here: a parent that cannot be read."""
    code = ("import ctypes, os, subprocess, sys\n"
            "os.environ['FOO'] = '1'\n"
            "ctypes.CDLL(None).prctl(4, 0)\n"  # PR_SET_DUMPABLE: /proc/PID/environ belongs to root
            "subprocess.run(sys.argv[1:])\n")
    done = who.run(["/usr/bin/python3", "-c", code, box.bin(), "-c", SHOW])
    inside = json.loads(done.stdout)
    # Root may read it all the same.
    assert ("FOO" in inside) == (who.uid == 0) and inside["LANG"] == "C.UTF-8"


def test_odd_variables(box):
    code = "import os; print(ascii(os.environ.get('ODD')), len(os.environ.get('BIG', '')))"
    done = box.sh('ODD="$(printf "a\\nb\\377")" BIG="$(head -c 100000 /dev/zero | tr "\\0" x)" .venv/bin/python -c "$1"; exit $?', code)
    assert done.stdout == "'a\\nb\\udcff' 100000\n", tell(done)


# --- nobody else sees it ----------------------------------------------------------------

def test_values_are_in_no_other_process(box):
    """Not in bwrap's environment or arguments (bubblewrap#725), nor in those of PID 1."""
    code = ("import glob, os\n"
            "for f in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
            "    try: text = open(f, 'rb').read()\n"
            "    except OSError: continue\n"
            "    if b'ses' + b'ame' in text: print(f)\n")
    done = box.sh('FOO=sesame .venv/bin/python -c "$1"; exit $?', code)
    assert done.stdout.split() == ["/proc/2/environ"], tell(done)


def test_hosts_processes_do_not_show_it(box):
    """What other users of the host can read: the arguments of bwrap."""
    code = "import os, sys; print('up', flush=True); sys.stdin.read()"
    p = box.popen(["python", "-c", code], env={"LANG": "C.UTF-8", "PYTHONWARNINGS": "sesame"}, stdin=-1)
    try:
        assert p.stdout.readline() == "up\n"
        lines = list(command_lines(p.pid))
        assert lines and not [line for line in lines if "sesame" in line]
    finally:
        p.communicate(timeout=60)


def command_lines(pid):
    for child in descendants(pid):
        with open(f"/proc/{child}/cmdline", encoding="latin1") as f:
            yield f.read()


# --- .env ---------------------------------------------------------------------------------

def test_dotenv_adds_variables(fresh):
    fresh.write(".env", "# comment\nA=1\nexport B='two words'\nC=\"a\\nb\"\nD=x # comment\nE=$A\n")
    inside = environment(fresh)
    assert [inside.get(n) for n in "ABCDE"] == ["1", "two words", "a\nb", "x", "$A"]


def test_dotenv_wins_and_is_not_withheld(fresh):
    """The box can read the file anyway."""
    fresh.write(".env", "LANG=de_DE\nAPI_TOKEN=x\n")
    inside = environment(fresh)
    assert (inside["LANG"], inside["API_TOKEN"]) == ("de_DE", "x")


def test_dotenv_is_data(fresh, lab):
    """The predecessor sourced it: code of the box ran on the host."""
    mark = os.path.join(lab.top, "dotenv-ran")
    fresh.write(".env", f"A=$(touch {mark})\nB=`touch {mark}`\ntouch {mark}\n. ./evil\nC=1; touch {mark}\neval touch {mark}\n")
    fresh.write("evil", f"touch {mark}\n")
    done = fresh.sh('.venv/bin/python -c "$1"', SHOW)
    assert json.loads(done.stdout)["A"] == f"$(touch {mark})"
    assert not os.path.exists(mark) and not os.path.exists(fresh.path("evil.ran"))


@pytest.mark.parametrize("line", ["BWRAP_ARGS=--bind / /host", "VENVBOX_VERBOSE=1", "VERBOSE=1", "SANDBOX_SECCOMP_ALLOW=", "SANDBOX_USE_PIP_CACHE=1"])
def test_dotenv_cannot_steer_venvbox(fresh, line):
    fresh.write(".env", line + "\nA=1\n")
    done = fresh.sh('.venv/bin/python -c "$1"', SHOW)
    inside = json.loads(done.stdout)
    assert inside["A"] == "1" and line.split("=")[0] not in inside
    assert len(done.stderr.splitlines()) == 1 and line.split("=")[0] in done.stderr, tell(done)


def test_dotenv_cannot_move_home(fresh):
    fresh.write(".env", "HOME=/nowhere\nVIRTUAL_ENV=/nowhere\nA=1\n")
    inside = environment(fresh)
    assert (inside["HOME"], inside["VIRTUAL_ENV"], inside["A"]) == (fresh.venv + "/home", fresh.venv, "1")


def test_dotenv_of_another_directory_is_not_read(fresh):
    fresh.write("sub/.env", "A=1\n")
    done = fresh.run(["python", "-c", SHOW], cwd=fresh.path("sub"))
    assert "A" not in json.loads(done.stdout)


def test_dotenv_pipe_does_not_hang(fresh):
    os.mkfifo(fresh.path(".env"))
    os.chown(fresh.path(".env"), fresh.who.uid, fresh.who.gid)
    done = fresh.py("print(1)")
    assert done.stdout == "1\n" or done.returncode == 125, tell(done)


# --- options --------------------------------------------------------------------------------

def test_setenv_and_unsetenv(lab, who):
    box = lab.box(who, "--setenv", "GREETING", "hello world", "--unsetenv", "TERM")
    inside = environment(box)
    assert inside["GREETING"] == "hello world" and "TERM" not in inside
    assert environment(box, env={"BWRAP_ARGS": "--setenv GREETING bye"})["GREETING"] == "bye"


def test_clearenv(box):
    inside = environment(box, env={"BWRAP_ARGS": "--clearenv\n--setenv\nA\nb c"})
    assert inside["A"] == "b c" and "LANG" not in inside and inside["HOME"] == box.venv + "/home"
