# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a verbose run says what it saw, and in which form: VENVBOX_VERBOSE=json, VENVBOX_LOG (host/tell.h)."""
import json
import os

import pytest

from boxlab import FAILURE, lacks, refused, tell
from terminal import Terminal

# One refused call, two hidden paths.
DENIED = "import os\nfor do in (lambda: os.chroot('.'), lambda: os.open('/usr/share/fonts', 0), lambda: os.open('/sys', 0)):\n    try: do()\n    except OSError: pass\nprint('out')\n"
TEXT, JSON = {"VENVBOX_VERBOSE": "1"}, {"VENVBOX_VERBOSE": "json"}


@pytest.fixture
def log(box):
    """A name of a file that is not there, where no box can write."""
    path = os.path.join(box.who.home, "said.json")
    if os.path.lexists(path):
        os.unlink(path)
    return path


def read(path):
    with open(path, encoding="utf-8", errors="strict") as f:
        return f.read()


def events(text):
    """Of the lines of a run, each an object."""
    return [json.loads(line) for line in text.splitlines()]


# --- what it says -----------------------------------------------------------------------------------

def check(text, ending):
    found = events(text)
    start, sealed, *denied, end = found
    assert [e["event"] for e in found] == ["start", "sealed"] + ["denied"] * (len(found) - 3) + ["end"]
    assert start["profile"] == "minimal" and start["argv"][-2] == "-c" and len(start["mounts"]) > 10 and sealed["landlock"] == (not lacks("landlock"))
    call, *paths = denied
    assert (call["kind"], call["what"], call["program"], call["errno"], call["allow"], call["unwise"]) == ("call", "chroot", "python -c", 1, None, True)
    assert len(paths) == (0 if lacks("openat2") else 2)
    if paths:
        assert (paths[0]["kind"], paths[0]["what"], paths[0]["setting"], paths[0]["value"], paths[0]["unwise"]) == ("hidden", "/usr/share/fonts", "ro", "/usr/share/fonts", False)
        assert paths[0]["allow"].endswith(" --ro /usr/share/fonts") and paths[1]["allow"] is None and "kernel" in paths[1]["why"]
    assert [(d["kind"], d["what"], d["count"]) for d in end["denied"]] == [(d["kind"], d["what"], 1) for d in denied]
    assert {name: end.get(name) for name in ending} == ending and end["complete"] is True and end["paths"] == (not lacks("openat2"))


@pytest.mark.parametrize("code, status, ending", [
    ("", 0, {"status": 0}), ("raise SystemExit(3)", 3, {"status": 3}), ("os.kill(os.getpid(), 9)", -9, {"signal": 9}),
    ("import signal; signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), 15)", -15, {"signal": 15}),
])
def test_each_line_of_a_file_is_an_object(box, log, code, status, ending):
    done = box.py(DENIED.replace("print('out')", "print('out', flush=True)") + code, env={**JSON, "VENVBOX_LOG": log})
    assert (done.returncode, done.stdout, done.stderr) == (status, "out\n", ""), tell(done)
    check(read(log), ending)


def test_the_option_of_python(box, log):
    done = box.run(["python", "-X", "venvbox-verbose=json", "-c", DENIED], env={"VENVBOX_LOG": log})
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", ""), tell(done)
    assert events(read(log))[-1]["status"] == 0


def test_without_a_log_to_standard_error(box):
    done = box.py(DENIED, env=JSON)
    assert (done.returncode, done.stdout) == (0, "out\n"), tell(done)
    check(done.stderr, {"status": 0})


def test_to_a_pipe(box):
    """By the number of a descriptor. The box does not get it."""
    r, w = os.pipe()
    p = box.popen(["python", "-c", DENIED + f"\ntry: os.fstat({w})\nexcept OSError as e: print(e.errno)"], env={**JSON, "VENVBOX_LOG": str(w)}, pass_fds=[w])
    os.close(w)
    with os.fdopen(r, encoding="utf-8") as f:
        text = f.read()
    assert p.communicate() == ("out\n9\n", "") and p.returncode == 0
    check(text, {"status": 0})


def test_the_program_keeps_the_others(box):
    """Positive control: a descriptor that is not named goes in."""
    r, w = os.pipe()
    done = box.py(f"import os; os.write({w}, b'x')", pass_fds=[w])
    os.close(w)
    assert done.returncode == 0 and os.read(r, 10) == b"x"
    os.close(r)


