# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-init: the start of the payload and its descriptors (spec B4, B5)."""
import errno
import os
import resource

import pytest

import initrig as rig
from initrig import Box, bit, python, run, signal
from initparts import MARK, SAY, outside, place, refused, refused_late, user

# --- the start of the payload -----------------------------------------------------

@pytest.mark.parametrize("calls", [["--default"], ["read"], []])
def test_pid1_does_its_work_under_every_kind_of_filter(user, outside, calls):
    """The table, a list of the user's that names nothing PID 1 needs, and the lifted filter."""
    how = reopened(outside, offset=1)
    code = "import os, signal; os.read(0, 2); os.kill(os.getpid(), signal.SIGSTOP); os._exit(3)"
    calls = [*calls, "kill", "getpid"] if calls == ["read"] else calls
    with Box(user, python(code), filter=rig.real_filter(*calls), **how) as box:
        box.until(rig.STOPPED)
        box.send(signal.SIGCONT)
        box.until(rig.EXIT)
        assert [k for k in box.kinds() if k != rig.CONTINUED] == [rig.SEALED, rig.STARTED, rig.STOPPED, rig.OFFSET, rig.EXIT]
        assert [r.offset for r in box.reports if r.kind == rig.OFFSET] == [3]
        assert os.waitstatus_to_exitcode(box.reports[-1].value) == 3


def test_missing_program_is_127(user):
    box, text = run(user, ["x"], program="/nonexistent")
    assert box.kinds() == [rig.SEALED, rig.EXEC_FAILED, rig.EXIT]
    assert box.reports[1].value == errno.ENOENT and box.reports[1].text == ""
    assert os.waitstatus_to_exitcode(box.reports[2].value) == 127


@pytest.mark.parametrize("text, mode, error, status, words", [
    ("#!/nonexistent/python\n", 0o755, errno.ENOENT, 127, "it is there, but the interpreter or loader that it names is not"),
    ("#!/bin/sh\n", 0o644, errno.EACCES, 126, ""),
    ("no program\n", 0o755, errno.ENOEXEC, 126, ""),
])
def test_program_that_cannot_be_executed(user, outside, text, mode, error, status, words):
    path = place(outside, "prog", text, mode)
    box, _ = run(user, ["prog"], program="/mnt/prog", extra=["--ro-bind", str(outside), "/mnt"])
    assert path and box.kinds() == [rig.SEALED, rig.EXEC_FAILED, rig.EXIT]
    assert (box.reports[1].value, box.reports[1].text) == (error, words)
    assert os.waitstatus_to_exitcode(box.reports[2].value) == status


@pytest.mark.parametrize("link, said", [("/bin/cat", "cat\n"), ("/nonexistent", "the program\n"), (None, "the program\n")])
def test_base_interpreter_is_executed_in_place_of_the_program(user, outside, link, said):
    """Where there is none the program is, which says what is wrong."""
    venv = os.path.join(str(outside), "v")
    os.makedirs(venv + "/bin")
    os.makedirs(venv + "/venvbox")
    place(outside, "v/bin/python", "#!/bin/sh\necho the program\n", 0o755)
    if link:
        os.symlink(link, venv + "/venvbox/base-python")
    box, text = run(user, ["x", "/proc/self/comm"], program="/mnt/v/bin/python", base=1, extra=["--ro-bind", str(outside), "/mnt"])
    assert text == said and box.kinds() == [rig.SEALED, rig.STARTED, rig.EXIT]


@pytest.mark.parametrize("program", ["/bin/echo", "bin/echo", "/mnt/sbin/python", "/mnt/python"])
def test_a_program_of_no_venv_is_itself(user, outside, program):
    for name in ("venvbox", "bin/venvbox", "sbin", "bin"):
        os.makedirs(os.path.join(str(outside), name), exist_ok=True)
    for name in ("venvbox", "bin/venvbox"):
        os.symlink("/bin/false", os.path.join(str(outside), name, "base-python"))
    for name in ("bin/echo", "sbin/python", "python"):
        place(outside, name, "#!/bin/sh\necho a\n", 0o755)
    _, text = run(user, ["echo", "a"], program=program, base=1, cwd="/mnt", extra=["--ro-bind", str(outside), "/mnt"])
    assert text == "a\n"


