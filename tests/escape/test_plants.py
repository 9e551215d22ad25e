# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one run plants for the next one, or for the host (spec B1; design.md, law 4)."""
import os
import subprocess
import threading

import pytest

from boxlab import PROTECTED, SECRET, refused, tell
from inside import HELP


def key(box):
    return os.path.join(box.who.home, ".ssh/id_ed25519")


# --- links ------------------------------------------------------------------------------

def test_a_planted_link_to_the_key_shows_nothing(pair):
    code = "import os, sys\nos.path.lexists('l') or os.symlink(sys.argv[1], 'l')\nprint(open('l').read())"
    assert SECRET in pair.plain.py(code, key(pair.plain)).stdout
    assert "FileNotFoundError" in pair.box.py(code, key(pair.box)).stderr


@pytest.mark.parametrize("name", PROTECTED + (".venv", ".venv/home", ".venv/cache", ".venv/bin", ".venv/venvbox", ".venv/lib"))
@pytest.mark.parametrize("how", ["swap", "move and link", "exchange"])
def test_a_protected_name_cannot_be_turned_into_a_link(fresh, name, how):
    """.git -> ../../.ssh, planted by one run, would be mounted for the next (H02)."""
    if not os.path.exists(fresh.path(name)):
        fresh.write(name + ("/file" if name not in (".env", ".envrc") else ""), "A=1\n")
    steps = {"swap": "os.symlink(t, 'l'); os.rename('l', n)", "move and link": "os.rename(n, 'away'); os.symlink(t, n)",
             "exchange": "os.symlink(t, 'l'); libc.renameat2(-100, b'l', -100, n.encode(), 2) and (_ for _ in ()).throw(OSError(ctypes.get_errno(), ''))"}
    said = fresh.value(HELP + f"n, t = sys.argv[1:]\ntry:\n    {steps[how]}\n    print('ok')\nexcept OSError as e: print(errno.errorcode[e.errno])\n",
                       name, os.path.join(fresh.who.home, ".ssh"))
    assert said in ("EBUSY", "EXDEV", "EROFS", "EISDIR", "EEXIST", "ENOTEMPTY")
    assert not os.path.islink(fresh.path(name))
    done = fresh.py("import os, sys; print(os.listdir('.'), [os.listdir(n) for n in sys.argv[1:] if os.path.isdir(n)])", name)
    assert "id_ed25519" not in done.stdout


def test_names_swapped_in_a_race_show_nothing(fresh):
    """One box flips names as fast as it can while others start: none of them sees a key, none starts wrong."""
    code = ("import os, sys, threading\n"
            "os.makedirs('sub', exist_ok=True)\n"
            "print('up', flush=True)\n"
            "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()\n"
            "while True:\n"
            "    for n in ('.git', '.env', '.vscode', 'sub'):\n"
            "        for f in (lambda: os.rename(n, n + '2'), lambda: os.symlink(sys.argv[1], n), lambda: os.unlink(n), lambda: os.rename(n + '2', n)):\n"
            "            try: f()\n"
            "            except OSError: pass\n")
    fresh.write(".git/config", "x")
    racer = fresh.popen(["python", "-c", code, os.path.join(fresh.who.home, ".ssh")], stdin=subprocess.PIPE)
    assert racer.stdout.readline() == "up\n"
    try:
        for _ in range(15):
            done = fresh.py("import os\nfor n in ('.git', '.env', '.vscode', 'sub'):\n    try: print(os.listdir(n))\n    except OSError as e: print(e.errno)\n")
            assert "id_ed25519" not in done.stdout and done.returncode in (0, 125), tell(done)
            assert done.returncode == 0 or "hint: " in done.stderr
    finally:
        racer.communicate(timeout=60)


def test_working_directory_swapped_for_a_link(fresh):
    """The caller stands in sub, the box makes it a link to the keys for the next run."""
    fresh.value("import os; os.mkdir('sub')")
    done = fresh.sh('cd sub; ../.venv/bin/python -c "import os, sys; os.rename(\'../sub\', \'../gone\'); os.symlink(sys.argv[1], \'../sub\')" "$HOME/.ssh"; '
                    'exec ../.venv/bin/python -c "import os; print(os.listdir(\'.\'))"')
    assert "id_ed25519" not in done.stdout, tell(done)
    done = fresh.sh('cd sub && exec ../work/../.venv/bin/python -c "print(1)" || true; cd "$1/sub"; exec "$1/.venv/bin/python" -c "import os; print(os.listdir(\'.\'))"', fresh.project)
    assert "id_ed25519" not in done.stdout, tell(done)


# --- mount points through /oldroot (CVE-2026-87766) ----------------------------------------

