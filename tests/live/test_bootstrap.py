# SPDX-License-Identifier: LGPL-2.1-or-later
"""./bootstrap: what it asks of the machine, what it tells the package manager, and the way from a clone to a boxed venv."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import boxlab

TOP = pathlib.Path(__file__).resolve().parents[2]
# What bootstrap itself uses; all else is missing on the machines made here.
TOOLS = "sh dirname cat awk sed sort tr env head tail mkdir uname"


class Machine:
    """A PATH of its own, with stand-ins that write down how they were called."""

    def __init__(self, path, uid):
        self.bin = path / "bin"
        self.log = path / "log"
        self.bin.mkdir()
        self.log.touch()
        for tool in TOOLS.split():
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.add("id", f"echo {uid}")

    def add(self, name, body="", log=True):
        line = f'echo "{name} $*" >>"{self.log}"\n' if log else ""
        (self.bin / name).write_text(f"#!/bin/sh\n{line}{body}\n")
        (self.bin / name).chmod(0o755)

    def run(self, *args):
        # A standard input that is no terminal: sudo may not ask there.
        return subprocess.run([str(TOP / "bootstrap"), *args], env={"PATH": str(self.bin), "HOME": "/nonexistent"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def calls(self):
        return [line.strip() for line in self.log.read_text().splitlines() if not line.startswith("id ")]


@pytest.fixture
def user(tmp_path):
    return Machine(tmp_path, 1000)


@pytest.fixture
def root(tmp_path):
    return Machine(tmp_path, 0)


def two_lines(done):
    what, hint = done.stderr.splitlines()[-2:]
    assert done.returncode == 125
    assert what.startswith("venvbox: ")
    assert hint.startswith("hint: ")
    return what, hint


def test_without_autoconf_it_names_the_package(user):
    what, hint = two_lines(user.run())
    assert "autoreconf" in what
    assert "autoconf" in hint


def test_without_root_it_prints_the_command_and_runs_nothing(user):
    user.add("apt-get")
    _, hint = two_lines(user.run("packages", "install"))
    assert "apt-get update && apt-get install -y" in hint
    assert {"libseccomp-dev", "libcap-dev", "libinih-dev", "autoconf", "gcc"} <= set(hint.split())
    assert user.calls() == []


def test_a_sudo_that_would_ask_is_not_waited_for(user):
    user.add("apt-get")
    user.add("sudo", "exit 1")
    two_lines(user.run("packages", "install"))
    assert user.calls() == ["sudo -n true"]


def test_a_sudo_that_does_not_ask_is_used(user):
    user.add("apt-get")
    user.add("sudo", '[ "$1" = -n ] || exec "$@"')
    user.run("packages", "install")
    assert "apt-get -qq update" in user.calls()
    assert any(c.startswith("apt-get install -y --no-install-recommends ") for c in user.calls())


def test_root_needs_no_sudo_and_a_failed_installation_is_told(root):
    root.add("apt-get")
    what, _ = two_lines(root.run("packages", "install"))
    assert "still missing" in what
    assert "libcap" in what
    assert [c.split()[1] for c in root.calls()] == ["-qq", "install"]


def test_a_package_manager_that_fails_is_told(root):
    root.add("apt-get", '[ "$1" != install ]')
    what, _ = two_lines(root.run("packages", "install"))
    assert "package manager failed" in what


@pytest.mark.parametrize("manager, package", [
    ("dnf", "libcap-devel"), ("pacman", "libinih"), ("zypper", "pkgconfig(inih)"),
])
def test_other_package_managers(root, manager, package):
    root.add(manager)
    root.run("packages", "install")
    (call,) = root.calls()
    assert package in call.split()
    assert "libcap-dev" not in call.split()


def test_without_a_package_manager_it_says_what_is_missing(root):
    what, hint = two_lines(root.run("packages", "install"))
    assert "libseccomp" in what
    assert "apt-get" in hint


def test_where_nothing_is_missing_no_package_manager_runs(tmp_path):
    log = tmp_path / "log"
    for name in ("apt-get", "dnf", "sudo"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "$0 $*" >>"{log}"\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([str(TOP / "bootstrap"), "packages", "install"], stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PATH": f"{tmp_path}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})
    assert done.returncode == 0, done.stderr
    assert not log.exists()


@pytest.mark.parametrize("uid, status, called", [(0, 0, ["-qq", "install"]), (0, 1, ["-qq"]), (1000, 0, [])])
def test_musl_is_installed_where_that_asks_nobody_and_not_needed(tmp_path, uid, status, called):
    """On a machine that has all else."""
    machine = Machine(tmp_path, uid)
    for directory in ("/usr/sbin", "/usr/bin", "/usr/local/bin"):
        for name in os.listdir(directory):
            if name not in ("musl-gcc", "sudo") and not (machine.bin / name).exists():
                (machine.bin / name).symlink_to(os.path.join(directory, name))
    (machine.bin / "apt-get").unlink()
    machine.add("apt-get", f"exit {status}")
    done = machine.run("packages", "install")
    assert done.returncode == 0, done.stderr
    assert [c.split()[1] for c in machine.calls()] == called
    assert not called or machine.calls()[-1].endswith(" musl-tools") == (status == 0)
    assert ("going on without" in done.stderr) == (status == 1)


@pytest.mark.parametrize("args", [["nonsense"], ["install", "a", "b"], ["install", "--profile"], ["packages", "nonsense"]])
def test_bad_usage_changes_nothing(root, args):
    root.add("apt-get")
    assert root.run(*args).returncode == 125
    assert root.calls() == []


@pytest.fixture
def clone(lab, who):
    """A clone of the user's own, as git would make it."""
    clone = lab.directory(who, "clone")
    ignore = shutil.ignore_patterns(".git", "build*", "autom4te.cache", "configure", "config.*", "Makefile.in", "__pycache__", ".pytest_cache")
    shutil.copytree(TOP, clone, ignore=ignore, dirs_exist_ok=True)
    who.own(clone)
    return clone


