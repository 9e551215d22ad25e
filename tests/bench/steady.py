# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast a program runs once it does."""
import contextlib
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

# Of each thing that is done: as many at a time as are asked for by a line, and how long they took.
CALLS = """
import json, os, socket, sys, time
data = f"data.{os.getpid()}"
open(data, "w").write("x" * 100)
def read():
    fd = os.open(data, os.O_RDONLY); os.read(fd, 100); os.close(fd)
server = socket.create_server(("127.0.0.1", 0))
a = socket.create_connection(server.getsockname()); b = server.accept()[0]
def trip():
    a.send(b"x"); b.recv(1); b.send(b"x"); a.recv(1)
things = {"stat": lambda: os.stat(data), "open": read, "trip": trip}
def timed(do, n):
    begun = time.perf_counter()
    for _ in range(n): do()
    return time.perf_counter() - begun
for line in sys.stdin:
    print(json.dumps({thing: timed(things[thing], n) for thing, n in json.loads(line).items()}), flush=True)
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

COUNTS = {"stat": 1000000, "open": 100000, "trip": 20000}
PROCESSES, BLOCKS = 5, 20  # the counts are divided among so many processes of each side, and so many turns of each of them


def medians(bench):
    """
    {side: {thing: seconds of a block}} of a box, the plain venv, and that with a filter. Their processes live at the same time and work in
    turns of some milliseconds, for what is looked for is smaller than what a machine changes by from one second to the next.
    """
    sides = {"box": (bench.box(), CALLS), "plain": (bench.plain(), CALLS), "filter": (bench.plain(), FILTER + CALLS)}
    order = json.dumps({thing: n // (PROCESSES * BLOCKS) for thing, n in COUNTS.items()}) + "\n"
    found = {}
    for _ in range(1 if bench.short else PROCESSES):
        with contextlib.ExitStack() as stack:
            asked = {name: stack.enter_context(bench.asked([os.path.join(venv, "bin", "python"), "-c", code], cwd=os.path.dirname(venv)))
                     for name, (venv, code) in sides.items()}
            one = turns(asked, BLOCKS, lambda ask: json.loads(ask(order)))
        for name, things in one.items():
            for thing, seconds in things.items():
                found.setdefault(name, {}).setdefault(thing, []).append(seconds)
    return {name: {thing: statistics.median(seconds) for thing, seconds in things.items()} for name, things in found.items()}


def calls(bench, thing, ours="box", theirs="plain"):
    """Measured once for all rows."""
    if bench.calls is None:
        bench.calls = medians(bench)
    each = {name: bench.calls[name][thing] for name in (ours, theirs)}
    return each[ours] / each[theirs], {name: round(seconds * PROCESSES * BLOCKS / COUNTS[thing] * 1e9) for name, seconds in each.items()}


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
