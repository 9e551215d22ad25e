# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Every interpreter of this machine, in venvs of every kind, is in the box what it is in the plain venv (spec B8).

A venv is asked before it is boxed and after: the paths are the same, so what it says must be the same.
"""
import difflib
import json
import os
import re
import shutil

import pytest

import interpreters
from boxlab import Box, refused, tell

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = interpreters.names()

# What differs on purpose, and why.
DELIBERATE = {
    "sys._base_executable": "bin/python is a file inside, not a link: as in a venv made with --copies (3.11 and later resolve the link)",
    "var.projectbase": "the same, in 3.8 to 3.10",
}
# The box sets them, or lets them in with pip only, as PIP_*: spec S12.
OTHER_VARIABLES = ("HOME", "VIRTUAL_ENV", "TMPDIR", "PWD", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


# --- one venv, before and after -------------------------------------------------------------------------------

class Asked:
    """A venv with what it said while it was plain, and what it says in its box."""

    def __init__(self, lab, interpreter, kind, tools, questions):
        who = interpreter.who
        self.box = Box(lab, who, lab.directory(who, "m"))
        self.interpreter = interpreter
        interpreters.make(kind, tools, interpreter, self.box.venv)
        for name in ("facts.py", "nested.py"):
            with open(os.path.join(HERE, name), encoding="utf-8") as f:
                self.box.write(name, f.read())
        self.box.write("lib/extra.py", "word = 1\n")
        self.box.write("startup.py", "print('startup')\n")
        for name in ("sitecustomize", "usercustomize"):
            self.box.write(f"custom/{name}.py", CUSTOM)
        self.box.write("broken/sitecustomize.py", "import no_such_module\n")
        self.box.write(".venv/bin/tool", f"#!{self.box.bin()}\nimport sys\nprint(sys.argv, sys.orig_argv if hasattr(sys, 'orig_argv') else 0, sys.prefix)\n", 0o755)
        self.plain = {name: ask(self) for name, ask in questions.items()}
        self.box.install()
        self.boxed = {name: ask(self) for name, ask in questions.items()}

    def run(self, args, env=None, **kw):
        """As in an activated shell."""
        path = os.path.join(self.box.venv, "bin") + ":" + self.box.who.env["PATH"]
        return self.box.who.run(["/usr/bin/env", *args], cwd=self.box.project, env={"PATH": path, **(env or {})}, **kw)

    def said(self, done):
        return done.returncode, self.steady(done.stdout), self.steady(done.stderr)

    def steady(self, text):
        """Without what differs from run to run, or on purpose, and with one home."""
        text = text.replace(self.box.path(".venv", "home"), self.box.who.home)
        text = re.sub(r"0x[0-9a-f]+", "0x", text)
        text = re.sub(r"import time: +\d+ \| +\d+ \|", "import time:", text)
        text = re.sub(r"(  sys\._base_executable = ).*", r"\1", text)
        text = re.sub(r"(USER_(?:BASE|SITE): .*) \(.*\)", r"\1", text)
        # In which order modules go at the end is not said twice alike.
        return re.sub(r"(?:# destroy .*\n)+", lambda m: "".join(sorted(m.group().splitlines(True))), text)

    def file(self, name):
        with open(self.box.path(name), encoding="utf-8", errors="surrogateescape") as f:
            told = json.load(f)
        os.unlink(self.box.path(name))
        return self.all_steady(told)

    def all_steady(self, value):
        if isinstance(value, dict):
            return {k: self.all_steady(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.all_steady(v) for v in value]
        return self.steady(value) if isinstance(value, str) else value


def facts(*options, env=None, also=(), **kw):
    def ask(asked):
        done = asked.run(["python", *options, "facts.py", "out.json", "a b", "-x", *also], env, **kw)
        told = {"what it said": asked.said(done)}
        if os.path.exists(asked.box.path("out.json")):
            told.update(asked.file("out.json"))
            told["environ"] = {k: v for k, v in told["environ"].items() if k not in OTHER_VARIABLES and not k.startswith("PIP_")}
        return told
    return ask


def says(*words, env=None, **kw):
    return lambda asked: {"what it said": asked.said(asked.run(words, env, **kw))}


def nested(asked):
    done = asked.run(["python", "nested.py", "nested.json"], timeout=300)
    assert done.returncode == 0, tell(done)
    return asked.file("nested.json")


# Each that can be together is together: a start for each would take minutes.
MANY = {
    "PYTHONPATH": "lib", "PYTHONOPTIMIZE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "latin-1:replace",
    "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore::UserWarning,default", "PYTHONTRACEMALLOC": "2", "PYTHONFAULTHANDLER": "1",
    "PYTHONNOUSERSITE": "1", "PYTHONUSERBASE": "/nowhere", "PYTHONSAFEPATH": "1", "PYTHONINTMAXSTRDIGITS": "5000", "PYTHONCASEOK": "1", "PYTHONBREAKPOINT": "0",
    "PYTHONNODEBUGRANGES": "1", "PYTHONMALLOC": "debug", "PYTHON_FROZEN_MODULES": "off", "PYTHON_COLORS": "0", "PYTHON_BASIC_REPL": "1", "PYTHON_HISTORY": "history",
    "PYTHONSTARTUP": "startup.py", "PYTHONEXECUTABLE": "/nowhere/bin/python", "PYTHON_CPU_COUNT": "2", "PYTHON_ANYTHING": "x", "PYTHONASYNCIODEBUG": "1",
}
NESTED_VENV = """
import os, shutil, subprocess, sys
subprocess.run([sys.executable, "-m", "venv", "--without-pip", "made"], check=True)
print(subprocess.run([os.path.abspath("made/bin/python"), "-c", "import sys; print(sys.prefix, sys.base_prefix, sys.executable)"], stdout=subprocess.PIPE).stdout)
# But for "executable": os.path.realpath() of what is no link inside.
print([l for l in open("made/pyvenv.cfg") if not l.startswith("executable")], sorted(os.listdir("made/bin")))
shutil.rmtree("made")
"""
CUSTOM = "import os, sys\nprint(__name__, __file__, sys.modules[__name__].__spec__.origin == __file__, sys.path, os.environ.get('PYTHONPATH'), sys.builtin_module_names)\n"
CUSTOMIZED = says("python", "-c", "import sys, sitecustomize; print(sitecustomize, 'usercustomize' in sys.modules, sys.path)", env={"PYTHONPATH": "custom"})
REPL = "import sys\nprint(sys.flags, sys.ps1, 'extra' in sys.modules)\n1/0\n"
QUESTIONS = {
    "nothing": facts(also=["modules"]),
    "-I": facts("-I", env=MANY),
    "-E -s -u -B": facts("-E", "-s", "-u", "-B", "-W", "error::ImportWarning", env=MANY),
    "-S -O -bb -q -d": facts("-S", "-O", "-bb", "-q", "-d", "-X", "dev"),
    "-P": facts("-P"),
    "-v -X importtime": says("python", "-v", "-X", "importtime", "-c", "import json"),
    "-X": facts("-X", "frozen_modules=off", "-X", "utf8", "-X", "tracemalloc=3", "-X", "no_debug_ranges", "-X", "own=1"),
    "variables": facts(env=MANY),
    "LANG=C": facts(env={"LANG": "C", "PYTHONCOERCECLOCALE": "warn", "PYTHONDEVMODE": "1", "PYTHONDEBUG": "1"}),
    "PYTHONVERBOSE": says("python", "-c", "pass", env={"PYTHONVERBOSE": "1", "PYTHONPROFILEIMPORTTIME": "1", "PYTHONINSPECT": "1"}),
    "PYTHONHOME": says("python", "-c", "pass", env={"PYTHONHOME": "/nowhere"}),
    "PYTHONPLATLIBDIR": says("python", "-c", "import sys; print(sys.path)", env={"PYTHONPLATLIBDIR": "lib64"}),
    "-i": says("python", "-i", "-q", env={"PYTHONSTARTUP": "startup.py", "PYTHONPATH": "lib", "PYTHON_BASIC_REPL": "1"}, input=REPL),
    "python3 -m": says("python3", "-m", "site"),
    "a script": says("tool", "x"),
    "own sitecustomize": CUSTOMIZED,
    "own sitecustomize, -I": says("python", "-I", "-c", "import sitecustomize", env={"PYTHONPATH": "custom"}),
    "own sitecustomize, -S": says("python", "-S", "-c", "import sitecustomize; print(sitecustomize)", env={"PYTHONPATH": "custom"}),
    "broken sitecustomize": says("python", "-c", "pass", env={"PYTHONPATH": "broken"}),
    "a venv made inside": says("python", "-c", NESTED_VENV),
    "a script by its path": says(".venv/bin/tool", "x"),
    "-VV": says("python", "-VV"),
}
SPAWN = """
import multiprocessing as m, os, sys, subprocess
def f(x): return x * 2, sys.executable, os.path.exists("/proc/self/status") and [l for l in open("/proc/self/status") if l.startswith("Seccomp:")]
if __name__ == "__main__":
    m.set_start_method("spawn")
    with m.Pool(2) as p: print(sorted(p.map(f, range(3)))[2])
    print(subprocess.run([sys.executable, "-c", "import sys; print(sys.executable, sys.prefix)"], stdout=subprocess.PIPE).stdout.decode(), end="")
