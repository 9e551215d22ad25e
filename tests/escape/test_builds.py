# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a build can do to what the host executes, sources or obeys: setup.py and every hook of a PEP 517 backend (issue 3, line 1)."""
import os

import pytest

import packages
from boxlab import PROTECTED, Venv, tell
from hostside import LOCAL, host_side, unchanged

# Every way to change a file or a directory, on each path of argv; it follows no link out of the venv's own names.
ASSAULT = '''
import ctypes, os, shutil, stat
libc = ctypes.CDLL(None, use_errno=True)
def attempt(f, *a, **k):
    try: f(*a, **k)
    except (OSError, ValueError): pass
def writes(p, flags):
    fd = os.open(p, flags | os.O_NOFOLLOW)
    try: os.write(fd, b"\\nreadlink /proc/self/ns/mnt > evil\\n")
    finally: os.close(fd)
def assault(p):
    other = os.path.dirname(p) + "/.evil"
    for flags in (os.O_WRONLY | os.O_APPEND, os.O_RDWR, os.O_WRONLY | os.O_TRUNC): attempt(writes, p, flags)
    attempt(os.chmod, p, 0o4777)
    attempt(os.setxattr, p, "user.evil", b"x", follow_symlinks=False)
    attempt(os.truncate, p, 0)
    attempt(os.link, p, "alias-of-it", follow_symlinks=False)
    attempt(lambda: writes("alias-of-it", os.O_WRONLY | os.O_APPEND))
    attempt(libc.mount, b"none", p.encode(), b"tmpfs", 0, None)
    attempt(libc.umount2, p.encode(), 2)
    attempt(os.rename, p, p + "2")
    attempt(os.unlink, p)
    if not os.path.islink(p): attempt(shutil.rmtree, p)
    attempt(writes, other, os.O_WRONLY | os.O_CREAT)
    attempt(os.rename, other, p)
    attempt(os.symlink, "/no/where", p)
    attempt(os.mkdir, p)
    attempt(writes, p + "/evil", os.O_WRONLY | os.O_CREAT)
    attempt(writes, p, os.O_WRONLY | os.O_CREAT)
def assault_all():
    with open("VICTIMS") as f: victims = f.read().split("\\n")
    bin = os.environ.get("VIRTUAL_ENV", "/nowhere") + "/bin/"
    links = [(bin + n, os.readlink(bin + n)) for n in (os.listdir(bin) if os.path.isdir(bin) else []) if os.path.islink(bin + n)]
    for p in victims: assault(p)
    for p, to in links:  # of the box's own bin: pip needs them for the next hook
        if os.path.lexists(p): attempt(os.rename, p, p + ".evil")
        attempt(os.symlink, to, p)
    open("WORKED", "a").write("x")
'''.replace("VICTIMS", "{project}/victims").replace("WORKED", "{project}/worked")

# The call of a PEP 517 backend before the one that packages.BACKEND attacks from.
HOOKS = '''

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    attack()
    os.mkdir(metadata_directory + "/evil-1.0.dist-info")
    open(metadata_directory + "/evil-1.0.dist-info/METADATA", "w").write("Metadata-Version: 2.1\\nName: evil\\nVersion: 1.0\\n")
    return "evil-1.0.dist-info"

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel
'''


def victims(box):
    """As the host has them; what is there is the box's to find out."""
    found = [box.bin(n) for n in sorted(os.listdir(box.bin("")))] + [box.bin(n) for n in ("ls", "git", "activate.sh")]
    found += [box.state(n) for n in sorted(os.listdir(box.state()))] + [os.path.join(box.venv, n) for n in ("pyvenv.cfg", "bin", "venvbox", "home", "cache")]
    found += [box.path(*n.split("/")) for n in (*PROTECTED, ".git/config", ".git/hooks", ".git/hooks/pre-commit", ".vscode/tasks.json")]
    return found + [os.path.join(box.who.home, n) for n in (".bashrc", ".profile", ".config", ".config/autostart/evil.desktop", ".ssh/id_ed25519", ".local/bin")]


def assault_of(box):
    box.write(".git/config", "x")
    box.write(".git/hooks/pre-commit", "#!/bin/sh\n", 0o755)
    box.write("victims", "\n".join(victims(box)))
    return ASSAULT.format(project=box.project).strip() + "\nassault_all()"


