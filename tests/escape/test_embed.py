# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-python and venvbox-python-exec: refuse unsealed, and are the venv's Python when sealed (spec C2, B8)."""
import ast
import glob
import os
import shutil
import subprocess
import sysconfig

import pytest

import initrig as rig
from initrig import run

SHARED = os.path.join(rig.LIBEXEC, "venvbox-python")
EXEC = os.path.join(rig.LIBEXEC, "venvbox-python-exec")
PROGRAMS = [SHARED, EXEC]
HINTS = os.path.join(rig.LIBEXEC, "venvbox-hints.so")

FACTS = """
import json, sys, ssl, ctypes, sqlite3, zlib, hashlib, multiprocessing, site
import os
print({"prefix": sys.prefix, "executable": sys.executable, "base_prefix": sys.base_prefix, "version": sys.version,
       "ssl": ssl.create_default_context() is not None, "ctypes": ctypes.pythonapi.Py_IsInitialized(),
       "sqlite": sqlite3.connect(":memory:").execute("select 41 + 1").fetchone()[0], "path": sys.path, "argv": sys.argv})
"""


def interpreters():
    found = ["/usr/bin/python3"] + sorted(glob.glob("/root/.pyenv/versions/3.*/bin/python3"))
    return [p for p in found if os.access(p, os.X_OK) and version(p) >= (3, 8)]


def version(python):
    return ast.literal_eval(ask(python, "import sys; print(tuple(sys.version_info[:2]))"))


