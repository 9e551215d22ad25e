# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command and makes one system call of one of our programs fail: a tracer, as strace(1) is.

strace counts per process and cannot be told which one is meant: PID 1 of the box comes after bubblewrap, which is not
ours. Here each process has a role, by the program that it runs; and a call is known by where it is made, not by
its number in a row, so that the same call fails in every run.

usage: faulttrace.py ORDER RESULT COMMAND...   ORDER: JSON, see Tracer; RESULT: the file that is written
"""
import ctypes
import json
import os
import platform
import signal
import struct
import sys
import time

# ptrace(2), <linux/ptrace.h>
CONT, SETREGSET, GETREGSET, SYSCALL = 7, 0x4205, 0x4204, 24
PEEKDATA, POKEUSER, GETEVENTMSG, SEIZE, LISTEN, GET_SYSCALL_INFO = 2, 6, 0x4201, 0x4206, 0x4208, 0x420E
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100000  # SYSGOOD, FORK, VFORK, CLONE, EXEC, EXITKILL
EVENT_NEW, EVENT_EXEC, EVENT_STOP = (1, 2, 3), 4, 128
ENTRY, EXIT = 1, 2
WALL = 0x40000000
STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

# What stands in for a call that is not to happen: -1 would be killed by our filter, getpid(2) does nothing.
GETPID = {"x86_64": 39, "aarch64": 172}[platform.machine()]
PROGRAMS = {"venvbox-launcher": "launcher", "venvbox-init": "init", "init": "init", "venvbox-install": "installer"}
STACK_WORDS = 160
LAST_WAIT = 2.0  # seconds in which what the command leaves behind must be gone

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, addr=0, data=0):
    if libc.ptrace(request, pid, addr, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


def peek(pid, addr):
    """Slowly, but also of a process that is not dumpable, whose /proc is closed to its user."""
    words = []
    for i in range(STACK_WORDS):
        ctypes.set_errno(0)
        value = libc.ptrace(PEEKDATA, pid, addr + 8 * i, 0)
        if ctypes.get_errno():
            break
        words.append(value & (1 << 64) - 1)
    return words


def _regset(request, pid, kind, buffer):
    iov = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), ctypes.sizeof(buffer))
    ptrace(request, pid, kind, ctypes.addressof(iov))


def set_number(pid, nr):
    if platform.machine() == "x86_64":
        ptrace(POKEUSER, pid, 15 * 8, nr)  # orig_rax
    else:
        _regset(SETREGSET, pid, 0x404, ctypes.c_uint32(nr))  # NT_ARM_SYSTEM_CALL


def set_result(pid, value):
    if platform.machine() == "x86_64":
        ptrace(POKEUSER, pid, 10 * 8, value & (1 << 64) - 1)  # rax
    else:
        regs = (ctypes.c_uint64 * 34)()
        _regset(GETREGSET, pid, 1, regs)  # NT_PRSTATUS
        regs[0] = value & (1 << 64) - 1
        _regset(SETREGSET, pid, 1, regs)


class Task:
    def __init__(self, role):
        self.role = role
        self.waits = None  # a stop that came before its parent told of it
        self.mem = None
        self.text = []     # (start, end) of the program's own code
        self.pending = False

    def look(self, pid):
        """Where the code is."""
        try:
            self.mem = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
            exe = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
                self.text = [tuple(int(x, 16) for x in line.split()[0].split("-")) for line in f
                             if line.rstrip().endswith(exe) and "x" in line.split()[1]]
        except OSError:
            self.text = []

    def site(self, pid, sp):
        """The return addresses on the stack, as far as they can be told from data."""
        return ",".join(f"{w - start:x}" for w in self.stack(pid, sp) for start, end in self.text if start <= w < end)

    def stack(self, pid, sp):
        try:
            return struct.unpack(f"={STACK_WORDS}Q", os.pread(self.mem, 8 * STACK_WORDS, sp))
        except (OSError, struct.error, TypeError):
            return peek(pid, sp)


class Tracer:
    """order: roles (whose calls are listed), or role, nr, site (null: any), when, error, and keep: it happens, and says that it failed."""

    def __init__(self, order):
        self.order = order
        self.roles = order["roles"] if "roles" in order else [order["role"]]
        self.tasks, self.calls, self.seen = {}, [], 0
        self.hit = False

    # --- one stop -------------------------------------------------------------------

    def role_after_exec(self, pid):
        try:
            return PROGRAMS.get(os.path.basename(os.readlink(f"/proc/{pid}/exe")), "")
        except OSError:
            return ""

    def born(self, parent, pid):
        role = self.tasks[parent].role
        task = self.tasks.setdefault(pid, Task(None))
        # Between fork and execve it is still our program.
        task.role = role + " child" if role and not role.endswith(" child") else role
        if task.role in self.roles:
            task.look(pid)
            task.text = task.text or self.tasks[parent].text
        if task.waits is not None:
            self.resume(pid, 0)

    def resume(self, pid, sig):
        task = self.tasks[pid]
        task.waits = None
        try:
            ptrace(SYSCALL if task.role in self.roles else CONT, pid, 0, sig)
        except ProcessLookupError:
            pass  # killed meanwhile; waitpid(2) tells

    def on_call(self, pid, task):
        raw = ctypes.create_string_buffer(88)
        ptrace(GET_SYSCALL_INFO, pid, 88, ctypes.addressof(raw))
        op, _, _, sp = struct.unpack_from("=B3xIQQ", raw)
        if op == EXIT and task.pending:
            set_result(pid, -self.order["error"])
            task.pending = False
        if op != ENTRY:
            return
        nr, *args = struct.unpack_from("=7Q", raw, 24)
        if "roles" in self.order:
            self.calls.append([task.role, nr, args[:3], task.site(pid, sp)])
        elif nr == self.order["nr"] and task.role == self.order["role"] and self.order["site"] in (None, task.site(pid, sp)):
            self.seen += 1
            if self.seen == self.order["when"]:
                self.hit = task.pending = True
                if not self.order["keep"]:
                    set_number(pid, GETPID)

    def on_stop(self, pid, status):
        sig, event = os.WSTOPSIG(status), status >> 16
        task = self.tasks.setdefault(pid, Task(None))
        if task.role is None:
            task.waits = status
            return
        if event in EVENT_NEW:
            message = ctypes.c_ulong()
            ptrace(GETEVENTMSG, pid, 0, ctypes.addressof(message))
            self.born(pid, message.value)
        elif event == EVENT_EXEC:
            task.role = self.role_after_exec(pid)
            if task.role:  # its children may be of interest
                task.look(pid)
        elif event == EVENT_STOP:
            if sig in STOPS:
                ptrace(LISTEN, pid)
                return
        elif sig == signal.SIGTRAP | 0x80:
            self.on_call(pid, task)
        else:
            self.resume(pid, sig)
            return
        self.resume(pid, 0)

    # --- all of it ------------------------------------------------------------------

    def start(self, command):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(w)
                os.read(r, 1)
                os.close(r)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
                for sig in (signal.SIGPIPE, signal.SIGXFSZ):
                    signal.signal(sig, signal.SIG_DFL)
                os.execv(command[0], command)
            finally:
                os._exit(111)
        ptrace(SEIZE, pid, 0, OPTIONS)
        self.tasks[pid] = Task("")
        os.close(r)
        os.close(w)
        return pid

    def left(self):
        names = []
        for pid in list(self.tasks):
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as f:
                    names.append(f.read().strip())
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        return names

    def run(self, command):
        """How the command ended as waitpid(2) has it; None: it did not. And who outlived it."""
        first = self.start(command)
        status, deadline = None, time.monotonic() + self.order["patience"]
        while self.tasks:
            try:
                pid, stat = os.waitpid(-1, WALL | os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                if time.monotonic() > deadline:
                    return status, self.left()
                self.pause()
                continue
            if os.WIFSTOPPED(stat):
                try:
                    self.on_stop(pid, stat)
                except ProcessLookupError:
                    pass
                continue
            task = self.tasks.pop(pid, None)
            if task is not None and task.mem is not None:
                os.close(task.mem)
            if pid == first:
                status, deadline = stat, time.monotonic() + LAST_WAIT
        return status, []

    @staticmethod
    def pause():
        """Until a child changes state, SIGCHLD(7), or a moment has passed."""
        signal.sigtimedwait([signal.SIGCHLD], 0.1)


def main():
    order, result, *command = sys.argv[1:]
    # Blocked in the tracer only: the child's mask is what the caller's was.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    tracer = Tracer(json.loads(order))
    status, left = tracer.run(command)
    with open(result, "w", encoding="utf-8") as f:
        json.dump({"status": status, "left": left, "hit": tracer.hit, "calls": tracer.calls}, f)


if __name__ == "__main__":
    main()
