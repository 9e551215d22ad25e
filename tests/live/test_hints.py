# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a Python program is told where it looks: a note at the end of a traceback that the box caused, and the module venvbox (spec B7)."""
import json
import os
import shlex

import pytest

from boxlab import tell


def note(done):
    """The note, or None. It ends the traceback, and there is no second one."""
    lines = done.stderr.splitlines()
    found = [line for line in lines if "venvbox: " in line]
    assert done.returncode == 1 and len(found) <= 1, tell(done)
    assert not found or lines[-1] == found[0] and lines[-1].startswith("venvbox: ") and "Error: " in lines[-2], tell(done)
    return found[0] if found else None


def note_of(box, code, *args, **kw):
    return note(box.run(["python", *args, "-c", code], **kw))


def command(text):
    """The line to paste."""
    assert "venvbox-install " in text, text
    return shlex.split("venvbox-install " + text.split("venvbox-install ", 1)[1])


@pytest.fixture
def beside(lab, who):
    """A directory of the host that no box shows."""
    return lab.directory(who, "beside")


# --- a path ------------------------------------------------------------------------------------------

def test_a_file_that_the_box_hides(box, who, beside):
    path = who.write(f"{beside}/data.csv", "1")
    text = note_of(box, f"open({path!r})")
    assert f"'{path}' is not in the box. If it is on the host" in text and command(text) == ["venvbox-install", box.venv, "--ro", path]


def test_a_file_that_is_nowhere_in_the_project(box):
    assert note_of(box, "open('nowhere')") is None
    assert note_of(box, "open('no/where')") is None


@pytest.mark.parametrize("name", ["data.csv", "a b", "it's $HOME", "-x", "ü"])
def test_the_line_shows_it_when_it_is_pasted(fresh, who, beside, name):
    path = who.write(f"{beside}/{name}", "1")
    text = note_of(fresh, f"open({path!r})")
    line = "venvbox-install " + text.split("venvbox-install ", 1)[1]
    fresh.sh(line.replace("venvbox-install", shlex.quote(fresh.lab.installer), 1), check=True)
    assert fresh.value(f"print(open({path!r}).read())") == "1"


def test_a_name_that_a_terminal_obeys_is_escaped(box, beside):
    done = box.py(f"open({beside + '/' + chr(27) + '[31m' + chr(10) + 'x'!r})")
    assert "\x1b" not in done.stderr and "\\x1b[31m\\nx'" in note(done), tell(done)


def test_a_relative_path(box, beside):
    path = os.path.join(beside, "x")
    assert f"'{path}'" in note_of(box, f"open({os.path.relpath(path, box.project)!r})")


def test_a_link_that_leads_out(box, who, beside):
    os.symlink(beside, box.path("link"))
    assert f"'{beside}/x'" in note_of(box, "open('link/x')")


def test_bytes_and_second_names(box, beside):
    assert beside in note_of(box, f"open({os.fsencode(beside) + b'/x'!r})")
    assert beside in note_of(box, f"import os; open('here', 'w'); os.link('here', {beside + '/x'!r})")


def test_below_the_private_home(box, who):
    text = note_of(box, "import os; open(os.path.expanduser('~/data.csv'))")
    assert "HOME of the box, which is private" in text and "venvbox-install" not in text


def test_a_file_that_the_private_home_has(box, who):
    who.write(box.path(".venv/home/data"), "1")
    assert box.py("import os; open(os.path.expanduser('~/data'))").stderr == ""


@pytest.mark.parametrize("name", [".ssh/id_ed25519", ".aws/credentials", ".netrc", ".config/gcloud/x", "server.pem", ".docker/config.json"])
@pytest.mark.parametrize("home", ["host", "inside"])
def test_keys_are_kept_out_on_purpose(box, who, home, name):
    text = note_of(box, f"import os; open(os.path.join({who.home!r} if {home!r} == 'host' else os.path.expanduser('~'), {name!r}))")
    assert "on purpose" in text and "venvbox-install" not in text


def test_sockets_of_services_are_kept_out_on_purpose(box):
    for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/user/1000/bus", "/run/dbus/system_bus_socket"):
        text = note_of(box, f"open({path!r})")
        assert "on purpose" in text and "venvbox-install" not in text


def test_tmp_is_private(box):
    assert "/tmp in the box is its own" in note_of(box, "open('/tmp/of-the-host/x')")
    # What this program has made there it can miss without our help.
    assert note_of(box, "import os; os.mkdir('/tmp/own'); open('/tmp/own/x')") is None


