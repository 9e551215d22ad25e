# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every rule about arguments (launcher/install/argrules.c), asked of the kernel inside a box: as it is, with bits that
the kernel does not look at (CVE-2019-10063), under the number of x32, and from 32-bit code.
"""
import os
import re
import subprocess

import pytest

from boxlab import tell
from inside import HELP

X86 = os.uname().machine == "x86_64"
BAD, NOFD = 0xDEAD, 0xFFFFFFFF
SETID, CREATE, NEWUSER_FS = 0o4755, os.O_CREAT | os.O_WRONLY, 0x10000200  # CLONE_NEWUSER | CLONE_FS: refused by the kernel as well
HIGH = (1 << 32, 1 << 63, 0xFFFFFFFF << 32)

# call: (x86_64, aarch64, i386)
NUMBERS = {
    "openat": (257, 56, 295), "open": (2, None, 5), "fcntl": (72, 25, 55), "ioctl": (16, 29, 54), "clone": (56, 220, 120), "clone3": (435, 435, 435),
    "unshare": (272, 97, 310), "setns": (308, 268, 346), "prctl": (157, 167, 172), "socket": (41, 198, 359), "socketpair": (53, 199, 360),
    "chmod": (90, None, 15), "fchmod": (91, 52, 94), "fchmodat": (268, 53, 306), "fchmodat2": (452, 452, 452), "creat": (85, None, 8),
    "mknod": (133, None, 14), "mknodat": (259, 33, 297), "openat2": (437, 437, 437), "setpriority": (141, 140, 97), "ioprio_set": (251, 30, 289),
    "personality": (135, 92, 136),
}

# call, arguments, which of them the rule is about, errno of the filter
REFUSED = [
    ("openat", (NOFD, BAD, CREATE, SETID), (2, 3), "EPERM"), ("openat", (NOFD, BAD, os.O_TMPFILE | os.O_WRONLY, 0o2755), (2, 3), "EPERM"),
    ("open", (BAD, CREATE, SETID), (1, 2), "EPERM"),
    ("fcntl", (NOFD, 1024, 1), (1,), "EPERM"), ("fcntl", (NOFD, 1040, BAD), (1,), "EPERM"),
    ("ioctl", (NOFD, 0x5412, BAD), (1,), "EPERM"), ("ioctl", (NOFD, 0x541C, BAD), (1,), "EPERM"), ("ioctl", (NOFD, 0x5423, BAD), (1,), "EPERM"),
    ("ioctl", (NOFD, 0x50009401, BAD), (1,), "EPERM"), ("ioctl", (NOFD, 0x50009417, BAD), (1,), "EPERM"),
    ("clone", (NEWUSER_FS, 0, 0, 0, 0), (0,), "EPERM"), ("clone3", (BAD, 88), (0, 1), "ENOSYS"),
    ("unshare", (0x10000000,), (0,), "EPERM"), ("unshare", (0x80,), (0,), "EPERM"), ("unshare", (NOFD,), (0,), "EPERM"),
    ("setns", (NOFD, 0), (0, 1), "EPERM"), ("setns", (0, 0x10000000), (0, 1), "EPERM"),
    ("prctl", (0x76624F58, 0, 0, 0, 0), (0,), "4000"), ("prctl", (35, 9, BAD, 0, 0), (0,), "EINVAL"), ("prctl", (67, 1, 0, 0, 0), (0,), "EINVAL"),
    ("socket", (38, 5, 0), (0,), "EAFNOSUPPORT"), ("socket", (17, 3, 0), (0,), "EAFNOSUPPORT"), ("socket", (NOFD, 1, 0), (0,), "EAFNOSUPPORT"),
    ("socket", (16, 3, 12), (0, 2), "EAFNOSUPPORT"), ("socket", (16, 3, NOFD), (0, 2), "EAFNOSUPPORT"),
    ("socket", (2, 1, 262), (0, 2), "EPROTONOSUPPORT"), ("socket", (10, 1, 132), (0, 2), "EPROTONOSUPPORT"), ("socket", (2, 3, NOFD), (0, 2), "EPROTONOSUPPORT"),
    ("socket", (2, 10, 0), (0, 1), "ESOCKTNOSUPPORT"), ("socket", (10, 5, 0), (0, 1), "ESOCKTNOSUPPORT"), ("socketpair", (40, 1, 0, BAD), (0,), "EAFNOSUPPORT"),
    ("chmod", (BAD, SETID), (1,), "EPERM"), ("fchmod", (NOFD, 0o2755), (1,), "EPERM"), ("fchmodat", (NOFD, BAD, SETID), (2,), "EPERM"),
    ("fchmodat2", (NOFD, BAD, SETID, 0), (2,), "EPERM"), ("creat", (BAD, SETID), (1,), "EPERM"),
    ("mknod", (BAD, 0o104755, 0), (1,), "EPERM"), ("mknod", (BAD, 0o20600, 0), (1,), "EPERM"), ("mknod", (BAD, 0o60600, 0), (1,), "EPERM"),
    ("mknodat", (NOFD, BAD, 0o104755, 0), (2,), "EPERM"), ("mknodat", (NOFD, BAD, 0o20600, 0), (2,), "EPERM"), ("mknodat", (NOFD, BAD, 0o60600, 0), (2,), "EPERM"),
    ("openat2", (NOFD, BAD, BAD, 24), (3,), "ENOSYS"), ("setpriority", (1, 0, 19), (0,), "EPERM"), ("setpriority", (2, 0, 19), (0,), "EPERM"),
    ("ioprio_set", (2, 0, 0), (0,), "EPERM"), ("ioprio_set", (3, 0, 0), (0,), "EPERM"), ("personality", (0x400000,), (0,), "EPERM"),
]

# The same calls, one step beside the rule: they reach the kernel.
ALLOWED = [
    ("openat", (NOFD, BAD, CREATE, 0o755), "EFAULT"), ("openat", (NOFD, BAD, 0, SETID), "EFAULT"), ("open", (BAD, CREATE, 0o755), "EFAULT"),
    ("fcntl", (NOFD, 1025, 0), "EBADF"), ("ioctl", (NOFD, 0x5401, BAD), "EBADF"), ("clone", (0x800, 0, 0, 0, 0), "EINVAL"), ("unshare", (0x400,), "ok"),
    ("prctl", (15, BAD), "EFAULT"), ("socket", (1, 5, 0), "ok"), ("socket", (16, 3, 0), "ok"), ("socket", (2, 0x80801, 6), "ok"), ("socket", (10, 2, 17), "ok"),
    ("socketpair", (1, 1, 0, BAD), "EFAULT"), ("chmod", (BAD, 0o1755), "EFAULT"), ("fchmod", (NOFD, 0o755), "EBADF"), ("fchmodat", (NOFD, BAD, 0o1777), "EFAULT"),
    ("creat", (BAD, 0o755), "EFAULT"), ("mknod", (BAD, 0o10600, 0), "EFAULT"), ("mknodat", (NOFD, BAD, 0o140600, 0), "EFAULT"), ("setpriority", (0, 0, 0), "ok"),
    ("ioprio_set", (1, 0, 0), "ok"), ("personality", (NOFD,), "ok"),
]


def here(rows):
    """Those that this architecture has, each once under a name."""
    return [pytest.param(*row, id="-".join([row[0], *map(hex, row[1])])) for row in rows if NUMBERS[row[0]][0 if X86 else 1] is not None]


def number(call):
    return NUMBERS[call][0 if X86 else 1]


def with_high_bits(args, about):
    """The arguments, and again for each pattern in each that the rule is about, then in all of them."""
    yield args
    for high in HIGH:
        for some in [*[(at,) for at in about], about]:
            yield tuple(a | high if i in some else a for i, a in enumerate(args))


def test_every_rule_has_a_row():
    source = os.path.join(os.path.dirname(__file__), "../../launcher/install/argrules.c")
    with open(source, encoding="utf-8") as f:
        rules = re.findall(r'^\t\{ "(\w+)", (\w+), \w+, \{ (.*) \} \},$', f.read(), re.M)
    assert len(rules) > 30
    for call in {rule[0] for rule in rules}:
        assert sum(row[0] == call for row in REFUSED) >= sum(rule[0] == call for rule in rules), call


@pytest.mark.parametrize("call, args, about, want", here(REFUSED))
def test_refused_whatever_the_high_bits(box, call, args, about, want):
    said = box.value(HELP + "".join(f"print(child(lambda: call({number(call)}, {', '.join(map(str, a))})))\n" for a in with_high_bits(args, about)))
    assert set(said.split()) == {want}, said


@pytest.mark.parametrize("call, args, want", here(ALLOWED))
def test_one_step_beside_the_rule(box, call, args, want):
    """Positive control: what is refused above is refused for its arguments."""
    assert box.value(HELP + f"print(child(lambda: call({number(call)}, {', '.join(map(str, args))})))") == want


@pytest.mark.parametrize("call", [c for c in NUMBERS if X86])
def test_no_call_under_the_number_of_x32(box, call):
    rows = [row for row in REFUSED if row[0] == call]
    said = box.value(HELP + "".join(f"print(child(lambda: call(0x40000000 | {number(call)}, {', '.join(map(str, row[1]))})))\n" for row in rows))
    assert set(said.splitlines()) == {"signal 31"}, said


# Far jump into the 32-bit code segment of Linux, there int $0x80 or syscall, and back if that returns.
CODE32 = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned arg[7]; /* eax ebx ecx edx esi edi ebp */

static void direct(void)
{
	unsigned r = arg[0];

	__asm__ volatile("int $0x80" : "+a"(r) : "b"((long) (int) arg[1]), "c"((long) (int) arg[2]), "d"((long) (int) arg[3]), "S"(0L), "D"(0L) : "memory");
	printf("returned %d\n", (int) r);
}

static void far(void)
{
	extern char back[];
	unsigned char *low = mmap((void *) 0x10000000, 8192, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unsigned char code[] = { 0xb8, 0, 0, 0, 0, 0xbb, 0, 0, 0, 0, 0xb9, 0, 0, 0, 0, 0xcd, 0x80, 0x6a, 0x33, 0x68, 0, 0, 0, 0, 0xcb };
	unsigned to = (unsigned) (unsigned long) back;
	unsigned r;

	memcpy(code + 1, &arg[0], 4);
	memcpy(code + 6, &arg[1], 4);
	memcpy(code + 11, &arg[2], 4);
	memcpy(code + 20, &to, 4);
	memcpy(low, code, sizeof(code));
	__asm__ volatile("mov %%rsp, %%r12; mov %1, %%rsp; push $0x23; push %2; lretq; .globl back; back: mov %%r12, %%rsp"
			 : "=a"(r) : "r"(low + 8192 - 64), "r"(0x10000000L) : "rbx", "rcx", "rdx", "rsi", "rdi", "r12", "memory");
	printf("returned %d\n", (int) r);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc && i < 9; i++)
		arg[i - 2] = (unsigned) strtoul(argv[i], NULL, 0);
	setbuf(stdout, NULL);
	if (argv[1][0] == 'f')
		far();
	else
		direct();
	return 0;
}
"""


