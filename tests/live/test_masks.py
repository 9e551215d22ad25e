# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that host tools execute or obey: protected also while they are absent, and no litter (spec S3, B1; design.md, law 4)."""
import os
import signal
import subprocess

import pytest

from boxlab import PROTECTED, refused, tell, tick

WAIT = "import sys, time; print('up', flush=True); sys.stdin.read()"


def running(box, code=WAIT):
    """A box that runs until its standard input is closed."""
    p = box.popen(["python", "-c", code], stdin=subprocess.PIPE)
    assert p.stdout.readline() == "up\n"
    return p


def finish(p):
    p.communicate(timeout=60)
    return p.returncode


def test_no_litter(fresh):
    before = sorted(os.listdir(fresh.project))
    assert fresh.py("pass").returncode == 0
    assert sorted(os.listdir(fresh.project)) == before == [".venv"]


@pytest.mark.parametrize("name", PROTECTED)
@pytest.mark.parametrize("how", ["open(n, 'w')", "os.mkdir(n)", "os.symlink('/etc', n)", "os.mkdir('d'); os.rename('d', n)", "open('f', 'w'); os.replace('f', n)",
                                 "open('f', 'w'); os.link('f', n)", "os.mkdir(n + '/hooks')", "open(n + '/config', 'w')", "os.unlink(n)", "os.rmdir(n)", "os.mkfifo(n)"])
def test_absent_name_cannot_be_made(fresh, name, how):
    assert fresh.attempt("n = sys.argv[1]\n" + how, name) in ("EROFS", "EBUSY", "EEXIST", "ENOTDIR", "EISDIR", "EXDEV", "EPERM", "EACCES", "ENOENT", "ENOTEMPTY")
    assert not os.path.lexists(fresh.path(name))
    if how.startswith("open(n, "):  # control: the neighbour of the name
        assert fresh.attempt("n = sys.argv[1]\n" + how, name + "x") == ""


def test_names_stay_until_the_last_box_ends(fresh):
    first, second = running(fresh), running(fresh)
    assert finish(first) == 0
    assert fresh.attempt("open('.env', 'w').write('x')") in ("EROFS", "EACCES", "EPERM")
    assert finish(second) == 0
    assert sorted(os.listdir(fresh.project)) == [".venv"]


def test_a_second_box_does_not_free_the_name_for_the_first(fresh):
    """While a short box ends, the long one still cannot make .git."""
    code = ("import os, sys\nprint('up', flush=True)\nsys.stdin.read()\n"
            "try: os.mkdir('.git'); print('made')\nexcept OSError as e: print(type(e).__name__)\n")
    first = running(fresh, code)
    assert fresh.py("pass").returncode == 0
    out, err = first.communicate(timeout=60)
    assert "made" not in out and out, (out, err)
    assert not os.path.lexists(fresh.path(".git"))


def test_after_a_killed_launcher_the_next_run_tidies_up(fresh):
    p = running(fresh)
    os.kill(p.pid, signal.SIGKILL)
    p.communicate(timeout=60)
    assert fresh.py("pass").returncode == 0
    assert sorted(os.listdir(fresh.project)) == [".venv"]


def test_what_the_user_made_stays(fresh):
    """Empty, as a mask is: only what the journal names is removed."""
    fresh.who.makedirs(fresh.path(".git"))
    fresh.write(".env", "")
    assert fresh.py("pass").returncode == 0
    assert sorted(os.listdir(fresh.project)) == [".env", ".git", ".venv"]


def test_what_the_user_makes_during_a_run_stays(fresh):
    """git init while a program runs."""
    p = running(fresh)
    fresh.sh("git init -q . && echo A=1 > .env", check=True)
    assert finish(p) == 0
    assert os.path.exists(fresh.path(".git/HEAD"))
    with open(fresh.path(".env"), encoding="utf-8") as f:
        assert f.read() == "A=1\n"


@pytest.mark.parametrize("name", PROTECTED)
def test_present_name_is_read_only(fresh, name):
    if name in (".env", ".envrc"):
        fresh.write(name, "A=1\n")
        assert fresh.attempt("open(sys.argv[1]).read()", name) == ""
        assert fresh.attempt("open(sys.argv[1], 'a')", name) == "EROFS"
    else:
        fresh.write(name + "/file", "x")
        assert fresh.attempt("open(sys.argv[1] + '/file').read()", name) == ""
        assert fresh.attempt("open(sys.argv[1] + '/file', 'a')", name) == "EROFS"
        assert fresh.attempt("open(sys.argv[1] + '/new', 'w')", name) == "EROFS"
    assert fresh.attempt("os.rename(sys.argv[1], 'x')", name) == "EBUSY"


@pytest.mark.parametrize("name", PROTECTED)
def test_link_in_a_protected_place_is_refused(fresh, name):
    """.git -> ~/.ssh, planted by one run, would show the keys to the next."""
    os.symlink(os.path.join(fresh.who.home, ".ssh"), fresh.path(name))
    refused(fresh.py("print(1)"), name)
    os.unlink(fresh.path(name))
    assert fresh.py("print(1)").stdout == "1\n"