def test_devices(box):
    text = note_of(box, "open('/dev/nvidia0')")
    assert command(text) == ["venvbox-install", box.venv, "--dev-bind-try", "/dev/nvidia0", "/dev/nvidia0"]
    assert note_of(box, "open('/dev/shm/x')") is None


def test_the_name_of_a_shared_memory_is_no_path(box):
    assert note_of(box, "from multiprocessing.shared_memory import SharedMemory as S; S('nowhere')") is None


# --- a path that is read-only -------------------------------------------------------------------------------

@pytest.mark.parametrize("name", [".git/config", ".env", ".vscode/x"])
def test_protected_names(box, name):
    text = note_of(box, f"open({name!r}, 'w')")
    assert "on purpose" in text and command(text)[1:] == [box.venv, "--unprotect", name.split("/")[0]]


def test_the_venv(box):
    text = note_of(box, "open('.venv/x', 'w')")
    assert "the venv is read-only" in text and box.bin("pip") in text


def test_the_system(box):
    text = note_of(box, "open('/usr/lib/x', 'w')")
    assert "belongs to the system" in text and "venvbox-install" not in text


def test_what_was_shown_read_only(fresh, who, beside):
    fresh.install("--ro", beside)
    text = note_of(fresh, f"open({beside + '/x'!r}, 'w')")
    assert command(text)[1:] == [fresh.venv, "--rw", beside]
    fresh.install("--rw", beside)
    assert fresh.py(f"open({beside + '/x'!r}, 'w')").stderr == ""


def test_a_whole_home_is_never_offered(box):
    text = note_of(box, "import os; os.listdir('/home/somebody')")
    assert "'/home/somebody' is not in the box" in text and "venvbox-install /" not in text
    assert "venvbox-install /" in note_of(box, "import os; os.listdir('/home/somebody/data')")


def test_a_directory_that_only_leads_to_others(box, who):
    text = note_of(box, f"open({os.path.dirname(box.project) + '/x'!r}, 'w')")
    assert "cannot be written" in text and command(text)[2:] == ["--rw", "DIRECTORY"]


# --- refused --------------------------------------------------------------------------------------------------

def test_what_the_mode_of_a_file_refuses_is_no_matter_of_the_box(box, who):
    """For root the other's file, for the user his own without a mode."""
    path = who.write(box.path("closed"), "1", 0)
    if who.uid == 0:
        os.chown(path, 1, 1)
    text = note_of(box, "open('closed')")
    assert "root has no capabilities" in text if who.uid == 0 else text is None


def test_a_refusal_without_a_name(box):
    assert "python -X venvbox-verbose" in note_of(box, "import os; os.kill(1, 9); os.setuid(12345)")
    assert note_of(box, "raise PermissionError('not you')") is None


# --- programs ---------------------------------------------------------------------------------------------------

RUN = "import subprocess; subprocess.run([{!r}])"


def test_a_program_that_is_not_shown(box):
    text = note_of(box, RUN.format("apt-get"))
    assert "the program 'apt-get' is not in the box" in text and "--profile system" in text and text.endswith("--ro /usr/bin/apt-get")


def test_a_file_in_a_directory_that_is_shown_whole(box):
    """Mounted or copied: it is not on the host either. Beside it there may be more."""
    for path in ("/etc/alternatives/no-such", "/usr/share/git-core/no-such", "/usr/share/zoneinfo/no-such", "/usr/lib/no-such"):
        assert note_of(box, f"open({path!r})") is None
    for path in ("/etc/no-such", "/usr/share/no-such", "/usr/no-such/file", "/usr/share/fonts/x"):
        assert f"'{path}' is not in the box" in note_of(box, f"open({path!r})")


def test_a_program_where_all_of_usr_is_shown(fresh, who):
    fresh.install("--profile", "system")
    path = os.path.join(who.home, ".local", "bin")
    assert note_of(fresh, RUN.format("no-such-program")) is None
    assert command(note_of(fresh, RUN.format("no-such-program"), env={"PATH": f"/usr/bin:{path}"}))[2:] == ["--ro", path]


def test_an_interpreter_of_a_script_that_is_not_shown(box):
    box.write("run", "#!/opt/tool/bin/zsh\n", 0o755)
    text = note_of(box, RUN.format("./run"))
    assert "first line" in text and command(text)[2:] == ["--ro", "/opt/tool/bin/zsh"]


