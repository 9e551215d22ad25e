# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories of git: worktrees, submodules, and what `git status` on the host runs after a hostile program (issue 3, line 1)."""
import os

import pytest

from boxlab import Venv, snapshot, tell, tick

GIT = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]

# What runs on the host says so: it names the mount namespace that it ran in.
RUNS = "readlink /proc/self/ns/mnt >> %s"
OBEYED = ("\\n[core]\\n\\tfsmonitor = {c}\\n\\thooksPath = {p}\\n\\tpager = {c}\\n\\tsshCommand = {c}\\n[include]\\n\\tpath = {p}/included\\n"
          "[filter \\\"evil\\\"]\\n\\tclean = {c}\\n\\tsmudge = {c}\\n\\trequired = true\\n[diff]\\n\\texternal = {c}\\n[alias]\\n\\tstatus = !{c}\\n")

# Tries every way to change what git obeys below each of the directories in argv[4:]; argv: how, the command, the project.
HOSTILE = f"""
import os, shutil, sys
how, command, project = sys.argv[1:4]
text = "{OBEYED}".format(c='"' + command + '"', p=project + '/evil')
def attempt(f, *a):
    try: f(*a)
    except OSError: pass
def append(p, what=text):
    with open(p, 'a') as f: f.write(what)
def create(p, what=text):
    os.makedirs(os.path.dirname(p), exist_ok=True)
    with open(p, 'x') as f: f.write(what)
    os.chmod(p, 0o755)
def repository(d):
    for name in ('refs', 'objects'): os.makedirs(d + '/' + name, exist_ok=True)
    create(d + '/HEAD', 'ref: refs/heads/main')
    create(d + '/config')
attempt(repository, project + '/evil/git')
for d in sys.argv[4:]:
    if os.path.isfile(d):  # a worktree's or a submodule's .git
        attempt(append, d, 'gitdir: ' + project + '/evil/git')
    elif how == 'add':
        for name in ('config', 'config.worktree', 'info/attributes'):
            attempt(append, d + '/' + name)
        for name in ('post-checkout', 'pre-commit', 'post-index-change', 'fsmonitor-watchman'):
            attempt(create, d + '/hooks/' + name, '#!/bin/sh\\n' + command + '\\n')
    if how == 'add': continue
    for name in ('hooks', 'modules', 'worktrees', 'info', 'config', 'HEAD', 'commondir', 'gitdir'):
        attempt(os.rename, d + '/' + name, project + '/moved')
        attempt(os.unlink, d + '/' + name)
        attempt(os.symlink, project + '/evil', d + '/' + name)
    attempt(os.rename, d, d + '2')
    attempt(os.unlink, d)
    attempt(shutil.rmtree, d)
    attempt(os.replace, project + '/plain', d)
    attempt(create, d, 'gitdir: ' + project + '/evil/git')
    attempt(os.symlink, project + '/evil/git', d)
open('.gitattributes', 'w').write('* filter=evil diff=evil\\n')
open('.gitmodules', 'a').write('[submodule "x"]\\n\\tpath = x\\n\\turl = x\\n\\tupdate = !' + command + '\\n')
open('tracked', 'a').write('changed\\n')
"""


def git(side, *args, cwd=None, check=True):
    return side.who.run(["git", *GIT, *args], cwd=cwd or side.project, check=check)


def repository(side, path):
    """One commit, one file."""
    side.write(os.path.join(path, "tracked"), "x\n")
    git(side, "init", "-q", cwd=side.path(path))
    git(side, "add", "tracked", cwd=side.path(path))
    git(side, "commit", "-q", "-m", "x", cwd=side.path(path))
    return side.path(path)


def attacked(side, how, *dirs):
    """The hostile program in side, then the user's git on the host everywhere. Did anything of the program's run there?"""
    mark = os.path.join(side.who.home, "ran-" + os.path.basename(side.project))
    done = side.py(HOSTILE, how, RUNS % mark, side.project, *dirs)
    assert done.returncode == 0, tell(done)
    for cwd in sorted({side.project} | {os.path.dirname(d) for d in dirs if os.path.isdir(os.path.dirname(d))}):
        for args in (["status"], ["diff"], ["stash"], ["checkout", "-q", "."], ["submodule", "status"]):
            git(side, *args, cwd=cwd, check=False)
    return os.path.exists(mark)


def content(path):
    if os.path.isdir(path):
        return snapshot(path)
    with open(path, encoding="utf-8") as f:
        return f.read()


def holds(box, *dirs):
    """Nothing below dirs can be changed, and git on the host runs nothing of the program's."""
    for how in ("add", "replace"):
        kept = {d: content(d) for d in dirs}
        done = box.py(HOSTILE, how, "true", box.project, *dirs)
        assert done.returncode == 0, tell(done)
        assert {d: content(d) for d in dirs} == kept
        assert not attacked(box, how, *dirs)