@pytest.mark.parametrize("place", ["sub", "data/nested", "a/b/c"])
def test_no_mount_point_is_made_through_a_planted_link(lab, who, place):
    """bwrap before 0.12 makes missing mount points through links into /oldroot: on the host."""
    target = lab.directory(who, "victim")
    box = lab.box(who)
    os.makedirs(os.path.dirname(box.path(place)), exist_ok=True)
    who.own(box.project + "/" + place.split("/")[0]) if "/" in place else None
    box.value("import os, sys; os.makedirs(os.path.dirname(sys.argv[2]) or '.', exist_ok=True); os.symlink('/oldroot' + sys.argv[1], sys.argv[2])", target, place)
    for args in (["--tmpfs", box.path(place) + "/made"], ["--ro-bind", "/etc/hosts", box.path(place) + "/made"], ["--dir", box.path(place) + "/made"],
                 ["--file", "0", box.path(place) + "/made"], ["--symlink", "x", box.path(place) + "/made"]):
        box.py("print(1)", env={"BWRAP_ARGS": "\n".join(args)})
        assert os.listdir(target) == [], args


def test_working_directory_through_a_planted_link(lab, who):
    target = lab.directory(who, "victim")
    box = lab.box(who)
    box.value("import os, sys; os.symlink('/oldroot' + sys.argv[1], 'sub')", target)
    box.py("print(1)", env={"BWRAP_ARGS": f"--chdir {box.project}/sub/new"})
    assert os.listdir(target) == []


@pytest.mark.parametrize("name", [".venv/home/.cache", ".venv/home/.cache/pip"])
def test_mount_points_in_the_home(fresh, lab, name):
    """The home is writable: ~/.cache replaced by a link must not move the mount."""
    target = lab.directory(fresh.who, "victim")
    fresh.py("import os, sys\n"
             "for n in ('.cache/pip', '.cache'):\n"
             "    p = os.path.expanduser('~/' + n)\n"
             "    for f in (lambda: os.rmdir(p), lambda: os.rename(p, p + '2'), lambda: os.symlink('/oldroot' + sys.argv[1], p), lambda: os.symlink(sys.argv[1], p)):\n"
             "        try: f()\n"
             "        except OSError: pass\n", target)
    who = fresh.who
    who.makedirs(os.path.join(who.home, ".cache/pip"))
    for env in ({}, {"SANDBOX_USE_PIP_CACHE": "1"}):
        done = fresh.py("import os; open(os.path.expanduser('~/.cache/mark'), 'w')", env=env)
        assert done.returncode in (0, 1, 125), tell(done)
    assert os.listdir(target) == []


# --- hard links ------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [".venv/pyvenv.cfg", ".venv/bin/activate", ".venv/venvbox/manifest", ".env", ".git/config", ".venv/bin/python"])
def test_no_hard_link_to_a_protected_file(fresh, name):
    """A second name in the writable part would be the same file, writable."""
    fresh.write(".env", "A=1\n")
    fresh.write(".git/config", "x")
    assert fresh.attempt("os.link(sys.argv[1], 'alias')", name) in ("EXDEV", "EROFS", "EPERM")
    assert fresh.attempt("open('f', 'w'); os.link('f', 'g')") == ""


# --- what the host executes or obeys -------------------------------------------------------------

def test_git_status_after_a_run_executes_nothing(fresh, lab):
    """core.fsmonitor in a planted repository runs at the host's next `git status` (H03)."""
    mark = os.path.join(lab.top, "fsmonitor-" + fresh.who.name)
    code = ("import os, subprocess\n"
            "for how in (lambda: subprocess.run(['git', 'init', '-q', '.']), lambda: os.mkdir('.git'), lambda: open('.git', 'w').write('gitdir: sub')):\n"
            "    try: how()\n"
            "    except OSError: pass\n"
            "try: open('.git/config', 'a').write('[core]\\nfsmonitor = touch %s\\n')\n"
            "except OSError: pass\n" % mark)
    fresh.py(code)
    fresh.sh("git status")
    assert not os.path.exists(mark) and not os.path.lexists(fresh.path(".git"))


def test_git_status_in_a_plain_project_would(lab, who):
    """Positive control: git obeys such a repository."""
    plain = lab.plain(who)
    mark = os.path.join(who.home, "fsmonitor-ran")
    plain.py(f"import subprocess\nsubprocess.run(['git', 'init', '-q', '.'])\nopen('.git/config', 'a').write('[core]\\nfsmonitor = touch {mark}\\n')")
    plain.sh("git status")
    assert os.path.exists(mark)


