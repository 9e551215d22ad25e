# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way to start Python ends in a box and looks like plain Python (spec S1, S15, S19, C1, B4)."""
import os
import subprocess
import zipfile

import pytest

from boxlab import PYTHON, VERSION, Box, status_of, tell

SHOW = ("import os, sys\n"
        "print(sys.argv, sys.executable, sys.prefix, sys.base_prefix, sys.flags, sys.orig_argv, sep='\\n')\n"
        "print(sys.path, os.getcwd(), __name__, globals().get('__file__'), sep='\\n')\n")
SEALED = "print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])"
YES, NO = "['Seccomp:\\t2\\n']\n", "['Seccomp:\\t0\\n']\n"


@pytest.fixture(scope="module", autouse=True)
def files(pair):
    pair.write("show.py", SHOW)
    pair.write("sub/empty.txt", "")
    pair.write("package/__init__.py", "")
    pair.write("package/__main__.py", SHOW)
    pair.write("broken.py", "def broken(:\n")
    pair.write("run.py", "#!@VENV@/bin/python -sI\n" + SHOW, 0o755)
    for side in (pair.box, pair.plain):
        with zipfile.ZipFile(side.path("app.zip"), "w") as z:
            z.writestr("__main__.py", SHOW)


# --- boxed, and not boxed --------------------------------------------------------

def test_python_runs_sealed(pair):
    assert pair.plain.py(SEALED).stdout == NO
    assert pair.box.py(SEALED).stdout == YES


@pytest.mark.parametrize("name", ["python", "python3", "python" + VERSION])
def test_every_name_of_the_interpreter_is_boxed(pair, name):
    assert pair.plain.run([name, "-c", SEALED]).stdout == NO
    assert pair.box.run([name, "-c", SEALED]).stdout == YES


@pytest.mark.parametrize("script", [
    'exec ./.venv/bin/python -c "$1"',
    'cd sub && exec ../.venv/bin/python -c "$1"',
    'cd / && exec "$2/.venv/bin/python" -c "$1"',
    'PATH="$2/.venv/bin:$PATH"; exec python -c "$1"',
    'PATH=".venv/bin:$PATH"; exec python -c "$1"',
    '. .venv/bin/activate; python -c "$1"; deactivate',
    'exec env -i "$2/.venv/bin/python" -c "$1"',
    'ln -sfn .venv here; exec here/bin/python -c "$1"',
])
def test_found_in_any_way_it_is_boxed(pair, script):
    """By relative and absolute path, by PATH, with activate, through a link to the venv."""
    for side, expected in ((pair.plain, NO), (pair.box, YES)):
        done = side.sh(script, SEALED, side.project)
        assert (done.returncode, done.stdout) == (0, expected), tell(done)


def test_a_link_to_the_command_is_boxed(pair):
    """Or refused: what must not be is that it runs outside."""
    tool = os.path.join(pair.box.who.home, "tool")
    if not os.path.islink(tool):
        os.symlink(pair.box.bin(), tool)
    done = pair.box.who.run([tool, "-c", SEALED])
    assert done.stdout == YES, tell(done)


@pytest.mark.parametrize("name", ["other", "/nowhere/python", "-python", ""])
def test_exec_a_is_boxed(pair, name):
    script = 'exec -a "$2" "$3" -c "$1; import sys; print(sys.argv)" word'
    for side, expected in ((pair.plain, NO), (pair.box, YES)):
        done = side.run(["/bin/bash", "-c", script, "bash", SEALED, name, side.bin()])
        assert (done.returncode, done.stdout) == (0, expected + "['-c', 'word']\n"), tell(done)


def test_without_argv_nothing_runs_outside(pair):
    """execve with an empty argv; the kernel since 5.18 makes it [""]."""
    code = ("import ctypes, sys\n"
            "c = ctypes.CDLL(None)\n"
            "none = (ctypes.c_char_p * 1)(None)\n"
            "c.execve(sys.argv[1].encode(), none, none)\n")
    done = pair.box.who.run([PYTHON, "-c", code, pair.box.bin()], input=SEALED)
    assert NO not in done.stdout, tell(done)
    assert done.stdout == YES or done.returncode == 125, tell(done)