def test_from_a_clone_to_a_blocked_key(lab, who, clone):
    """The README's way, and make check's with every interpreter, by someone whose project is elsewhere. HOME is the user's own; only root gets another prefix than usual."""
    project = lab.directory(who, "project")
    env = {"PREFIX": os.path.join(who.top, "usr")} if who.uid == 0 else {}
    prefix = env.get("PREFIX", os.path.join(who.home, ".local"))
    done = who.run([f"{clone}/bootstrap", "install", ".venv"], cwd=project, env=env, timeout=600)
    assert done.returncode == 0, boxlab.tell(done)
    assert f"{prefix}/bin is not in PATH" in done.stderr
    read = f"import os; print(os.path.exists('{who.home}/.ssh/id_ed25519')); print(open('/proc/self/status').read())"
    outside = who.run(["/usr/bin/python3", "-c", read])
    inside = who.run([f"{project}/.venv/bin/python", "-I", "-S", "-E", "-c", read])
    assert outside.stdout.startswith("True\n"), boxlab.tell(outside)
    assert inside.stdout.startswith("False\n"), boxlab.tell(inside)
    assert boxlab.status_of(inside.stdout)["Seccomp"] == "2"
    done = who.run(["make", "-C", f"{clone}/build", "check-local", "MATRIX=-k 'it_is_boxed and distribution'"], timeout=600)
    assert done.returncode == 0 and re.search(r"^distribution +(\d)/\1$", done.stdout, re.M), boxlab.tell(done)
    again = who.run([f"{clone}/bootstrap", "install"], cwd=project, env=env, timeout=600)
    assert again.returncode == 0, boxlab.tell(again)
    assert os.access(f"{prefix}/share/man/man1/venvbox-install.1", os.R_OK)
    assert os.access(f"{prefix}/share/bash-completion/completions/venvbox-install", os.R_OK)