"""


def apart(plain, boxed):
    """What differs, and no more of it."""
    if isinstance(plain, str) and isinstance(boxed, str):
        return list(difflib.unified_diff(plain.splitlines(), boxed.splitlines(), "plain", "boxed", n=0, lineterm=""))
    if isinstance(plain, dict) and isinstance(boxed, dict):
        return {k: apart(plain.get(k), boxed.get(k)) for k in sorted({*plain, *boxed}) if plain.get(k) != boxed.get(k)}
    if isinstance(plain, (list, tuple)) and isinstance(boxed, (list, tuple)) and len(plain) == len(boxed):
        return [apart(p, b) for p, b in zip(plain, boxed) if p != b]
    if isinstance(plain, (list, tuple)) and isinstance(boxed, (list, tuple)):
        return apart("\n".join(map(repr, plain)), "\n".join(map(repr, boxed)))
    return {"plain": plain, "boxed": boxed}


def differences(plain, boxed):
    return apart(*({k: v for k, v in told.items() if k not in DELIBERATE} for told in (plain, boxed)))


# --- fixtures -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def tools(lab):
    who = lab.user("root" if os.getuid() == 0 else "user")
    return interpreters.Tools(who, lab.directory(who, "tools"))


@pytest.fixture(scope="session", params=NAMES)
def interpreter(request, who):
    return interpreters.interpreter(who, request.param)


@pytest.fixture(scope="session", params=NAMES)
def either(request, lab):
    """Each interpreter, by root or by the ordinary user in turn: what takes seconds is done once."""
    turn = ("root", "user")[NAMES.index(request.param) % 2] if os.getuid() == 0 else "user"
    return interpreters.interpreter(lab.user(turn), request.param)


def ask(lab, interpreter, tools, questions):
    made = Asked(lab, interpreter, "venv", tools, questions)
    yield made
    shutil.rmtree(made.box.project, ignore_errors=True)


@pytest.fixture(scope="session")
def asked(lab, interpreter, tools):
    yield from ask(lab, interpreter, tools, QUESTIONS)


@pytest.fixture(scope="session")
def asked_nested(lab, either, tools):
    yield from ask(lab, either, tools, {"nested": nested})


# --- the tests --------------------------------------------------------------------------------------------------------

if "VENVBOX_TEST_EVERY_PYTHON" in os.environ:
    def test_there_is_more_than_the_distributions():
        """The others of this file run what is there: some, on every machine. CI's has to have more."""
        assert interpreters.pyenv_versions(), f"no interpreter below {interpreters.PYENV}: set VENVBOX_PYENV"


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_knows_the_same_of_itself(asked, name):
    assert differences(asked.plain[name], asked.boxed[name]) == {}
    if name == "nothing":
        assert asked.plain[name]["sys.argv"] == ["facts.py", "out.json", "a b", "-x", "modules"]
        assert {asked.boxed[name]["modules"][m] for m in ("ssl", "sqlite3", "ctypes")} == {"ok"}


