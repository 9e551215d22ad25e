# SPDX-License-Identifier: LGPL-2.1-or-later
"""At a terminal: the REPL, Ctrl-C, Ctrl-Z and fg, resize, shells inside (spec B4; issue 2).

Each test runs on the plain twin as well: what a box does there is what Python does.
"""
import os

import pytest

from boxlab import VERSION
from terminal import CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, UP, Terminal

VERSION_INFO = tuple(map(int, VERSION.split(".")))


@pytest.fixture(params=["plain", "box"])
def side(request, pair):
    return getattr(pair, request.param)


def at(side, args, **kw):
    return Terminal(side.who, [side.bin(args[0]) if "/" not in args[0] else args[0], *args[1:]], side.project, **kw)


def bash(side):
    """An interactive shell with job control, in the activated venv."""
    t = at(side, ["/bin/bash", "--norc", "--noprofile", "-i"], env={"PS1": "sh> "})
    t.expect("sh> ")
    t.send("bind 'set enable-bracketed-paste off' 2>/dev/null; . .venv/bin/activate; PS1='sh''> '\n")
    t.expect("sh> ")
    return t


def script(side, name, text):
    side.write(name, text)
    return name


# --- the REPL ---------------------------------------------------------------------------

def test_repl(side):
    with at(side, ["python", "-q"]) as t:
        t.expect(">>> ")
        t.send("import sys; print(sys.stdin.isatty(), 6 * 7)\n")
        t.expect("True 42")
        t.expect(">>> ")  # before it the terminal is not readline's, and ^D is another thing
        t.send(CTRL_D)
        assert t.finish() == 0


def test_repl_as_it_comes(side):
    """From 3.13 it is _pyrepl, which asks terminfo and sets the terminal itself."""
    with at(side, ["python", "-q"], env={"PYTHON_BASIC_REPL": ""}) as t:
        t.expect(">>> ")
        t.send("import sys; print('editor', '_pyrepl.unix_console' in sys.modules)\n")
        t.expect(f"editor {VERSION_INFO >= (3, 13)}")
        t.expect(">>> ")
        t.insist(CTRL_C, "KeyboardInterrupt")
        t.expect(">>> ")
        t.send("exit(3)\n")
        assert t.finish() == 3


def test_repl_interrupt(side):
    with at(side, ["python", "-q"]) as t:
        t.expect(">>> ")
        t.send("half a li")
        t.expect("half a li")
        t.insist(CTRL_C, "KeyboardInterrupt")
        t.expect(">>> ")
        t.send("import time; print('slee' + 'ping'); [time.sleep(0.1) for i in range(1000)]\n")
        t.expect("sleeping")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        t.expect(">>> ")
        t.send("print('still ' + 'here')\n")
        t.expect("still here")
        t.expect(">>> ")
        # After exit() Python 3.14 dies by the SIGINT it had long before.
        t.send("import os; os._exit(3)\n")
        assert t.finish() == 3


def test_repl_history_is_kept(fresh):
    outside = os.path.join(fresh.who.home, ".python_history")
    if os.path.exists(outside):
        os.unlink(outside)
    with at(fresh, ["python", "-q"]) as t:
        t.expect(">>> ")
        t.send("word = 'remem' + 'bered'\n")
        t.expect(">>> ")
        t.send("exit()\n")
        assert t.finish() == 0
    assert os.path.exists(os.path.join(fresh.venv, "home", ".python_history"))
    assert not os.path.exists(outside)
    with at(fresh, ["python", "-q"]) as t:
        t.expect(">>> ")
        t.send(UP + UP + "; print(word)\n")
        t.expect("remembered")
        t.expect(">>> ")
        t.send(CTRL_D)
        t.finish()


def test_interactive_after_a_script(side):
    name = script(side, "after.py", "value = 40\n")
    with at(side, ["python", "-i", name]) as t:
        t.expect(">>> ")
        t.send("value + 2\n")
        t.expect("\n42")
        t.expect(">>> ")
        t.send(CTRL_D)
        assert t.finish() == 0


def test_getpass_has_the_terminal(side):
    """/dev/tty opens, echo is off."""
    with at(side, ["python", "-c", "import getpass; print('got', len(getpass.getpass('Word: ')))"]) as t:
        t.expect("Word: ")
        t.send("sesame\n")
        t.expect("got 6")
        assert t.finish() == 0 and "sesame" not in t.text


