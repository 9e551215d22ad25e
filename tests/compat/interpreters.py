# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interpreters of this machine, and venvs made with them in every way there is."""
import functools
import glob
import os
import re
import shutil
import subprocess

from boxlab import PYTHON, VERSION, tell

OLDEST = (3, 8)
PYENV = os.environ.get("VENVBOX_PYENV") or os.path.join(os.path.expanduser("~"), ".pyenv", "versions")
# Of a copy nothing is missing but what no test here needs.
LEFT_OUT = shutil.ignore_patterns("test", "tests", "__pycache__", "site-packages", "idlelib", "share", "*.a", "config-*", "dist-packages")


def pyenv_versions():
    """Names below PYENV that hold a CPython which we serve: "3.12.1", "3.13.0t"."""
    found = []
    for name in os.listdir(PYENV) if os.path.isdir(PYENV) else ():
        match = re.fullmatch(r"(\d+)\.(\d+)\.\d+t?", name)
        if match and tuple(map(int, match.groups())) >= OLDEST and os.path.exists(os.path.join(PYENV, name, "bin", "python3")):
            found.append(name)
    return sorted(found, key=lambda n: [int(x) for x in re.findall(r"\d+", n)])


@functools.lru_cache
def beside():
    """The distribution's other versions, which have no name but their own: {"python3.13": its path}."""
    found = {}
    for path in glob.glob("/usr/bin/python3.*"):
        match = re.fullmatch(r"python3\.(\d+)t?", os.path.basename(path))
        if match and (3, int(match.group(1))) >= OLDEST and os.path.realpath(path) != os.path.realpath(PYTHON) \
                and subprocess.run([path, "-I", "-c", "import venv"], stderr=subprocess.DEVNULL).returncode == 0:
            found[os.path.basename(path)] = path
    return dict(sorted(found.items(), key=lambda item: int(re.findall(r"\d+", item[0])[1])))