def test_files_of_the_home_are_as_they_were(fresh):
    """H14: nothing of the real home was changed."""
    absent = [n for n in (".gitconfig", ".profile", ".config/autostart", ".local/bin/x", ".pip", ".ssh/authorized_keys")
              if not os.path.lexists(os.path.join(fresh.who.home, n))]
    assert ".local/bin/x" in absent and ".gitconfig" in absent
    before = {n: os.stat(os.path.join(fresh.who.home, n)).st_mtime_ns for n in (".bashrc", ".ssh", ".ssh/id_ed25519")}
    code = ("import os, sys\n"
            "for n in ('.bashrc', '.profile', '.ssh/authorized_keys', '.gitconfig', '.config/autostart/x', '.local/bin/x', '.pip/pip.conf'):\n"
            "    for home in (sys.argv[1], os.path.expanduser('~')):\n"
            "        try:\n"
            "            os.makedirs(os.path.dirname(os.path.join(home, n)), exist_ok=True)\n"
            "            open(os.path.join(home, n), 'a').write('evil')\n"
            "        except OSError: pass\n")
    assert fresh.py(code, fresh.who.home).returncode == 0
    assert {n: os.stat(os.path.join(fresh.who.home, n)).st_mtime_ns for n in before} == before
    for name in absent:
        assert not os.path.lexists(os.path.join(fresh.who.home, name))


def test_odd_names_left_in_the_project_are_harmless(fresh, lab):
    """Newlines, escapes, options, quotes: the next run and what is said about them."""
    code = ("import os\n"
            "for n in (b'-rf', b'a\\nb', b\"a b'\\\"$(id)`id`\", b'\\x1b]0;pwn\\x07', b'\\xff\\xfe', b'--bind', b'*', b'--ro-bind\\n/\\n/x'):\n"
            "    os.makedirs(n + b'/.git', exist_ok=True); open(n + b'/file', 'w')\n")
    done = fresh.py(code)
    assert done.returncode == 0 and "\x1b" not in done.stderr and "\x07" not in done.stderr, tell(done)
    assert fresh.py("print(1)").stdout == "1\n"
    fresh.install()
    done = fresh.run(["python", "-X", "venvbox-verbose", "-c", "print(1)"])
    assert done.stdout == "1\n" and "\x1b" not in done.stderr, tell(done)


def test_the_lock_cannot_be_held_against_others(fresh):
    """A box that sits on every lock it can get must not stop the next one; an installation is refused while it runs, with words."""
    code = ("import fcntl, glob, os, sys\n"
            "held = []\n"
            "for p in glob.glob(sys.prefix + '/venvbox/*') + [sys.prefix, sys.prefix + '/venvbox', '.']:\n"
            "    for mode in (os.O_RDONLY, os.O_RDWR):\n"
            "        try: fd = os.open(p, mode)\n"
            "        except OSError: continue\n"
            "        for f in (lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB), lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)):\n"
            "            try: f(); held.append(fd)\n"
            "            except OSError: pass\n"
            "print('up', flush=True); sys.stdin.read()\n")
    p = fresh.popen(["python", "-c", code], stdin=subprocess.PIPE)
    try:
        assert p.stdout.readline() == "up\n"
        assert fresh.py("print(1)").stdout == "1\n"
        refused(fresh.install(check=False), "a program that runs in the box")
    finally:
        p.communicate(timeout=60)
    assert fresh.install().returncode == 0


def test_directories_deep_and_many_are_no_trouble(fresh):
    """The launcher looks at what appeared: a bounded look."""
    code = ("import os\n"
            "for i in range(2000): os.mkdir('d%d' % i)\n"
            "for i in range(600):\n"
            "    os.mkdir('deep'); os.chdir('deep')\n")
    assert fresh.py(code).returncode == 0
    assert fresh.py("print(1)").stdout == "1\n"


def test_project_made_unreadable_by_a_box(fresh):
    """chmod 0 of the project is possible for its owner; then it is said, and nothing runs unboxed."""
    fresh.py("import os; os.chmod('.', 0)")
    try:
        done = fresh.sh('exec "$1" -c "$2"', fresh.bin(), "print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])", cwd="/")
        # An ordinary user cannot even execute what lies in it.
        assert done.returncode == 126 or done.returncode == 125 and "hint: " in done.stderr or "\\t2" in done.stdout, tell(done)
    finally:
        os.chmod(fresh.project, 0o755)


def test_symlink_loops_and_pipes_in_protected_places(fresh):
    for name, make in ((".git", lambda p: os.symlink(".git", p)), (".env", os.mkfifo), (".envrc", lambda p: os.symlink("/dev/zero", p))):
        make(fresh.path(name))
        os.lchown(fresh.path(name), fresh.who.uid, fresh.who.gid)
        done = fresh.py("print(1)")
        assert done.stdout == "1\n" or "hint: " in done.stderr, tell(done)
        if os.path.islink(fresh.path(name)):
            refused(done, name)
        os.unlink(fresh.path(name))


def test_many_boxes_start_and_end_at_once(fresh):
    """Names are made and removed by several launchers: none fails, none is left."""
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(fresh.py("print(1)").stdout)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert ends == ["1\n"] * 8 and sorted(os.listdir(fresh.project)) == [".venv"]
