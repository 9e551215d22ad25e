# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with another name: shared caches, copies of a venv, protected files (issue 3, line 3)."""
import os
import shutil
import stat

import pytest

import packages
from boxlab import PYTHON, SITE, Venv, refused, tell
from installing import install

GOOD = "def main():\n    print('good 1.0')\n"


@pytest.fixture(scope="session")
def uv_program(lab):
    """The real one, from the package index."""
    user = lab.user("user")
    origin = lab.plain(user, pip=True)
    origin.run(["pip", "install", "-q", "uv"], check=True, timeout=300)
    path = os.path.join(lab.top, "uv")
    shutil.copy(origin.bin("uv"), path)
    os.chmod(path, 0o755)
    return path


class Uv:
    def __init__(self, who, program, wheels):
        self.who, self.program, self.wheels = who, program, wheels
        self.cache = os.path.join(who.home, ".cache/uv")
        who.makedirs(os.path.join(who.home, ".cache"))

    def install(self, venv, name, mode="hardlink"):
        """By the base interpreter: what uv wants to run lies in its cache, which a box does not see."""
        return self.who.run([self.program, "pip", "install", "-q", "--offline", "--no-index", "--find-links", self.wheels,
                             "--python", PYTHON, "--target", venv.site(), name],
                            env={"UV_LINK_MODE": mode, "UV_CACHE_DIR": self.cache, "UV_PYTHON_DOWNLOADS": "never"}, check=True)

    def shared(self, path):
        """The names of this file in the cache."""
        inode = os.stat(path).st_ino
        return [os.path.join(at, n) for at, _, names in os.walk(self.cache) for n in names if os.lstat(os.path.join(at, n)).st_ino == inode]


@pytest.fixture
def uv(lab, who, uv_program):
    wheels = lab.directory(who, "wheels")
    packages.wheel(who, wheels, "good", commands=["good-cmd"])
    packages.wheel(who, wheels, "second")
    return Uv(who, uv_program, wheels)


def poison(box, *paths):
    """A build of a package writes into what is there, in place."""
    attack = f"for p in {paths!r}:\n    with open(p, 'r+') as f: f.write('print(666) #')"
    tree = packages.source_tree(box.who, box.path("hostile"), "hostile", attack)
    return box.pip("install", "--no-index", "--no-build-isolation", tree)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# --- caches ------------------------------------------------------------------------------------

def test_a_build_poisons_the_cache_of_a_plain_venv(lab, who, uv):
    """Control: uv shares the files, and what pip writes in one venv every venv has."""
    plain, other = lab.plain(who, pip=True), lab.plain(who)
    uv.install(plain, "good")
    uv.install(other, "good")
    assert uv.shared(plain.site("good.py")) and os.path.samefile(plain.site("good.py"), other.site("good.py"))
    done = poison(plain, plain.site("good.py"))
    assert done.returncode == 0, tell(done)
    assert read(other.site("good.py")).startswith("print(666)")


def test_what_uv_linked_is_broken_at_the_install(lab, who, uv):
    box, other = lab.box(who, pip=True), lab.plain(who)
    box.restored()
    uv.install(box, "good")
    uv.install(other, "good")
    assert uv.shared(box.site("good.py"))
    before = os.stat(box.site("good.py"))
    done = box.install()
    assert "hard links" in done.stdout and not uv.shared(box.site("good.py"))
    after = os.stat(box.site("good.py"))
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink, after.st_uid) == (before.st_mode, before.st_mtime_ns, 1, who.uid)
    assert box.value("import good; good.main()") == "good 1.0"
    done = poison(box, box.site("good.py"))
    assert done.returncode == 0 and read(box.site("good.py")).startswith("print(666)"), tell(done)  # pip may write the venv ...
    assert read(other.site("good.py")) == GOOD  # ... and nothing else


def test_what_uv_linked_since_is_broken_before_the_next_pip_run(lab, who, uv):
    """uv runs on the host, and the cache is in reach of the very next build."""
    box, other = lab.box(who, pip=True), lab.plain(who)
    assert box.pip("--version").returncode == 0  # the venv as it is now has been looked at
    uv.install(box, "good")
    uv.install(other, "good")
    assert uv.shared(box.site("good.py"))
    done = poison(box, box.site("good.py"))
    assert done.returncode == 0 and "hard links" in done.stderr, tell(done)
    assert read(box.site("good.py")).startswith("print(666)") and read(other.site("good.py")) == GOOD
    assert "hard links" not in box.pip("--version").stderr


def test_without_links_nothing_is_said(lab, who, uv):
    box = lab.box(who, pip=True)
    uv.install(box, "good", "copy")
    assert "hard link" not in box.install().stdout
    done = box.pip("--version")
    assert done.returncode == 0 and done.stderr == "", tell(done)