def setup_py(who, box, code):
    who.write(box.path("src/setup.py"), code + "\nfrom setuptools import setup\nsetup(name='evil', version='1.0')\n")
    return box.path("src")


def backend(who, box, code):
    tree = packages.source_tree(who, box.path("src"), "evil", code)
    with open(tree + "/backend.py", encoding="utf-8") as f:
        who.write(tree + "/backend.py", f.read() + HOOKS)
    return tree


@pytest.mark.parametrize("make, args, times", [(setup_py, [], 1), (backend, [], 2), (backend, ["-e"], 2)], ids=["setup.py", "backend", "editable"])
def test_nothing_that_the_host_executes_changes(fresh_pip, who, make, args, times):
    box = fresh_pip
    tree = make(who, box, assault_of(box))
    before = host_side(box)
    done = box.pip(*LOCAL, *args, tree)
    with open(box.path("worked"), encoding="utf-8") as f:
        assert len(f.read()) >= times, tell(done)
    # A command that is gone from inside may be gone; whatever else is new is a link to the launcher.
    new = unchanged(box, before, done, gone={n for n in before if n.startswith("bin/pip")})
    assert all(n.startswith("bin/") and os.path.realpath(box.bin(n[4:])).endswith("venvbox-launcher") for n in new), new


def test_the_assault_works_in_a_plain_project(lab, who):
    """Positive control, on names that belong to nobody."""
    plain = Venv(who, lab.directory(who))
    lab.make_venv(plain)
    names = [plain.path("a"), plain.path(".git"), plain.path("new")]
    plain.write("a", "x")
    plain.write(".git/config", "x")
    plain.write("victims", "\n".join(names))
    plain.value(ASSAULT.format(project=plain.project) + "assault_all()")
    with open(plain.path("a"), encoding="utf-8") as f:
        assert "evil" in f.read()
    assert os.path.isdir(plain.path(".git")) is False and os.path.lexists(plain.path("new"))


# --- what a build leaves for later -----------------------------------------------------------

REPORT = ("import os\n"
          "def said(p):\n"
          "    try: return open(p).read()\n"
          "    except OSError as e: return e.errno\n"
          "def wrote(p):\n"
          "    try: open(p, 'a').write('evil'); return 'wrote'\n"
          "    except OSError as e: return e.errno\n"
          "v = os.environ.get('VIRTUAL_ENV', '/no-venv')\n"
          "with open({project!r} + '/met', 'a') as f:\n"
          "    f.write(repr((os.readlink('/proc/self/ns/mnt') != {host!r}, 'Seccomp:\\t2' in said('/proc/self/status'), said({key!r}),\n"
          "                  wrote(v + '/pyvenv.cfg'), wrote(v + '/venvbox/manifest'), wrote({project!r} + '/.envrc'), os.path.exists(v + '/venvbox/pip-tmp'))) + '\\n')\n")


def report(box):
    return REPORT.format(project=box.project, host=os.readlink("/proc/self/ns/mnt"), key=os.path.join(box.who.home, ".ssh/id_ed25519"))


