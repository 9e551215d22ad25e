# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be counted: it does not vary from run to run."""
import os
import re
import subprocess

WAIT = "import time; print('up', flush=True); time.sleep(60)"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()


def pss(pid):
    """In KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: +(\d+)", f.read(), re.M).group(1))


def memory(bench):
    """The launcher, and what lies between it and Python."""
    assert os.getuid() == 0, "the memory of a sealed process is root's to see"
    with bench.running([os.path.join(bench.box(), "bin", "python"), "-c", WAIT], "up") as p:
        found, here = {}, [str(p.pid)]
        while here:
            pid = here.pop()
            with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                name = f.read().strip()
            below = children(pid)
            if below:  # Python has none
                found[f"{name} {len(found)}"] = pss(pid)
            here += below
    return sum(found.values()) / 1024, found


def libraries(bench):
    said = subprocess.run(["ldd", os.path.join(bench.libexec, "venvbox-launcher")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    found = re.findall(r"^\s*(\S+) => ", said, re.M)
    assert found or "statically linked" in said or "not a dynamic executable" in said, said
    return len([name for name in found if not name.startswith("libc.so")]), {"libraries": found}


def system_calls(bench):
    trace = os.path.join(bench.top, "trace")
    bench.run([os.path.join(bench.box(), "bin", "python"), "-c", "pass"])  # what changed on the host since the installation is copied by now
    bench.run(["strace", "-f", "-qq", "-o", trace, os.path.join(bench.box(), "bin", "python"), "-c", "pass"])
    calls = []
    with open(trace, encoding="utf-8", errors="replace") as f:
        for line in f:
            name = re.match(r"\d+ +(\w+)\(", line)
            if name and name.group(1) == "execve" and "/bwrap" in line:
                break
            calls += [name.group(1)] if name else []
    own = calls[1:]  # the first is the execve() of the launcher itself
    assert own, "the launcher was not traced"
    return len(own), {name: own.count(name) for name in sorted(set(own), key=own.count, reverse=True)[:12]}


def mounts(bench, profile):
    said = bench.run([os.path.join(bench.box(profile), "bin", "python"), "-c", "print(len(open('/proc/self/mountinfo').readlines()))"])
    return int(said), {}
