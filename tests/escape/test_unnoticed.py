# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks that no other test noticed when the defence against them was switched off (tests/mutations/list)."""
import errno
import os
import subprocess

import pytest

import initrig as rig
from boxlab import tell, tick
from inside import HELP
from packages import sdist

LOCAL = ["install", "-q", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# --- pip -----------------------------------------------------------------------------------

def test_a_build_leaves_the_programs_cache_alone(fresh_pip, who):
    """~/.cache of programs is .venv/cache: models, byte code and the like, which they believe."""
    fresh_pip.value("import os; open(os.path.expanduser('~/.cache/model'), 'w').write('good')")
    attack = "try: open(os.environ['VIRTUAL_ENV'] + '/cache/model', 'w').write('evil')\nexcept OSError: pass"
    done = fresh_pip.pip(*LOCAL, sdist(who, fresh_pip.project, "evil", attack))
    assert done.returncode == 0, tell(done)
    assert text_of(os.path.join(fresh_pip.venv, "cache/model")) == "good"


def test_nothing_is_published_while_pip_runs(fresh_pip, who):
    """A build that could have its command run by the host while it still decides what that is."""
    attack = ("import time\n"
              "p = os.environ['VIRTUAL_ENV'] + '/bin/early'\n"
              "open(p, 'w').write('#!/bin/sh\\n')\n"
              "os.chmod(p, 0o755)\n"
              "open(os.environ['PWD'] + '/planted', 'w').close()\n"
              "while not os.path.exists(os.environ['PWD'] + '/go'): time.sleep(0.01)")
    p = fresh_pip.popen(["pip", *LOCAL, sdist(who, fresh_pip.project, "evil", attack)])
    try:
        rig.wait_until(lambda: os.path.exists(fresh_pip.path("planted")), "no build")
        # Another run ends meanwhile; whoever published too early would have had the time.
        assert fresh_pip.py("print(1)").stdout == "1\n"
        early = os.path.lexists(fresh_pip.bin("early"))
    finally:
        fresh_pip.write("go", "")
        out, err = p.communicate(timeout=120)
    assert not early and p.returncode == 0, out + err
    assert os.path.islink(fresh_pip.bin("early"))


@pytest.mark.parametrize("words", [["pip"], ["./pip"], ["@/pip"], ["-I", "pip"]], ids=" ".join)
def test_a_script_of_the_project_is_no_pip(fresh, words):
    """Who may write the venv is decided by where pip lies, not by what a script is called."""
    fresh.write("pip", "import sys\ntry: open(sys.prefix + '/evil', 'w'); print('wrote')\nexcept OSError as e: print(e.errno)\n")
    done = fresh.run(["python", *(word.replace("@", fresh.project) for word in words)])
    assert done.stdout == "30\n" and not os.path.exists(os.path.join(fresh.venv, "evil")), tell(done)


@pytest.mark.parametrize("where", ["project", "home"])
def test_pip_conf_opens_what_it_names_only_outside(fresh_pip, who, where):
    """One in the project may be a box's; one in the home is the user's, and the positive control."""
    shared = who.makedirs(os.path.join(fresh_pip.lab.directory(who, "shared"), "wheels"))
    who.write(shared + "/key", "decoy")
    conf = os.path.join(fresh_pip.project if where == "project" else fresh_pip.lab.directory(who, "conf"), "pip.conf")
    who.write(conf, f"[global]\nfind-links = {shared}\n")
    attack = f"open(os.environ['PWD'] + '/seen', 'w').write(str(os.path.exists({shared + '/key'!r})))"
    done = fresh_pip.pip(*LOCAL, sdist(who, fresh_pip.project, "evil", attack), env={"PIP_CONFIG_FILE": conf})
    assert done.returncode == 0, tell(done)
    assert text_of(fresh_pip.path("seen")) == str(where == "home")


def test_emptying_pip_s_tmp_follows_no_link(fresh_pip, who):
    """The launcher does it, on the host, after the build has filled it."""
    victim = fresh_pip.lab.directory(who, "victim")
    who.write(victim + "/sub/file", "precious")
    attack = (f"os.symlink({victim!r}, '/tmp/link')\n"
              "os.makedirs('/tmp/dir')\n"
              f"os.symlink({victim!r}, '/tmp/dir/link')")
    done = fresh_pip.pip(*LOCAL, sdist(who, fresh_pip.project, "evil", attack))
    assert done.returncode == 0, tell(done)
    assert text_of(victim + "/sub/file") == "precious"
    assert not os.path.exists(fresh_pip.state("pip-tmp")) or os.listdir(fresh_pip.state("pip-tmp")) == []


# --- paths -----------------------------------------------------------------------------------

def test_a_repository_made_after_the_install_is_protected_from_the_next_run_on(fresh):
    """The user's `git clone` below the project: its hooks run when he commits."""
    fresh.write("clone/.git/config", "[core]\n")
    tick()
    assert fresh.py("pass").stderr == ""
    assert fresh.attempt("open('clone/.git/config', 'a')") == "EROFS"
    assert fresh.attempt("open('clone/code.py', 'w')") == ""


def test_a_second_name_of_activate_ends_with_the_next_install(fresh):
    """A hard link, as tools of the host make them: what is written under the other name is sourced no more."""
    other = fresh.path("alias")
    os.link(fresh.bin("activate"), other)
    fresh.install()
    fresh.value("import os, sys; open(sys.argv[1], 'a').write('evil')", other)
    assert "evil" in text_of(other) and "evil" not in text_of(fresh.bin("activate"))


@pytest.mark.parametrize("what", ["", ".venv", ".git", ".."])
def test_no_option_gives_what_is_protected_another_name(fresh, what):
    """The protective mounts lie at their own paths."""
    fresh.write(".git/config", "x")
    before = text_of(os.path.join(fresh.venv, "pyvenv.cfg"))
    source = os.path.normpath(fresh.path(what))
    code = ("import os\n"
            "for at, dirs, files in os.walk('/x'):\n"
            "    for f in files:\n"
            "        if f in ('config', 'pyvenv.cfg'):\n"
            "            try: open(os.path.join(at, f), 'a').write('evil')\n"
            "            except OSError: pass\n"
            "print(os.path.isdir('/x'))\n")
    done = fresh.py(code, env={"BWRAP_ARGS": f"--bind {source} /x"})
    assert done.returncode == 125 and done.stdout == "", tell(done)
    assert (text_of(fresh.path(".git/config")), text_of(os.path.join(fresh.venv, "pyvenv.cfg"))) == ("x", before)
    assert fresh.value("import os; print(os.path.isdir('/x'))", env={"BWRAP_ARGS": f"--ro-bind {source} /x"}) == "True"


# --- the kernel --------------------------------------------------------------------------------

def test_user_namespaces_are_used_up(fresh):
    """--disable-userns: behind the filter the kernel says no as well. Seen by root, who enters without a filter."""
    assert os.getuid() == 0, "run the tests as root: only root may enter"
    p = fresh.popen(["python", "-c", "import sys; print('up', flush=True); sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        assert p.stdout.readline() == "up\n"
        enter = ["nsenter", "--user", "--preserve-credentials", "--target", str(rig.find_init(p.pid))]
        assert subprocess.run([*enter, "true"], check=False).returncode == 0
        done = subprocess.run([*enter, "unshare", "--user", "true"], stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode != 0 and os.strerror(errno.ENOSPC) in done.stderr, tell(done)
    finally:
        p.communicate(timeout=60)


def test_no_line_discipline(pair):
    """TIOCSETD has the kernel load a module (CVE-2017-2636); here with the discipline that is there, N_TTY."""
    code = HELP + ("m, s = os.openpty()\n"
                   "print(*[call(16 if X86 else 29, s, 0x5423 | high, struct.pack('i', 0)) for high in (0, 1 << 32)])")
    assert pair.plain.value(code) == "ok ok"
    assert pair.box.value(code) == "EPERM EPERM"