def test_a_working_directory_that_is_missing(box):
    assert note_of(box, "import subprocess; subprocess.run(['ls'], cwd='nowhere')") is None


# --- modules ---------------------------------------------------------------------------------------------------------

def test_a_module_of_a_directory_that_is_not_shown(fresh, who, beside):
    who.write(f"{beside}/mine.py", "word = 6 * 7")
    text = note_of(fresh, "import mine", env={"PYTHONPATH": beside})
    assert command(text)[1:] == [fresh.venv, "--ro", beside]
    fresh.install("--ro", beside)
    assert fresh.value("import mine; print(mine.word)", env={"PYTHONPATH": beside}) == "42"


def test_a_module_beside_a_script_of_elsewhere(box, who, beside):
    script = who.write(f"{beside}/script.py", "import mine")
    who.write(f"{beside}/mine.py", "")
    done = box.run(["python", script])
    text = next(line for line in done.stderr.splitlines() if line.startswith("venvbox: Python looks for"))
    assert command(text)[1:] == [box.venv, "--ro", beside]


def test_a_module_that_is_not_installed(box):
    assert note_of(box, "import nowhere") is None
    # The archive of the standard library is on sys.path, and hardly ever there.
    assert note_of(box, "import sys; sys.path.append('/nowhere/python311.zip'); import nowhere") is None
    assert "/nowhere/other.zip" in note_of(box, "import sys; sys.path.append('/nowhere/other.zip'); import nowhere")


def test_a_part_of_a_package_that_was_found(box, beside):
    assert note_of(box, "import json.nowhere", env={"PYTHONPATH": beside}) is None


# --- where, and where not -------------------------------------------------------------------------------------------------

LOST = "open('/nowhere/x')"


def test_isolated_and_without_site(box):
    assert "/nowhere/x" in note_of(box, LOST, "-I")
    assert note_of(box, LOST, "-S") is None
    assert note_of(box, LOST, "-I", "-S") is None


def test_what_it_starts(box):
    code = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {LOST!r}]).returncode)"
    assert "/nowhere/x" in note_of(box, code)


def test_an_exception_that_only_had_such_a_cause(box):
    done = box.py(f"try: {LOST}\nexcept OSError as e: raise ValueError('x') from e")
    assert note(done) is None and "FileNotFoundError" in done.stderr, tell(done)