def met(box):
    """What the planted code could do, each time it ran; the file is emptied."""
    if not os.path.exists(box.path("met")):
        return []
    with open(box.path("met"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    os.unlink(box.path("met"))
    return [eval(line) for line in lines]  # pylint: disable=eval-used


# There are errno 2 (absent) and 30 (read-only): boxed, sealed, no key, nothing of the host's side or the project's to write.
def contained(seen):
    return bool(seen) and all(row[0] and row[1] and row[2] == 2 and set(row[3:6]) <= {30, 13} for row in seen)


@pytest.fixture(scope="module")
def planted(lab, who):
    """
    A venv in which a build has left .pth, sitecustomize, usercustomize, another pip, and what the installer's probe would import
    if it looked into the working directory.
    """
    box = lab.box(who, pip=True)
    attack = ("import sysconfig\n"
              f"s, code = sysconfig.get_path('purelib'), {report(box)!r}\n"
              "open(s + '/evil.pth', 'w').write('import evil_pth\\n')\n"
              "for n in ('evil_pth', 'sitecustomize', 'usercustomize', 'sysconfig', '_ssl'): open(s + '/' + n + '.py', 'w').write(code)\n"
              "for n in ('__init__', '__main__', '_internal/__init__'):\n"
              "    p = s + '/pip/' + n + '.py'\n"
              "    old = open(p).read()\n"
              "    if not old.startswith('from __future__'): open(p, 'w').write(code + old)\n")
    done = box.pip(*LOCAL, packages.sdist(who, box.project, "evil", attack))
    assert done.returncode == 0 and os.path.exists(box.site("evil.pth")), tell(done)
    met(box)
    return box


@pytest.mark.parametrize("words", [["python", "-c", "pass"], ["python", "-I", "-c", "pass"], ["python", "-m", "site"], ["shell", "-c", '"$VIRTUAL_ENV/bin/python" -c pass']], ids=" ".join)
def test_programs_meet_it_boxed(planted, words):
    planted.run(words)
    assert contained(met(planted))


@pytest.mark.parametrize("words", [["pip", "--version"], ["pip", "install"], ["python", "-m", "pip", "list"], ["python", "-Im", "pip", "check"], ["pip", "uninstall", "-y", "nothing"]],
                         ids=" ".join)
def test_the_next_pip_run_meets_it_boxed(planted, words):
    """A poisoned pip has the rights that the build had which poisoned it: the venv, not what the host executes."""
    before = host_side(planted)
    planted.run(words)
    seen = met(planted)
    assert contained(seen) and len(seen) >= 2
    assert unchanged(planted, before) == set()


@pytest.mark.parametrize("args", [[], ["--status"], ["--print-plan"]], ids=lambda a: " ".join(a) or "install again")
def test_our_programs_on_the_host_do_not_run_it(planted, args):
    """Neither what lies in site-packages nor pip, with any of the environment variables that would lead there."""
    env = {"PYTHONPATH": planted.site(), "PYTHONHOME": "", "PYTHONSTARTUP": planted.site("sitecustomize.py"), "VIRTUAL_ENV": planted.venv}
    done = planted.install(*args, env=env, cwd=planted.site())
    assert done.returncode == 0 and met(planted) == [], tell(done)


def test_removal_does_not_run_it(lab, who):
    box = lab.box(who, pip=True)
    attack = ("import sysconfig\ns = sysconfig.get_path('purelib')\n"
              f"for n in ('evil_pth', 'sitecustomize'): open(s + '/' + n + '.py', 'w').write({report(box)!r})\n"
              "open(s + '/evil.pth', 'w').write('import evil_pth\\n')")
    assert box.pip(*LOCAL, packages.sdist(who, box.project, "evil", attack)).returncode == 0
    met(box)
    box.install("--remove", env={"PYTHONPATH": box.site()})
    assert met(box) == []
    # Control: now it is a plain venv, and its Python obeys.
    box.py("pass")
    assert met(box)[0][0] is False


def test_where_the_interpreter_is_found_cannot_be_changed(fresh_pip, who):
    """pyvenv.cfg's home, which the next installation reads: another one would be run on the host."""
    box = fresh_pip
    attack = ("v = os.environ['VIRTUAL_ENV']\n"
              f"os.makedirs({box.project!r} + '/base', exist_ok=True)\n"
              f"for n in ('python3', 'python'):\n    open({box.project!r} + '/base/' + n, 'w').write('#!/bin/sh\\necho > {box.project}/ran\\n'); os.chmod({box.project!r} + '/base/' + n, 0o755)\n"
              "for f in (lambda p: open(p, 'r+').write('home = %s/base\\n'), lambda p: os.replace(v + '/x', p), os.unlink):\n"
              "    open(v + '/x', 'w').write('home = %s/base\\n')\n"
              "    try: f(v + '/pyvenv.cfg')\n"
              "    except OSError: pass\n") % (box.project, box.project)
    with open(os.path.join(box.venv, "pyvenv.cfg"), encoding="utf-8") as f:
        before = f.read()
    assert box.pip(*LOCAL, packages.sdist(who, box.project, "evil", attack)).returncode == 0
    with open(os.path.join(box.venv, "pyvenv.cfg"), encoding="utf-8") as f:
        assert f.read() == before
    box.install()
    assert os.path.exists(box.path("base/python3")) and not os.path.exists(box.path("ran"))