def test_the_launcher_is_c_without_python(pair):
    target = os.path.realpath(pair.box.bin())
    with open(target, "rb") as f:
        assert f.read(4) == b"\x7fELF"
    needed = subprocess.run(["readelf", "-d", target], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "Dynamic section" in needed and "libpython" not in needed, needed


def test_nothing_else_is_executed(pair):
    """No shell, no ldd, no Python on the way in (S19, C1); the last is the base, by a child of PID 1, which is sealed."""
    done = pair.box.run(["/usr/bin/strace", "-f", "-qq", "-s", "300", "-e", "trace=execve,execveat", pair.box.bin(), "-c", "pass"])
    assert done.returncode == 0, tell(done)
    called = [line.split('"')[1] for line in done.stderr.splitlines() if "exec" in line and '"' in line and "= 0" in line]
    assert called[0] == pair.box.bin() and called[1] == "/usr/bin/bwrap", called
    assert called[2].startswith(("/proc/self/fd/", "/run/venvbox/")) and called[3:] == [os.path.realpath(PYTHON)], called


def test_nothing_is_read_that_a_box_could_have_written(pair):
    """pyvenv.cfg and site-packages are not opened before bwrap runs (S19)."""
    done = pair.box.run(["/usr/bin/strace", "-qq", "-s", "300", "-e", "trace=%file", pair.box.bin(), "-c", "pass"])
    assert done.returncode == 0 and pair.box.project in done.stderr, tell(done)
    assert "pyvenv.cfg\", O_RDONLY" not in done.stderr.replace("O_RDONLY|", "O_RDONLY"), tell(done)
    assert "site-packages" not in done.stderr, tell(done)


# --- as plain Python --------------------------------------------------------------

@pytest.mark.parametrize("args", [
    ["python", "-c", SHOW, "a", "", "b c", "-x", "--", "\udcff"],
    ["python", "show.py", "one", "-m", "two"],
    ["python", "./show.py"], ["python", "@/show.py"], ["python", "-B", "-u", "show.py"],
    ["python", "-m", "show", "x"], ["python", "-mshow"], ["python", "-m", "package", "-c"],
    ["python", "package", "x"], ["python", "app.zip", "x"], ["python", "."],
    ["python", "-I", "-c", SHOW], ["python", "-S", "-E", "show.py"], ["python", "-OO", "-W", "error", "-X", "dev", "show.py"],
    ["python", "-s", "-P", "-c", SHOW],
    ["python", "-V"], ["python", "--version"], ["python", "-VV"], ["python", "-h"], ["python", "--help-xoptions"],
    ["python", "-Z"], ["python", "-c"], ["python", "-m", "no_such_module"], ["python", "nothing.py"], ["python", "-m", "package.nothing"],
    ["python", "broken.py"], ["python", "-c", "import sys; sys.exit('words')"], ["python", "-c", "1/0"],
    ["python", "-m", "json.tool", "nothing.json"], ["python", "-m", "timeit", "-n1", "-r1", "-s", "import sys", "sys.exit(7)"],
    ["python", "-c", "import sys; print(sys.stdin.isatty(), sys.stdout.encoding, sys.getfilesystemencoding())"],
])
def test_same_as_plain(pair, args):
    pair.same(args)


@pytest.mark.parametrize("status", [0, 1, 2, 3, 77, 124, 125, 126, 127, 128, 129, 137, 255, 256])
def test_exit_status(pair, status):
    pair.same(["python", "-c", f"import os; os._exit({status} % 256)"])


@pytest.mark.parametrize("sig", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSEGV", "SIGABRT", "SIGPIPE", "SIGUSR1", "SIGALRM", "SIGRTMIN"])
def test_death_by_signal(pair, sig):
    """subprocess sees -9, not 137 (B4)."""
    boxed, plain = pair.both(lambda v: v.py(f"import os, signal as s; s.signal(s.{sig}, s.SIG_DFL) if '{sig}' != 'SIGKILL' else 0; os.kill(os.getpid(), s.{sig})").returncode)
    assert plain < 0 and boxed == plain


def test_a_dead_child_is_no_dead_program(pair):
    pair.same(["python", "-c", "import os, sys; p = os.fork() or os.abort(); print(os.waitpid(p, 0)[1] & 127)"])


@pytest.mark.parametrize("args", [["python"], ["python", "-"], ["python", "-", "a", "b"], ["python", "-I"], ["python", "-i"],
                                  ["python", "-q", "-i", "show.py"], ["python", "-i", "-c", "print(1)"]])
def test_program_on_standard_input(pair, args):
    """A pipe."""
    assert "standard input" in pair.same(args, input=SHOW + "print('standard input')\n")


@pytest.mark.parametrize("args", [["python"], ["python", "-", "word"]])
def test_program_in_a_redirected_file(pair, args):
    """python < file"""
    def do(side):
        with open(side.path("show.py"), encoding="utf-8") as f:
            done = side.run(args, stdin=f)
        return done.returncode, done.stdout, done.stderr
    boxed, plain = pair.both(do)
    assert boxed == plain and boxed[0] == 0 and boxed[1]


def test_here_document(pair):
    """bash gives a pipe or an unlinked file."""
    boxed, plain = pair.both(lambda v: v.run(["/bin/bash", "-c", '"$0" - word <<"END"\nimport sys; print(sys.argv)\nEND', v.bin()]).stdout)
    assert boxed == plain == "['-', 'word']\n"


def test_large_output_arrives_whole(pair):
    code = "import sys\nfor i in range(256): sys.stdout.buffer.write(b'x' * 65536)"
    done = pair.box.py(code, text=False)
    assert done.returncode == 0 and done.stdout == b"x" * (256 * 65536)


def test_a_closed_pipe_ends_the_program(pair):
    boxed, plain = pair.both(lambda v: v.run(["/bin/bash", "-c", 'set -o pipefail; "$0" -c "while True: print(1)" 2>/dev/null | head -n 1', v.bin()]).returncode)
    assert boxed == plain


def test_shebang_script(pair):
    boxed, plain = pair.both(lambda v: (lambda d: (d.returncode, d.stdout, d.stderr))(v.run(["./run.py", "x"])))
    assert boxed == plain and "'./run.py', 'x'" in boxed[1]


def test_shebang_by_env(pair):
    """#!/usr/bin/env python, in an activated shell."""
    pair.write("envrun", "#!/usr/bin/env python\n" + SEALED, 0o755)
    for side, expected in ((pair.plain, NO), (pair.box, YES)):
        assert side.sh(". .venv/bin/activate && ./envrun").stdout == expected


def test_python_variables(pair):
    pair.write("lib/extra.py", "word = 'from PYTHONPATH'\n")
    pair.write("startup.py", "print('startup')\n")
    code = "import extra, sys; print(extra.word, sys.dont_write_bytecode, sys.flags.hash_randomization)"
    assert "from PYTHONPATH True 0" in pair.same(
        ["python", "-c", code], env={"PYTHONPATH": "lib", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"})
    assert "startup" in pair.same(["python", "-i", "-q"], input="1\n", env={"PYTHONSTARTUP": "startup.py"})


def test_relative_working_directory(pair):
    assert "sub" in pair.same(["python", "../show.py"], cwd=lambda v: v.path("sub"))


def test_stale_working_directory(pair):
    """A directory that was removed under the shell."""
    boxed, plain = pair.both(lambda v: v.sh('mkdir gone; cd gone; rmdir ../gone; exec "$1" -c "print(42)"', v.bin()).stdout)
    assert boxed == plain == "42\n"


# --- a script outside the project ---------------------------------------------------

def test_script_outside_the_project(pair):
    """The named file is there, read-only; the one beside it is not."""
    who = pair.box.who
    script = who.write(os.path.join(who.home, "scripts", "tool.py"),
                       "import os\nprint(sorted(os.listdir(os.path.dirname(__file__))))\n"
                       "try: open(__file__, 'a')\nexcept OSError as e: print(e.strerror)\n")
    who.write(os.path.join(who.home, "scripts", "secret.txt"), "secret")
    done = pair.box.run(["python", script])
    assert done.stdout == "['tool.py']\nRead-only file system\n", tell(done)
    assert pair.plain.run(["python", script]).stdout == "['secret.txt', 'tool.py']\n"


def test_script_outside_by_relative_path_and_link(pair):
    who = pair.box.who
    who.write(os.path.join(who.home, "real", "tool.py"), "import sys; print('ran', sys.argv)")
    link = os.path.join(who.home, "linked.py")
    if not os.path.islink(link):
        os.symlink("real/tool.py", link)
    for args in (["python", "linked.py"], ["python", link, "x"]):
        boxed, plain = pair.both(lambda v: v.run(args, cwd=who.home).stdout)  # pylint: disable=cell-var-from-loop
        assert boxed == plain and boxed.startswith("ran")


def test_script_outside_by_a_link_that_goes_up(pair):
    """From where another link has led."""
    who = pair.box.who
    who.write(os.path.join(who.home, "deep", "tool.py"), "print('of deep')")
    who.write(os.path.join(who.home, "tool.py"), "print('of home')")
    who.makedirs(os.path.join(who.home, "deep", "down"))
    for name, text in (("away", "deep/down"), ("up.py", "away/../tool.py")):
        if not os.path.islink(os.path.join(who.home, name)):
            os.symlink(text, os.path.join(who.home, name))
    boxed, plain = pair.both(lambda v: v.run(["python", "up.py"], cwd=who.home).stdout)
    assert boxed == plain == "of deep\n"


def test_zip_and_directory_outside(pair):
    who = pair.box.who
    who.write(os.path.join(who.home, "apps", "dir", "__main__.py"), "import helper")
    who.write(os.path.join(who.home, "apps", "dir", "helper.py"), "print('dir')")
    with zipfile.ZipFile(os.path.join(who.home, "apps", "app.zip"), "w") as z:
        z.writestr("__main__.py", "print('zip')")
    for name, word in (("dir", "dir\n"), ("app.zip", "zip\n")):
        done = pair.box.run(["python", os.path.join(who.home, "apps", name)])
        assert done.stdout == word, tell(done)


def test_a_script_that_a_box_could_have_linked_shows_no_key(lab, who):
    """manage.py, turned into a link to the key by an earlier run (design.md, law 4)."""
    box, plain = lab.box(who), lab.plain(who)
    key = os.path.join(who.home, ".ssh/id_ed25519")
    for side in (box, plain):
        os.symlink(key, side.path("manage.py"))
    assert "SyntaxError" in plain.run(["python", "manage.py"]).stderr
    done = box.run(["python", "manage.py"])
    assert done.returncode != 0 and "decoy" not in done.stderr + done.stdout and "SyntaxError" not in done.stderr, tell(done)


# --- odd paths (S15) --------------------------------------------------------------------

@pytest.mark.parametrize("name", [
    "with space", "quote's \"double\"", "$(touch pwned)`id`", "new\nline", "tab\tand\\backslash", "été 日本", "\udcff\udcfe bytes", "-rf", "a=b;c#d:e", "*?[x]",
    ".hidden", "x" * 200,
])
def test_odd_paths(lab, who, name):
    # Made elsewhere and moved: python -m venv itself cannot write all of these into pyvenv.cfg.
    project = os.path.join(lab.directory(who, "odd"), name)
    os.rename(lab.plain(who).project, project)
    box = Box(lab, who, project)
    box.install()
    box.write("show.py", "import os, sys\nprint(ascii((sys.prefix, os.getcwd(), sys.argv)))\n" + SEALED)
    done = box.run(["python", "show.py", name])
    assert done.stdout == ascii((box.venv, project, ["show.py", name])) + "\n" + YES, tell(done)
    assert done.stderr == ""
    assert box.attempt("open('made', 'w')") == "" and os.path.exists(box.path("made"))
    assert box.attempt("open('.venv/made', 'w')") == "EROFS"


def test_odd_name_of_the_venv(lab, who):
    project = lab.directory(who)
    box = lab.box(who, project=project, venv=os.path.join(project, "my venv\n'x'"))
    assert box.py(SEALED).stdout == YES
    assert box.attempt("open(sys.prefix + '/made', 'w')") == "EROFS"


def test_pip_in_an_odd_path(lab, who):
    """pip writes a shell shebang where the path of the interpreter has blanks."""
    box = Box(lab, who, who.makedirs(os.path.join(lab.directory(who, "odd"), "a 'b'")))
    who.run([PYTHON, "-m", "venv", box.venv], check=True)
    box.install()
    for args in (["python", "-m", "pip", "--version"], ["pip", "--version"]):
        done = box.run(args)
        assert done.returncode == 0 and "a 'b'" in done.stdout, tell(done)


def test_status_is_that_of_the_same_box(pair):
    """The helper that other tests judge by reads what the kernel says."""
    assert status_of(pair.plain.py("print(open('/proc/self/status').read())").stdout)["Seccomp"] == "0"