def test_a_copy_of_the_venv_made_of_links(lab, who):
    """cp -al: home and cache, which programs write, are shared as well."""
    box = lab.box(who)
    box.value("import os; open(os.path.expanduser('~/note'), 'w').write('mine'); open(os.path.expanduser('~/.cache/c'), 'w').write('mine')")
    box.restored()
    copy = box.project + "-copy"
    who.run(["cp", "-al", box.project, copy], check=True)
    box.install()
    box.value("import os\nfor n in ('~/note', '~/.cache/c'): open(os.path.expanduser(n), 'w').write('evil')")
    assert [read(os.path.join(copy, ".venv", n)) for n in ("home/note", "cache/c")] == ["mine", "mine"]


def test_names_and_links_in_a_venv(lab, who):
    """Odd names are broken; links that stay within stay; of a linked file in bin all sides are copies."""
    plain = lab.plain(who)
    cache = who.write(plain.project + "-cache", "x = 1\n")
    for name in (b"a\nb.py", b"-rf", b"\xff.py", b"$(id)"):
        os.link(cache, os.path.join(os.fsencode(plain.site()), name))
    who.write(plain.site("in1"), "within")
    os.link(plain.site("in1"), plain.site("in2"))
    os.link(plain.bin("activate"), plain.path("activate"))
    os.link(plain.venv + "/pyvenv.cfg", plain.path("cfg"))
    done = install(lab, who, plain.venv)
    assert done.returncode == 0 and "note: 6 files were hard links" in done.stdout, tell(done)
    assert os.stat(cache).st_nlink == 1 and os.path.samefile(plain.site("in1"), plain.site("in2"))
    assert [os.stat(plain.path(n)).st_nlink for n in ("activate", "cfg")] == [1, 1]
    # Removing a box gives back what the venv then was.
    assert install(lab, who, "--remove", plain.venv).returncode == 0 and os.stat(plain.bin("activate")).st_nlink == 1


def test_what_cannot_be_broken_is_refused(lab):
    user = lab.user("user")
    for change, word in ((lambda p: os.chmod(p.site("pkg"), 0o555), "Permission denied"), (lambda p: os.chmod(p.site("pkg", "x.py"), 0), "Permission denied"),
                         (lambda p: os.chmod(p.site("pkg"), 0), "Permission denied")):
        plain = lab.plain(user)
        user.write(plain.site("pkg", "x.py"), "x = 1\n")
        os.link(plain.site("pkg", "x.py"), plain.project + "-cache")
        change(plain)
        refused(install(lab, user, plain.venv), "pkg", word, "hard link")
        assert not os.path.exists(plain.state())
        os.chmod(plain.site("pkg"), 0o755)
        os.chmod(plain.site("pkg", "x.py"), 0o644)
        assert install(lab, user, plain.venv).returncode == 0


def test_a_pip_run_is_refused_while_one_cannot_be_broken(lab):
    user = lab.user("user")
    box = lab.box(user, pip=True)
    user.write(box.site("x.py"), "x = 1\n", 0)
    os.link(box.site("x.py"), box.project + "-cache")
    refused(box.pip("--version"), "x.py", "hard link")
    assert box.value("print(1)") == "1"  # a program cannot write there
    os.chmod(box.site("x.py"), 0o644)
    assert box.pip("--version").returncode == 0 and os.stat(box.site("x.py")).st_nlink == 1


def test_pip_in_a_box_can_make_no_link_to_outside(lab, who):
    """Each part of the venv, the project and the cache is a mount of its own there."""
    box = lab.box(who, pip=True)
    box.write("victim", "x")
    parts = ("bin", "pyvenv.cfg", "venvbox", "home", "cache")
    attack = ("import errno, sys\n"
              f"site = sys.prefix + '/{SITE}'\n"
              "said = []\n"
              f"for s in ({box.path('victim')!r}, '/usr/bin/env', sys.prefix + '/pyvenv.cfg', sys.prefix + '/bin/python', sys.prefix + '/venvbox/manifest', sys.prefix + '/bin/pip'):\n"
              "    try: os.link(s, site + '/linked'); said.append('made ' + s)\n"
              "    except OSError as e: said.append(errno.errorcode[e.errno])\n"
              "os.link(site + '/backend-control', site + '/linked-control')\n"
              "open(site + '/said', 'w').write(' '.join(said))")
    who.write(box.site("backend-control"), "x")
    done = box.pip("install", "--no-index", "--no-build-isolation", packages.source_tree(who, lab.directory(who, "src"), "linker", attack))
    assert done.returncode == 0, tell(done)
    assert set(read(box.site("said")).split()) <= {"EXDEV", "EPERM"} and os.path.samefile(box.site("backend-control"), box.site("linked-control"))
    assert not os.path.lexists(box.site("linked"))
    assert all(os.path.exists(os.path.join(box.venv, n)) for n in parts)


