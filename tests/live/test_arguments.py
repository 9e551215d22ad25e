# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arguments and environment of any kind and size reach the program as they are (spec B5; issue 3, line 5)."""
import errno
import os
import resource

import pytest

import packages
from boxlab import tell

ARGV = "import os, sys; print(ascii(sys.argv), ascii(sys.orig_argv[1:]), file=open('argv', 'w'))"
HASH = "import hashlib, os, sys; print(len(sys.argv), hashlib.sha256('\\0'.join(sys.argv[1:]).encode('utf-8', 'surrogateescape')).hexdigest(), len(os.environ.get('BIG0', '')))"

# Runs argv[1] with the words and variables that a file holds, as no shell can: argv may be empty, argv[0] anything.
EXECVE = '''
import ctypes, os, sys
program, words, variables = sys.argv[1:4]
def read(path):
    with open(path, "rb") as f: data = f.read()
    return data.split(b"\\0")[:-1]
def vector(items):
    return (ctypes.c_char_p * (len(items) + 1))(*items, None)
libc = ctypes.CDLL(None, use_errno=True)
libc.execve(program.encode(), vector(read(words)), vector(read(variables)))
os.write(2, b"execve: %d" % ctypes.get_errno())
os._exit(99)
'''


def execve(side, words, variables=(), program="python", grow=False, **kw):
    """execve(2) of a command of the venv with exactly these words. Limits as with a shell's, or (grow) a stack of 64 MiB."""
    files = []
    for name, items in (("words", words), ("variables", variables)):
        data = b"".join(os.fsencode(i) + b"\0" for i in items)
        files.append(side.write("exec-" + name, data))
    script = side.write("execve.py", EXECVE)

    def limits():
        # ARG_MAX is a quarter of it, 6 MiB at most: execve(2).
        hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
        size = 64 << 20 if grow else 8 << 20
        resource.setrlimit(resource.RLIMIT_STACK, (size, hard))
    return side.who.run(["/usr/bin/python3", "-I", script, side.bin(program), *files], cwd=side.project, preexec_fn=limits, **kw)


ENV = ["LANG=C.UTF-8", "PATH=/usr/bin:/bin"]


def same(pair, words, variables=(), **kw):
    """Status and output are those of the plain venv; what was said."""
    boxed, plain = pair.both(lambda v: (lambda d: (d.returncode, d.stdout, d.stderr))(execve(v, words, [*ENV, *variables], **kw)))
    assert boxed == plain
    return boxed


# --- argv[0] -------------------------------------------------------------------------------

@pytest.mark.parametrize("argv0", ["", "-python", "--help", "-", "python", "/", ".", "..", "-c", "--bind", "a\nb", b"\xff\xfe", " ", "/usr/bin/bwrap", "x" * 5000, "venvbox-launcher", "pip", "shell"],
                         ids=lambda a: ascii(a)[:20])
def test_the_first_word_may_be_anything(pair, argv0):
    """A login shell's "-python", none, that of another program: what runs is what was called, in its box."""
    code = "import sys; print(sys.argv, [l for l in open('/proc/self/status') if l.startswith('Seccomp:')], sys.prefix)"
    done = execve(pair.box, [argv0, "-c", code, "--print-plan", "x"], ENV)
    assert done.stdout == f"['-c', '--print-plan', 'x'] ['Seccomp:\\t2\\n'] {pair.box.venv}\n", tell(done)


def test_an_empty_argv(pair):
    """Linux 5.18 makes it {""}: CVE-2021-4034 began with one that is empty. Python reads its program from standard input."""
    boxed, plain = pair.both(lambda v: (lambda d: (d.returncode, d.stdout))(execve(v, [], ENV, input="import sys; print(sys.argv)\n")))
    assert boxed == plain == (0, "['']\n")


def test_our_own_name_as_the_first_word(pair):
    """venvbox-install asks the launcher for its plan by its own name; the caller of a command may do so too: nothing runs."""
    done = execve(pair.box, ["venvbox-launcher", "--print-plan", pair.box.venv], ENV)
    assert done.returncode == 0 and done.stdout.startswith("/usr/bin/bwrap"), tell(done)


# --- the other words --------------------------------------------------------------------------

@pytest.mark.parametrize("words", [
    ["-"], ["--"], ["--", "-c"], ["-c"], ["--bind", "/", "/"], ["--ro-bind", "/etc/shadow", "/x", "--", "sh"], ["--args", "0"], ["--seccomp", "9"], ["--help"], ["-h"],
    ["", "", ""], ["a b", "'", '"', "$(id)", "`id`", "*", "\\", "\\n"], ["a\nb", "\n", "\t\r\x1b[2J"], [b"\xff\xfe\x80", "ä€𝜋".encode()], ["-X", "venvbox-verbose"],
    ["=", "A=b", "-=", "--="], ["\u202e"],
], ids=ascii)
def test_words_are_passed_on(pair, words):
    for before in (["-c", ARGV], ["-", ], ["-I", "-c", ARGV]):
        if before == ["-"]:
            boxed, plain = pair.both(lambda v: execve(v, ["python", *before, *words], ENV, input=ARGV).returncode)
        else:
            boxed, plain = pair.both(lambda v: execve(v, ["python", *before, *words], ENV).returncode)
        assert boxed == plain == 0
        texts = []
        for side in (pair.box, pair.plain):
            with open(side.path("argv"), encoding="utf-8") as f:
                texts.append(f.read())
            os.unlink(side.path("argv"))
        assert texts[0] == texts[1]


