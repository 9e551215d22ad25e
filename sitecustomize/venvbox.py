# SPDX-License-Identifier: LGPL-2.1-or-later
# The module `venvbox`, built into the Python of a box: CPython 3.8 and later. `boxed`, `version` and `_VENV` are set before
# this runs, by launcher/inside/boxmodule.c.
"""This program runs in a box of venvbox.

Elsewhere there is no such module:

    try:
        import venvbox
    except ImportError:
        venvbox = None

boxed     True: the kernel says that the filter of venvbox is in force
version   of venvbox
facts()   what this box may do, as a dictionary

`python -m venvbox` prints the facts, `python -m venvbox --json` as JSON. A program can change what this module says:
it is for information, and no defence.
"""
import os as _os
import re as _re

__all__ = ["boxed", "version", "facts"]

# Key of venvbox.conf, constant of resource.
_LIMITS = (("processes", "RLIMIT_NPROC"), ("memory", "RLIMIT_AS"), ("cpu", "RLIMIT_CPU"), ("files", "RLIMIT_NOFILE"), ("file-size", "RLIMIT_FSIZE"))
# Mounts that are the same in each box.
_OWN = ("/proc", "/dev", "/run/venvbox")


def _within(path, top):
    return path == top or path.startswith(top.rstrip("/") + "/")


def _unescape(text):
    """As proc(5) and the manifest write it."""
    named = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}

    def one(match):
        word = match.group(1)
        return named[word] if word in named else chr(int(word.lstrip("x"), 16 if word[0] == "x" else 8))
    plain = _re.sub(r"\\([0-7]{3}|x[0-9A-Fa-f]{2}|[nrt\\])", one, text)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def _read(path):
    """Lines, each byte a character."""
    with open(path, encoding="latin-1") as f:
        return f.read().split("\n")


def _mount_words():
    """The words of each mount's line, proc_pid_mountinfo(5)."""
    return [words for words in (line.split(" ") for line in _read("/proc/self/mountinfo")) if len(words) > 5]


def _mounts():
    """Path and whether it is read-only, of each mount that is not covered."""
    return {_unescape(words[4]): "ro" in words[5].split(",") for words in _mount_words()}


def _kept_ready():
    """Mount points of what the launcher made of some of the host's files and directories (ready.h), and which these are: path and kind."""
    tops = [_unescape(words[4]) for words in _mount_words() if "/venvbox/ready/" in words[3]]
    top = _os.path.join(_VENV, "venvbox", "ready")
    found = {}
    for name in _os.listdir(top) if tops and _os.path.isdir(top) else []:
        for line in _read(_os.path.join(top, name)) if name.endswith(".list") else []:
            kind, _, rest = line.partition("=")
            path = _unescape(rest.partition("\t")[0])
            if kind not in ("tree", "part", "") and any(_within(path, place) for place in tops):
                found[path] = kind
    return tops, found


def _project():
    for line in _read(_os.path.join(_VENV, "venvbox", "manifest")):
        key, _, value = line.partition("=")
        if key == "project":
            return _unescape(value)
    return None


def _network():
    """A box without network has the loopback alone. The first two lines are a head: proc_pid_net(5)."""
    names = [line.partition(":")[0].strip() for line in _read("/proc/self/net/dev")[2:]]
    return "host" if set(names) - {"lo", ""} else "none"


def _limits():
    """Of this process, and how large /tmp is; None: no limit of its own."""
    try:
        import resource
    except ImportError:
        return {}
    soft = {key: resource.getrlimit(getattr(resource, name))[0] for key, name in _LIMITS}
    told = {key: None if value == resource.RLIM_INFINITY else value for key, value in soft.items()}
    tmp = _os.statvfs("/tmp")
    told["tmp"] = tmp.f_frsize * tmp.f_blocks
    return told


def facts():
    """What this box may do, as seen from inside.

    boxed, version; venv, project, home: paths
    network: "host", or "none" if there is no interface but the loopback
    writable, readable, protected: mounts that can be written; what is shown of the host read-only; read-only ones in the project
    limits: by the keys of venvbox.conf; sizes in bytes, times in seconds, None for no limit
    """
    project = _project()
    tops, kept = _kept_ready()
    mounts = {path: ro for path, ro in _mounts().items() if path != "/" and path not in tops and not any(_within(path, own) for own in _OWN)}
    mounts.update((path, True) for path, kind in kept.items() if kind != "link")
    inside = {path for path in mounts if project and _within(path, project)}
    parts = {path for path in mounts if _within(path, _VENV) and path != _VENV}
    return {
        "boxed": boxed, "version": version,
        "venv": _VENV, "project": project, "home": _os.path.join(_VENV, "home"),
        "network": _network(),
        "writable": sorted(path for path, ro in mounts.items() if not ro),
        "readable": sorted(path for path, ro in mounts.items() if ro and path not in inside),
        "protected": sorted(path for path, ro in mounts.items() if ro and path in inside - parts),
        "limits": _limits(),
    }


def _lines(told):
    """For people. A path may hold what a terminal obeys."""
    for key, value in told.items():
        if isinstance(value, dict):
            value = ["%s %s" % (name, "none" if n is None else n) for name, n in value.items()]
        if not isinstance(value, list):
            value = ["unknown" if value is None else str(value)]
        for i, word in enumerate(value or ["nothing"]):
            yield "%-10s %s" % ("" if i else key, word if word.isprintable() else ascii(word))


def _main(args):
    import sys
    if args == ["--json"]:
        import json
        print(json.dumps(facts(), indent=2))
    elif args:
        print("usage: python -m venvbox [--json]", file=sys.stderr)
        return 2
    else:
        print("\n".join(_lines(facts())))
    return 0
