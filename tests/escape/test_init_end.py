# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-init: the end, and signals (spec S2, B4)."""
import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import subprocess

import pytest

import initrig as rig
from initrig import Box, bit, python, run, signal
from initparts import SAY, init_pid, outside, user

# --- the end -------------------------------------------------------------------------

@pytest.mark.parametrize("code, status", [
    ("exit 0", 0), ("exit 7", 7), ("exit 255", 255),
    ("kill -9 $$", -9), ("kill -TERM $$", -15), ("ulimit -c 0; kill -SEGV $$", -11), ("kill -RTMIN $$", -34),
])
def test_wait_status_is_the_true_one(user, code, status):
    box, _ = run(user, ["/bin/bash", "-c", code])
    assert box.kinds()[-1] == rig.EXIT
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == status


def test_daemons_end_before_the_end_is_reported(user):
    code = ("import os, time\n"
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        print('up', flush=True); time.sleep(600)\n    os._exit(0)\n"
            "time.sleep(.2)\n")
    with Box(user, python(code)) as box:
        assert box.read_line() == "up"
        init = init_pid(box)
        daemons = set()
        rig.wait_until(lambda: daemons.update(rig.children(init)) or len(daemons) >= 2, "no daemon")
        assert box.until(rig.EXIT).value == 0
        assert not [pid for pid in daemons if rig.is_alive(pid)]
        box.finish()


def test_orphans_are_reaped(user):
    code = ("import os, time\n"
            "for i in range(20):\n    if os.fork() == 0:\n        if os.fork() == 0: os._exit(0)\n        os._exit(0)\n    os.wait()\n"
            "end = time.time() + 10\n"
            "def state(p):\n    try: return open('/proc/%s/stat' % p).read().rsplit(')', 1)[1].split()[0]\n    except OSError: return None\n"
            "zombies = lambda: [p for p in os.listdir('/proc') if p.isdigit() and state(p) == 'Z']\n"
            "while zombies() and time.time() < end: time.sleep(.01)\nprint(zombies())")
    _, text = run(user, python(code))
    assert text == "[]\n"


def test_box_ends_with_the_launchers_end_of_the_channel(user):
    with Box(user, ["/bin/sh", "-c", "trap '' TERM HUP; sleep 600 & echo up; wait"]) as box:
        assert box.read_line() == "up"
        payload, = rig.children(init_pid(box))
        box.channel.close()
        rig.wait_until(lambda: not rig.is_alive(payload), "the payload outlives its launcher")
        assert box.process.wait(rig.PATIENCE) == 125


def test_box_of_a_launcher_gone_before_the_start_runs_nothing(user):
    box = Box(user, SAY, before=lambda b: b.channel.close())
    with box:
        assert os.read(box.out_fd, 100) == b""
        assert box.process.wait(rig.PATIENCE) != 0


def test_unknown_command_ends_the_box(user):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        box.send(1, kind=9)
        assert box.until(rig.FAILED).text == "cannot carry out a command of the launcher"


@pytest.mark.parametrize("sig", [0, -1, 65, 1 << 30])
def test_number_that_is_no_signal_ends_the_box(user, sig):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        box.send(sig)
        assert box.until(rig.FAILED).value == errno.EBADMSG


def test_it_refuses_to_run_outside_a_box():
    init = os.path.join(rig.LIBEXEC, "venvbox-init")
    done = subprocess.run([init], stderr=subprocess.PIPE)
    assert done.returncode == 125
    assert done.stderr.startswith(b"venvbox: ") and b"\nhint: " in done.stderr