def test_a_hook_of_the_program(box):
    done = box.py(f"import sys; sys.excepthook = lambda t, v, tb: print('mine', t.__name__)\n{LOST}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "mine FileNotFoundError\n", "")
    assert "/nowhere/x" in note_of(box, f"import sys; sys.excepthook = lambda *a: sys.__excepthook__(*a)\n{LOST}")


def test_it_is_said_once(box):
    code = "import sys\ntry: open('/nowhere/x')\nexcept OSError as e:\n    sys.excepthook(*sys.exc_info())\n    sys.excepthook(*sys.exc_info())"
    assert box.py(code).stderr.count('\nvenvbox: ') == 2  # once in each traceback
    assert box.value("import sys, io\nsys.stderr = io.StringIO()\n" + code + "\n    print(len(e.__notes__))") == "1"


@pytest.mark.parametrize("code", [
    "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); open('/nowhere/x' if False else 'x')",  # the working directory is gone
    "import sys, os; os.lstat = os.stat = None; open('/nowhere/x')",
    "class E(FileNotFoundError): errno = property(lambda self: 1 / 0)\nraise E(2, 'x', '/nowhere/x')",
    "import sys; sys.setrecursionlimit(50)\ndef f(n): return f(n - 1) if n else open('/nowhere/x')\nf(30)",
    "raise FileNotFoundError(2, 'x', {5})", "raise FileNotFoundError(2, 'x', 'a\\0b')", "raise FileNotFoundError()",
])
def test_what_goes_wrong_with_the_hint_is_not_said(pair, code):
    boxed, plain = pair.both(lambda side: side.py(code))
    without = [line for line in boxed.stderr.splitlines() if not line.startswith("venvbox: ")]
    assert (boxed.returncode, boxed.stdout, without) == (plain.returncode, plain.stdout, plain.stderr.splitlines())


@pytest.mark.parametrize("code", [
    "raise SystemExit(3)", "raise SystemExit('words')", "raise KeyboardInterrupt", "1/0", "import sys; sys.excepthook()", "import sys; sys.excepthook(1, 2, 3)",
    "import sys; sys.stderr = None; open('/nowhere/x')", "import sys; del sys.excepthook; open('nowhere')",
    "import threading; t = threading.Thread(target=lambda: 1/0, name='t'); t.start(); t.join()",
    "import threading; t = threading.Thread(target=exit, name='t'); t.start(); t.join()",
    "import pickle, copy, sys; print(pickle.loads(pickle.dumps(sys.excepthook)) is copy.deepcopy(sys.excepthook) is sys.excepthook)",
    "import _thread; _thread._excepthook(1)", "import inspect, sys; print(inspect.signature(sys.excepthook))",
])
def test_all_else_is_as_in_plain_python(pair, code):
    pair.same(["python", "-c", code])


def test_the_interactive_interpreter_says_it(box):
    done = box.run(["python", "-i", "-q"], input=LOST + "\n")
    assert "venvbox: '/nowhere/x' is not in the box" in done.stderr and done.returncode == 0, tell(done)


# --- the module venvbox ------------------------------------------------------------------------------------------------------------

def facts(box, **kw):
    return json.loads(box.value("import json, venvbox; print(json.dumps(venvbox.facts()))", **kw))


def test_it_tells_what_it_may_do(box):
    told = facts(box)
    assert told["boxed"] is True and told["version"] in box.install("--version").stdout
    assert (told["venv"], told["project"], told["home"]) == (box.venv, box.project, f"{box.venv}/home")
    assert {box.project, f"{box.venv}/home", f"{box.venv}/home/.cache", "/tmp"} <= set(told["writable"])
    assert {box.venv, box.path(".git"), box.path(".env")} <= set(told["protected"]) and box.path(".git") not in told["writable"]
    assert {"/etc/ssl/certs", "/etc/hosts", "/usr/lib", "/usr/bin/env", "/usr/bin/git"} <= set(told["readable"]) and not {"/etc", "/usr"} & set(told["readable"])


def test_it_tells_the_network(fresh):
    assert facts(fresh)["network"] == "host"
    fresh.install("--network", "none")
    assert facts(fresh)["network"] == "none"


def test_it_tells_limits_and_mounts_of_the_policy(fresh, beside):
    fresh.install("--ro", beside, "--files", "300", "--tmp", "8M")
    told = facts(fresh)
    assert beside in told["readable"] and told["limits"]["files"] == 300 and told["limits"]["tmp"] == 8 << 20 and told["limits"]["cpu"] is None


def test_paths_with_odd_names(lab, who):
    box = lab.box(who, project=who.makedirs(os.path.join(lab.directory(who), "a b\\ü'\t")))
    told = facts(box)
    assert told["project"] == box.project and box.project in told["writable"]


def test_it_tells_no_variables(box):
    told = box.sh("WORD=sesame .venv/bin/python -m venvbox; WORD=sesame .venv/bin/python -m venvbox --json").stdout
    assert "sesame" not in told and box.project in told
    assert "sesame" in box.sh("WORD=sesame .venv/bin/python -c 'import os; print(os.environ)'").stdout


@pytest.mark.parametrize("options", [[], ["-I"], ["-S"], ["-I", "-S"]])
def test_as_a_program(box, options):
    done = box.run(["python", *options, "-m", "venvbox"])
    assert done.returncode == 0 and ["boxed", "True"] in [line.split() for line in done.stdout.splitlines()], tell(done)
    assert json.loads(box.run(["python", *options, "-m", "venvbox", "--json"]).stdout)["venv"] == box.venv
    assert box.run(["python", *options, "-m", "venvbox", "--nonsense"]).returncode == 2


def test_it_comes_before_a_module_of_that_name(box):
    """As any module that is built in: what a package says of the box is not asked."""
    box.write("own/venvbox.py", "boxed = 'never'")
    assert box.value("import venvbox; print(venvbox.boxed)", env={"PYTHONPATH": box.path("own")}) == "True"


def test_outside_there_is_none(box):
    done = box.sh('"$1" -c "import venvbox"', "/usr/bin/python3")
    assert done.returncode == 1 and "No module named 'venvbox'" in done.stderr, tell(done)


def test_it_is_documented(box):
    assert "facts()" in box.value("import venvbox; print(venvbox.__doc__)")
    assert box.value("import venvbox; print(venvbox.__all__, venvbox)") == "['boxed', 'version', 'facts'] <module 'venvbox' (built-in)>"
