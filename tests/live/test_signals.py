# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exit status, signals and job control are those of plain Python (spec B4; design.md, Terminal and signals)."""
import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from boxlab import PATIENCE, tell, wait_until
from terminal import CTRL_C, CTRL_D, CTRL_Z, Terminal

# Python runs a handler between two bytecodes: for a signal that comes as it begins to wait it would wait for ever. So here all waits are short.
# Prints "ready", then the name of each signal that comes; ends at the end of standard input with how many there were.
COUNT = """
import os, select, signal, sys
counts = {}
def on(number, frame):
    name = signal.Signals(number).name
    counts[name] = counts.get(name, 0) + 1
    os.write(1, name.encode() + b"\\n")
for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "ALRM", "WINCH", "CONT", "TSTP", "CHLD"):
    signal.signal(getattr(signal, "SIG" + name), on)
os.write(1, b"ready\\n")
while not select.select([0], [], [], 0.1)[0]: pass
print(sorted(counts.items()))
"""
CHILD = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
SLEEPS = "while True: time.sleep(0.1)"
SLEEP = f"import os, time; os.write(1, b'ready\\n')\n{SLEEPS}"


def start(side, code, **kw):
    """A running program that has said "ready", leader of a session of its own."""
    kw.setdefault("stdin", subprocess.PIPE)
    p = side.popen(["python", "-c", code], start_new_session=True, **kw)
    line = p.stdout.readline()
    assert line == "ready\n", (line, p.communicate())
    return p


def end(p, text=""):
    out, err = p.communicate(text, PATIENCE)
    return p.returncode, out, err


# --- how it ends ---------------------------------------------------------------------

@pytest.mark.parametrize("status", [0, 1, 2, 77, 124, 125, 126, 127, 128, 130, 137, 255])
def test_exit_status(pair, status):
    code = f"raise SystemExit({status})"
    assert pair.plain.py(code).returncode == pair.box.py(code).returncode == status


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "HUP", "SEGV", "ABRT", "PIPE", "ALRM", "USR1", "RTMAX"])
def test_death_by_signal_is_a_death_by_signal(pair, name):
    """subprocess sees -9 and not 137."""
    code = ("import os, resource, signal; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
            f"signal.signal(signal.SIG{name}, signal.SIG_DFL) if {name!r} != 'KILL' else 0; os.kill(os.getpid(), signal.SIG{name})")
    number = getattr(signal, "SIG" + name)
    assert pair.plain.py(code).returncode == pair.box.py(code).returncode == -number


def test_the_end_of_python_is_the_end(pair):
    """A child that lives on holds the pipe of a plain python's caller open; in a box it has ended."""
    done = pair.box.py(CHILD + "print(p.pid)")
    assert done.returncode == 0 and done.stdout.strip().isdigit(), tell(done)


# --- delivery -------------------------------------------------------------------------

@pytest.mark.parametrize("to", ["single", "group"])
@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "USR1", "TERM", "ALRM", "WINCH", "CHLD"])
def test_a_signal_is_delivered_once(pair, name, to):
    """A copy too many would come before the second signal does: both go the same way."""
    def do(side):
        p = start(side, COUNT)
        (os.kill if to == "single" else os.killpg)(p.pid, getattr(signal, "SIG" + name))
        heard = [p.stdout.readline()]
        os.kill(p.pid, signal.SIGUSR2)
        heard.append(p.stdout.readline())
        return heard, end(p)
    boxed, plain = pair.both(do)
    expected = sorted([("SIG" + name, 1), ("SIGUSR2", 1)])
    assert boxed == plain == ([f"SIG{name}\n", "SIGUSR2\n"], (0, f"{expected}\n", ""))


@pytest.mark.parametrize("to", ["single", "group"])
@pytest.mark.parametrize("name", ["HUP", "TERM", "USR1", "QUIT"])
def test_without_a_handler_it_dies_of_it(pair, name, to):
    def do(side):
        p = start(side, "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n" + SLEEP)
        (os.kill if to == "single" else os.killpg)(p.pid, getattr(signal, "SIG" + name))
        return end(p)
    boxed, plain = pair.both(do)
    assert boxed == plain == (-getattr(signal, "SIG" + name), "", "")


def test_interrupt_is_a_keyboard_interrupt(pair):
    def do(side):
        p = start(side, f"import os, time\ntry:\n  os.write(1, b'ready\\n')\n  {SLEEPS}\nexcept KeyboardInterrupt: print('caught')")
        os.kill(p.pid, signal.SIGINT)
        return end(p)
    boxed, plain = pair.both(do)
    assert boxed == plain == (0, "caught\n", "")


@pytest.mark.parametrize("to", ["single", "group"])
def test_kill_leaves_nothing(pair, to):
    """The payload and its child hold the pipe: its end is theirs."""
    p = start(pair.box, CHILD + SLEEP)
    (os.kill if to == "single" else os.killpg)(p.pid, signal.SIGKILL)
    assert end(p) == (-signal.SIGKILL, "", "")