def test_words_that_are_options_of_bubblewrap_mount_nothing(pair):
    """Beside test_words_are_passed_on: the host's root is not there."""
    code = "import os; print(os.path.exists('/host'), os.path.exists('/etc/shadow'))"
    for words in (["--bind", "/", "/host"], ["--", "--bind", "/", "/"], ["--ro-bind\n/\n/host"]):
        assert execve(pair.box, ["python", "-c", code, *words], ENV).stdout == "False False\n"


@pytest.mark.parametrize("name", ["-x", "--bind", "--help", "-rf", "--", "-"])
def test_a_command_whose_name_looks_like_an_option(lab, who, name):
    """Published by the user's word; the name is argv[0] and a path on the way to the program, and no option of ours or bubblewrap's."""
    box = lab.box(who, "--publish", name, pip=True)
    text = "#!python\nimport sys\nprint(sys.argv[1:], 'Seccomp:\\t2' in open('/proc/self/status').read())\n"
    path = packages.wheel(who, box.project, "odd", scripts={name: text})
    assert box.pip("install", "-q", "--no-index", "--no-deps", "--no-cache-dir", path).returncode == 0
    assert box.run([box.bin(name), "--bind", "/", "/"]).stdout == "['--bind', '/', '/'] True\n"
    done = box.sh('PATH="$PWD/.venv/bin:$PATH"; command -- "$1" x', name)
    assert done.stdout == "['x'] True\n", tell(done)


# --- size ---------------------------------------------------------------------------------------

LONGEST = 128 * 1024 - 1  # MAX_ARG_STRLEN with its NUL: execve(2)


def test_a_word_as_long_as_one_may_be(pair):
    assert same(pair, ["python", "-c", HASH, "x" * LONGEST])[0] == 0


def test_a_word_that_is_too_long(pair):
    """The kernel's answer, before us: the same as with plain Python."""
    assert same(pair, ["python", "-c", HASH, "x" * (LONGEST + 1)]) == (99, "", f"execve: {errno.E2BIG}")


def test_a_hundred_thousand_words(pair):
    assert same(pair, ["python", "-c", HASH, *map(str, range(100000))], grow=True)[1].startswith("100001 ")


def test_two_mebibytes_of_words_and_variables(pair):
    """Above what a stack of 8 MiB allows to one execve(2): a quarter of it. Here nearly so much."""
    words = ["w" * 100000] * 9
    variables = [f"LC_BIG{i}=" + "v" * 100000 for i in range(8)] + ["BIG0=" + "x" * 100000]
    status, out, _ = same(pair, ["python", "-c", HASH.replace("BIG0", "LC_BIG7"), *words], variables)
    assert status == 0 and out.startswith("10 ") and out.endswith(" 100000\n")


def test_six_mebibytes(pair):
    assert same(pair, ["python", "-c", HASH, *["w" * 100000] * 60], grow=True)[1].startswith("61 ")


def fits(side, count, rest):
    """Words so large that the kernel takes count * 100000 + rest bytes of them, nearly its limit."""
    return execve(side, ["python", "-c", "print('ran')", *["w" * 100000] * count, "w" * rest], ENV)


def test_at_the_limit_the_kernel_or_we_say_so(pair):
    """
    Inside, the program has a few variables more than the caller gave (HOME, VIRTUAL_ENV ...), so there are sizes that the launcher is started with
    and Python is not: each either runs, or is refused by execve(2) as plain Python is, or by us with words.
    """
    low, high = 0, LONGEST
    assert fits(pair.plain, 20, low).returncode == 0 and fits(pair.plain, 20, high).returncode == 99
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(pair.plain, 20, middle).returncode == 0 else (low, middle)
    ends = {}
    for rest in (low - 4096, low - 100, low, high):
        done = fits(pair.box, 20, rest)
        assert (done.returncode, done.stdout) == (0, "ran\n") or done.returncode == 99 and done.stderr == f"execve: {errno.E2BIG}" \
            or done.returncode == 126 and done.stdout == "" and done.stderr.startswith("venvbox: cannot run") and "hint: " in done.stderr, (rest, tell(done))
        ends[rest] = done.returncode
    assert ends == {low - 4096: 0, low - 100: 126, low: 126, high: 99}


def test_many_variables(pair):
    """Each is looked up among those before it: thousands must not take minutes."""
    variables = [f"LC_{i}=x" for i in range(20000)]
    assert same(pair, ["python", "-c", "import os; print(len([n for n in os.environ if n.startswith('LC_')]))"], variables, grow=True)[1] == "20000\n"