@pytest.fixture(scope="module")
def code32(tmp_path_factory):
    """The program, built once; None where there are no such instructions."""
    if not X86:
        return None
    top = tmp_path_factory.mktemp("code32")
    (top / "i.c").write_text(CODE32)
    subprocess.run(["cc", "-O1", "-no-pie", "-fno-stack-protector", "-o", top / "i", top / "i.c"], check=True)
    return (top / "i").read_bytes()


@pytest.mark.parametrize("call", [c for c in NUMBERS if X86])
def test_no_call_from_32_bit_code(box, code32, call):
    """int $0x80, and the same behind a far jump: other numbers, so other rules."""
    box.write("i32", code32, 0o755)
    runs = [["./i32", how, str(NUMBERS[call][2]), *map(str, row[1])] for row in REFUSED if row[0] == call for how in "df"]
    done = box.py(f"import subprocess\nfor run in {runs}:\n    r = subprocess.run(run, stdout=-1)\n    print(r.returncode, r.stdout)\n")
    assert done.stdout == "-31 b''\n" * len(runs) != "", tell(done)


@pytest.mark.parametrize("how", ["d", "f"] if X86 else [])
def test_32_bit_code_reaches_the_kernel_in_the_plain_twin(pair, code32, how):
    """Positive control: getpid of the other table."""
    pair.plain.write("i32", code32, 0o755)
    said = pair.plain.value("import subprocess, sys; p = subprocess.Popen(['./i32', sys.argv[1], '20'], stdout=-1); print(p.communicate()[0].decode() == 'returned %d\\n' % p.pid)", how)
    assert said == "True"
