# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages that attack while pip installs them (spec B1, B2; design.md, laws 1 and 2)."""
import io
import os
import tarfile

import pytest

from boxlab import SECRET, SITE, VERSION, snapshot, tell
from packages import sdist, source_tree, wheel

MARK = "readlink /proc/self/ns/mnt > evil\n"  # says on which side of the wall it ran
LOCAL = ["install", "-q", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]
SEALED = "print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])"


def host_side(box):
    """What the host executes or trusts: bin, pyvenv.cfg, the state but for what pip is there to change."""
    found = {"bin/" + n: v for n, v in snapshot(box.bin("")).items()}
    found.update({"venvbox/" + n: v for n, v in snapshot(box.state()).items() if not n.startswith(("inner-bin", "pip-cache", "pip-tmp", "lock", "pip.lock", "masks"))})
    with open(os.path.join(box.venv, "pyvenv.cfg"), "rb") as f:
        found["pyvenv.cfg"] = f.read()
    return found


def attacked(box, package, **kw):
    """pip install of it; afterwards the host's side is as it was, and the venv still boxed."""
    before = host_side(box)
    done = box.pip(*LOCAL, package, **kw)
    after = host_side(box)
    # A command that the package removed from the box's side is gone; nothing else may differ.
    gone = {n for n in before if n not in after}
    assert {n: after[n] for n in before if n not in gone} == {n: v for n, v in before.items() if n not in gone}, tell(done)
    assert all(n.startswith("bin/pip") for n in gone), gone
    assert "\\t2" in box.py(SEALED).stdout
    # The launcher's own note of when it looked for hard links.
    return done, {n for n in after if n not in before} - {"venvbox/links-seen"}


def ran_outside(box):
    """Did what says MARK run on the host?"""
    if not os.path.exists(box.path("evil")):
        return False
    with open(box.path("evil"), encoding="utf-8") as f:
        return f.read().strip() == os.readlink("/proc/self/ns/mnt")


# It follows no link and its own links lead nowhere: where the box does not hold it must not reach the system's Python.
REWRITES = """
import shutil
v = os.environ['VIRTUAL_ENV']
def attempt(f, *a):
    try: f(*a)
    except OSError: pass
def append(p):
    if not os.path.islink(p): open(p, 'a').write('readlink /proc/self/ns/mnt > evil')
def create(p):
    fd = os.open(p, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o755)
    os.write(fd, b'#!/bin/sh\\nreadlink /proc/self/ns/mnt > evil\\n')
    os.close(fd)
for name in sorted(os.listdir(v + '/bin')) + ['ls', 'git', 'sitecustomize.py']:
    p = v + '/bin/' + name
    for f in (append, os.unlink, create): attempt(f, p)
for name in ('venvbox/inner-bin', 'venvbox/manifest', 'venvbox/venvbox.conf', 'venvbox/filter.bpf', 'bin', 'venvbox', 'pyvenv.cfg', 'home', 'cache'):
    p = v + '/' + name
    attempt(append, p)
    attempt(os.rename, p, p + '2')
    if not os.path.islink(p): attempt(shutil.rmtree, p)
    attempt(os.unlink, p)
    attempt(create, p)
    attempt(os.symlink, '/no/where', p)
attempt(os.rename, v, v + '2')
"""


def test_build_rewrites_what_the_host_executes(fresh_pip, who):
    """setup.py and build backends (H06)."""
    attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", REWRITES))
    assert "> evil" not in "".join(str(v) for v in host_side(fresh_pip).values())
    assert fresh_pip.sh(". .venv/bin/activate; python -c 'print(1)'; ls > /dev/null").stdout == "1\n"
    assert not ran_outside(fresh_pip)


def test_a_build_rewrites_a_plain_venv(lab, who):
    """Positive control."""
    plain = lab.plain(who, pip=True)
    attack = "open(os.environ['VIRTUAL_ENV'] + '/bin/activate', 'a').write('readlink /proc/self/ns/mnt > evil\\n')"
    done = plain.pip(*LOCAL, sdist(who, plain.project, "evil", attack), env={"VIRTUAL_ENV": plain.venv})
    assert done.returncode == 0, tell(done)
    plain.sh(". .venv/bin/activate")
    assert ran_outside(plain)


def test_build_sees_no_keys(fresh_pip, who):
    report = "out = []\nfor p in (%r, '/etc/shadow', '/root/.ssh/id_ed25519'):\n    try: out.append(open(p).read())\n    except OSError as e: out.append(e.errno)\n" \
             "open(os.environ['PWD'] + '/seen', 'w').write(repr(out))" % os.path.join(who.home, ".ssh/id_ed25519")
    done, _ = attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", report))
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert f.read() == "[2, 2, 2]", tell(done)


def test_build_sees_no_tokens(fresh_pip, who):
    report = "open(os.environ['PWD'] + '/seen', 'w').write(repr([k for k, v in os.environ.items() if 'sesame' in v]))"
    path = sdist(who, fresh_pip.project, "evil", report)
    done = fresh_pip.sh('export AWS_SECRET_ACCESS_KEY=sesame GITHUB_TOKEN=sesame PLAIN_WORD=sesame; .venv/bin/pip "$@"; exit $?', *LOCAL, path)
    assert done.returncode == 0, tell(done)
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert f.read() == "['PLAIN_WORD']"