def leader_of(pid, name):
    """The leader of a session with a process called so, a child of pid."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
        children = f.read().split()
    for one in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{one}/comm", encoding="utf-8") as f:
            if f.read() == name + "\n" and str(os.getsid(int(one))) in children:
                return os.getsid(int(one))
    return None


@pytest.mark.parametrize("moment", ["enter", "exit"])
@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_signal_to_the_group_while_the_payload_is_forked(pair, name, moment):
    """PID 1 has a copy that the payload may not have, depending on which came first."""
    p = pair.box.popen(["/usr/bin/strace", "-fqqo", "/dev/null", "-e", "trace=fork,clone", "-e", f"inject=fork,clone:delay_{moment}=600000",
                        "/usr/bin/setsid", pair.box.bin(), "-c", "import time; time.sleep(5)"])
    wait_until(lambda: leader_of(p.pid, "venvbox-init"))
    time.sleep(0.3)
    os.killpg(leader_of(p.pid, "venvbox-init"), getattr(signal, "SIG" + name))
    assert end(p) == (-getattr(signal, "SIG" + name), "", "")


def test_timeout_ends_it_by_its_handler(pair):
    """timeout(1) signals its child, then its group: that is two, and they may merge. bwrap must not die of the second."""
    code = "import os, signal, sys, time; signal.signal(signal.SIGTERM, lambda *a: os.write(1, b'TERM\\n')); time.sleep(2); sys.exit(5)"
    def do(side):
        done = side.run(["/usr/bin/timeout", "0.5", side.bin(), "-c", code])
        return done.returncode, set(done.stdout.split()), done.stderr
    boxed, plain = pair.both(do)
    assert boxed == plain == (124, {"TERM"}, "")


def test_nohup_stays_nohup(pair):
    code = "import os, signal; print(signal.getsignal(signal.SIGHUP), flush=True); os.kill(os.getpid(), signal.SIGHUP); print('alive')"
    boxed, plain = pair.both(lambda side: side.run(["/usr/bin/nohup", side.bin(), "-c", code]).stdout)
    assert boxed == plain and boxed.endswith("alive\n")


@pytest.mark.parametrize("ignored", [[], ["HUP"], ["INT", "QUIT"], ["TERM", "PIPE", "CHLD", "USR1", "TSTP", "RTMIN", "RTMAX"]])
def test_dispositions_and_mask_are_the_caller_s(pair, ignored):
    """Python itself ignores SIGPIPE and SIGXFSZ, so another program shows it."""
    script = ("import os, signal, sys\n"
              "for s in (signal.SIGPIPE, signal.SIGXFSZ): signal.signal(s, signal.SIG_DFL)\n"
              f"for n in {ignored}: signal.signal(getattr(signal, 'SIG' + n), signal.SIG_IGN)\n"
              f"signal.pthread_sigmask(signal.SIG_SETMASK, [getattr(signal, 'SIG' + n) for n in {ignored[:1]} + ['USR2']])\n"
              "os.execv(sys.argv[1], sys.argv[1:])\n")
    code = ("import os, re\n"
            "print(re.findall('Sig(?:Blk|Ign):.*', open('/proc/self/status').read()))")
    def do(side):
        done = side.run([sys.executable, "-c", script, side.bin(), "-c", code])
        assert done.returncode == 0, tell(done)
        return done.stdout
    boxed, plain = pair.both(do)
    assert boxed == plain


@pytest.mark.parametrize("code", [
    "while True: print('y')",
    "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\nwhile True: print('y')",
    "import os\nwhile True: os.write(1, b'y\\n' * 1000)",
])
def test_a_reader_that_leaves_ends_the_writer(pair, code):
    def do(side):
        done = side.run(["/bin/bash", "-c", '"$0" -c "$1" | head -n 1; echo "${PIPESTATUS[@]}"', side.bin(), code])
        return done.stdout, done.stderr
    boxed, plain = pair.both(do)
    assert boxed == plain and boxed[0].startswith("y\n")


def test_an_alarm_set_before_goes_off(pair):
    """alarm(2) is kept through execve(2)."""
    code = f"import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.5); os.execv(sys.argv[1], [sys.argv[1], '-c', {SLEEP!r}])"
    boxed, plain = pair.both(lambda side: side.run([sys.executable, "-c", code, side.bin()]).returncode)
    assert boxed == plain == -signal.SIGALRM


# --- stop and continue ---------------------------------------------------------------------

def wait_for_stop(p):
    pid, status = os.waitpid(p.pid, os.WUNTRACED)
    assert pid == p.pid and os.WIFSTOPPED(status), status
    return signal.Signals(os.WSTOPSIG(status)).name


@pytest.mark.parametrize("name", ["STOP", "TSTP", "TTIN", "TTOU"])
def test_a_payload_that_stops_itself_is_seen_to_stop(pair, name):
    code = f"import os, signal; os.write(1, b'ready\\n'); os.kill(os.getpid(), signal.SIG{name}); print('on')"

    def do(side):
        # In the session of the test, or the group is an orphan's and does not stop.
        p = side.popen(["python", "-c", code], preexec_fn=os.setpgrp)
        seen = wait_for_stop(p)
        os.kill(p.pid, signal.SIGCONT)
        return seen, end(p, None)
    boxed, plain = pair.both(do)
    assert boxed == plain == ("SIG" + name, (0, "ready\non\n", ""))


@pytest.mark.parametrize("to", ["single", "group"])
def test_stop_and_continue_from_outside(pair, to):
    kill = os.kill if to == "single" else os.killpg
    code = "import os, sys; os.write(1, b'ready\\n'); print(sys.stdin.read())"

    def do(side):
        p = side.popen(["python", "-c", code], preexec_fn=os.setpgrp, stdin=subprocess.PIPE)
        assert p.stdout.readline() == "ready\n"
        seen = []
        for _ in range(3):
            kill(p.pid, signal.SIGTSTP)
            seen.append(wait_for_stop(p))
            kill(p.pid, signal.SIGCONT)
        return seen, end(p, "text")
    boxed, plain = pair.both(do)
    assert boxed == plain == (["SIGTSTP"] * 3, (0, "text\n", ""))


# --- at a terminal (the rest is in test_terminal.py) ------------------------------------

INNER = ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"]
PROMPT = r"(sh>|\$|#) "


@contextlib.contextmanager
def shell(side):
    """Job control as the user has it."""
    env = {"PS1": "sh> ", "py": side.bin(), "PROMPT_COMMAND": ""}
    with Terminal(side.who, INNER, side.project, env=env) as t:
        t.expect("sh> ")
        t.send("stty -echo; PS2=\n")
        t.expect("sh> ")
        yield t


@pytest.fixture(params=["plain", "box"])
def side(request, pair):
    return getattr(pair, request.param)


def test_stop_after_foreground_is_not_lost(side):
    """`fg`, and Ctrl-Z as soon as there is an answer: SIGCONT and SIGTSTP delete each other on the way."""
    side.write("answers.py", "import sys\nprint('ask', flush=True)\nfor line in sys.stdin: print('got', line, flush=True)\n")
    with shell(side) as t:
        t.send('"$py" answers.py; echo "status=$?"\n')
        t.expect("ask")
        for i in range(10):
            t.send(CTRL_Z)
            t.expect("Stopped")
            t.expect("sh> ")
            # A Ctrl-Z in the microseconds in which the launcher goes on stops it at once; it then looks at what the program does, and
            # stops again: for a tenth of a millisecond the shell takes it for running.
            t.insist("jobs\n", "Stopped.*\n")
            t.expect("sh> ")
            t.send("fg\n")
            t.send(f"answer {i}\n")
            t.expect(f"got answer {i}")
        t.send(CTRL_D)
        t.expect("sh> ")
        t.send("echo status=$?\n")
        t.expect("status=0")


def test_a_background_job_goes_on(side):
    with shell(side) as t:
        t.send('"$py" -c "import time; print(1 + 1, flush=True); time.sleep(1); print(2 + 2)"\n')
        t.expect(r"2\r\n")
        t.send(CTRL_Z)
        t.expect("Stopped")
        t.send("bg; wait\n")
        t.expect("4\r\n")


def test_a_job_that_is_killed_answers_first(side):
    """kill %1 signals the whole group; bwrap must not die of it before Python has answered."""
    side.write("answers.py", "import os, signal, sys, time\n"
               "signal.signal(15, lambda *a: (time.sleep(0.2), print('good' + 'bye', flush=True), sys.exit(9)))\n"
               f"os.write(1, b'ready\\n')\n{SLEEPS}\n")
    with shell(side) as t:
        t.send('"$py" answers.py &\n')
        t.expect("ready")
        t.send("kill %1; wait %1; echo status=$?\n")
        t.expect("goodbye")
        t.expect("status=9")


def test_control_c_in_a_shell_inside_is_its_own(side):
    code = f"import subprocess; subprocess.call({INNER}); print('python', 'lives')"
    with shell(side) as t:
        t.send(f'"$py" -c "{code}"\n')
        t.expect(PROMPT)
        t.send("read answer\n")
        t.send(CTRL_C)
        t.expect(PROMPT)
        t.send("echo st''ill; exit\n")
        t.expect("still")
        t.expect("python lives")


def test_a_script_of_the_host_has_the_terminal_after_a_shell_inside(side):
    """No interactive shell outside that takes it back: the launcher does."""
    code = f"import subprocess; subprocess.call({INNER})"
    args = ["/bin/sh", "-c", '"$1" -c "$2"; echo next; read answer; echo "got $answer"', "sh", side.bin(), code]
    with Terminal(side.who, args, side.project) as t:
        t.expect(PROMPT)
        t.send("exit\n")
        t.expect("next")
        t.send("answer\n")
        t.expect("got answer")