def shared_library():
    """libpython of the distribution's Python, if it is installed."""
    code = "import os, sysconfig as s; print(os.path.join(s.get_config_var('LIBDIR'), s.get_config_var('MULTIARCH') or '', 'libpython%s.so.1.0' % s.get_python_version()))"
    paths = {subprocess.run([PYTHON, "-I", "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.strip(),
             f"/usr/lib/x86_64-linux-gnu/libpython{VERSION}.so.1.0", f"/usr/lib64/libpython{VERSION}.so.1.0"}
    return next((p for p in sorted(paths) if os.path.exists(p)), None)


def names():
    made = ["relocated", "relocated-with-library", "dynamic"] if shared_library() else ["relocated"]
    return ["distribution", *beside(), *made, *pyenv_versions()]


# --- bases that the machine does not have ---------------------------------------------------------------

def copy_stdlib(who, base, version=VERSION):
    shutil.copytree(f"/usr/lib/python{version}", f"{base}/lib/python{version}", symlinks=True, ignore=LEFT_OUT)
    who.makedirs(f"{base}/bin")


def finish(who, base, version=VERSION):
    os.symlink(f"python{version}", f"{base}/bin/python3")
    who.own(base)
    return f"{base}/bin/python3"


def another_build(who, origin, path):
    """The file, with another compiler in its banner: of no build that is anywhere else on the machine."""
    with open(origin, "rb") as f:
        data = f.read()
    match = re.search(rb"\[GCC [0-9.]+\]\0", data)
    assert match, f"{origin} names no compiler"
    who.write(path, data.replace(match.group(), match.group().replace(b"GCC", b"XCC")), 0o755)


def relocated(who, base):
    """As uv installs them: static, below the home."""
    copy_stdlib(who, base)
    another_build(who, os.path.realpath(PYTHON), f"{base}/bin/python{VERSION}")
    return finish(who, base)


def relocated_with_library(who, base):
    """As uv installs them too: the same, and a shared library of the same build beside it, which it does not use."""
    path = relocated(who, base)
    another_build(who, shared_library(), f"{base}/lib/libpython{VERSION}.so.1.0")
    return path


def dynamic(who, base):
    """As distributions have it that link python3 with libpython."""
    copy_stdlib(who, base)
    source = who.write(f"{base}/main.c", "int Py_BytesMain(int, char **);\nint main(int c, char **v) { return Py_BytesMain(c, v); }\n")
    subprocess.run([os.environ.get("CC", "cc"), "-o", f"{base}/bin/python{VERSION}", source, shared_library()], check=True)
    return finish(who, base)


MADE = {"relocated": relocated, "relocated-with-library": relocated_with_library, "dynamic": dynamic}


def relink(base, origin):
    """A program that looks for its library where it was installed first looks beside itself."""
    for directory in ("bin", "lib"):
        for name in os.listdir(os.path.join(base, directory)):
            path = os.path.join(base, directory, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            old = os.fsencode(os.path.join(origin, "lib")) + b"\0"
            if data.startswith(b"\x7fELF") and old in data:
                with open(path, "wb") as f:
                    f.write(data.replace(old, b"$ORIGIN/../lib".ljust(len(old), b"\0")))


def copied(who, base, origin):
    shutil.copytree(origin, base, symlinks=True, ignore=LEFT_OUT)
    relink(base, origin)
    who.own(base)
    return os.path.join(base, "bin", "python3")


def pyenv(who, base, name):
    """In its place, or where this user cannot read that, below the home as if it had been built there."""
    origin = os.path.join(PYENV, name)
    path = os.path.join(origin, "bin", "python3")
    if who.run(["/usr/bin/test", "-x", path]).returncode == 0:
        return path
    path = copied(who, base, origin)
    for data in glob.glob(os.path.join(base, "lib", "python3*", "_sysconfigdata*.py")):
        with open(data, encoding="utf-8") as f:
            text = f.read()
        who.write(data, text.replace(origin, base))
    return path


class Interpreter:
    def __init__(self, who, name, path):
        self.who, self.name, self.path = who, name, path
        done = who.run([path, "-I", "-c", "import sys; print('%d %d' % sys.version_info[:2], sys.base_prefix)"], check=True)
        major, minor, self.prefix = done.stdout.rstrip("\n").split(" ", 2)
        self.version = int(major), int(minor)
        self.is_copy = path.startswith(who.home + "/")
        self.relinked = self.is_copy and name not in MADE

    def touch(self):
        """Its program, and the library that it uses, are written anew. Their paths, as the kernel has them."""
        changed = [os.path.realpath(self.path)]
        if self.name != "relocated-with-library":
            changed += [p for p in glob.glob(os.path.join(self.prefix, "lib", "libpython*.so.1.0")) if os.path.isfile(p)]
        for path in changed:
            with open(path, "ab") as f:
                f.write(b"\0")
        return changed


@functools.lru_cache(maxsize=None)
def interpreter(who, name):
    if name == "distribution" or name in beside():
        return Interpreter(who, name, beside().get(name, PYTHON))
    places = (".local", "share", "uv", "python") if name in MADE else (".pyenv", "versions")
    base = os.path.join(who.makedirs(os.path.join(who.home, *places)), name)
    return Interpreter(who, name, MADE[name](who, base) if name in MADE else pyenv(who, base, name))


def copy_of(who, name, base):
    """One that a test may change."""
    if name == "distribution" or name in beside():
        version = VERSION if name == "distribution" else name[len("python"):].rstrip("t")
        copy_stdlib(who, base, version)
        shutil.copy2(os.path.realpath(beside().get(name, PYTHON)), f"{base}/bin/python{version}")
        path = finish(who, base, version)
    elif name in MADE:
        path = MADE[name](who, base)
    else:
        path = copied(who, base, os.path.join(PYENV, name))
    return Interpreter(who, name, path)


# --- venvs ------------------------------------------------------------------------------------------------

class Tools:
    """virtualenv and uv, from the package index; the last virtualenv that knows 3.8 for that."""

    def __init__(self, who, top):
        self.top = top
        who.run([PYTHON, "-m", "venv", top], check=True)
        for args in (["uv", "virtualenv"], ["--target", top + "/old", "virtualenv<20.27"]):
            who.run([top + "/bin/pip", "install", "-q", "--disable-pip-version-check", *args], timeout=300, check=True)

    def virtualenv(self, interpreter, venv):
        if interpreter.version >= (3, 9):
            return [self.top + "/bin/virtualenv", "-q", "-p", interpreter.path, venv]
        return ["/usr/bin/env", "PYTHONPATH=" + self.top + "/old", PYTHON, "-m", "virtualenv", "-q", "-p", interpreter.path, venv]

    def uv(self, interpreter, venv):
        return [self.top + "/bin/uv", "venv", "-q", "--no-config", "--offline", "--python", interpreter.path, venv]


KINDS = {
    "venv": lambda tools, i, venv: [i.path, "-m", "venv", "--without-pip", venv],
    "copies": lambda tools, i, venv: [i.path, "-m", "venv", "--without-pip", "--copies", venv],
    "system-site-packages": lambda tools, i, venv: [i.path, "-m", "venv", "--without-pip", "--system-site-packages", venv],
    "virtualenv": lambda tools, i, venv: tools.virtualenv(i, venv),
    "uv": lambda tools, i, venv: tools.uv(i, venv),
}


def make(kind, tools, interpreter, venv):
    done = interpreter.who.run(KINDS[kind](tools, interpreter, venv), timeout=300)
    assert done.returncode == 0, tell(done)