def test_what_it_starts_knows_the_same(asked_nested):
    """sys.executable, with each option and each variable by itself."""
    assert differences(asked_nested.plain["nested"], asked_nested.boxed["nested"]) == {}


def test_it_is_boxed(asked):
    asked.box.write("spawn.py", SPAWN)
    done = asked.run(["python", "spawn.py"])
    python = asked.box.bin()
    assert done.stdout == f"(4, '{python}', ['Seccomp:\\t2\\n'])\n{python} {asked.box.venv}\n", tell(done)


# --- what a program is told -----------------------------------------------------------------------------------------------

TELLS = """
import importlib.util, subprocess, sys, threading
if importlib.util.find_spec("venvbox") is None:
    print("nothing")
else:
    import venvbox
    say = lambda *words: subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()
    print(venvbox.boxed, venvbox.facts()["venv"] == sys.prefix, [say(*o, "-m", "venvbox").split()[1] for o in ([], ["-I"], ["-S"], ["-I", "-S"])])
    t = threading.Thread(target=open, args=("/nowhere/thread",))
    t.start(); t.join()
open("/nowhere/main")
"""


def notes(stderr):
    return [line for line in stderr.splitlines() if line.startswith("venvbox: ")]


def test_it_is_told_what_the_box_caused(asked):
    """By every interpreter, embedded or executed."""
    asked.box.write("tells.py", TELLS)
    done = asked.run(["python", "tells.py"])
    lines = done.stderr.splitlines()
    assert done.returncode == 1, tell(done)
    assert done.stdout == "True True ['True', 'True', 'True', 'True']\n", tell(done)
    assert [("/nowhere/thread" in n, "/nowhere/main" in n) for n in notes(done.stderr)] == [(True, False), (False, True)], tell(done)
    assert "FileNotFoundError" in lines[-2] and lines[-1] == notes(done.stderr)[1], tell(done)