def test_signal_dispositions_and_mask_are_the_callers(user):
    ignored, blocked = bit(signal.SIGHUP) | bit(signal.SIGPIPE) | bit(40), bit(signal.SIGUSR1) | bit(signal.SIGCHLD)
    _, text = run(user, ["/bin/cat", "/proc/self/status"], ignored=ignored, blocked=blocked)
    status = rig.status_fields(text)
    assert int(status["SigIgn"], 16) == ignored
    assert int(status["SigBlk"], 16) == blocked
    assert int(status["SigPnd"], 16) == int(status["ShdPnd"], 16) == 0


def test_limits_hold_for_the_payload_and_not_for_pid1(user):
    """Hard and soft; the payload cannot raise them."""
    most = {resource.RLIMIT_NPROC: 100, resource.RLIMIT_NOFILE: 50}
    code = ("import resource as r\n"
            "print(r.getrlimit(r.RLIMIT_NPROC), r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_STACK), r.prlimit(1, r.RLIMIT_NOFILE)[1])\n"
            "try: r.setrlimit(r.RLIMIT_NPROC, (100, 101))\n"
            "except (ValueError, OSError): print('refused')\n")
    _, text = run(user, python(code), limits=most)
    plain = [resource.getrlimit(kind) for kind in (resource.RLIMIT_STACK, resource.RLIMIT_NOFILE)]
    assert text == f"(100, 100) (50, 50) {plain[0]} {plain[1][1]}\nrefused\n"


def test_a_limit_that_cannot_be_set_runs_nothing(user):
    how = {"filter": rig.small_filter(refuse=rig.NR_PRLIMIT64), "limits": {resource.RLIMIT_NPROC: 100}}
    report = refused_late(user, **how)
    assert "resource limits" in report.text
    box, text = run(user, SAY, filter=how["filter"])
    assert text == MARK + "\n"


def test_nothing_ignored_by_bwrap_stays_ignored(user):
    """With SIGCHLD ignored the kernel would reap for PID 1, and bwrap never ends (bubblewrap#705)."""
    with Box(user, ["/bin/sh", "-c", "cat /proc/self/status; echo ====; exit 3"],
             ignore=(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)) as box:
        assert os.waitstatus_to_exitcode(box.until(rig.EXIT).value) == 3
        lines = iter(box.read_line, "====")
        assert int(rig.status_fields("\n".join(lines))["SigIgn"], 16) == 0


# --- descriptors --------------------------------------------------------------------

LIST_FDS = ("import os\nfds = os.listdir('/proc/self/fd')\n"
            "links = {int(f): os.readlink('/proc/self/fd/' + f) for f in fds if os.path.lexists('/proc/self/fd/' + f)}\n"
            "os.write(%d, ascii({f: l for f, l in links.items() if not l.startswith('/proc/')}).encode())")


def files(outside, names):
    return {name: os.open(place(outside, name, name, 0o644), os.O_RDONLY | os.O_CLOEXEC) for name in names}


def test_descriptors_are_exactly_those_ordered(user, outside):
    opened = files(outside, "abc")
    fds = [(1, 0, 0, 0, ""), (3, 0, 0, 0, ""), (4, 0, 0, 0, ""), (9, 0, 0, 0, "")]
    box, text = run(user, python(LIST_FDS % 1), fds=fds, passed=["out", opened["a"], opened["b"], opened["c"]])
    for fd in opened.values():
        os.close(fd)
    seen = eval(text)
    assert sorted(seen) == [1, 3, 4, 9]
    assert [os.path.basename(seen[n]) for n in (3, 4, 9)] == ["a", "b", "c"]