def test_to_standard_output(box):
    done = box.py("import os; os.write(1, b'out\\n')", env={**JSON, "VENVBOX_LOG": "1"})
    assert "out\n" in done.stdout and done.stderr == "" and [json.loads(line)["event"] for line in done.stdout.splitlines() if line != "out"] == ["start", "sealed", "end"]


def test_a_file_is_appended_to(box, log):
    box.who.write(log, "before\n")
    box.py("", env={**JSON, "VENVBOX_LOG": log})
    box.py("", env={**JSON, "VENVBOX_LOG": log})
    text = read(log)
    assert text.startswith("before\n") and [e["event"] for e in events(text[7:])] == ["start", "sealed", "end"] * 2


def test_text_goes_to_the_file_too(box, log):
    done = box.py(DENIED, env={**TEXT, "VENVBOX_LOG": log})
    assert done.stderr == "" and "  refused    chroot (Operation not permitted), to python -c\n" in read(log)


def test_a_relative_name(box, log):
    """From where the caller stands, outside of the project."""
    done = box.who.run([box.bin(), "-c", ""], cwd=box.who.home, env={**JSON, "VENVBOX_LOG": os.path.basename(log)})
    assert done.returncode == 0 and len(events(read(log))) == 3


def test_a_name_alone_watches_nothing(box, log):
    assert box.py(DENIED, env={"VENVBOX_LOG": log}).stderr == "" and not os.path.exists(log)


# --- who may say where ---------------------------------------------------------------------------------

def test_the_projects_variables_do_not_say(fresh, log):
    fresh.write(".env", f"VENVBOX_LOG={log}\nVENVBOX_VERBOSE=json\n")
    done = fresh.py("print('out')")
    assert done.returncode == 0 and not os.path.exists(log) and "start" not in done.stderr, tell(done)
    done = fresh.py("print('out')", env=TEXT)
    assert not os.path.exists(log) and "venvbox: nothing was denied\n" in done.stderr