# --- venvs of other kinds -------------------------------------------------------------------------------------------------

KIND_QUESTIONS = {
    "nothing": facts(),
    "a script": says("tool", "x"),
    # With --system-site-packages there is a usercustomize too.
    "own customization": CUSTOMIZED,
    "python3": says("python3", "-c", "import sys, site; print(sys.executable, sys.prefix, sys.path, site.ENABLE_USER_SITE)"),
}


@pytest.mark.parametrize("kind", [k for k in interpreters.KINDS if k != "venv"])
def test_a_venv_made_otherwise(lab, either, tools, kind):
    """--copies, --system-site-packages, virtualenv, uv."""
    asked = Asked(lab, either, kind, tools, {**KIND_QUESTIONS, **({"pip": says("pip", "--version")} if kind == "virtualenv" else {})})
    if kind == "copies" and either.relinked:
        # A program that finds its library beside itself ($ORIGIN) finds none from the venv, or the distribution's: nothing to compare with.
        return
    wrong = {name: differences(asked.plain[name], asked.boxed[name]) for name in asked.plain}
    assert {k: v for k, v in wrong.items() if v} == {}
    assert asked.boxed["nothing"]["what it said"] == (0, "", "")
    if kind == "virtualenv":
        assert asked.boxed["pip"]["what it said"][1].startswith("pip ")
    shutil.rmtree(asked.box.project)


def test_packages_of_the_system_are_seen(lab, either, tools):
    """In a venv of that kind, and in no other. Where the base belongs to this user: nothing is put into the system."""
    if not either.is_copy:
        asked = Asked(lab, either, "system-site-packages", tools, {"path": says("python", "-c", "import sys; print(sys.path)")})
        assert differences(asked.plain["path"], asked.boxed["path"]) == {}
        return
    where = either.who.run([either.path, "-c", "import sysconfig as s; print(s.get_path('purelib'))"], check=True).stdout.strip()
    either.who.write(os.path.join(where, "of_the_system.py"), "word = 'found'\n")
    say = {"import": says("python", "-c", "import of_the_system; print(of_the_system.word)")}
    for kind, status in (("system-site-packages", 0), ("venv", 1)):
        asked = Asked(lab, either, kind, tools, say)
        assert differences(asked.plain["import"], asked.boxed["import"]) == {}
        assert asked.boxed["import"]["what it said"][0] == status


# --- moved, copied -----------------------------------------------------------------------------------------------------------

RAN = "open('ran', 'w')"
WHERE = "import sys; print(sys.executable, sys.prefix)"


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_venv_that_was_moved_or_copied(lab, either, tools, how):
    """A clear error, and the installation repairs it."""
    who = either.who
    box = Box(lab, who, lab.directory(who, "there"))
    interpreters.make("venv", tools, either, box.venv)
    box.install()
    there = Box(lab, who, lab.directory(who, how))
    if how == "moved":
        os.rename(box.venv, there.venv)
    else:
        who.run(["cp", "-a", box.venv, there.venv], check=True)
    said = refused(there.run(["python", "-c", RAN]), box.venv, there.venv, "venvbox-install " + there.venv)
    assert "was boxed as" in said and not os.path.exists(there.path("ran"))
    there.install()
    assert there.value(WHERE) == f"{there.bin()} {there.venv}"
    if how == "copied":
        assert box.value(WHERE) == f"{box.bin()} {box.venv}"


# --- the base is upgraded -------------------------------------------------------------------------------------------------------

NOW = "import os, sys; print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')], sys.version.split()[0], os.path.realpath('/proc/self/exe'))"