def test_build_cannot_change_the_project_s_protected_names(fresh_pip, who):
    fresh_pip.write(".git/config", "x")
    attack = "for n in ('.git/config', '.env', '.envrc'):\n    try: open(os.environ['PWD'] + '/' + n, 'a').write('evil')\n    except OSError: pass"
    attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    with open(fresh_pip.path(".git/config"), encoding="utf-8") as f:
        assert f.read() == "x"
    assert not os.path.lexists(fresh_pip.path(".env")) and not os.path.lexists(fresh_pip.path(".envrc"))


def test_a_daemon_of_the_build_ends_with_pip(fresh_pip, who):
    """It would see the writable venv after pip has been checked."""
    attack = "import time\nif os.fork() == 0:\n    os.setsid()\n    open(os.environ['PWD'] + '/daemon', 'w').write(os.readlink('/proc/self/ns/pid'))\n    os.closerange(0, 100)\n    time.sleep(300)\n" \
             "while not os.path.exists(os.environ['PWD'] + '/daemon') or not open(os.environ['PWD'] + '/daemon').read(): time.sleep(0.01)"
    attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    with open(fresh_pip.path("daemon"), encoding="utf-8") as f:
        namespace = f.read()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert os.readlink(f"/proc/{entry}/ns/pid") != namespace
        except OSError:
            pass


# --- wheels that run nothing ----------------------------------------------------------------

DATA = {"bin/activate": MARK, "bin/python3": "#!/bin/sh\n" + MARK, "bin/python": "#!/bin/sh\n" + MARK, "bin/pip": "#!/bin/sh\n" + MARK,
        "pyvenv.cfg": "home = /evil\n", "venvbox/manifest": "evil\n", "venvbox/venvbox.conf": "[box]\nrw = /etc\n", "venvbox/filter.bpf": "evil", "home/.bashrc": "evil",
        "venvbox/inner-bin/x": "evil"}


@pytest.mark.parametrize("name", sorted(DATA))
def test_data_of_a_wheel(fresh_pip, who, name):
    """.data/data overwrites bin/activate without running a line (H07)."""
    attacked(fresh_pip, wheel(who, fresh_pip.project, "evil", data={name: DATA[name]}))
    fresh_pip.sh(". .venv/bin/activate; python3 -c 'pass'; pip --version")
    assert not ran_outside(fresh_pip)


NAMES = ["ls", "git", "sudo", "sh", "env", "python9", "python3.99", "activate", "activate.csh", "Activate.ps1", "deactivate", "shell", "pip-evil\n", ".hidden",
         "bwrap", "venvbox-install", "cd", "a b"]


@pytest.mark.parametrize("name", NAMES)
def test_scripts_of_a_wheel(fresh_pip, who, name):
    """What is published is a link to the launcher; a name that shadows a command of the system is not published."""
    done, new = attacked(fresh_pip, wheel(who, fresh_pip.project, "evil", scripts={name: "#!/bin/sh\n" + MARK}))
    for path in new:
        assert os.path.islink(fresh_pip.bin(path[4:])) and "venvbox-launcher" in os.readlink(fresh_pip.bin(path[4:])), path
    if name in ("ls", "git", "sudo", "sh", "env"):
        assert not new and name in done.stderr, tell(done)
    assert "\x1b" not in done.stderr


def test_a_link_in_inner_bin_is_not_copied(fresh_pip, who):
    """inner-bin/x -> the key: only the name is published, what it shows is for the box to find out."""
    attack = f"os.symlink({os.path.join(who.home, '.ssh/id_ed25519')!r}, os.environ['VIRTUAL_ENV'] + '/bin/reader')"
    attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    done = fresh_pip.run([fresh_pip.bin("reader")]) if os.path.lexists(fresh_pip.bin("reader")) else None
    assert done is None or (SECRET not in done.stdout + done.stderr and done.returncode != 0)
    for name in os.listdir(fresh_pip.bin("")):
        target = os.path.realpath(fresh_pip.bin(name))
        assert "id_ed25519" not in target


@pytest.mark.parametrize("kind", ["os.mkfifo(p)", "os.mkdir(p)", "__import__('socket').socket(1).bind(p)", "os.symlink('/', p)", "os.symlink(p, p)",
                                  "open(p, 'w').close(); os.chmod(p, 0)", "os.symlink('../../../bin/activate', p)"])
def test_odd_files_in_inner_bin_are_no_trouble(fresh_pip, who, kind):
    attack = f"p = os.environ['VIRTUAL_ENV'] + '/bin/oddfile'\n{kind}"
    done, _ = attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    assert fresh_pip.py("print(1)").stdout == "1\n", tell(done)
    assert fresh_pip.pip("--version").returncode == 0


