# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured, and how much it may be."""
import collections

import counts
import starts
import steady
import watching

# ratchet: of a count, what it is now, or a little more where machines differ: no change may make it worse, whether the target is met or not.
Row = collections.namedtuple("Row", "name what target unit measure is_count short ratchet", defaults=[False, True, None])


def ratio(name, what, target, measure, **kw):
    return Row(name, what, target, "ratio", measure, **kw)


def count(name, what, target, measure, ratchet):
    return Row(name, what, target, "", measure, True, ratchet=ratchet)


ROWS = [
    ratio("start-bare-minimal", "python -c pass in a box, against bwrap with the options of --print-plan", 1.10, lambda b: starts.against_bare(b, "minimal")),
    ratio("start-bare-system", "the same, profile system", 1.10, lambda b: starts.against_bare(b, "system")),
    ratio("start-bare-150", "profile minimal again, on a host with 150 mounts", 1.10, starts.many_mounts, short=False),
    ratio("start-bare-run", "profile system against bwrap with the mounts that a run makes", None, starts.against_bare_as_run),
    ratio("start-plain", "profile system against the plain venv", 1.7, starts.against_plain),
    ratio("start-profiles", "profile minimal against system", 1.15, starts.profiles),
    ratio("start-nested", "sys.executable -c pass inside against outside", 1.10, starts.nested),
    ratio("start-objects", "2,000 shared objects in the venv against 10", 1.05, starts.objects, short=False),
    ratio("start-commands", "500 console scripts in the venv against 10", 1.05, starts.commands, short=False),
    ratio("steady-stat", "1,000,000 os.stat in a box against the plain venv", 1.05, lambda b: steady.calls(b, "stat")),
    ratio("steady-open", "100,000 open, read, close", 1.05, lambda b: steady.calls(b, "open")),
    ratio("steady-open-floor", "the same, the plain venv with a filter of one instruction against without", None, lambda b: steady.calls(b, "open", ours="filter")),
    ratio("steady-open-ours", "the same, in a box against the plain venv with that filter", None, lambda b: steady.calls(b, "open", theirs="filter")),
    ratio("steady-trips", "20,000 round trips on the loopback", 1.05, lambda b: steady.calls(b, "trip")),
    ratio("steady-python", "programs of pyperformance, Debian's Python, geometric mean", 1.03, steady.distribution, short=False),
    ratio("steady-pyenv", "the same, a shared pyenv Python", 1.03, steady.pyenv, short=False),
    ratio("pip-install", "pip install of 10 wheels from a directory", 1.10, steady.pip),
    ratio("watch-start", "python -X venvbox-verbose -c pass against python -c pass in the same box", None, watching.start),
    ratio("watch-tests", "the tests of click, watched against not", 1.15, watching.project),
    Row("memory", "PSS of launcher, bwrap and PID 1, in MB", 2.5, "MB", counts.memory, False),
    count("libraries", "shared libraries of the launcher beside the libc", 0, counts.libraries, 0),
    count("system-calls", "of the launcher before execve(bwrap)", 119, counts.system_calls, 119),
    count("mounts-minimal", "mounts of a box, profile minimal", None, lambda b: counts.mounts(b, "minimal"), 36),
    count("mounts-system", "mounts of a box, profile system", None, lambda b: counts.mounts(b, "system"), 27),
]
