# SPDX-License-Identifier: LGPL-2.1-or-later
"""Repositories and venvs that no install has seen: the user's are protected from the first run on, a box's are named (spec B1)."""
import pytest

from boxlab import Venv, tell, tick

PLANT = "import os\nos.mkdir('src/.git')\nopen('src/.git/config', 'w').write('x')"


@pytest.fixture
def boxed(fresh):
    fresh.write("setup.py", "")
    fresh.write("src/code.py", "")
    return fresh


def quiet(done):
    assert (done.returncode, done.stderr) == (0, ""), tell(done)


def told(done, name):
    assert done.returncode == 0 and f"/{name}' appeared or changed" in done.stderr, tell(done)
    tick()


# --- the user's --------------------------------------------------------------------------

@pytest.mark.parametrize("twice", [False, True], ids=["plain", "boxed"])
def test_a_venv_made_beside_ours_since(boxed, lab, who, twice):
    """Its interpreter is the next thing that the user runs."""
    other = lab.make_venv(Venv(who, boxed.project, boxed.path(".venv2")))
    if twice:
        who.run([lab.installer, other.venv], check=True)
    for path in (".venv2/bin/python", ".venv2/pyvenv.cfg", ".venv2/venvbox/manifest" if twice else ".venv2/bin/activate"):
        assert boxed.attempt("os.unlink(sys.argv[1])", path) == "EROFS"
    assert boxed.attempt("open('.venv2/bin/new', 'w')") == "EROFS"
    assert boxed.attempt("os.rename('.venv2', 'away')") == "EBUSY"
    assert boxed.attempt("open('src/new', 'w')") == ""


@pytest.mark.parametrize("path", [".git/config", ".git/hooks/post-checkout"])
def test_a_repository_cloned_since(boxed, path):
    boxed.write("vendor/lib/.git/hooks/README", "")
    boxed.write("vendor/lib/.git/config", "[core]\n")
    assert boxed.attempt("open(sys.argv[1], 'a')", "vendor/lib/" + path) == "EROFS"
    assert boxed.attempt("open('vendor/lib/code.py', 'w')") == ""


@pytest.mark.parametrize("where, when", [("store", "before"), ("store", "since"), ("d0/far", "before")])
def test_a_repository_that_a_git_file_names(lab, who, where, when):
    """git init --separate-git-dir: what git obeys has a name of its own."""
    box = lab.plain(who)
    # 99: more directories than a start looks into, only the install sees what is below them.
    make = f"mkdir -p {where} && seq -f d%g {99 if where == 'd0/far' else 9} | xargs mkdir && git init -q --separate-git-dir={where}/x.git ."
    if when == "before":
        box.sh(make, check=True)
    box = lab.box(who, project=box.project)
    if when == "since":
        box.sh(make, check=True)
    for name in ("config", "hooks/post-checkout", "HEAD"):
        assert box.attempt("open(sys.argv[1], 'a')", f"{where}/x.git/{name}") == "EROFS"
    assert box.attempt("open(sys.argv[1], 'w')", where + "/free") == ""


def test_a_bind_of_a_repository_cloned_since(boxed):
    """Writable under another name, it would be no repository that is protected."""
    boxed.write("vendor/.git/config", "[core]\n")
    done = boxed.py("open('/data/.git/config', 'a')", env={"BWRAP_ARGS": f"--bind {boxed.path('vendor')} /data"})
    assert done.returncode == 125 and "cannot be writable as '/data'" in done.stderr, tell(done)
    quiet(boxed.py("open('/data/x', 'w')", env={"BWRAP_ARGS": f"--bind {boxed.path('src')} /data"}))


def test_a_link_planted_as_a_repository_does_not_end_every_start(boxed):
    told(boxed.py("import os; os.symlink('/', 'src/.git')"), "src/.git")
    quiet(boxed.py("print(1)"))


# --- a box's -----------------------------------------------------------------------------

def test_planted_again_after_the_user_removed_it(boxed):
    told(boxed.py(PLANT), "src/.git")
    quiet(boxed.py("print(1)"))  # it is known from now on
    boxed.sh("rm -r src/.git", check=True)
    told(boxed.py(PLANT), "src/.git")


def test_planted_where_one_was_at_the_install(lab, who):
    box = lab.plain(who)
    box.write("src/.git/config", "x")
    box = lab.box(who, project=box.project)
    box.sh("rm -r src/.git", check=True)
    told(box.py(PLANT), "src/.git")
