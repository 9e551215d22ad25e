# SPDX-License-Identifier: LGPL-2.1-or-later
"""The seal of a watched box is that of any other: what the filter would refuse is refused with the same errno (host/watcher.h).

The rows are those of test_syscalls.py and test_argrules.py, and those about users and groups, asked of both in one process each.
"""
import os
import re

import pytest

import test_argrules
import test_syscalls
from boxlab import status_of, tell
from inside import HELP

X86 = test_syscalls.X86


@pytest.fixture
def watched(box):
    """For run(): the box is watched, and says so elsewhere."""
    return {"VENVBOX_VERBOSE": "1", "VENVBOX_LOG": box.who.write(os.path.join(box.who.home, "said-seal"), "")}


def answers(box, lines, env=None):
    """Each in a child: what ends that one ends no other."""
    done = box.py(HELP + f"BAD = {test_syscalls.BAD}\nUSER, GROUP = os.getuid(), os.getgid()\n" + "".join(f"print(child(lambda: {line}), flush=True)\n" for line in lines), env=env)
    assert done.returncode == 0 and done.stderr == "", tell(done)
    said = done.stdout.splitlines()
    assert len(said) == len(lines)
    return said


def by_name():
    rows = [(numbers[0 if X86 else 1], args) for numbers, args in test_syscalls.REFUSED.values()]
    return [f"call({nr}{', ' if args else ''}{args})" for nr, args in rows]


def by_argument(rows):
    found = []
    for call, args, *about in rows:
        if test_argrules.NUMBERS[call][0 if X86 else 1] is not None:
            ways = test_argrules.with_high_bits(args, about[0]) if len(about) == 2 else [args]
            found += [f"call({test_argrules.number(call)}, {', '.join(map(str, way))})" for way in ways]
    return found


def by_number():
    actions = test_syscalls.numbers_of_the_table()
    numbers = [nr for nr in range(test_syscalls.NUMBERS_MAX) if actions.get(nr) not in ("START", "ALLOW")]
    return [f"call({nr}, BAD, BAD, BAD, BAD, BAD, BAD)" for nr in numbers]


# call: its number on x86_64 and aarch64, what stands before its users ("u") and groups ("g")
IDCALLS = {
    "setuid": (105, 146, (), "u"), "setgid": (106, 144, (), "g"), "setreuid": (113, 145, (), "uu"), "setregid": (114, 143, (), "gg"),
    "setresuid": (117, 147, (), "uuu"), "setresgid": (119, 149, (), "ggg"), "chown": (92, None, ("BAD",), "ug"), "lchown": (94, None, ("BAD",), "ug"),
    "fchown": (93, 55, (test_argrules.NOFD,), "ug"), "fchownat": (260, 54, (test_argrules.NOFD, "BAD"), "ug"),
}
HIGH = (0, *test_argrules.HIGH)


def numbers(own):
    """Its own, none, and others; each with bits that the kernel does not look at."""
    return [f"({n}) | {high}" for n in (own, test_argrules.NOFD, f"{own} + 1", "65534", "0", "0x7fffffff", "0xfffffffe") for high in HIGH]


def by_id():
    found = []
    for x86, other, before, kinds in IDCALLS.values():
        owns = [{"u": "USER", "g": "GROUP"}[kind] for kind in kinds]
        for at, own in enumerate(owns):
            ways = [[*owns[:at], n, *rest] for n in numbers(own) for rest in (owns[at + 1:], [-1] * (len(owns) - at - 1))]
            found += [f"call({x86 if X86 else other}, {', '.join(map(str, (*before, *way)))})" for way in ways if (x86 if X86 else other)]
    return list(dict.fromkeys(found))


CALLS = {"by name": by_name(), "by argument": by_argument(test_argrules.REFUSED), "by number": by_number(), "by user and group": by_id(),
         "beside a rule": by_argument(test_argrules.ALLOWED), "of another architecture": ["call(0x40000000 | 101, 0, 0, 0)"] if X86 else ["call(9999)"]}


@pytest.mark.parametrize("which", CALLS)
def test_each_call_is_answered_alike(box, watched, which):
    here, there = answers(box, CALLS[which], watched), answers(box, CALLS[which])
    assert [(call, h, t) for call, h, t in zip(CALLS[which], here, there) if h != t] == []
    with open(watched["VENVBOX_LOG"], encoding="utf-8") as f:
        assert ("  refused  " in f.read()) == which.startswith("by")