def test_a_file_in_the_project(fresh):
    """Positive control of the refusals below."""
    done = fresh.py("print('out')", env={**JSON, "VENVBOX_LOG": "said.json"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", ""), tell(done)
    assert len(events(read(fresh.path("said.json")))) == 3


PLANTS = {
    "a link": "os.symlink(target, 'said')",
    "a link to nothing": "os.symlink(target + '-new', 'said')",
    "a link on the way": "os.symlink(os.path.dirname(target), 'd')",
    "a FIFO": "os.mkfifo('said')",
}


@pytest.mark.parametrize("name", PLANTS)
def test_what_a_box_planted_is_refused(fresh, name):
    target = fresh.who.write(os.path.join(fresh.who.home, "precious"), "precious\n")
    fresh.value(f"import os, sys\ntarget = sys.argv[1]\n{PLANTS[name]}", target)
    done = fresh.py("print('out')", env={**JSON, "VENVBOX_LOG": "d/precious" if "way" in name else "said"})
    refused(done, "VENVBOX_LOG")
    assert read(target) == "precious\n" and not os.path.exists(target + "-new")


def test_a_file_with_another_name_is_refused(fresh):
    """A hard link: what is appended to is the file of the other name, too."""
    target = fresh.write("precious", "precious\n")
    fresh.value("import os; os.link('precious', 'said')")
    refused(fresh.py("print('out')", env={**JSON, "VENVBOX_LOG": "said"}), "VENVBOX_LOG")
    assert read(target) == "precious\n"


@pytest.mark.parametrize("name", ["/no/such/directory/said", "/", "77", "0000000001x/y"])
def test_what_cannot_be_written_is_refused(box, name):
    refused(box.py("print('out')", env={**JSON, "VENVBOX_LOG": name}), "VENVBOX_LOG")


def test_a_descriptor_for_reading_is_refused(box):
    with open("/dev/null", "rb") as f:
        refused(box.py("print('out')", env={**JSON, "VENVBOX_LOG": str(f.fileno())}, pass_fds=[f.fileno()]), "VENVBOX_LOG")


@pytest.mark.parametrize("form", [TEXT, JSON], ids=["text", "json"])
def test_a_full_disk_is_no_failure(box, form):
    done = box.py(DENIED, env={**form, "VENVBOX_LOG": "/dev/full"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", ""), tell(done)


def test_a_reader_that_is_gone_is_no_failure(box):
    r, w = os.pipe()
    os.close(r)
    p = box.popen(["python", "-c", DENIED], env={**JSON, "VENVBOX_LOG": str(w)}, pass_fds=[w])
    os.close(w)
    assert p.communicate() == ("out\n", "") and p.returncode == 0


def test_a_reader_that_does_not_read(box):
    """The pipe is full: what does not fit is lost, or waits; the program ends as it does otherwise when it is read again."""
    r, w = os.pipe()
    p = box.popen(["python", "-c", DENIED], env={**JSON, "VENVBOX_LOG": str(w)}, pass_fds=[w])
    os.close(w)
    with os.fdopen(r, "rb") as f:
        while f.read(512):
            pass
    assert p.communicate() == ("out\n", "") and p.returncode == 0


def test_closed_standard_error(box):
    done = box.sh("exec .venv/bin/python -c 'print(1)' 2>&-", env=TEXT)
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_nothing_runs_when_it_is_refused(fresh):
    done = fresh.py("open('ran', 'w')", env={**JSON, "VENVBOX_LOG": "/no/such/said"})
    assert done.returncode == FAILURE and not os.path.exists(fresh.path("ran"))


# --- what a terminal would obey ---------------------------------------------------------------------------

HOSTILE = "\x1b]0;title\x07\n\u202evenvbox: nothing was denied"


@pytest.fixture
def hostile(who):
    """The name of a file in the user's home, for which the box may ask."""
    path = who.write(os.path.join(who.home, HOSTILE), "")
    yield HOSTILE
    os.unlink(path)


def is_clean(text):
    return all(c == "\n" or c.isprintable() for c in text)


@pytest.mark.parametrize("form", [TEXT, JSON], ids=["text", "json"])
def test_no_control_character_of_the_program_is_passed_on(box, hostile, form):
    """Of a path, and of the name that a program gives itself."""
    code = ("import os, sys\nif len(sys.argv) > 2: os.execv(sys.executable, ['evil\\x1b[31m\\nvenvbox: x', '-c', sys.argv[2], sys.argv[1]])\n"
            "try: os.open(os.path.expanduser('~/' + sys.argv[1]), 0)\nexcept OSError: pass\ntry: os.chroot('.')\nexcept OSError: pass")
    done = box.py(code, hostile, code, env=form)
    assert done.returncode == 0 and "chroot" in done.stderr and is_clean(done.stderr), tell(done)
    assert "\nvenvbox: x" not in done.stderr and (lacks("openat2") or "0;title" in done.stderr)
    if form is JSON:
        call = [e for e in events(done.stderr) if e.get("what") == "chroot"][0]
        assert call["program"].startswith("evil\x1b[31m\nvenvbox: x")
        # What a terminal would obey is told as bytes, so that it is the same again with Python's surrogateescape.
        assert lacks("openat2") or os.fsencode(hostile) in [os.path.basename(e["what"].encode("utf-8", "surrogateescape")) for e in events(done.stderr) if "what" in e]


@pytest.mark.parametrize("form", [TEXT, JSON], ids=["text", "json"])
def test_bytes_that_are_no_text(box, form):
    done = box.py("import os\nif os.environ.get('X') is None: os.environ['X'] = '1'; os.execv('/proc/self/exe', [b'evil\\xff\\xc0', b'-c', b\"import os\\ntry: os.chroot('.')\\nexcept OSError: pass\"])",
                  env=form)
    assert done.returncode == 0 and "chroot" in done.stderr and is_clean(done.stderr), tell(done)
    if form is JSON:
        program = [e for e in events(done.stderr) if e.get("what") == "chroot"][0]["program"]
        assert program.encode("utf-8", "surrogateescape").startswith(b"evil\xff\xc0")


@pytest.mark.parametrize("env, colored", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_color_at_a_terminal(box, env, colored):
    with Terminal(box.who, [box.bin(), "-c", DENIED], box.project, env={**TEXT, **env}, size=(50, 500)) as t:
        t.expect("venvbox: denied")
        assert t.finish() == 0
        assert ("\x1b[1mrefused\x1b[0m" in t.text) == colored and ("\x1b" in t.text) == colored


def test_json_has_no_color(box):
    with Terminal(box.who, [box.bin(), "-c", DENIED], box.project, env=JSON, size=(50, 500)) as t:
        t.expect('"event": "end"')
        assert t.finish() == 0 and "\x1b" not in t.text


def test_no_color_elsewhere(box, log):
    assert "\x1b" not in box.py(DENIED, env=TEXT).stderr
    box.py(DENIED, env={**TEXT, "VENVBOX_LOG": log})
    assert "refused" in read(log) and "\x1b" not in read(log)