def test_debugger(side):
    name = script(side, "bug.py", "a = 1\nbreakpoint()\nb = 2\nprint('end', b)\n")
    with at(side, ["python", name]) as t:
        t.expect(r"\(Pdb\) ")
        t.send("p a + 10\n")
        t.expect("11")
        t.send("c\n")
        t.expect("end 2")
        assert t.finish() == 0


# --- signals of the terminal ---------------------------------------------------------------

COUNT = ("import os, signal, sys, time\n"
         "seen = []\n"
         "signal.signal(getattr(signal, sys.argv[1]), lambda s, f: seen.append(s))\n"
         "print('u' + 'p', flush=True)\n"
         "while not seen: time.sleep(0.01)\n"
         "for i in range(50): time.sleep(0.01)\n"  # a copy that was relayed as well would come now
         "print('seen', len(seen))\n")


@pytest.mark.parametrize("key, name", [(CTRL_C, "SIGINT"), (CTRL_BACKSLASH, "SIGQUIT")])
def test_a_key_is_delivered_once(side, key, name):
    with at(side, ["python", script(side, "count.py", COUNT), name]) as t:
        t.expect("up")
        t.send(key)
        t.expect("seen 1\r")
        assert t.finish() == 0


def test_interrupt_ends_the_program_as_ever(side):
    with at(side, ["python", "-c", "import time; print('u' + 'p', flush=True); [time.sleep(0.1) for i in range(1000)]"]) as t:
        t.expect("up")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        assert t.finish() == -2


def test_the_shell_sees_the_interrupt(side):
    """bash ends a loop if the program died of SIGINT."""
    with bash(side) as t:
        t.send("for i in 1 2 3; do python -c \"import time; print('u''p', flush=True); [time.sleep(0.1) for i in range(1000)]\"; done; echo status=$?\n")
        t.expect("\nup")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        t.expect("sh> ")
        t.send("echo al''ive\n")
        assert "up" not in t.expect("alive")


def test_interrupt_in_a_child(side):
    """The whole foreground group gets it: the child and Python."""
    code = ("import subprocess, sys\n"
            "try: subprocess.run([sys.executable, '-c', 'import time; print(\"u\" + \"p\", flush=True); [time.sleep(0.1) for i in range(1000)]'])\n"
            "except KeyboardInterrupt: print('par' + 'ent')\n")
    with at(side, ["python", script(side, "parent.py", code)]) as t:
        t.expect("up")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        t.expect("parent")
        assert t.finish() == 0


ECHO = "print('rea' + 'dy', flush=True)\nwhile True:\n    line = input()\n    if line == 'end': break\n    print('<' + line + '>', flush=True)\n"


def test_stop_and_foreground(side):
    with bash(side) as t:
        t.send(f"python {script(side, 'echo.py', ECHO)}; echo status=$?\n")
        t.expect("\nready")
        t.send("one\n")
        t.expect("<one>")
        t.send(CTRL_Z)
        t.expect("Stopped")
        t.expect("sh> ")
        t.send("echo the she''ll\n")
        t.expect("the shell")
        t.send("fg\n")
        t.expect(r"python echo\.py")
        t.send("two\n")
        t.expect("<two>")
        t.send(CTRL_Z)
        t.expect("Stopped")
        t.expect("sh> ")
        t.insist("jobs\n", "Stopped.*\n")  # so soon after fg: test_signals.py, test_stop_after_foreground_is_not_lost
        t.expect("sh> ")
        t.send("fg\n")
        t.expect(r"python echo\.py")
        t.send("three\nend\n")
        t.expect("<three>")
        t.expect("sh> ")


def test_background_and_foreground(side):
    with bash(side) as t:
        t.send(f"python {script(side, 'count.py', COUNT)} SIGUSR1\n")
        t.expect("\nup")
        t.send(CTRL_Z)
        t.expect("Stopped")
        t.send("bg\n")
        t.expect("&")
        t.send("kill -USR1 %1; wait %1; echo wait''ed\n")
        t.expect("seen 1")
        t.expect("waited")