def test_every_argument_of_users_and_groups_has_a_rule():
    with open(os.path.join(os.path.dirname(__file__), "../../launcher/install/argrules.c"), encoding="utf-8") as f:
        rules = re.findall(r"\b(USER|GROUP)\(\"(\w+)\", (\d)\)", f.read())
    assert sorted(rules) == sorted(({"u": "USER", "g": "GROUP"}[kind], name, str(len(before) + at))
                                   for name, (_, _, before, kinds) in IDCALLS.items() for at, kind in enumerate(kinds))


@pytest.mark.parametrize("user, group", [("1234", "5678"), ("2147483647", "0")])
def test_the_numbers_are_those_of_the_box(box, watched, user, group):
    """Which BWRAP_ARGS may change."""
    env = {"BWRAP_ARGS": f"--uid {user} --gid {group}"}
    here, there = answers(box, CALLS["by user and group"], {**watched, **env}), answers(box, CALLS["by user and group"], env)
    assert here == there and "EPERM" in here and "ok" in here
    assert box.value("import os; print(os.getuid(), os.getgid())", env={**watched, **env}) == f"{user} {group}"


def test_with_every_call_allowed_users_and_groups_are_refused(box, watched):
    """SANDBOX_SECCOMP_ALLOW, empty; with a list: tests/live/test_watch.py."""
    env = {"SANDBOX_SECCOMP_ALLOW": ""}
    assert answers(box, CALLS["by user and group"], {**watched, **env}) == answers(box, CALLS["by user and group"], env) == answers(box, CALLS["by user and group"])


def test_the_magic_answer_is_given(box, watched):
    assert answers(box, ["call(157 if X86 else 167, 0x76624f58, 0, 0, 0, 0)"], watched) == ["4000"]


SEAL = "print(open('/proc/self/status').read())"


def test_the_seal_reads_the_same(box, watched):
    here, there = (status_of(box.value(SEAL, env=env)) for env in (watched, None))
    for name in ("NoNewPrivs", "Seccomp", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert here.get(name) == there.get(name), name


LISTEN = """
prog = struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)
buf = ctypes.create_string_buffer(prog, 8)
f = ctypes.create_string_buffer(struct.pack('=HxxxxxxQ', 1, ctypes.addressof(buf)), 16)
libc.prctl(38, 1, 0, 0, 0)
print(call(317 if X86 else 277, 1, 8, f))
"""


def test_nobody_inside_listens_as_well(box, watched):
    """There is one listener, and it is outside. Without one a program may have its own: a filter of its own only refuses more."""
    assert box.value(HELP + LISTEN, env=watched) == "EBUSY"
    assert box.value(HELP + LISTEN) in ("ok", "EPERM", "ENOSYS")


LOOK = """
import glob, os
names = []
for fd in glob.glob('/proc/*/fd/*'):
    try: names.append(os.readlink(fd))
    except OSError: pass
print([n for n in names if 'seccomp' in n or 'said-seal' in n], len(names) > 2)
"""


def test_the_listener_and_the_log_are_not_in_the_box(box, watched):
    """Its own descriptors show that it looks."""
    assert box.value(LOOK, env=watched) == "[] True"
    code = "import os; print([fd for fd in range(3, 200) if os.path.lexists('/proc/self/fd/%d' % fd)])"
    assert box.value(code, env=watched) == box.value(code)


def test_the_memory_that_is_read_decides_nothing(box, watched):
    """One thread changes the path while another opens it: what the watcher read is good for words only."""
    code = HELP + """
import threading
path, stop = ctypes.create_string_buffer(b'/etc/hosts/no' + bytes(50)), []
def change():
    while not stop:
        ctypes.memmove(path, b'/etc/hosts\\0', 11); ctypes.memmove(path, b'/sys/kernel\\0', 12)
threading.Thread(target=change).start()
got = set()
for i in range(3000):
    fd = libc.open(path, 0)
    got.add('ok' if fd >= 0 else errno.errorcode[ctypes.get_errno()])
    if fd >= 0: os.close(fd)
stop.append(1)
print(got <= {'ok', 'ENOENT', 'ENOTDIR'}, 'ENOENT' in got or 'ok' in got)
"""
    assert box.value(code, env=watched) == "True True"