@pytest.fixture
def base(lab, either):
    """A copy of the interpreter that may be changed."""
    top = lab.directory(either.who, "base")
    yield interpreters.copy_of(either.who, either.name, os.path.join(top, "python"))
    shutil.rmtree(top, ignore_errors=True)


@pytest.fixture
def tmp_base(lab, who):
    top = lab.directory(who, "base")
    yield top
    shutil.rmtree(top, ignore_errors=True)


def test_the_base_is_upgraded(lab, base, tools):
    """
    The program, and its library if it has one, are others than before. It is run in its box, and what changed is said until it is boxed
    again.
    """
    who = base.who
    box = Box(lab, who, lab.directory(who, "u"))
    interpreters.make("venv", tools, base, box.venv)
    box.install()
    before = box.py(NOW)
    assert before.stderr == "" and before.returncode == 0, tell(before)
    changed = base.touch()
    done = box.py(NOW)
    assert done.returncode == 0 and done.stdout.startswith("['Seccomp:\\t2\\n'] "), tell(done)
    assert done.stderr.count("\n") == 1 and "has changed" in done.stderr and any(p in done.stderr for p in changed), tell(done)
    status = box.install("--status", check=False)
    assert status.returncode != 0 and all(p in status.stdout for p in changed), tell(status)
    box.install()
    done = box.py(NOW)
    assert (done.stdout, done.stderr) == (before.stdout, "")


# The versions that could take the place of a relocated build: of the same minor version and another patch, of another minor version.
PATCHES = [n for n in interpreters.pyenv_versions() if n.startswith(interpreters.VERSION + ".")]
OTHERS = [n for n in [*interpreters.beside(), *interpreters.pyenv_versions()] if n not in PATCHES]


def upgraded(lab, who, tools, name, top):
    """A venv of a relocated build, in whose place another Python is then. What the box said before."""
    before = interpreters.copy_of(who, "relocated", os.path.join(top, "python"))
    box = Box(lab, who, lab.directory(who, "u"))
    interpreters.make("venv", tools, before, box.venv)
    box.install()
    old = box.value(NOW).split()[-2]
    os.rename(os.path.join(top, "python"), os.path.join(top, "old"))
    interpreters.copy_of(who, name, os.path.join(top, "python"))
    return box, old


def test_another_patch_version_takes_its_place(lab, who, tools, tmp_base):
    """From static to shared, from one patch version to another, at the same path."""
    for name in PATCHES[:1]:
        box, old = upgraded(lab, who, tools, name, tmp_base)
        done = box.py(NOW)
        assert done.stdout.startswith(f"['Seccomp:\\t2\\n'] {name} "), tell(done)
        assert done.stderr.count("\n") == 1 and "has changed" in done.stderr and old in done.stderr, tell(done)
        said = box.install().stdout
        assert name in said and f"was {old} " in said, said
        done = box.py(NOW)
        assert done.stdout.split()[-2] == name and done.stderr == "", tell(done)


def test_another_minor_version_takes_its_place(lab, who, tools, tmp_base):
    """What is in the venv is of the version before: refused."""
    for name in OTHERS[-1:]:
        box, _ = upgraded(lab, who, tools, name, tmp_base)
        assert "is gone" in refused(box.run(["python", "-c", RAN]))
        assert not os.path.exists(box.path("ran"))
        done = box.install(check=False)
        assert done.returncode != 0 and interpreters.VERSION in done.stderr and "venv" in done.stderr, tell(done)


def test_a_library_that_it_does_not_use(lab, who, tools, tmp_base):
    """It is executed, as in a plain venv: the library is slower, and may be taken away, as when a package of the distribution is removed."""
    for name in [n for n in NAMES if n == "relocated-with-library"]:
        base = interpreters.copy_of(who, name, os.path.join(tmp_base, "python"))
        box = Box(lab, who, lab.directory(who, "u"))
        interpreters.make("venv", tools, base, box.venv)
        assert "executed after sealing" in box.install().stdout
        version = box.value(NOW).split()[-2]
        library = os.path.join(tmp_base, "python", "lib", f"libpython{interpreters.VERSION}.so.1.0")
        os.unlink(library)
        done = box.py(NOW)
        assert done.stdout == f"['Seccomp:\\t2\\n'] {version} {os.path.realpath(base.path)}\n", tell(done)
        assert done.stderr == "", tell(done)
        assert "executed after sealing" in box.install().stdout