def test_the_repository_of_the_project(lab, who):
    box = lab.plain(who)
    repository(box, ".")
    holds(lab_box(lab, box), box.path(".git"))


def lab_box(lab, plain):
    """Boxes what has been prepared."""
    return lab.box(plain.who, project=plain.project)


def test_a_plain_project_obeys_it(lab, who):
    """Positive control."""
    plain = lab.plain(who)
    repository(plain, ".")
    assert attacked(plain, "add", plain.path(".git"))


@pytest.fixture
def linked(lab, who):
    """A main repository outside, and the project is a worktree of it."""
    side = Venv(who, lab.directory(who))
    main = os.path.realpath(repository(side, "../" + os.path.basename(side.project) + "-main"))
    who.run(["rm", "-rf", side.project], check=True)
    git(side, "worktree", "add", "-q", side.project, cwd=main)
    return lab.box(who, project=side.project), main


def test_a_worktree_whose_repository_is_outside(linked):
    box, main = linked
    before = snapshot(main + "/.git/hooks"), content(main + "/.git/config")
    holds(box, box.path(".git"))
    for how in ("add", "replace"):
        assert not attacked(box, how, main + "/.git", f"{main}/.git/worktrees/{os.path.basename(box.project)}")
    assert before == (snapshot(main + "/.git/hooks"), content(main + "/.git/config"))


def test_a_worktree_inside_the_project(lab, who):
    side = lab.plain(who)
    repository(side, ".")
    git(side, "worktree", "add", "-q", "tree/one")
    holds(lab_box(lab, side), side.path("tree/one/.git"), side.path(".git/worktrees/one"))


def test_a_submodule(lab, who):
    side = lab.plain(who)
    other = repository(side, "../" + os.path.basename(side.project) + "-sub")
    repository(side, ".")
    git(side, "submodule", "add", "-q", os.path.realpath(other), "lib/sub")
    git(side, "commit", "-q", "-m", "sub")
    holds(lab_box(lab, side), side.path("lib/sub/.git"), side.path(".git/modules/lib/sub"))


def test_a_submodule_that_was_not_checked_out_is_named(lab, who):
    """`git status` goes into it as soon as it has a .git: what the box makes there is said."""
    side = lab.plain(who)
    other = repository(side, "../" + os.path.basename(side.project) + "-sub")
    repository(side, ".")
    git(side, "submodule", "add", "-q", os.path.realpath(other), "sub")
    git(side, "commit", "-q", "-m", "sub")
    git(side, "submodule", "deinit", "-q", "-f", "sub")
    box = lab_box(lab, side)
    done = box.py("import os; os.makedirs('sub/.git')")
    assert f"{box.project}/sub/.git" in done.stderr, tell(done)


# --- what appears is named ---------------------------------------------------------------------

BARE = "import os\nos.makedirs({d!r} + '/refs'); os.makedirs({d!r} + '/objects'); open({d!r} + '/HEAD', 'w').write('ref: refs/heads/main\\n')\n" \
       "open({d!r} + '/config', 'w').write('[core]\\n\\trepositoryformatversion = 0\\n\\tbare = false\\n\\tworktree = .\\n\\tfsmonitor = {c}\\n')\n"


def test_git_obeys_a_bare_repository(lab, who):
    """Control of the next one: no .git is needed."""
    plain = lab.plain(who)
    mark = os.path.join(who.home, "bare-ran")
    plain.value(BARE.format(d="sub", c="touch " + mark))
    plain.sh("cd sub; git status")
    assert os.path.exists(mark)


@pytest.mark.parametrize("where", ["sub", "."])
def test_a_bare_repository_is_named(fresh, where):
    done = fresh.py(BARE.format(d=where, c="true"))
    assert done.returncode == 0 and os.path.normpath(fresh.path(where, "HEAD")) in done.stderr, tell(done)
    tick()
    assert fresh.py("pass").stderr == ""


@pytest.mark.parametrize("name", [".git", ".envrc", ".env", ".vscode", ".idea", "pyvenv.cfg", ".venv"])
def test_what_was_made_before_and_renamed_is_named(fresh, name):
    """Two runs: the first makes it under a name that nobody minds."""
    make = "os.makedirs('sub/old'); open('sub/old/pyvenv.cfg2', 'w')" if name in (".git", ".vscode", ".idea", ".venv") else "os.makedirs('sub'); open('sub/old', 'w')"
    assert fresh.py("import os; " + make).stderr == ""
    done = fresh.py("import os, sys; os.rename('sub/old', 'sub/' + sys.argv[1])\n"
                    "if sys.argv[1] == '.venv': os.rename('sub/.venv/pyvenv.cfg2', 'sub/.venv/pyvenv.cfg')", name)
    assert f"{fresh.project}/sub/{name}" in done.stderr, tell(done)