def test_nothing_of_pid1_is_left_open(user):
    """Not the channel above all."""
    _, text = run(user, python(LIST_FDS % 1), fds=[(1, 0, 0, 0, "")], passed=["out"])
    assert sorted(eval(text)) == [1]


def test_every_arrangement_of_low_numbers_is_reached(user, outside):
    """The numbers at which they arrive in PID 1 are among those wanted: each must step aside for the others."""
    opened = files(outside, "abcdefgh")
    for turn in range(0, 16, 3):
        wanted = [(2 + (i * 5 + turn) % 16) for i in range(8)]
        fds = [(1, 0, 0, 0, "")] + [(n, 0, 0, 0, "") for n in wanted]
        _, text = run(user, python(LIST_FDS % 1), fds=fds, passed=["out", *opened.values()])
        seen = eval(text)
        assert {n: os.path.basename(seen[n]) for n in wanted} == dict(zip(wanted, "abcdefgh"))
        assert sorted(seen) == sorted([1, *wanted])
    for fd in opened.values():
        os.close(fd)


def test_passed_pipe_ends_with_its_last_user(user):
    """PID 1 keeps no copy: the reader sees the end of file while the box still runs."""
    code = "import os, time\nos.write(1, b'x')\nos.close(1)\nos.close(2)\ntime.sleep(60)"
    with Box(user, python(code)) as box:
        box.until(rig.STARTED)
        assert box.read_line() == "x"
        assert box.process.poll() is None


def test_more_descriptors_than_one_message_holds(user):
    r, w = os.pipe()
    fds = [(1, 0, 0, 0, "")] + [(n, 0, 0, 0, "") for n in range(10, 310)]
    _, text = run(user, python("import os; print(len(os.listdir('/proc/self/fd')) - 1)"), fds=fds, passed=["out"] + [r] * 300)
    os.close(r)
    os.close(w)
    assert text == "301\n"


def reopened(outside, offset=0, flags=0):
    """A file of the host, bound read-only at /mnt/data; descriptor 0 of the payload."""
    place(outside, "data", "0123456789", 0o666)
    return dict(fds=[(0, rig.REOPEN, flags, offset, "/mnt/data"), (1, 0, 0, 0, "")], passed=["out"],
                extra=["--ro-bind", str(outside), "/mnt"])


def test_plain_file_starts_at_the_offset_and_its_end_is_reported(user, outside):
    box, text = run(user, python("import os; os.write(1, os.read(0, 3))"), **reopened(outside, offset=2))
    assert text == "234"
    offsets = [(r.value, r.offset) for r in box.reports if r.kind == rig.OFFSET]
    assert offsets == [(0, 5)]
    assert box.kinds() == [rig.SEALED, rig.STARTED, rig.OFFSET, rig.EXIT]


def test_plain_file_cannot_be_changed_through_its_descriptor(user, outside):
    code = ("import os\n"
            "for what in (lambda: os.open('/proc/self/fd/0', os.O_WRONLY), lambda: os.open('/proc/self/fd/0', os.O_RDWR | os.O_TRUNC),\n"
            "             lambda: os.fchmod(0, 0o777), lambda: os.write(0, b'x'), lambda: os.utime(0)):\n"
            "    try: what(); print('changed')\n"
            "    except OSError as e: print(e.errno)\n")
    _, text = run(user, python(code), **reopened(outside))
    assert text.split() == [str(e) for e in (errno.EROFS, errno.EROFS, errno.EROFS, errno.EBADF, errno.EROFS)]
    assert (outside / "data").read_text() == "0123456789"


def test_file_on_a_writable_mount_is_not_reopened(user, outside):
    how = reopened(outside)
    how["extra"][0] = "--bind"
    assert refused(user, **how).text == "cannot open descriptor 0 again inside"


def test_link_is_not_reopened(user, outside):
    how = reopened(outside)
    (outside / "link").symlink_to("data")
    how["fds"][0] = (0, rig.REOPEN, 0, 0, "/mnt/link")
    assert refused(user, **how).text == "cannot open descriptor 0 again inside"
