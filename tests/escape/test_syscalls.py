# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that the filter refuses, each with bad pointers: EFAULT would mean that it reached the kernel (design.md, Filter).

The same call in the plain twin gives another answer: what is seen is the filter.
"""
import os
import re
import subprocess

import pytest

from boxlab import lacks, tell
from inside import HELP

X86 = os.uname().machine == "x86_64"
BAD = 0xDEAD  # no address

# name: (x86_64, aarch64), arguments
REFUSED = {
    "ptrace": ((101, 117), "0, 0, 0, 0"), "process_vm_readv": ((310, 270), "os.getpid(), 0, 0, 0, 0, 0"), "process_vm_writev": ((311, 271), "os.getpid(), 0, 0, 0, 0, 0"),
    "kcmp": ((312, 272), "os.getpid(), os.getpid(), 0, 0, 0"), "pidfd_getfd": ((438, 438), "-1, 0, 0"), "process_madvise": ((440, 440), "-1, 0, 0, 0, 0"),
    "bpf": ((321, 280), "0, BAD, 48"), "userfaultfd": ((323, 282), "1"), "perf_event_open": ((298, 241), "BAD, 0, -1, -1, 0"), "keyctl": ((250, 219), "0, -3, 0"),
    "add_key": ((248, 217), "b'user', b'x', b'x', 1, -2"), "request_key": ((249, 218), "b'user', b'x', 0, 0"), "mount": ((165, 40), "0, BAD, 0, 0, 0"),
    "umount2": ((166, 39), "BAD, 0"), "pivot_root": ((155, 41), "BAD, BAD"), "chroot": ((161, 51), "BAD"), "unshare": ((272, 97), "0x10000000"),
    "unshare mount": ((272, 97), "0x20000"), "unshare nothing new": ((272, 97), "0x40000000"), "setns": ((308, 268), "-1, 0"), "swapon": ((167, 224), "BAD, 0"),
    "swapoff": ((168, 225), "BAD"), "reboot": ((169, 142), "0, 0, 0, 0"), "init_module": ((175, 105), "0, 0, 0"), "finit_module": ((313, 273), "-1, 0, 0"),
    "delete_module": ((176, 106), "BAD, 0"), "kexec_load": ((246, 104), "0, 0, 0, 0"), "acct": ((163, 89), "BAD"), "settimeofday": ((164, 170), "BAD, 0"),
    "clock_settime": ((227, 112), "0, BAD"), "quotactl": ((179, 60), "0, 0, 0, BAD"), "syslog": ((103, 116), "3, BAD, 10"), "name_to_handle_at": ((303, 264), "-100, BAD, BAD, BAD, 0"),
    "open_by_handle_at": ((304, 265), "-1, BAD, 0"), "fanotify_init": ((300, 262), "0, 0"), "sethostname": ((170, 161), "BAD, 1"), "vhangup": ((153, 58), ""),
    "lookup_dcookie": ((212, 18), "0, BAD, 1"),
    "io_uring_setup": ((425, 425), "4, BAD"), "io_uring_enter": ((426, 426), "-1, 0, 0, 0, 0, 0"), "io_uring_register": ((427, 427), "-1, 0, 0, 0"),
    "open_tree": ((428, 428), "-100, BAD, 0"), "move_mount": ((429, 429), "-1, BAD, -1, BAD, 0"), "fsopen": ((430, 430), "BAD, 0"), "fsconfig": ((431, 431), "-1, 0, 0, 0, 0"),
    "fsmount": ((432, 432), "-1, 0, 0"), "fspick": ((433, 433), "-100, BAD, 0"), "mount_setattr": ((442, 442), "-100, BAD, 0, 0, 0"),
    "clone3": ((435, 435), "BAD, 88"), "clone3 zero": ((435, 435), "0, 0"), "openat2": ((437, 437), "-100, BAD, BAD, 24"), "quotactl_fd": ((443, 443), "-1, 0, 0, 0"),
    "open_tree_attr": ((467, 467), "-100, BAD, 0, 0, 0"), "statmount": ((457, 457), "BAD, BAD, 0, 0"), "listmount": ((458, 458), "BAD, BAD, 0, 0"),
    "a call of the future": ((9999, 9999), "0"),
}
if X86:
    REFUSED.update({"ioperm": ((172 + 1, 0), "0x80, 1, 1"), "iopl": ((172, 0), "3"), "modify_ldt": ((154, 0), "0, BAD, 1"), "uselib": ((134, 0), "BAD"),
                    "ustat": ((136, 0), "0, BAD"), "sysfs": ((139, 0), "3"), "nfsservctl": ((180, 0), "0, 0, 0")})
NEWER = ("clone3", "openat2", "a call of the future")  # libc falls back, or a program asks for it: ENOSYS


@pytest.mark.parametrize("name", REFUSED)
def test_refused(box, name):
    numbers, args = REFUSED[name]
    said = box.value(HELP + f"BAD = {BAD}\nprint(call({numbers[0 if X86 else 1]}{', ' if args else ''}{args}))")
    assert said == "ENOSYS" if name.startswith(NEWER) else said in ("EPERM", "ENOSYS")


@pytest.mark.parametrize("name", ["ptrace", "process_vm_readv", "keyctl", "unshare", "clone3", "openat2", "mount_setattr", "name_to_handle_at", "kcmp"])
def test_reaches_the_kernel_in_the_plain_twin(pair, name):
    """Positive control: the numbers are right, and this kernel has the call."""
    numbers, args = REFUSED[name]
    code = HELP + f"BAD = {BAD}\nprint(child(lambda: call({numbers[0 if X86 else 1]}, {args})))"
    assert pair.box.value(code) != pair.plain.value(code) or name == "name_to_handle_at"


ALLOWED = {"memfd_create": "os.memfd_create('x')", "eventfd": "os.eventfd(0)",
           "getrandom": "os.getrandom(4)", "sched_setaffinity": "os.sched_setaffinity(0, os.sched_getaffinity(0))", "inotify": "libc.inotify_init1(0) < 0 and 1/0",
           "flock": "__import__('fcntl').flock(os.open('.', 0), 1)", "mlock": "libc.mlock(ctypes.create_string_buffer(10), 10)", "copy_file_range":
           "os.copy_file_range(os.open('source', os.O_CREAT | os.O_RDWR), os.open('copied', os.O_CREAT | os.O_WRONLY), 10)",
           "xattr": "os.listxattr('.')", "mkfifo": "os.path.exists('fifo') or os.mkfifo('fifo')", "statx": "os.stat('.')", "socketpair": "socket.socketpair()",
           "timerfd": "libc.timerfd_create(1, 0) < 0 and 1/0", "signalfd": "libc.signalfd(-1, ctypes.create_string_buffer(8), 0) < 0 and 1/0", "chmod": "os.chmod('copied' if os.path.exists('copied') else '.', 0o755)"}

if not lacks("pidfd_open"):
    ALLOWED["pidfd_open"] = "os.pidfd_open(os.getpid())"


@pytest.mark.parametrize("name", ALLOWED)
def test_neighbours_are_allowed(box, name):
    assert box.value(HELP + f"print(attempt(lambda: {ALLOWED[name]}))") == "ok"


TABLE = os.path.join(os.path.dirname(__file__), "../../launcher/inside/calls.def")
NUMBERS_MAX = 600  # the newest call of Linux 6.19 is 470


def numbers_of_the_table():
    """Number: START, ALLOW, REFUSE or NOSYS; by the headers, and by the table's own numbers for what is newer."""
    text = open(TABLE, encoding="utf-8").read()
    header = subprocess.run(["cc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"], stdout=subprocess.PIPE, text=True, check=True).stdout
    number = {name: int(nr) for name, nr in re.findall(r"^#define __NR_(\w+) (\d+)$", header, re.M)}
    number.update({name: int(nr) for name, nr in re.findall(r"^NUMBER\((\w+), (\d+)\)", text, re.M)})
    return {number[name]: action for name, action in re.findall(r"^CALL\((\w+), (\w+),", text, re.M) if name in number}


