# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a failed program's command line named and the box did not see is said, with the setting (spec B7)."""
import os

import pytest

from boxlab import tell


@pytest.fixture
def outside(who, lab):
    place = lab.directory(who, "extension")
    who.write(os.path.join(place, "tool.py"), "import helper; print(helper.word)")
    who.write(os.path.join(place, "helper.py"), "word = 'helped'")
    return place


def hints(done):
    return [line for line in done.stderr.splitlines() if line.startswith(("venvbox: ", "hint: "))]


def test_what_lies_beside_a_script(box, outside):
    done = box.run(["python", os.path.join(outside, "tool.py")])
    assert done.returncode == 1 and "No module named 'helper'" in done.stderr
    said, hint = hints(done)[-2:]  # before them the note of the traceback, test_hints.py
    assert repr(outside) in said and "tool.py" in said and hint.endswith(f" --ro {outside}"), tell(done)


def test_the_setting_that_is_named_helps(lab, who, outside):
    box = lab.box(who, "--ro", outside)
    done = box.run(["python", os.path.join(outside, "tool.py")])
    assert (done.returncode, done.stdout, done.stderr) == (0, "helped\n", "")


@pytest.mark.parametrize("word", ["@/helper.py", "--input=@/helper.py", "@"])
def test_an_argument(box, outside, word):
    word = word.replace("@", outside)
    done = box.py("import sys; sys.exit(2)", word)
    assert done.returncode == 2
    assert repr(word.partition("=")[2] or word) in hints(done)[0] and "--ro" in hints(done)[1], tell(done)


def test_a_relative_argument(box, outside):
    done = box.py("import sys; sys.exit(2)", os.path.relpath(os.path.join(outside, "helper.py"), box.project))
    assert repr(os.path.join(outside, "helper.py")) in hints(done)[0], tell(done)


@pytest.mark.parametrize("code, words", [
    ("pass", ["@/helper.py"]),
    ("import os; os.kill(os.getpid(), 9)", ["@/helper.py"]),
    ("import sys; sys.exit(1)", ["@/no-such", "/usr/lib", "/tmp/", ".", "x", "/etc/passwd", "http://x/y", "-/x", "..", "/"]),
    ("import sys; sys.exit(1)", []),
])
def test_nothing_to_say(box, outside, code, words):
    done = box.py(code, *[word.replace("@", outside) for word in words])
    assert done.stderr == "", tell(done)


def test_no_link_of_the_project_is_followed(box):
    """What a box planted tells nothing of the host."""
    box.value("import os; os.symlink('/root', 'link'); os.symlink('/etc', 'etc')")
    assert box.py("import sys; sys.exit(1)", "link/x", "etc/shadow", box.path("etc/shadow")).stderr == ""


def test_uv_of_the_host(box, who):
    """It runs code that lies in its cache."""
    cache = os.path.join(who.home, ".cache/uv")
    code = f'import sys; sys.path = [__import__("os").fsdecode(b"{cache}/.tmpX1")] + sys.path; from python.get_interpreter_info import main; main()'
    done = box.run(["python", "-I", "-B", "-c", code])
    assert done.returncode == 1 and "No module named 'python'" in done.stderr
    said, hint = hints(done)
    assert cache in said and "bin/uv" in hint and f"--ro {cache}" in hint, tell(done)


def test_a_command_that_a_tool_of_the_host_put_into_bin(box):
    """As uv of the host writes it: boxed by its first line, and found after the next install."""
    box.who.write(box.bin("hello"), f"#!{box.bin()}\nprint('hello')\n", 0o755)
    done = box.run(["hello"])
    assert done.returncode == 2 and "hello" in hints(done)[0] and hints(done)[1] == f"hint: to take it in: venvbox-install {box.venv}", tell(done)
    box.install()
    assert box.run(["hello"]).stdout == "hello\n"


def test_what_is_to_be_pasted_is_quoted(lab, who, box):
    place = lab.directory(who, "a b$(touch pasted)")
    who.write(os.path.join(place, "x"), "")
    hint = hints(box.py("import sys; sys.exit(2)", os.path.join(place, "x")))[1]
    command = hint.partition("venvbox-install")[2]
    assert who.sh(f"set -- {command}; echo \"$3\"").stdout == os.path.join(place, "x") + "\n", hint