def ask(python, code):
    return subprocess.run([python, "-I", "-S", "-c", code], stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def shared_library(python):
    return ask(python, "import os, sysconfig as s; v = s.get_config_var\n"
                       "print(os.path.join(v('LIBDIR'), v('MULTIARCH') or '', v('INSTSONAME')) if not v('Py_ENABLE_SHARED') and v('LIBDIR') == '/usr/lib'\n"
                       "      else os.path.join(v('LIBDIR'), v('INSTSONAME')))")


def debian_shared():
    """Debian's interpreter is static; its shared library lies beside, if libpython3.X is installed."""
    found = glob.glob("/usr/lib/%s/libpython3.%d.so.1.0" % (sysconfig.get_config_var("MULTIARCH") or "*", version("/usr/bin/python3")[1]))
    return found[0] if found else None


class Venv:
    """A venv as venvbox-install leaves it, as far as the inside sees it: bin/python is a mount point."""

    def __init__(self, base, where, program, library=None, execute=None):
        self.base, self.path = base, str(where / "v env")
        subprocess.run([base, "-m", "venv", "--without-pip", self.path], check=True)
        self.python = os.path.join(self.path, "bin", "python")
        for name in os.listdir(os.path.join(self.path, "bin")):
            os.unlink(os.path.join(self.path, "bin", name))
        open(self.python, "w").close()
        state = os.path.join(self.path, "venvbox")
        os.mkdir(state)
        if library:
            os.symlink(library, os.path.join(state, "libpython"))
        if execute:
            os.symlink(os.path.realpath(execute), os.path.join(state, "base-python"))
        self.extra = ["--ro-bind", self.path, self.path, "--ro-bind", program, self.python]

    def run(self, user, *args):
        return run(user, [self.python, *args], program=self.python, extra=self.extra)


@pytest.fixture
def where(tmp_path):
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and str(path) != "/":
            path.chmod(path.stat().st_mode | 0o055)
    return tmp_path


def ways():
    for base in interpreters():
        if base != "/usr/bin/python3" or debian_shared():
            yield "shared", base
        yield "exec", base


def make(way, base, where):
    library = debian_shared() if base == "/usr/bin/python3" else shared_library(base)
    if way == "shared":
        return Venv(base, where, SHARED, library=library)
    return Venv(base, where, EXEC, execute=base)


def caller(base):
    """Interpreters below /root are root's."""
    return rig.USER if os.getuid() == 0 and not base.startswith("/root/") else rig.users()[0]


@pytest.mark.parametrize("way, base", list(ways()))
def test_it_is_the_python_of_the_venv(way, base, where):
    venv = make(way, base, where)
    box, text = venv.run(caller(base), "-c", FACTS, "a", "b c")
    assert box.reports[-1].value == 0, text
    facts = ast.literal_eval(text)
    assert facts["prefix"] == venv.path
    assert facts["executable"] == venv.python
    assert facts["base_prefix"] == ask(base, "import sys; print(sys.base_prefix)")
    assert facts["version"] == ask(base, "import sys; print(sys.version)").strip()
    assert facts["ssl"] and facts["ctypes"] == 1 and facts["sqlite"] == 42
    assert facts["argv"] == ["-c", "a", "b c"]
    assert os.path.join(venv.path, "lib", "python%d.%d" % version(base), "site-packages") in facts["path"]


@pytest.mark.parametrize("way, base", list(ways()))
def test_readline_and_exit_status(way, base, where):
    venv = make(way, base, where)
    box, text = venv.run(caller(base), "-I", "-c", "import readline, sys; print(readline.get_history_length()); sys.exit(7)")
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == 7, text
    assert text == "-1\n"


@pytest.mark.parametrize("way, base", list(ways()))
def test_children_are_the_same_python(way, base, where):
    venv = make(way, base, where)
    code = "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.prefix)']).decode())"
    _, text = venv.run(caller(base), "-c", code)
    assert text.strip() == venv.path


SHOW_HINTS = ["--tmpfs", "/etc", "--ro-bind", HINTS, "/etc/venvbox/hints.so"]

WHAT_IT_SEES = """
import os, sys
with open("/proc/self/comm") as f: name = f.read().strip()
with open("/proc/self/environ", "rb") as f: first = f.read()
print([k for k in os.environ if k.startswith(("LD_", "VENVBOX_PRELOAD"))], name, os.path.realpath("/proc/self/exe"), len(os.listdir("/proc/self/fd")),
      [w for w in (b"LD_PRELOAD", b"VENVBOX_PRELOAD", b"hints.so") if w in first])
"""


@pytest.mark.parametrize("base", interpreters())
@pytest.mark.parametrize("hints", [False, True])
def test_one_that_is_executed_is_as_in_a_plain_venv(base, where, hints):
    """Nothing is left of how it came there: environment, name, descriptors."""
    venv = make("exec", base, where)
    if hints:
        venv.extra += SHOW_HINTS
    plain = subprocess.run([base, "-c", WHAT_IT_SEES], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout.decode().split()
    _, text = venv.run(caller(base), "-c", WHAT_IT_SEES)
    said = text.split()
    assert said[0] == plain[0] == "[]" and said[2] == plain[2] == os.path.realpath(base), text
    assert said[3:] == plain[3:] == [plain[3], "[]"], text
    assert said[1] == ("python" if hints else os.path.basename(os.path.realpath(base))), text


PRELOADS = """
import os, subprocess, sys
say = "import os, venvbox; print(os.environ.get('LD_PRELOAD'))"
env = {"LD_PRELOAD": sys.argv[1], "LAST": "x"}
print(subprocess.run([sys.executable, "-c", say], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(), end="")
"""


FIRST = r"""
#include <link.h>
#include <string.h>
#include <unistd.h>
/* Behind the program and what the kernel brings, which have no path. */
static void __attribute__((constructor)) begin(void)
{
	struct link_map *m = _r_debug.r_map;
	while (m && !strchr(m->l_name, '/')) m = m->l_next;
	(void) !write(1, m && strstr(m->l_name, "first.so") ? "first\n" : "later\n", 6);
}
"""


@pytest.mark.parametrize("theirs", ["", "/etc/first.so", "/etc/first.so:/etc/first.so"])
def test_what_else_is_preloaded_stays_so(where, theirs):
    """And before ours, without a word of the loader's: a sanitizer's library wants to be the first."""
    library = where / "first.so"
    (where / "first.c").write_text(FIRST)
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", str(library), str(where / "first.c")], check=True)
    venv = make("exec", "/usr/bin/python3", where)
    venv.extra += [*SHOW_HINTS, "--ro-bind", str(library), "/etc/first.so"]
    _, text = venv.run(rig.users()[0], "-c", PRELOADS, theirs)
    assert text == ("first\n" if theirs else "") + theirs + "\n"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("args", [["-c", "print('ran')"], ["-I", "-S", "-E", "-c", "print('ran')"], ["-V"], []])
def test_it_refuses_to_run_unsealed(program, args):
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (125, b"")
    first, second = done.stderr.decode().splitlines()
    assert first.startswith("venvbox: refusing to run Python outside a box: ") and second.startswith("hint: ")


def test_another_filter_is_not_taken_for_ours(where):
    """In Docker PR_GET_SECCOMP is 2 as well: bwrap loads a filter that gives the magic call another errno."""
    fd = rig.memfd(rig.small_filter(answer=1))
    done = subprocess.run([rig.BWRAP, "--ro-bind", "/", "/", "--proc", "/proc", "--cap-drop", "ALL", "--seccomp", str(fd), SHARED, "-c", "print('ran')"],
                          pass_fds=(fd,), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(fd)
    assert (done.returncode, done.stdout) == (125, b"") and b"filter of venvbox" in done.stderr


@pytest.mark.parametrize("caps", [[], ["--cap-add", "CAP_NET_BIND_SERVICE"]])
def test_capabilities_must_be_ambient(caps):
    """Our filter, but sealed by somebody else: as root bwrap leaves capabilities that no ambient set explains."""
    fd = rig.memfd(rig.small_filter())
    tail = ["/usr/bin/setpriv", "--ambient-caps=-all"] if caps else []
    done = subprocess.run([rig.BWRAP, "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-user", "--cap-drop", "ALL", *caps, "--seccomp", str(fd),
                           *tail, SHARED], pass_fds=(fd,), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    os.close(fd)
    assert done.returncode == 125
    assert (b"not in the bin directory" in done.stderr) == (not caps)
    assert (b"capabilities left" in done.stderr) == bool(caps)


def test_extension_modules_find_nothing_of_ours():
    """Beside an interpreter that is executed: a `buf_add` of ours would be taken before their own."""
    for defined in (["-D", "--defined-only"], ["-u"]):
        text = subprocess.run(["nm", *defined, HINTS], stdout=subprocess.PIPE, check=True).stdout.decode()
        names = {line.split()[-1] for line in text.splitlines()}
        assert names == set() if defined[0] == "-D" else names and not [n for n in names if n.startswith(("Py", "_Py"))], text


@pytest.mark.parametrize("program", PROGRAMS)
def test_missing_interpreter_fails_closed(where, program):
    venv = Venv("/usr/bin/python3", where, program)
    box, text = venv.run(rig.users()[0], "-c", "print('ran')")
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == 125
    first, second = text.splitlines()
    assert first.startswith("venvbox: cannot find the interpreter of ") and second.startswith("hint: ")


def test_file_that_is_no_libpython_fails_closed(where):
    for library, words in ((glob.glob("/lib/*/libz.so.1")[0], "is no libpython"), ("/etc/hostname", "cannot open libpython")):
        shutil.rmtree(where / "v env", ignore_errors=True)
        venv = Venv("/usr/bin/python3", where, SHARED, library=library, execute="/usr/bin/python3")
        box, text = venv.run(rig.users()[0], "-c", "print('ran')")
        assert os.waitstatus_to_exitcode(box.reports[-1].value) == 125 and words in text and "ran\n" not in text


PIP = """
import subprocess, sys
for args in (sys.argv[1:], sys.argv[1:]):
    print(subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr.decode().count('venvbox: this box cannot change the venv'))
"""


@pytest.mark.parametrize("args, said", [
    (["-m", "pip", "install", "x"], ["1", "0"]),
    (["-Im", "pip", "uninstall", "x"], ["1", "0"]),
    (["{bin}/pip3", "install", "x"], ["1", "0"]),
    (["-m", "pip", "list"], ["0", "0"]),
    (["-c", "pass", "-m", "pip", "install"], ["0", "0"]),
])
@pytest.mark.parametrize("writable", [False, True])
def test_pip_inside_is_told_once_where_to_go(where, args, said, writable):
    venv = make("exec", "/usr/bin/python3", where)
    if writable:
        venv.extra[0] = "--bind"
    args = [a.format(bin=os.path.join(venv.path, "bin")) for a in args]
    _, text = venv.run(rig.users()[0], "-c", PIP, *args)
    assert text.split() == (["0", "0"] if writable else said)
