# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever is broken: two lines, 125, and nothing runs (spec B3; design.md, law 7)."""
import os
import shutil

import pytest

from boxlab import PYTHON, VERSION, refused, tell

RAN = "open('ran', 'w')"


def nothing_runs(box, *words, args=("python", "-c", RAN), **kw):
    done = box.run(list(args), **kw)
    said = refused(done, *words)
    assert not os.path.exists(box.path("ran"))
    return said


def edit(path, change):
    """Same owner and mode, other content."""
    with open(path, "rb") as f:
        text = f.read()
    assert change(text) != text
    with open(path, "wb") as f:
        f.write(change(text))


@pytest.fixture(autouse=True)
def works(fresh):
    """It works before it is broken."""
    assert fresh.py(RAN).returncode == 0
    os.unlink(fresh.path("ran"))


# --- the manifest ------------------------------------------------------------------------

MALFORMED = {
    "empty": lambda t: b"",
    "no manifest": lambda t: b"\x00\xff garbage\n",
    "torn": lambda t: t[:len(t) // 2],
    "last newline missing": lambda t: t[:-1],
    "line without a key": lambda t: t + b"word\n",
    "unknown key": lambda t: t + b"surprise=1\n",
    "path that is not clean": lambda t: t.replace(b"project=/", b"project=/../"),
    "too long": lambda t: t + b"recorded=" + b"x" * (32 << 20) + b"\n",
}


@pytest.mark.parametrize("how", MALFORMED)
def test_malformed_manifest(fresh, how):
    edit(fresh.state("manifest"), MALFORMED[how])
    nothing_runs(fresh, "manifest")


def test_missing_manifest(fresh):
    os.unlink(fresh.state("manifest"))
    nothing_runs(fresh, "manifest")


def test_manifest_of_another_version(fresh):
    """The hint is the command that mends it, and it does."""
    with open(fresh.state("manifest"), encoding="utf-8", errors="surrogateescape") as f:
        first = f.readline().strip()
    key, _, value = first.partition("=")
    edit(fresh.state("manifest"), lambda t: t.replace(first.encode(), f"{key}={int(value) + 1}".encode(), 1))
    assert "venvbox-install" in nothing_runs(fresh)
    fresh.install()
    assert fresh.py("print(1)").stdout == "1\n"


def test_another_release_of_the_same_format(fresh):
    """Upgrading venvbox leaves boxed venvs working."""
    edit(fresh.state("manifest"), lambda t: b"".join(b"version=99.0\n" if line.startswith(b"version=") else line for line in t.splitlines(True)))
    assert fresh.py("print(1)").stdout == "1\n"


@pytest.mark.parametrize("change", ["chmod 666 manifest", "chmod 620 manifest", "ln manifest other", "mv manifest m && ln -s m manifest", "rm manifest && mkdir manifest",
                                    "rm manifest && mkfifo manifest"])
def test_manifest_that_others_could_have_written(fresh, change):
    fresh.sh(f"cd .venv/venvbox && {change}", check=True)
    nothing_runs(fresh, "manifest")


@pytest.mark.parametrize("name", ["manifest", "venvbox.conf"])
def test_foreign_owner(fresh, lab, name):
    """Owned by neither the caller nor root. As root we give it away; an ordinary user stands before root's own venv the other way round."""
    if not os.path.exists(fresh.state(name)):
        fresh.conf("[box]\n")
    assert os.getuid() == 0, "run the tests as root: only root can give a file away"
    os.chown(fresh.state(name), 12345, 12345)
    nothing_runs(fresh, name)
    os.chown(fresh.state(name), 0, 0)
    os.chmod(fresh.state(name), 0o644)
    assert fresh.py("print(1)").stdout == "1\n"


# --- other state ----------------------------------------------------------------------------

FILTERS = {"empty": lambda t: b"", "torn": lambda t: t[:-3], "one instruction short": lambda t: t[:-8],
           "one instruction more": lambda t: b"\x20\0\0\0\0\0\0\0" + t,  # the number is loaded twice: it would do
           "zeros": lambda t: bytes(len(t)),
           "allows all": lambda t: b"\x06\x00\x00\x00\x00\x00\xff\x7f", "refuses nothing": lambda t: b"\x06\x00\x00\x00\x00\x00\xff\x7f" * 3, "too long": lambda t: t * 200}


@pytest.mark.parametrize("how", FILTERS)
def test_bad_filter(fresh, how):
    edit(fresh.state("filter.bpf"), FILTERS[how])
    nothing_runs(fresh)


@pytest.mark.parametrize("change", ["rm filter.bpf", "chmod 666 filter.bpf", "rm filter.bpf && ln -s /dev/null filter.bpf"])
def test_missing_filter(fresh, change):
    fresh.sh(f"cd .venv/venvbox && {change}", check=True)
    nothing_runs(fresh)


@pytest.mark.parametrize("change", ["rm -rf .venv/venvbox/inner-bin", "rm -rf .venv/venvbox/inner-bin; ln -s /usr/bin .venv/venvbox/inner-bin",
                                    "mv .venv/home .venv/h; ln -s \"$HOME\" .venv/home", "mv .venv/cache .venv/c; ln -s \"$HOME\" .venv/cache",
                                    "rm -rf .venv/venvbox", "mv .venv/venvbox .venv/v; ln -s v .venv/venvbox", "rm -rf .venv/home; echo > .venv/home",
                                    "chmod 777 .venv/venvbox"])
def test_directory_missing_or_a_link(fresh, change):
    """.venv/home -> the real home would be the home of the box (law 4)."""
    fresh.sh(change, check=True)
    nothing_runs(fresh)
    assert os.path.exists(os.path.join(fresh.who.home, ".ssh/id_ed25519"))


def test_interpreter_of_the_box_missing(fresh):
    os.unlink(fresh.state("inner-bin", "python"))
    done = fresh.py(RAN)
    # The mount point is gone with it: refused, or made again; never the base interpreter outside.
    if done.returncode != 0:
        refused(done)
    else:
        assert fresh.value("print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])").endswith("\\t2\\n']")


# --- moved, copied, replaced --------------------------------------------------------------------

def test_moved_venv(fresh):
    moved = fresh.project + "-moved"
    os.rename(fresh.project, moved)
    done = fresh.who.run([moved + "/.venv/bin/python", "-c", RAN], cwd=moved)
    assert "venvbox-install" in refused(done)
    assert fresh.who.run([fresh.lab.installer, moved + "/.venv"]).returncode == 0
    assert fresh.who.run([moved + "/.venv/bin/python", "-c", "import sys; print(sys.prefix)"], cwd=moved).stdout == moved + "/.venv\n"


def test_copied_venv(fresh, lab, who):
    """The copy does not run with the rights that were given to the first."""
    copy = lab.directory(who, "copy")
    who.run(["cp", "-a", fresh.venv, copy + "/.venv"], check=True)
    refused(who.run([copy + "/.venv/bin/python", "-c", RAN], cwd=copy))
    assert not os.path.exists(copy + "/ran")


@pytest.fixture
def own_base(lab, who):
    """A venv whose base interpreter is a copy that the test can change."""
    base = lab.directory(who, "base")
    who.makedirs(base + "/bin")
    shutil.copy2(os.path.realpath(PYTHON), f"{base}/bin/python{VERSION}")
    who.makedirs(base + "/lib")
    os.symlink(f"/usr/lib/python{VERSION}", f"{base}/lib/python{VERSION}")
    who.own(base)
    box = lab.box(who)
    shutil.rmtree(box.venv)
    who.run([f"{base}/bin/python{VERSION}", "-m", "venv", "--without-pip", box.venv], check=True)
    box.install()
    assert box.py("print(1)").stdout == "1\n"
    return box, f"{base}/bin/python{VERSION}"


def test_base_interpreter_gone(own_base):
    box, python = own_base
    os.unlink(python)
    nothing_runs(box, python)


SEALED = "print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])"


def test_base_interpreter_upgraded(own_base):
    """It goes on with what the plain venv would run, in its box; what changed is said in one line, with the command that ends it."""
    box, python = own_base
    with open(python, "ab") as f:
        f.write(b"\0")
    done = box.py(SEALED + "; import os; print(os.readlink('/proc/self/exe'))")
    assert (done.returncode, done.stdout) == (0, f"['Seccomp:\\t2\\n']\n{python}\n"), tell(done)
    assert done.stderr.count("\n") == 1 and f"'{python}' has changed" in done.stderr and "venvbox-install" in done.stderr, tell(done)
    box.install()
    done = box.py(SEALED)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['Seccomp:\\t2\\n']\n", ""), tell(done)


def test_base_interpreter_changed_to_one_that_others_may_write(own_base):
    box, python = own_base
    with open(python, "ab") as f:
        f.write(b"\0")
    os.chmod(python, 0o757)
    assert "others may change" in nothing_runs(box)


def test_command_that_is_no_name_of_the_venv(fresh):
    """A link to the launcher under a name that inner-bin does not have."""
    os.symlink(os.readlink(fresh.bin("python")), fresh.bin("nosuch"))
    done = fresh.run(["nosuch"])
    assert done.returncode in (125, 127) and done.stdout == "" and "nosuch" in done.stderr, tell(done)


def test_launcher_outside_any_venv(fresh, lab):
    refused(fresh.who.run([os.path.join(lab.libexec, "venvbox-launcher"), "-c", RAN]))
