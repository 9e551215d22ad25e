# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast a program runs once it does."""
import glob
import json
import os
import shutil
import statistics
import subprocess

import interpreters
import packages
from interpreters import PYENV
from workbench import PYTHON, turns

CALLS = """
import json, os, socket, sys, time
scale = float(sys.argv[1])
open("data", "w").write("x" * 100)
def timed(n, do):
    begun = time.perf_counter()
    for _ in range(int(n * scale)): do()
    return time.perf_counter() - begun
def read():
    fd = os.open("data", os.O_RDONLY); os.read(fd, 100); os.close(fd)
server = socket.create_server(("127.0.0.1", 0))
a = socket.create_connection(server.getsockname()); b = server.accept()[0]
def trip():
    a.send(b"x"); b.recv(1); b.send(b"x"); a.recv(1)
print(json.dumps({"stat": timed(1000000, lambda: os.stat("data")), "open, read, close": timed(100000, read), "round trip": timed(20000, trip)}))
"""


# A filter that allows everything, seccomp(2): of what the kernel does for a process that has one, nothing is less.
FILTER = """
import ctypes, os
call = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
allow = ctypes.create_string_buffer(bytes.fromhex("060000000000ff7f"))
libc = ctypes.CDLL(None, use_errno=True)
program = Program(1, ctypes.addressof(allow))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(call, 1, 0, ctypes.byref(program)) == 0, ctypes.get_errno()
"""


def compare_calls(bench, sides):
    """sides: venv and code, for "ours" and "theirs"."""
    scale = "0.05" if bench.short else "1"
    found = turns(sides, 5, lambda side: json.loads(
        bench.run([os.path.join(side[0], "bin", "python"), "-c", side[1], scale], cwd=os.path.dirname(side[0]))))
    ratios = {thing: found["ours"][thing] / found["theirs"][thing] for thing in found["theirs"]}
    return max(ratios.values()), {thing: round(value, 3) for thing, value in ratios.items()}


def calls(bench):
    return compare_calls(bench, {"ours": (bench.box(), CALLS), "theirs": (bench.plain(), CALLS)})


def calls_filtered(bench):
    """What no box can be below: the same outside of any, with a filter."""
    return compare_calls(bench, {"ours": (bench.plain(), FILTER + CALLS), "theirs": (bench.plain(), CALLS)})


# --- pyperformance ------------------------------------------------------------------------------------

# Those that need nothing but the standard library: computing, allocation, text, objects.
PROGRAMS = ["chaos", "deltablue", "float", "generators", "go", "hexiom", "json_dumps", "json_loads", "nbody", "nqueens", "pyflate", "raytrace", "richards", "spectral_norm",
            "unpack_sequence"]


def values(report):
    with open(report, encoding="utf-8") as f:
        runs = json.load(f)["benchmarks"][0]["runs"]
    return [v for run in runs for v in run.get("values", [])]


def programs(bench, base, name):
    """Ratio of the medians of each program, geometric mean."""
    sides = {"box": bench.venv(name + "-box", base=base, pip=True), "plain": bench.venv(name + "-plain", base=base, pip=True, boxed=False)}
    for venv in sides.values():
        bench.run([os.path.join(venv, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "pyperformance"])
    ratios = {}
    for program in PROGRAMS:
        def ask(venv, program=program):
            script = glob.glob(os.path.join(venv, f"lib/python*/site-packages/pyperformance/data-files/benchmarks/bm_{program}/run_benchmark.py"))[0]
            report = os.path.join(os.path.dirname(venv), "report.json")
            if os.path.exists(report):
                os.unlink(report)
            bench.run([os.path.join(venv, "bin", "python"), script, "--processes", "1", "--values", "5", "--warmups", "1", "-q", "-o", report], cwd=os.path.dirname(venv))
            return {"median": statistics.median(values(report))}
        found = turns(sides, 3, ask)
        ratios[program] = found["box"]["median"] / found["plain"]["median"]
    return statistics.geometric_mean(ratios.values()), {program: round(value, 3) for program, value in ratios.items()}


def distribution(bench):
    return programs(bench, PYTHON, "distribution")


def readable(bench, origin):
    """The interpreter, or a copy where it lies in a home that is not the user's."""
    if subprocess.run(["/usr/bin/test", "-x", os.path.join(origin, "bin", "python3")], check=False, **bench.how()).returncode == 0:
        return origin
    base = os.path.join(bench.top, "python")
    shutil.copytree(origin, base, symlinks=True, ignore=interpreters.LEFT_OUT)
    interpreters.relink(base, origin)
    subprocess.run(["/usr/bin/chown", "-R", f"{bench.user.pw_uid}:{bench.user.pw_gid}", base], check=True)
    return base


def pyenv(bench):
    found = sorted(glob.glob(os.path.join(PYENV, "3.1[1-9].*", "lib", "libpython3.1?.so.1.0")))
    assert found, f"no interpreter with a shared library below {PYENV}: set VENVBOX_PYENV"
    return programs(bench, os.path.join(readable(bench, os.path.dirname(os.path.dirname(found[0]))), "bin", "python3"), "pyenv")


# --- pip ------------------------------------------------------------------------------------------------

def pip(bench):
    names = [f"bench{i}" for i in range(10)]
    for name in names:
        packages.wheel(bench, "wheels", name, {f"{name}_parts/part{i}.py": f"value = {i}\n" * 50 for i in range(20)})
    command = ["install", "-q", "--no-index", "--disable-pip-version-check", "--force-reinstall", "--find-links", os.path.join(bench.top, "wheels"), *names]
    sides = {"ours": bench.box(pip=True), "theirs": bench.plain(pip=True)}
    return bench.ratios({name: [os.path.join(venv, "bin", "pip"), *command] for name, venv in sides.items()}, runs=4)