def test_every_number_that_is_not_allowed(box):
    """What this kernel has and the table does not know is as refused as what the table refuses: by number, one after the other."""
    actions = numbers_of_the_table()
    refused = [nr for nr in range(NUMBERS_MAX) if actions.get(nr) not in ("START", "ALLOW")]
    said = box.value(HELP + f"for nr in {refused}: print(call(nr, {BAD}, {BAD}, {BAD}, {BAD}, {BAD}, {BAD}))\n").split()
    want = ["EPERM" if actions.get(nr) == "REFUSE" else "ENOSYS" for nr in refused]
    assert len(actions) > 300 and [(nr, s) for nr, s, w in zip(refused, said, want) if s != w] == []


@pytest.mark.parametrize("kind", ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"])
def test_no_way_back_into_a_namespace(box, kind):
    """setns(2) of a namespace that one is in, and of the namespaces of a process by its pidfd, where there are such."""
    ways = [f"os.open('/proc/self/ns/{kind}', 0), 0"] + ([] if lacks("pidfd_open") else ["os.pidfd_open(os.getpid()), 0x10000000"])
    assert box.value(HELP + "".join(f"print(call({308 if X86 else 268}, {way}))\n" for way in ways)).split() == ["EPERM"] * len(ways)


# --- argument rules ---------------------------------------------------------------------------

CLONE = 56 if X86 else 220
NAMESPACES = {"NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000, "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000}


@pytest.mark.parametrize("name", NAMESPACES)
def test_clone_into_a_namespace(box, name):
    code = HELP + (f"def go(flags):\n"
                   f"    r = libc.syscall(ctypes.c_long({CLONE}), ctypes.c_long(flags | 17), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0))\n"
                   f"    if r == 0: os._exit(0)\n"
                   f"    if r < 0: return errno.errorcode[ctypes.get_errno()]\n"
                   f"    os.waitpid(r, 0)\n    return 'ok'\n"
                   f"print(go({NAMESPACES[name]}), go({NAMESPACES[name]} | 0x10000000), go({NAMESPACES[name]} | 1 << 40), go(0))")
    said = box.value(code).split()
    assert said[:2] == ["EPERM", "EPERM"] and said[2] != "ok" and said[3] == "ok"


@pytest.mark.parametrize("flags", [0x20000, 0x10000000, 0x10000000 | 1 << 32, 0x7E020000])
def test_unshare(box, flags):
    assert box.value(HELP + f"print(call({272 if X86 else 97}, {flags}))") == "EPERM"


FAMILIES = {"AX25": 3, "IPX": 4, "X25": 9, "KEY": 15, "PACKET": 17, "RDS": 21, "LLC": 26, "CAN": 29, "TIPC": 30, "BLUETOOTH": 31, "RXRPC": 33, "ALG": 38, "NFC": 39,
            "VSOCK": 40, "KCM": 41, "QIPCRTR": 42, "SMC": 43, "XDP": 44, "MCTP": 45, "of the future": 99}


@pytest.mark.parametrize("name", FAMILIES)
def test_socket_family(box, name):
    """EAFNOSUPPORT, which programs probe for. AF_ALG wrote read-only mounts (CVE-2026-31431)."""
    nr = 41 if X86 else 198
    pair_nr = 53 if X86 else 199
    said = box.value(HELP + f"print(*[call({nr}, {FAMILIES[name]} | high, t, 0) for high in (0, 1 << 32) for t in (1, 2, 3, 5)], "
                            f"call({pair_nr}, {FAMILIES[name]}, 1, 0, ctypes.create_string_buffer(8)))").split()
    assert set(said) == {"EAFNOSUPPORT"}


PACKET, SEQPACKET, DCCP = 10, 5, 6


@pytest.mark.parametrize("kind", [PACKET, PACKET | 1 << 32, PACKET | 0x80000, SEQPACKET, DCCP, DCCP | 0x800, 4])
def test_a_type_that_names_a_protocol(box, kind):
    """With protocol 0: AF_INET and SOCK_PACKET is AF_PACKET by its old name, the others are SCTP and DCCP (packet(7))."""
    nr = 41 if X86 else 198
    said = box.value(HELP + f"print(call({nr}, 2, {kind}, 0), call({nr}, 10, {kind}, 0), call({nr}, 2, 1, 0), call({nr}, 10, 0x80002, 0))")
    assert said == "ESOCKTNOSUPPORT ESOCKTNOSUPPORT ok ok"


def test_an_old_packet_socket_reaches_the_kernel_in_the_plain_twin(pair):
    """Positive control: root gets one, another is told that it needs CAP_NET_RAW."""
    nr = 41 if X86 else 198
    assert pair.plain.value(HELP + f"print(call({nr}, 2, {PACKET}, 0))") == ("ok" if pair.plain.who.uid == 0 else "EPERM")


def test_socket_families_that_work(box):
    code = HELP + "print(*[attempt(lambda: socket.socket(f, t, p).close()) for f, t, p in ((1, 1, 0), (2, 1, 0), (10, 1, 0), (2, 2, 0), (16, 3, 0), (1, 5, 0))])"
    assert box.value(code).split() == ["ok"] * 6


@pytest.mark.parametrize("protocol", [2, 4, 6, 9, 10, 12, 15, 16, 20, 21])
def test_netlink_only_route(box, protocol):
    assert box.value(HELP + f"print(attempt(lambda: socket.socket(16, 3, {protocol})), attempt(lambda: socket.socket(16, 3, 0)))") in ("EAFNOSUPPORT ok", "EPROTONOSUPPORT ok", "EPERM ok")


@pytest.mark.parametrize("args", ["2, 3, 255", "10, 3, 58", "2, 3, 1"])
def test_raw_sockets(box, args):
    assert box.value(HELP + f"print(attempt(lambda: socket.socket({args})))") in ("EPERM", "EACCES")


@pytest.mark.parametrize("value", [0x0400000, 0x0100000, 0x0200000, 0x0004, 1 << 32 | 0x0400000])
def test_personality(box, value):
    """READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT, another system's."""
    nr = 135 if X86 else 92
    assert box.value(HELP + f"print(call({nr}, {value}), call({nr}, 0xffffffff))") == "EPERM ok"


@pytest.mark.parametrize("how", [
    "os.chmod('f', 0o4755)", "os.chmod('f', 0o2755)", "os.chmod('f', 0o6777)", "os.fchmod(os.open('f', 0), 0o4755)", "os.chmod('f', 0o4755, dir_fd=os.open('.', 0))",
    "os.open('g', os.O_CREAT | os.O_WRONLY, 0o4755)", "os.open('g', os.O_CREAT | os.O_WRONLY, 0o4755, dir_fd=os.open('.', 0))", "os.mknod('g', 0o104755)",
    "os.mknod('g', 0o104755, dir_fd=os.open('.', 0))", "os.mkdir('d2', 0o4755)", "os.mkfifo('g', 0o4755)", "raw(452, -100, b'f', 0o4755, 0)",
])
def test_no_set_user_id_file(fresh, how):
    """As root it would be root's for every user of the host."""
    fresh.write("f", "#!/bin/sh\n", 0o755)
    code = HELP + f"def raw(*a):\n    r = call(*a)\n    if r != 'ok': raise OSError(getattr(errno, r), '')\nprint(attempt(lambda: {how}))"
    said = fresh.value(code)
    for name in os.listdir(fresh.project):
        assert not os.lstat(fresh.path(name)).st_mode & 0o6000, name
    assert said in ("EPERM", "ENOSYS") or how.startswith(("os.mkdir", "os.mkfifo"))
    assert fresh.value(HELP + "print(attempt(lambda: os.chmod('f', 0o755)), attempt(lambda: os.chmod('.', 0o1755)))") == "ok ok"


def test_creat_with_set_user_id(fresh):
    said = fresh.value(HELP + "print(call(85, b'g', 0o4755))") if X86 else "EPERM"
    assert said in ("EPERM", "ENOSYS") and not os.path.exists(fresh.path("g"))


@pytest.mark.parametrize("mode", ["0o20666", "0o60666"])
def test_no_device_nodes(fresh, mode):
    assert fresh.value(HELP + f"print(attempt(lambda: os.mknod('n', {mode}, os.makedev(1, 3))), attempt(lambda: os.mkfifo('p')))") == "EPERM ok"


# --- foreign architectures -----------------------------------------------------------------------

@pytest.mark.parametrize("nr", [39, 0, 59, 101, 272] if X86 else [])
def test_x32_is_killed(box, nr):
    """The same call under another number slips past a filter by number."""
    assert box.value(HELP + f"print(child(lambda: call(0x40000000 | {nr}, 0, 0, 0)))") == "signal 31"
    assert box.value(HELP + "print(call(39))") == "ok"


@pytest.mark.parametrize("nr", [20, 26, 310] if X86 else [])
def test_i386_is_killed(fresh, nr):
    """int $0x80: getpid, ptrace and unshare of the other table."""
    fresh.write("i.c", "#include <stdio.h>\nint main(void) { int r; __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(%d), \"b\"(0x10000000), \"c\"(0), \"d\"(0), \"S\"(0)); "
                       "printf(\"returned %%d\\n\", r); return 0; }\n" % nr)
    subprocess.run(["cc", "-o", fresh.path("i"), fresh.path("i.c")], check=True)
    os.chmod(fresh.path("i"), 0o755)
    done = fresh.py("import subprocess; r = subprocess.run(['./i'], stdout=-1); print(r.returncode, r.stdout)")
    assert done.stdout == "-31 b''\n", tell(done)


# --- the filter itself -----------------------------------------------------------------------------

def test_a_program_may_filter_itself_further(box):
    code = HELP + ("prog = struct.pack('=HBBI', 6, 0, 0, 0x7fff0000)\nbuf = ctypes.create_string_buffer(prog, 8)\n"
                   "f = ctypes.create_string_buffer(struct.pack('=HxxxxxxQ', 1, ctypes.addressof(buf)), 16)\n"
                   "print(libc.prctl(22, 2, f), [l.split()[1] for l in open('/proc/self/status') if l.startswith('Seccomp:')])")
    assert box.value(code) in ("0 ['2']", "-1 ['2']")


def test_the_magic_answer_is_given_inside_only(pair):
    """errno 4000 for prctl(vbOX); EINVAL elsewhere (design.md, law 8)."""
    code = "import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.prctl(0x76624f58, 0, 0, 0, 0), ctypes.get_errno())"
    assert pair.box.value(code) == "-1 4000"
    assert pair.plain.value(code) == "-1 22"