def test_a_background_job_that_reads_is_stopped(side):
    with bash(side) as t:
        t.send(f"python {script(side, 'echo.py', ECHO)} &\n")
        t.expect("\nready|ready\r")
        t.send("\n")
        t.send("sleep 0.3; jobs\n")
        t.expect(r"Stopped")
        t.send("fg\n")
        t.send("word\n")
        t.expect("<word>")
        t.send("end\n")
        t.expect("sh> ")


def test_started_in_the_background(side):
    with bash(side) as t:
        t.send("python -c \"print('back' + 'ground')\" & wait; echo do''ne\n")
        t.expect("background")
        t.expect("done")


def test_killed_job(side):
    with bash(side) as t:
        t.send("python -c \"import time; print('u''p', flush=True); time.sleep(100)\" &\n")
        t.expect("\nup|up\r")
        t.send("kill %1; wait %1; echo status=$?\n")
        t.expect("status=143")


# --- the window -----------------------------------------------------------------------------

def test_size_and_resize(side):
    code = ("import os, signal, time\n"
            "seen = []\n"
            "signal.signal(signal.SIGWINCH, lambda s, f: seen.append(os.get_terminal_size()))\n"
            "print('sta' + 'rt', *os.get_terminal_size(), flush=True)\n"
            "while not seen or seen[-1].lines != 40: time.sleep(0.01)\n"
            "print('si' + 'ze', *seen[-1])\n")
    with at(side, ["python", script(side, "size.py", code)], size=(33, 77)) as t:
        t.expect("start 77 33")
        t.resize(40, 120)
        t.expect("size 120 40")
        assert t.finish() == 0


def test_hang_up_ends_the_program(side):
    name = script(side, "hup.py", "import signal, sys, time\ndef end(s, f):\n    open('hup', 'w').write('once'); sys.exit(0)\n"
                                  "signal.signal(signal.SIGHUP, end)\nprint('u' + 'p', flush=True)\nwhile True: time.sleep(0.1)\n")
    with at(side, ["python", name]) as t:
        t.expect("up")
        t.hang_up()
        t.process.wait(60)
    with open(side.path("hup"), encoding="utf-8") as f:
        assert f.read() == "once"
    os.unlink(side.path("hup"))


# --- shells inside ----------------------------------------------------------------------------

def test_interactive_shell_of_a_program(side):
    """It took the terminal and stopped Python (design.md, Terminal and signals)."""
    code = "import subprocess\nprint('status', subprocess.run(['bash', '--norc', '-i'], env={'PS1': 'in> ', 'PATH': '/usr/bin:/bin'}).returncode)\nprint('<' + input() + '>')\n"
    with bash(side) as t:
        t.send(f"python {script(side, 'shell.py', code)}\n")
        t.expect("in> ")
        t.send("echo ins''ide\n")
        t.expect("inside")
        t.send("exit 5\n")
        t.expect("status 5")
        t.send("typed\n")
        t.expect("<typed>")
        t.expect("sh> ")
        t.send("echo al''ive\n")
        t.expect("alive")


def test_bin_shell_at_a_terminal(pair):
    box = pair.box
    with bash(box) as t:
        t.send("shell\n")
        t.expect(r"\$ |# ")
        t.send("echo $((40+2)); cat /proc/self/status\n")
        t.expect("42")
        t.expect("Seccomp:[ \t]+2")
        t.expect(r"\$ |# ")
        t.send("python -c \"import time; print('slee' + 'ping', flush=True); [time.sleep(0.1) for i in range(1000)]\"\n")
        t.expect("sleeping")
        t.send(CTRL_C)
        t.expect("KeyboardInterrupt")
        t.expect(r"\$ |# ")
        t.send("echo sti''ll\n")
        t.expect("still")
        t.send("exit 7\n")
        t.expect("sh> ")
        t.send("echo status=$?\n")
        t.expect("status=7")


def test_terminal_settings_come_back_after_a_stop(side):
    """readline sets its own; the shell must find the ones it left."""
    with bash(side) as t:
        t.send("python -q\n")
        t.expect(">>> ")
        t.send("import os, signal; os.kill(os.getpid(), signal.SIGTSTP)\n")
        t.expect("Stopped")
        t.expect("sh> ")
        t.send("stty -a | grep -o ' [-]*icanon'; echo che''cked\n")
        assert " icanon" in t.expect("checked")
        t.send("fg\n")
        t.send("\nprint(6 * 7)\n")
        t.expect("42")
        t.send("exit()\n")
        t.expect("sh> ")