def test_a_worktree_file_as_git(fresh):
    """git worktree and submodules have a file .git."""
    fresh.write(".git", "gitdir: /nowhere\n")
    assert fresh.attempt("open('.git').read()") == ""
    assert fresh.attempt("open('.git', 'a')") == "EROFS"


# --- unprotect --------------------------------------------------------------------------

def test_unprotect_lifts_one_name_only(lab, who):
    box = lab.box(who, "--unprotect", ".git")
    assert box.attempt("os.mkdir('.git'); open('.git/config', 'w')") == ""
    assert os.path.exists(box.path(".git/config"))
    assert box.attempt("open('.env', 'w').write('x')") in ("EROFS", "EACCES", "EPERM")


def test_git_commit_with_unprotect(lab, who):
    box = lab.box(who, "--unprotect", ".git")
    box.sh("git init -q . && git config user.name x && git config user.email x@example.org && echo 1 > a && git add a", check=True)
    done = box.py("import subprocess, sys; sys.exit(subprocess.run(['git', 'commit', '-q', '-m', 'x']).returncode)")
    assert done.returncode == 0, tell(done)


def test_unprotect_of_a_directory_lifts_what_is_below(lab, who):
    """tox writes its venvs anew at each run. What is beside it stays as it was."""
    make = "import os, venv\nfor d in ('.tox/a', 'other'): venv.create(d, with_pip=False)"
    write = "import sys; open(sys.argv[1] + '/x', 'w')"
    box, lifted = lab.box(who), lab.box(who, "--unprotect", ".tox")
    said = box.py(make).stderr
    assert "'.tox/a' is read-only" in said and "--unprotect" in said
    assert "Read-only" in box.py(write, ".tox/a").stderr
    said = lifted.py(make).stderr
    assert ".tox" not in said and "'other' is read-only" in said
    for _ in range(2):
        assert lifted.py(write, ".tox/a").returncode == 0
        assert "Read-only" in lifted.py(write, "other").stderr


def test_the_venv_cannot_be_unprotected(lab, who):
    box = lab.plain(who)
    refused(who.run([lab.installer, box.venv, "--unprotect", ".venv"]), ".venv")


def test_a_users_bind_does_not_lift_the_protection(fresh):
    """Later wins among the user's own, but protective mounts are last (S6)."""
    fresh.write(".git/config", "x")
    for args in (f"--bind {fresh.project} {fresh.project}", f"--bind {fresh.path('.git')} {fresh.path('.git')}", f"--bind {fresh.venv} {fresh.venv}"):
        for path in (".git/config", ".venv/pyvenv.cfg", ".venv/bin/activate"):
            got = fresh.attempt("open(sys.argv[1], 'a')", path, env={"BWRAP_ARGS": args})
            assert got == "EROFS", (args, path)


# --- nested repositories and venvs ----------------------------------------------------------

@pytest.fixture
def nested(lab, who):
    """A monorepo: a repository and a venv below, there when the box was made."""
    box = lab.plain(who)
    box.write("a/b/sub/.git/config", "[core]\n")
    box.write("a/b/sub/code.py", "x = 1\n")
    who.run(["/usr/bin/python3", "-m", "venv", "--without-pip", box.path("other/env")], check=True)
    return lab.box(who, project=box.project)


@pytest.mark.parametrize("path", ["a/b/sub/.git/config", "a/b/sub/.git/hooks", "other/env/bin/activate", "other/env/pyvenv.cfg", "other/env/bin/evil"])
def test_nested_is_read_only(nested, path):
    assert nested.attempt("open(sys.argv[1], 'a')", path) == "EROFS"
    assert nested.attempt("open('a/b/sub/code.py', 'a'); open('other/file', 'w')") == ""


@pytest.mark.parametrize("name", ["a", "a/b", "a/b/sub", "a/b/sub/.git", "other", "other/env"])
def test_what_holds_it_cannot_be_moved(nested, name):
    """Else the name is free for another one."""
    assert nested.attempt("os.rename(sys.argv[1], 'away')", name) in ("EBUSY", "EXDEV", "EROFS")
    assert nested.attempt("os.mkdir('free'); os.rename('free', 'moved')") == ""


def test_nested_stays_usable(nested):
    assert nested.value("import subprocess; print(open('a/b/sub/.git/config').read())").startswith("[core]")


def test_nested_replaced_by_a_link_shows_nothing(nested, who):
    nested.sh("rm -rf a/b/sub/.git && ln -s \"$HOME/.ssh\" a/b/sub/.git", check=True)
    done = nested.py("import os; print(os.listdir('a/b/sub/.git'))")
    assert "id_ed25519" not in done.stdout, tell(done)


def test_nested_that_is_gone_is_no_error(nested):
    nested.sh("rm -rf a other", check=True)
    done = nested.py("print(1)")
    assert (done.stdout, done.stderr) == ("1\n", ""), tell(done)


def test_what_appeared_is_reported(fresh):
    done = fresh.py("import os; os.makedirs('new/.git'); open('new/.git/config', 'w')")
    assert done.returncode == 0 and "new/.git" in done.stderr, tell(done)
    tick()
    done = fresh.py("import os; os.makedirs('plain/dir')")
    assert done.stderr == "", tell(done)
