# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wheels whose names and metadata attack: they run nothing, and nothing that the host executes has changed (issue 3, lines 1 and 2)."""
import io
import os
import re
import stat
import zipfile

import pytest

import packages
from boxlab import SECRET, VERSION, tell
from hostside import LOCAL, host_side, unchanged

MARK = "#!/bin/sh\nreadlink /proc/self/ns/mnt > evil\n"
INFO = "evil-1.0.dist-info/"


def raw_wheel(who, directory, entries, entry_points="", record=True):
    """entries: {path in the wheel: st_mode}, each with MARK in it; a wheel as only an attacker makes it."""
    files = {"evil.py": b"def main(): print('evil ran')\n", INFO + "METADATA": b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
             INFO + "WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    if entry_points:
        files[INFO + "entry_points.txt"] = entry_points.encode()
    files.update({p: MARK.encode() for p in entries})
    rows = "".join('"%s",,\n' % p.replace('"', '""') for p in [*files, INFO + "RECORD"]) if record else ""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for path, data in {**files, INFO + "RECORD": rows.encode()}.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = entries.get(path, stat.S_IFREG | 0o644) << 16
            z.writestr(entry, data)
    return who.write(os.path.join(directory, "evil-1.0-py3-none-any.whl"), out.getvalue())


# One start for many wheels: pip refuses a whole wheel for one bad name, which would hide the others. What was installed is
# forgotten, so that the next wheel removes nothing.
MANY = """import os, glob, shutil, sys
from pip._internal.cli.main import main
project = sys.argv[1]
for w in sorted(glob.glob(project + "/w*/*.whl")):
    status = main([*sys.argv[2:], "--force-reinstall", w])
    for d in glob.glob(sys.prefix + "/lib/python*/site-packages/evil*.dist-info"):
        shutil.rmtree(d, ignore_errors=True)
    with open(project + "/statuses", "a") as f:
        f.write("%s %d\\n" % (w.split("/")[-2], status))
"""


def install_many(side, wheels):
    """Installs w0, w1 ... in one pip run."""
    for n, (entries, points) in enumerate(wheels):
        raw_wheel(side.who, side.path(f"w{n}"), entries, points)
    script = side.write("many.py", MANY)
    attack = f"import subprocess, sys\nsubprocess.run([sys.executable, {script!r}, {side.project!r}, *{LOCAL!r}], stdout=2)"
    done = side.pip(*LOCAL, packages.sdist(side.who, side.project, "many", attack))
    with open(side.path("statuses"), encoding="utf-8") as f:
        assert len(f.readlines()) == len(wheels), tell(done)
    return done


def published(new):
    return {n[4:] for n in new if n.startswith("bin/")}


# --- the paths in a wheel -----------------------------------------------------------------

def climbing(side):
    """Ways from .data/ and the top of a wheel to what the host executes."""
    up = "../" * 30
    for victim in (side.bin("activate"), side.bin("python"), os.path.join(side.venv, "pyvenv.cfg"), side.path("venvbox", "manifest"),
                   side.path(".git/config"), os.path.join(side.who.home, ".bashrc")):
        yield up + victim[1:]
        yield victim
        for where in ("data", "scripts", "purelib", "platlib", "headers"):
            yield f"evil-1.0.data/{where}/{up}{victim[1:]}"
            yield f"evil-1.0.data/{where}/{victim}"
    for path in ("data/bin/activate", "data/bin/../bin/activate", "data/pyvenv.cfg", "scripts/../../pyvenv.cfg", "scripts/activate", "scripts/python", "purelib/../../../../pyvenv.cfg",
                 "data/venvbox/manifest", "data/bin/python3", "data/lib64/../bin/activate.fish", "../../../../../bin/activate"):
        yield "evil-1.0.data/" + path


def test_paths_that_climb_or_are_absolute(fresh_pip):
    box = fresh_pip
    box.write(".git/config", "x")
    wheels = [({path: stat.S_IFREG | 0o755}, "") for path in climbing(box)]
    before = host_side(box)
    done = install_many(box, wheels)
    assert unchanged(box, before, done, gone={n for n in before if n.startswith("bin/pip")}) == set()
    box.sh(". .venv/bin/activate; pip --version")
    assert not os.path.exists(box.path("evil")) or ran_inside(box)


def ran_inside(box):
    with open(box.path("evil"), encoding="utf-8") as f:
        return f.read().strip() != os.readlink("/proc/self/ns/mnt")


def test_such_paths_in_a_plain_venv(lab, who):
    """Positive control: pip lets some of them through."""
    plain = lab.plain(who, pip=True)
    with open(os.path.join(plain.venv, "pyvenv.cfg"), encoding="utf-8") as f:
        before = f.read()
    path = raw_wheel(who, plain.project, {"evil-1.0.data/data/bin/activate": 0o100755, "evil-1.0.data/data/pyvenv.cfg": 0o100644})
    plain.pip(*LOCAL, path)
    with open(os.path.join(plain.venv, "pyvenv.cfg"), encoding="utf-8") as f:
        assert f.read() != before
    with open(plain.bin("activate"), encoding="utf-8") as f:
        assert f.read() == MARK


@pytest.mark.parametrize("mode", [0o104755, 0o102755, 0o107777, stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o666, stat.S_IFSOCK | 0o777], ids=oct)
def test_modes_of_entries(fresh_pip, mode):
    """Set-user-ID bits, links, devices: nothing in the venv has them afterwards."""
    box = fresh_pip
    path = raw_wheel(box.who, box.project, {f"evil-1.0.data/{w}/odd{n}": mode for n, w in enumerate(("data", "scripts", "purelib", "data/bin"))})
    before = host_side(box)
    done = box.pip(*LOCAL, path)
    new = published(unchanged(box, before, done))
    assert all(os.readlink(box.bin(n)).endswith("venvbox-launcher") for n in new)
    seen = 0
    for at, dirs, files in os.walk(box.venv):
        for name in dirs + files if at + "/" != box.bin("") else []:
            st = os.lstat(os.path.join(at, name))
            seen += name.startswith("odd")
            assert not st.st_mode & 0o6000 or stat.S_ISDIR(st.st_mode), (name, oct(st.st_mode))
            assert stat.S_IFMT(st.st_mode) in (stat.S_IFREG, stat.S_IFDIR) or not name.startswith("odd"), name
    assert seen >= 1 or done.returncode != 0, tell(done)


# --- names of commands --------------------------------------------------------------------

NEVER = ["python", "python3", "python" + VERSION, "activate", "shell", "a\nb", "esc\x1b[2J", "\u202egnp"]
SHADOWS = ["sudo", "ls", "git", "env", "ssh-agent", "pyenv"]
ODD = ["-rf", "--bind", ".hidden", "a b", "$(touch evil)", "`x`", "*", "a'b", "a;b", "a\\b", "\u00e4"]
GOOD = ["good", "py.test", "g++-wrapper", "f2py3"]


@pytest.fixture(scope="module", params=["scripts", "entry points"])
def named(request, lab, who):
    """One wheel for each name; what was said, what is new in bin, and what was there."""
    box = lab.box(who, pip=True)
    names = NEVER + SHADOWS + ODD + GOOD + ["..", ".", "a/b", "../x", ""]
    if request.param == "scripts":
        wheels = [({f"evil-1.0.data/scripts/{n}": 0o100755}, "") for n in names]
    else:
        wheels = [({}, f"[console_scripts]\n{n} = evil:main\n") for n in names]
    before = host_side(box)
    done = install_many(box, wheels)
    return box, done, published(unchanged(box, before, done, gone={n for n in before if n.startswith("bin/pip")}))


@pytest.mark.parametrize("name", NEVER + ODD + SHADOWS, ids=ascii)
def test_a_name_that_is_held_back(named, name):
    box, done, new = named
    assert name not in new
    assert not any(c in done.stderr for c in "\x1b\u202e"), tell(done)
    inner = os.path.join(box.state("inner-bin"), name)
    there = os.path.lexists(inner) and not os.path.islink(inner)
    lines = [l for l in done.stderr.splitlines() if l.startswith(f"venvbox: not published: {shown(name)}: ")]
    # What the host's bin has of its own is not even a question.
    wanted = there and os.stat(inner).st_mode & 0o111 and not os.path.lexists(os.path.join(box.venv, "bin", name))
    assert len(lines) == bool(wanted), tell(done)
    if wanted:
        assert ("never published" in lines[0]) == (name in NEVER) and ("venvbox-install" in lines[0]) == (name not in NEVER), lines


def shown(name):
    return re.sub("[\x00-\x1f\x7f\u202e]", lambda m: "\\n" if m[0] == "\n" else "".join("\\x%02x" % b for b in m[0].encode()), name)


def test_names_reached_the_box(named):
    """Else the tests above would show nothing: pip has written most of them."""
    box = named[0]
    there = {n for n in NEVER + ODD + SHADOWS + GOOD if os.path.lexists(os.path.join(box.state("inner-bin"), n))}
    assert {"ls", "sudo", "python", "good"} <= there and len(there) >= 15, there


@pytest.mark.parametrize("name", GOOD)
def test_a_name_that_is_published(named, name):
    box, done, new = named
    assert name in new, tell(done)
    assert os.path.realpath(box.bin(name)) == os.path.join(os.path.realpath(box.lab.libexec), "venvbox-launcher")


def test_nothing_else_is_published(named):
    """pip makes plain names of some: of a path its last part, of one that turns text round what is left."""
    assert set(GOOD) <= named[2] <= {*GOOD, "b", "x", "gnp"}


# --- what is said -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def quoted(lab, who):
    """A venv whose path no shell takes unquoted, with commands that were held back."""
    project = who.makedirs(os.path.join(lab.directory(who), "it's a $HOME;`x`"))
    box = lab.box(who, pip=True, project=project)
    path = packages.wheel(who, lab.directory(who), "odd", scripts={n: "#!/bin/sh\nstat -c %N /proc/self/ns/mnt\n" for n in ("ls", "$(touch evil)", "-x", "a'b")})
    done = box.run(["python", "-m", "pip", *LOCAL, path])
    assert done.returncode == 0, tell(done)
    return box, done


@pytest.mark.parametrize("name", ["ls", "$(touch evil)", "-x", "a'b"])
def test_the_command_that_publishes_can_be_pasted(quoted, name):
    box, done = quoted
    line = next(l for l in done.stderr.splitlines() if l.startswith(f"venvbox: not published: {name}: "))
    assert not os.path.lexists(box.bin(name))
    command = line.split("; to publish it: ")[1]
    elsewhere = box.lab.directory(box.who)
    pasted = box.sh(command, cwd=elsewhere, env={"PATH": os.path.dirname(box.lab.installer) + ":" + box.who.env["PATH"]})
    assert pasted.returncode == 0, tell(pasted)
    assert os.listdir(elsewhere) == [] and not os.path.exists(box.path("evil"))
    said = box.run([box.bin(name)]).stdout
    assert "mnt:[" in said and os.readlink("/proc/self/ns/mnt") not in said


# --- after publishing ---------------------------------------------------------------------------

REPLACE = """
p = os.environ['VIRTUAL_ENV'] + '/bin/tool'
os.unlink(p)
{how}
"""
WAYS = {"a script": "open(p, 'w').write('#!/bin/sh\\nstat -c %N /proc/self/ns/mnt; cat {key}\\n'); os.chmod(p, 0o755)",
        "a link to the key": "os.symlink({key!r}, p)", "a link to the host's shell": "os.symlink('/bin/sh', p)",
        "a link to the launcher": "os.symlink({launcher!r}, p)", "a link to activate": "os.symlink('activate', p)",
        "a script of the host's Python": "open(p, 'w').write('#!/usr/bin/python3\\nimport os; print(os.readlink(\"/proc/self/ns/mnt\")); print(open(\"{key}\").read())'); os.chmod(p, 0o755)"}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_command_replaced_after_it_was_published(fresh_pip, who, way):
    """The link on the host stays, and what it leads to stays in the box."""
    box = fresh_pip
    assert box.pip(*LOCAL, packages.wheel(who, box.project, "tool", commands=["tool"])).returncode == 0
    link = os.readlink(box.bin("tool"))
    before = host_side(box)
    how = WAYS[way].format(key=os.path.join(who.home, ".ssh/id_ed25519"), launcher=os.path.join(box.lab.libexec, "venvbox-launcher"))
    done = box.pip(*LOCAL, packages.sdist(who, box.project, "evil", REPLACE.format(how=how)))
    assert done.returncode == 0 and unchanged(box, before, done) == set(), tell(done)
    assert os.readlink(box.bin("tool")) == link
    ran = box.run(["tool", "-c", "stat -c %N /proc/self/ns/mnt"])
    assert SECRET not in ran.stdout + ran.stderr and os.readlink("/proc/self/ns/mnt") not in ran.stdout
    if way in ("a script", "a link to the host's shell", "a script of the host's Python"):
        assert "mnt:[" in ran.stdout, tell(ran)
