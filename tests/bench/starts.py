# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a box takes to begin, against what there would be without it."""
import json
import os
import subprocess

from workbench import LIMIT, PYTHON, turns

HERE = os.path.dirname(os.path.realpath(__file__))
PASS = ["-c", "pass"]


def python(venv):
    return [os.path.join(venv, "bin", "python"), *PASS]


def against_bare(bench, profile):
    venv = bench.box(profile)
    return bench.ratio(python(venv), [*bench.bare(venv), *PASS])


def against_bare_as_run(bench):
    venv = bench.box("system")
    return bench.ratio(python(venv), [*bench.bare_as_run(venv), *PASS])


def against_plain(bench):
    return bench.ratio(python(bench.box("system")), python(bench.plain()))


def profiles(bench):
    return bench.ratio(python(bench.box("minimal")), python(bench.box("system")))


MOUNTS = """
mount --make-rprivate /
n=$(wc -l </proc/self/mountinfo)
while [ "$n" -lt 150 ]; do
	mkdir -p "$1/$n"
	mount -t tmpfs -o size=4k bench "$1/$n"
	n=$((n + 1))
done
shift
exec "$@"
"""


def many_mounts(bench):
    """bwrap reads the host's mount table for each mount of its own."""
    assert os.getuid() == 0, "only root can mount so often"
    report = os.path.join(bench.top, "mounts.json")
    subprocess.run(["/usr/bin/unshare", "-m", "/bin/sh", "-ec", MOUNTS, "sh", os.path.join(bench.top, "mounts"), os.path.join(HERE, "run"),
                    os.path.dirname(os.path.dirname(bench.installer)), "--json", report, "start-bare-minimal"],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False, timeout=LIMIT)
    with open(report, encoding="utf-8") as f:
        said = json.load(f)
    assert said["machine"]["mounts"] >= 150 and said["rows"][0]["value"], said["rows"][0]["error"]
    return said["rows"][0]["value"], {**said["rows"][0]["detail"], "mounts": said["machine"]["mounts"]}


NESTED = """
import subprocess, sys, time
def one():
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun
one(); one()
print(sorted(one() for _ in range(int(sys.argv[1])))[int(sys.argv[1]) // 2])
"""


def nested(bench):
    """Medians of rounds that take turns."""
    runs = "20" if bench.short else "60"
    found = turns({"ours": bench.box("minimal"), "theirs": bench.plain()}, 3 if bench.short else 9,
                  lambda venv: {"start": float(bench.run([python(venv)[0], "-c", NESTED, runs]))})
    ours, theirs = found["ours"]["start"], found["theirs"]["start"]
    return ours / theirs, {"ours": round(ours * 1000, 2), "theirs": round(theirs * 1000, 2)}


# --- what must not matter ---------------------------------------------------------------------------

def objects(bench):
    """The smallest extension module of the system, many times; the installation looks through them."""
    code = "import glob, os, sysconfig as s; print(min(glob.glob(s.get_config_var('DESTSHARED') + '/*.so'), key=os.path.getsize), end='')"
    with open(bench.run([PYTHON, "-c", code]), "rb") as f:
        data = f.read()
    venvs = {}
    for n in (10, 2000):
        venv = bench.venv(f"objects-{n}", boxed=False)
        packages = bench.run([python(venv)[0], "-c", "import sysconfig as s; print(s.get_path('purelib'), end='')"])
        for i in range(n):
            bench.write(os.path.join(packages, "many", f"x{i}.so"), data, 0o755)
        bench.run([bench.installer, venv])
        venvs[n] = venv
    return bench.ratio(python(venvs[2000]), python(venvs[10]))


def commands(bench):
    venvs = {}
    for n in (10, 500):
        venv = bench.venv(f"commands-{n}", boxed=False)
        for i in range(n):
            bench.write(os.path.join(venv, "bin", f"command{i}"), f"#!{venv}/bin/python\nprint({i})\n", 0o755)
        bench.run([bench.installer, venv])
        venvs[n] = venv
    return bench.ratio(python(venvs[500]), python(venvs[10]))