# --- protected files ------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [".env", ".envrc", ".git"])
def test_a_protected_file_with_another_name_in_the_project(fresh, name):
    """Read-only by one name, writable by the other."""
    fresh.write(name, "A=1\n")
    assert fresh.attempt("open(sys.argv[1], 'a')", name) == "EROFS"
    os.link(fresh.path(name), fresh.path("alias"))
    refused(fresh.py("open('alias', 'w').write('evil')"), name, "hard links", "unprotect")
    assert read(fresh.path(name)) == "A=1\n"
    fresh.sh("cp -p $1 new && mv new $1", name)  # as the hint says
    assert fresh.attempt("open('alias', 'w').write('evil')") == "" and read(fresh.path(name)) == "A=1\n"


def test_an_unprotected_file_may_have_many_names(lab, who):
    box = lab.box(who, "--unprotect", ".env")
    box.write(".env", "A=1\n")
    os.link(box.path(".env"), box.path("alias"))
    assert box.value("print(1)") == "1"


@pytest.mark.parametrize("name", ["bin/activate", "bin/activate.fish", "pyvenv.cfg"])
def test_what_the_host_sources_with_another_name(fresh, name):
    path = os.path.join(fresh.venv, name)
    before = read(path)
    os.link(path, fresh.path("alias"))
    refused(fresh.py("open('alias', 'w').write('evil')"), name, "hard links", "venvbox-install")
    done = fresh.install("--status", check=False)
    assert done.returncode == 2 and "hard link" in done.stdout, tell(done)
    fresh.install()
    assert os.stat(path).st_nlink == 1 and fresh.install("--status").returncode == 0
    assert fresh.attempt("open('alias', 'w').write('evil')") == "" and read(path) == before


def test_pip_does_not_repair_what_the_host_sources(fresh_pip):
    """A run of pip gives files that are linked an inode of their own; what code in a box may have changed by its other name is not to become one of those."""
    os.link(fresh_pip.bin("activate"), fresh_pip.path("alias"))
    with open(fresh_pip.path("alias"), "a", encoding="utf-8") as f:
        f.write("evil\n")
    refused(fresh_pip.run(["pip", "list"]), "bin/activate", "hard links", "venvbox-install")
    assert os.stat(fresh_pip.bin("activate")).st_nlink == 2
    refused(fresh_pip.install("--print-plan", check=False), "bin/activate", "hard links")


def test_hooks_and_settings_with_another_name_are_named(lab, who):
    plain = lab.plain(who)
    names = (".git/config", ".git/hooks/post-checkout", ".vscode/tasks.json", "sub/.git/config", "sub/.git/hooks/pre-push")
    for i, name in enumerate(names):
        plain.write(name, "x")
        os.link(plain.path(name), plain.path(f"alias{i}"))
    # What `git clone --local` links.
    plain.write(".git/objects/ab/cdef", "x")
    os.link(plain.path(".git/objects/ab/cdef"), plain.path("object"))
    done = install(lab, who, plain.venv)
    line = [x for x in done.stdout.splitlines() if "hard links" in x]
    assert len(line) == 1 and all(n in line[0] for n in names) and "objects" not in line[0], tell(done)
    assert os.stat(plain.path(".git/config")).st_nlink == 2  # the user's own: not ours to change
    for name in names:
        plain.sh("cp -p $1 new && mv new $1", name)
    assert "hard links" not in install(lab, who, plain.venv).stdout


def test_local_clones_are_not_named(lab, who):
    source, plain = lab.plain(who), lab.plain(who)
    done = source.sh("git init -q . && git config user.email x@example.org && git config user.name x && echo a > f && git add f && git commit -qm f && "
                     "git clone -q --local . $1/clone", plain.project)
    assert done.returncode == 0, tell(done)
    objects = [os.lstat(os.path.join(at, n)).st_nlink for at, _, names in os.walk(plain.path("clone/.git/objects")) for n in names]
    assert 2 in objects
    assert "hard link" not in install(lab, who, plain.venv).stdout


def test_set_id_bits_do_not_survive(lab, who):
    plain = lab.plain(who)
    path = who.write(plain.site("tool"), "#!/bin/sh\n", 0o755)
    os.link(path, plain.project + "-cache")
    os.chmod(path, 0o6755)
    assert install(lab, who, plain.venv).returncode == 0
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o755 and os.stat(path).st_nlink == 1


def test_a_venv_of_another_directory_is_left_alone(lab, who):
    """Links are not followed: what .venv/lib64 or a planted link leads to has its own names."""
    plain = lab.plain(who)
    other = Venv(who, lab.directory(who))
    who.write(other.path("x"), "x")
    os.link(other.path("x"), other.path("y"))
    os.symlink(other.project, plain.site("away"))
    assert "hard link" not in install(lab, who, plain.venv).stdout and os.stat(other.path("x")).st_nlink == 2
