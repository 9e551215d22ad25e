# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install: box, status, again, remove (spec S1, S16, C4, C5; issue 2)."""
import os
import subprocess

import pytest

from boxlab import PYTHON, VERSION, refused, snapshot, tell
from packages import wheel

SEALED = "print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])"
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sealed(box, *args):
    return "\\t2" in box.py(SEALED, *args).stdout


def install(lab, who, *args, **kw):
    return who.run([lab.installer, *args], **kw)


# --- words ------------------------------------------------------------------------------

def test_help(lab, who):
    done = install(lab, who, "--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("--status", "--remove", "--print-plan", "--profile", "--network", "--project", "--ro", "--rw", "--env", "--unprotect", "--publish"):
        assert word in done.stdout


def test_version(lab, who):
    done = install(lab, who, "--version")
    assert done.returncode == 0 and any(c.isdigit() for c in done.stdout), tell(done)


@pytest.mark.parametrize("name", ["launcher", "stubs", "sitecustomize", "tests", "configure.ac", "Makefile.am", "README.md"])
def test_top_level(name):
    assert os.path.exists(os.path.join(TOP, name))


# --- install ------------------------------------------------------------------------------

def test_default_is_dot_venv(lab, who):
    plain = lab.plain(who)
    assert install(lab, who, cwd=plain.project).returncode == 0
    assert sealed(plain)


def test_every_command_is_boxed(lab, who):
    """Each name of bin but the files of activate leads to the launcher (S1)."""
    box = lab.box(who, pip=True)
    launcher = os.path.realpath(os.path.join(lab.libexec, "venvbox-launcher"))
    for name in os.listdir(box.bin("")):
        if not name.lower().startswith("activate"):
            assert os.path.realpath(box.bin(name)) == launcher, name
    assert {"python", "python3", "python" + VERSION, "pip", "shell", "activate"} <= set(os.listdir(box.bin("")))


def test_activate_is_untouched(lab, who):
    plain = lab.plain(who)
    before = snapshot(plain.bin(""))["activate"]
    assert install(lab, who, plain.venv).returncode == 0
    assert snapshot(plain.bin(""))["activate"] == before


@pytest.mark.parametrize("path", ["manifest", "venvbox.conf", "filter.bpf", "inner-bin"])
def test_state_belongs_to_the_user_alone(fresh, path):
    full = fresh.state(path)
    if path == "venvbox.conf" and not os.path.exists(full):
        fresh.conf("[box]\n")
    st = os.lstat(full)
    assert st.st_uid == fresh.who.uid and not st.st_mode & 0o022


def test_again_is_harmless(fresh):
    before = snapshot(fresh.venv)
    assert fresh.install().returncode == 0
    after = snapshot(fresh.venv)
    assert {n for n in before if n not in ("venvbox/lock", "venvbox/pip.lock")} <= set(after)
    assert [n for n in before if n in after and before[n] != after[n] and not n.startswith("venvbox/manifest")] == []
    assert sealed(fresh)


def test_again_repairs(fresh):
    os.unlink(fresh.state("filter.bpf"))
    os.unlink(fresh.bin("python3"))
    fresh.install()
    assert sealed(fresh) and "\\t2" in fresh.run(["python3", "-c", SEALED]).stdout


def test_install_as_root_for_a_user(lab):
    """root boxes a venv of the user's: he can use it (S16)."""
    assert os.getuid() == 0, "run the tests as root"
    user, root = lab.user("user"), lab.user("root")
    plain = lab.plain(user)
    assert root.run([lab.installer, plain.venv]).returncode == 0
    assert sealed(plain), tell(plain.py(SEALED))
    for args in (["--status"], []):
        done = root.run([lab.installer, plain.venv, *args])
        assert done.returncode == 0, tell(done)
    assert sealed(plain)
    assert root.run([lab.installer, "--remove", plain.venv]).returncode == 0


def test_two_installs_at_once(lab, who):
    """One wins, the other waits or says so; the venv is boxed."""
    plain = lab.plain(who)
    running = [who.popen([lab.installer, plain.venv]) for _ in range(4)]
    ends = [(p.communicate(timeout=90), p.returncode) for p in running]
    assert 0 in [code for _, code in ends]
    for (out, err), code in ends:
        assert code in (0, 125) and (code == 0 or "hint: " in err), (out, err)
    assert sealed(plain)
    assert install(lab, who, "--status", plain.venv).returncode == 0


# --- status ---------------------------------------------------------------------------------

def test_status(lab, who):
    plain = lab.plain(who)
    assert install(lab, who, "--status", plain.venv).returncode == 1
    assert install(lab, who, plain.venv).returncode == 0
    done = install(lab, who, "--status", plain.venv)
    assert done.returncode == 0 and done.stdout, tell(done)
    assert install(lab, who, "--remove", plain.venv).returncode == 0
    assert install(lab, who, "--status", plain.venv).returncode == 1


@pytest.mark.parametrize("tamper", ["rm .venv/bin/python && ln -s /usr/bin/python3 .venv/bin/python", "rm .venv/bin/python && cp /usr/bin/env .venv/bin/python",
                                    "echo evil >> .venv/bin/activate", "printf '\\0\\0\\0\\0\\0\\0\\0\\0' > .venv/venvbox/filter.bpf", "rm .venv/venvbox/filter.bpf",
                                    "cp /usr/bin/env .venv/bin/ls"])
def test_status_of_a_tampered_venv(fresh, tamper):
    assert fresh.install("--status").returncode == 0
    fresh.sh(tamper, check=True)
    done = fresh.install("--status", check=False)
    assert done.returncode == 2 and done.stdout + done.stderr, tell(done)


# --- remove ------------------------------------------------------------------------------------

def test_remove_restores_everything(lab, who):
    """Content, links, modes: what the installer found."""
    plain = lab.plain(who, pip=True)
    plain.who.write(plain.bin("own tool"), "#!/bin/sh\necho mine\n", 0o750)
    os.symlink("own tool", plain.bin("alias"))
    os.lchown(plain.bin("alias"), who.uid, who.gid)
    before = snapshot(plain.venv)
    assert install(lab, who, plain.venv).returncode == 0
    plain.py("open(__import__('os').path.expanduser('~/x'), 'w')")
    done = install(lab, who, "--remove", plain.venv)
    assert done.returncode == 0, tell(done)
    after = snapshot(plain.venv)
    assert {n: v for n, v in after.items() if n in before} == before
    left = [n for n in after if n not in before and not n.startswith(("home", "cache")) and "__pycache__" not in n]
    assert left == []
    assert not sealed(plain) and plain.py("print(1)").stdout == "1\n"


def test_remove_with_new_commands(lab, who):
    """Copied without following links, never over a recorded name, and named."""
    box = lab.box(who, pip=True)
    path = wheel(who, box.project, "tiny", commands=["tiny"])
    assert box.pip("install", "-q", "--no-index", path).returncode == 0
    os.symlink(os.path.join(who.home, ".ssh/id_ed25519"), box.state("inner-bin", "leak"))
    who.write(box.state("inner-bin", "python3"), "#!/bin/sh\necho evil\n", 0o755)
    done = box.install("--remove")
    assert "tiny" in done.stdout + done.stderr, tell(done)
    assert box.run(["tiny"]).stdout == "tiny 1.0\n"
    assert not os.path.exists(box.bin("leak")) or "KEY" not in open(box.bin("leak"), encoding="utf-8").read()
    assert "evil" not in box.run(["python3", "-c", "print(1)"]).stdout


def test_remove_of_a_plain_venv(lab, who):
    plain = lab.plain(who)
    before = snapshot(plain.venv)
    refused(install(lab, who, "--remove", plain.venv))
    assert snapshot(plain.venv) == before


def test_box_again_after_remove(fresh):
    fresh.install("--remove")
    assert not sealed(fresh)
    fresh.install()
    assert sealed(fresh)


# --- what cannot be boxed ------------------------------------------------------------------------

def test_no_venv_there(lab, who):
    refused(install(lab, who, "/no/such/venv"), "/no/such/venv")
    refused(install(lab, who, cwd=lab.directory(who)), ".venv")


def test_not_a_venv(lab, who):
    directory = lab.directory(who)
    who.write(directory + "/pyvenv.txt", "")
    before = snapshot(directory)
    refused(install(lab, who, directory))
    refused(install(lab, who, "/usr"))
    assert snapshot(directory) == before


def test_python_too_old(lab, who):
    """What pyvenv.cfg and the interpreter say is 3.7."""
    plain = lab.plain(who)
    for name in ("python", "python3", "python" + VERSION):
        if os.path.lexists(plain.bin(name)):
            os.unlink(plain.bin(name))
    who.write(plain.bin("python"), "#!/bin/sh\necho 'Python 3.7.17'\n", 0o755)
    os.symlink("python", plain.bin("python3"))
    who.write(plain.venv + "/pyvenv.cfg", "home = /opt/python3.7/bin\ninclude-system-site-packages = false\nversion = 3.7.17\n")
    before = snapshot(plain.venv)
    refused(install(lab, who, plain.venv))
    assert snapshot(plain.venv) == before


def make(who, path):
    who.run([PYTHON, "-m", "venv", "--without-pip", path], check=True)
    return path


def test_project_would_be_the_home(lab, who):
    """~/.venv (H26)."""
    home = lab.directory(who, "home")
    venv = make(who, home + "/.venv")
    before = snapshot(venv)
    refused(install(lab, who, venv, env={"HOME": home}), "--project")
    assert snapshot(venv) == before
    project = who.makedirs(home + "/project")
    assert install(lab, who, venv, "--project", project, env={"HOME": home}).returncode == 0


@pytest.mark.parametrize("above", ["", "x", "x/y"])
def test_project_would_hold_the_home(lab, who, above):
    top = lab.directory(who, "top")
    home = who.makedirs(os.path.join(top, above or "h"))
    refused(install(lab, who, make(who, top + "/.venv"), env={"HOME": home}))


def test_directory_of_venvs(lab, who):
    """~/.virtualenvs: two venvs and no project marker."""
    top = lab.directory(who, "virtualenvs")
    one, two = make(who, top + "/one"), make(who, top + "/two")
    refused(install(lab, who, one), "--project")
    project = lab.directory(who, "project")
    who.write(two + "/.project", project + "\n")
    assert install(lab, who, two).returncode == 0
    done = who.run([two + "/bin/python", "-c", "open('made', 'w')"], cwd=project)
    assert done.returncode == 0 and os.path.exists(project + "/made"), tell(done)


def test_a_venv_made_beside_it_since(lab, who):
    """`virtualenv inner` does not take the project away from a venv that is boxed; moved among venvs it has none."""
    top, store = lab.directory(who, "top"), lab.directory(who, "venvs")
    venv = make(who, top + "/one")
    assert install(lab, who, venv).returncode == 0
    make(who, top + "/inner")
    assert install(lab, who, venv, "--network", "none").returncode == 0
    make(who, store + "/two")
    os.rename(venv, store + "/one")
    refused(install(lab, who, store + "/one"), "directory of venvs")


def test_two_venvs_of_a_project(lab, who):
    """A marker makes it a project; each venv is protected from the other's boxes."""
    top = lab.directory(who, "marked")
    who.write(top + "/pyproject.toml", "[project]\nname = 'x'\n")
    one, two = make(who, top + "/one"), make(who, top + "/two")
    for venv in (one, two):
        assert install(lab, who, venv).returncode == 0
    assert install(lab, who, one).returncode == 0
    done = who.run([one + "/bin/python", "-c", "open('two/bin/activate', 'a')"], cwd=top)
    assert "Read-only file system" in done.stderr, tell(done)


@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-"])
def test_with_closed_standard_descriptors(lab, who, closed):
    """What it opens must not land on a number that the programs it runs get anew."""
    plain = lab.plain(who)
    done = plain.sh(f'"$1" .venv {closed}', lab.installer)
    assert done.returncode == 0 and "is boxed" in done.stdout, tell(done)
    assert plain.py("print(1)").stdout == "1\n"


def test_a_closed_output_is_told(lab, who):
    done = lab.plain(who).sh('"$1" --version >&-', lab.installer)
    assert done.returncode == 125 and done.stderr.startswith("venvbox: cannot write to standard output"), tell(done)


def test_a_new_policy_outdates_what_matplotlib_keeps_of_fonts(fresh):
    """Its list would hide the fonts that are shown from now on. A link to the caller's own list stays, and planted ones lead nowhere."""
    def keep(name, text="{}"):
        return fresh.who.write(os.path.join(fresh.venv, "cache", name), text)

    mine, kept = fresh.write("mine", ""), [keep("matplotlib/tex.cache"), keep("other/fontlist-v1.json"), keep("fontlist-v1.json")]
    gone, link = keep("matplotlib/fontlist-v390.json"), os.path.join(fresh.venv, "cache/matplotlib/fontlist-v1.json")
    fresh.sh("ln -s \"$1\" \"$2\"; mkdir \"$3\"", mine, link, link + ".d", check=True)
    fresh.install("--network", "host")
    assert not os.path.lexists(gone) and os.path.islink(link) and os.path.isdir(link + ".d") and all(map(os.path.exists, [mine, *kept]))
    fresh.write("planted/fontlist-v390.json", "")
    fresh.sh("rm -r \"$1\" && ln -s \"$PWD/planted\" \"$1\"", os.path.dirname(link), check=True)
    fresh.install("--network", "host")
    assert os.path.exists(fresh.path("planted/fontlist-v390.json"))


def test_a_shared_pip_cache_is_warned_of(fresh):
    """It is the one way in which what a box wrote may run outside (SECURITY.md)."""
    assert "SANDBOX_USE_PIP_CACHE" not in fresh.install().stdout
    assert "SANDBOX_USE_PIP_CACHE" not in fresh.install(env={"SANDBOX_USE_PIP_CACHE": ""}).stdout
    said = fresh.install(env={"SANDBOX_USE_PIP_CACHE": "1"}).stdout
    assert "warning: SANDBOX_USE_PIP_CACHE is set: boxes can write your own ~/.cache/pip" in said


def test_from_inside_a_box(fresh, lab):
    """A box cannot box."""
    other = lab.plain(fresh.who, project=fresh.who.makedirs(fresh.path("inner")))
    done = fresh.py("import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)", lab.installer, other.venv,
                    env={"BWRAP_ARGS": f"--ro-bind\n{lab.prefix}\n{lab.prefix}"})
    assert done.returncode == 125 and "hint: " in done.stderr, tell(done)


def test_installed_files(lab):
    for name in ("venvbox-launcher", "venvbox-init", "venvbox-python", "venvbox-filter"):
        path = os.path.join(lab.libexec, name)
        assert os.access(path, os.X_OK)
        described = subprocess.run(["readelf", "-hl", path], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert "GNU_RELRO" in described and "RWE" not in described, name