def test_many_odd_names_in_inner_bin(fresh_pip, who):
    attack = ("for n in [b'-rf', b'a\\nb', b'\\x1b]0;pwn\\x07', b'\\xff\\xfe', b'--bind', b'*', b' ', b\"'\\\"$(id)`id`\"] + [b'n%d' % i for i in range(500)]:\n"
              "    p = os.fsencode(os.environ['VIRTUAL_ENV']) + b'/bin/' + n\n"
              "    open(p, 'w').write('#!/bin/sh\\n')\n"
              "    os.chmod(p, 0o755)\n")
    done, new = attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    assert "bin/n499" in new and "not published: a\\nb: " in done.stderr, tell(done)
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr
    assert all(os.path.islink(fresh_pip.bin(n[4:])) for n in new)


def test_interpreter_names_in_inner_bin_do_not_matter(fresh_pip, who):
    """python3 and python3.X are links in a directory that pip writes; the launcher runs the mount."""
    attack = ("v = os.environ['VIRTUAL_ENV']\n"
              f"for n in ('python3', 'python{VERSION}', 'pip'):\n"
              "    try: os.unlink(v + '/bin/' + n)\n"
              "    except OSError: pass\n"
              "    open(v + '/bin/' + n, 'w').write('#!/bin/sh\\necho replaced\\n')\n"
              "    os.chmod(v + '/bin/' + n, 0o755)\n")
    attacked(fresh_pip, sdist(who, fresh_pip.project, "evil", attack))
    for name in ("python", "python3", "python" + VERSION):
        assert "\\t2" in fresh_pip.run([name, "-c", SEALED]).stdout


# --- between runs -----------------------------------------------------------------------------

def test_site_packages_are_read_only_for_programs(fresh_pip):
    assert fresh_pip.attempt(f"open(sys.prefix + '/{SITE}/evil.pth', 'w')") == "EROFS"


def test_a_program_cannot_poison_pip(fresh_pip, who):
    """pip.conf, .pydistutils.cfg, wheel cache, sitecustomize in the home or the project's venv (H15)."""
    fresh_pip.py("import os, sys\nh = os.path.expanduser('~')\n"
                 "for n in ('.config/pip/pip.conf', '.pip/pip.conf', '.pydistutils.cfg', '.cache/pip/wheels/x', '.netrc', '.local/lib/python%d.%d/site-packages/usercustomize.py' % sys.version_info[:2]):\n"
                 "    try:\n        os.makedirs(os.path.dirname(h + '/' + n), exist_ok=True)\n        open(h + '/' + n, 'w').write('[global]\\nindex-url = http://evil/\\n' if 'pip' in n else 'print(\"poisoned\")\\n')\n"
                 "    except OSError: pass\n")
    done = fresh_pip.pip("config", "list")
    assert done.returncode == 0 and "evil" not in done.stdout and "poisoned" not in done.stdout, tell(done)


def test_pip_cache_of_a_program_is_not_pip_s(fresh_pip, who):
    """~/.cache of programs is .venv/cache, that of pip is its own."""
    fresh_pip.value("import os; os.makedirs(os.path.expanduser('~/.cache/pip/http'), exist_ok=True); open(os.path.expanduser('~/.cache/pip/http/evil'), 'w')")
    report = "open(os.environ['PWD'] + '/seen', 'w').write(repr(os.path.exists(os.path.expanduser('~/.cache/pip/http/evil'))))"
    assert fresh_pip.pip(*LOCAL, sdist(who, fresh_pip.project, "reader", report)).returncode == 0
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert f.read() == "False"


# --- names and metadata that attack tools -----------------------------------------------------------

def test_an_archive_that_climbs_out(fresh_pip, who, lab):
    """../../x in an sdist."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name in ("evil-1.0/../../../../../../../../../../../../../../.." + fresh_pip.bin("activate"), "/" + fresh_pip.bin("activate"), "evil-1.0/pyproject.toml"):
            info = tarfile.TarInfo(name)
            info.size = 5
            t.addfile(info, io.BytesIO(b"evil\n"))
    attacked(fresh_pip, who.write(fresh_pip.path("evil-1.0.tar.gz"), out.getvalue()))


def test_local_tree_with_hostile_requirements(fresh_pip, who):
    """A requirements file in the project is the box's to write: it cannot pull the key in."""
    fresh_pip.value("import os, sys; open('requirements.txt', 'w').write('-r %s\\n--find-links %s\\n' % (sys.argv[1], sys.argv[2]))",
                    os.path.join(who.home, ".ssh/id_ed25519"), os.path.join(who.home, ".ssh"))
    done = fresh_pip.pip("install", "--no-index", "-r", "requirements.txt")
    assert SECRET not in done.stdout + done.stderr and "OPENSSH" not in done.stdout + done.stderr, tell(done)


def test_source_tree_named_by_a_link(fresh_pip, who):
    tree = source_tree(who, fresh_pip.path("src"), "good", "pass")
    os.symlink(os.path.join(who.home, ".ssh"), tree + "/keys")
    done, _ = attacked(fresh_pip, tree)
    assert SECRET not in done.stdout + done.stderr