def test_it_refuses_to_be_another_process_than_the_first():
    """Its kill(-1) would end everything the caller has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    high = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, 50)
    done = subprocess.run([os.path.join(rig.LIBEXEC, "venvbox-init")], stderr=subprocess.PIPE, pass_fds=(3,),
                          preexec_fn=lambda: os.dup2(high, 3))
    os.close(high)
    theirs.close()
    assert done.returncode == 125 and b"first process of a box" in done.stderr


@pytest.mark.parametrize("channel", ["/dev/null", None])
def test_it_refuses_to_run_without_a_channel(channel):
    init = os.open(os.path.join(rig.LIBEXEC, "venvbox-init"), os.O_RDONLY)
    number = fcntl.fcntl(init, fcntl.F_DUPFD, 50)
    prepare = (lambda: os.dup2(os.open(channel, os.O_RDONLY), 3)) if channel else None
    done = subprocess.run([rig.BWRAP, *rig.bwrap_options("root"), "/proc/self/fd/%d" % number], stderr=subprocess.PIPE,
                          preexec_fn=prepare, pass_fds=(3, number) if channel else (number,))
    os.close(init)
    os.close(number)
    assert done.returncode == 125 and done.stderr.startswith(b"venvbox: ")


# --- signals ----------------------------------------------------------------------------

COUNT = ("import os, signal, sys, time\n"
         "seen = []\n"
         "def on(s, f): seen.append(s); os.write(1, b'%d\\n' % s)\n"
         "for s in map(int, sys.argv[1:]): signal.signal(s, on)\n"
         "os.write(1, b'up\\n')\n"
         "while signal.SIGUSR2 not in seen: time.sleep(0.01)\n")
KINDS = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGTERM, signal.SIGALRM, signal.SIGWINCH, signal.SIGCONT]


def counted(box, sig):
    """How often sig came before SIGUSR2, which ends the payload."""
    box.send(signal.SIGUSR2)
    return box.output().split().count(str(int(sig)))


def counting(user, sig, **how):
    return Box(user, python(COUNT, str(int(sig)), str(int(signal.SIGUSR2))), **how)


@pytest.mark.parametrize("sig", KINDS)
def test_relayed_signal_arrives_once(user, sig):
    with counting(user, sig) as box:
        assert box.read_line() == "up"
        box.send(sig)
        assert box.read_line() == str(int(sig))
        assert counted(box, sig) == 0


@pytest.mark.parametrize("sig", KINDS)
@pytest.mark.parametrize("relay_first", [True, False])
def test_signal_of_the_group_arrives_once(user, sig, relay_first):
    """The launcher relays what it got; PID 1 and payload got it from the group too."""
    with counting(user, sig, process_group=0, options=rig.bwrap_options(user)) as box:
        assert box.read_line() == "up"
        pids = members(box)
        with undisturbed():
            if relay_first:
                box.send(sig)
            signal_each(pids, sig)
            if not relay_first:
                box.send(sig)
        assert box.read_line() == str(int(sig))
        assert counted(box, sig) == 0


def members(box):
    """Whom kill(-pgrp) reaches, but for bwrap itself, which the launcher has ignore it."""
    init = init_pid(box)
    return (init, *rig.children(init))


@contextlib.contextmanager
def undisturbed():
    """PID 1 waits two milliseconds for its own copy, and a busy machine takes the processor from us for longer: not so while we are real-time."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def signal_each(pids, sig):
    for pid in pids:
        os.kill(pid, sig)


def test_two_relayed_signals_arrive_twice(user):
    with counting(user, signal.SIGUSR1) as box:
        assert box.read_line() == "up"
        for _ in range(2):
            box.send(signal.SIGUSR1)
            assert box.read_line() == "10"


def test_credit_pays_once(user):
    with counting(user, signal.SIGUSR1) as box:
        assert box.read_line() == "up"
        signal_each(members(box), signal.SIGUSR1)
        assert box.read_line() == "10"
        box.send(signal.SIGUSR1)
        box.send(signal.SIGUSR1)
        assert box.read_line() == "10"
        assert counted(box, signal.SIGUSR1) == 0


def test_credit_cannot_be_forged_inside(user):
    """sigqueue() to PID 1 with pid 0 in it: the next relayed signal must still arrive."""
    code = ("import ctypes, os, struct\n"
            "info = struct.pack('iiiiiI', 10, 0, -1, 0, 0, 0) + bytes(104)\n"
            "c = ctypes.CDLL(None, use_errno=True)\n"
            "assert c.syscall(129, 1, 10, info) == 0, ctypes.get_errno()\n")
    with Box(user, python(code + COUNT, "10", "12")) as box:
        assert box.read_line() == "up"
        box.send(signal.SIGUSR1)
        assert box.read_line() == "10"


def test_signal_relayed_before_the_start_arrives(user):
    """It came while bwrap still mounted: only the launcher has it."""
    with Box(user, ["/bin/sleep", "600"], before=lambda b: b.send(signal.SIGTERM)) as box:
        box.finish()
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == -signal.SIGTERM


def early(sig):
    """Sends sig to PID 1 from outside, as the group does, before there is a payload."""
    return lambda box: os.kill(init_pid(box), sig)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signal_of_the_group_before_the_start_arrives(user, sig):
    """PID 1 has a copy, the payload was not there to get one."""
    with Box(user, ["/bin/sleep", "600"], late=early(sig)) as box:
        box.finish()
    assert os.waitstatus_to_exitcode(box.reports[-1].value) == -sig


def test_signal_of_the_group_before_the_start_arrives_once_if_relayed(user):
    """Blocked and of real time, so that the kernel queues each one; the next number ends the count."""
    code = "import signal\nn = 0\nwhile signal.sigwait([40, 41]) == 40: n += 1\nprint(n)"
    with Box(user, python(code), late=early(40), blocked=bit(40) | bit(41)) as box:
        box.send(40)
        box.send(41)
        assert box.output() == "1\n"


# SIGTSTP does nothing in an orphaned process group (setpgid(2)), as ours may be: stopped boxes get one of their own.

def test_stop_and_continue_are_reported(user):
    with Box(user, ["/bin/sh", "-c", "kill -TSTP $$; sleep 600"], process_group=0) as box:
        assert box.until(rig.STOPPED).value == signal.SIGTSTP
        box.send(signal.SIGCONT)
        box.until(rig.CONTINUED)
        box.send(signal.SIGTERM)
        box.finish()
        assert box.kinds() == [rig.SEALED, rig.STARTED, rig.STOPPED, rig.CONTINUED, rig.EXIT]
        assert os.waitstatus_to_exitcode(box.reports[-1].value) == -signal.SIGTERM


def test_relayed_stop_stops(user):
    with Box(user, ["/bin/sleep", "600"], process_group=0) as box:
        box.until(rig.STARTED)
        box.send(signal.SIGTSTP)
        assert box.until(rig.STOPPED).value == signal.SIGTSTP
        box.send(signal.SIGCONT)
        box.until(rig.CONTINUED)
        box.send(signal.SIGKILL)
        assert os.waitstatus_to_exitcode(box.until(rig.EXIT).value) == -9


def test_what_had_happened_is_reported_before_the_answer(user):
    """A SIGCONT has its effect when it is sent, SIGCHLD comes when the payload runs."""
    with Box(user, ["/bin/sleep", "600"], process_group=0) as box:
        box.until(rig.STARTED)
        payload, = rig.children(init_pid(box))
        for number in range(30):
            os.kill(payload, signal.SIGSTOP)
            box.until(rig.STOPPED)
            box.send(number, kind=rig.LOOK)
            assert box.until(rig.LOOKED).value == number
            os.kill(payload, signal.SIGCONT)
            box.send(number, kind=rig.LOOK)
            box.until(rig.LOOKED)
        assert box.kinds()[2:] == [rig.STOPPED, rig.LOOKED, rig.CONTINUED, rig.LOOKED] * 30


def test_a_signal_is_delivered_before_the_answer(user):
    with Box(user, ["/bin/sleep", "600"], process_group=0) as box:
        box.until(rig.STARTED)
        payload, = rig.children(init_pid(box))
        os.kill(payload, signal.SIGSTOP)
        box.until(rig.STOPPED)
        box.send(signal.SIGCONT)
        box.send(-1, kind=rig.LOOK)
        assert box.until(rig.LOOKED).value == -1
        assert box.kinds()[-2:] == [rig.CONTINUED, rig.LOOKED]


def test_an_end_is_the_answer(user):
    with Box(user, ["/bin/sleep", "600"]) as box:
        box.until(rig.STARTED)
        init = init_pid(box)
        payload, = rig.children(init)
        os.kill(init, signal.SIGSTOP)
        os.kill(payload, signal.SIGKILL)
        box.send(1, kind=rig.LOOK)
        rig.wait_until(lambda: not rig.is_alive(payload), "it lives")
        os.kill(init, signal.SIGCONT)
        assert os.waitstatus_to_exitcode(box.until(rig.EXIT).value) == -9
        box.finish()
        assert rig.LOOKED not in box.kinds()


def test_stop_of_another_process_is_not_reported(user):
    """An orphan, so a child of PID 1 like the payload."""
    code = ("import os, signal, time\n"
            "r, w = os.pipe()\n"
            "if os.fork() == 0:\n"
            "    if os.fork() == 0:\n"
            "        while os.getppid() != 1: time.sleep(.01)\n"
            "        os.write(w, b'%d' % os.getpid()); time.sleep(600)\n"
            "    os._exit(0)\n"
            "os.wait(); orphan = int(os.read(r, 99)); os.kill(orphan, signal.SIGSTOP)\n"
            "while open('/proc/%d/stat' % orphan).read().split()[2] != 'T': time.sleep(.01)\n"
            "os.kill(os.getpid(), signal.SIGSTOP)\n")
    with Box(user, python(code)) as box:
        assert box.until(rig.STOPPED).value == signal.SIGSTOP
        box.send(signal.SIGCONT)
        box.finish()
        assert box.kinds().count(rig.STOPPED) == 1
