# SPDX-License-Identifier: LGPL-2.1-or-later
"""Descriptors of the caller: they work as ever, and open nothing of the host (spec B5; design.md, law 6)."""
import os
import socket
import tempfile

import pytest

from boxlab import tell

TRY = ("import errno, os, sys\n"
       "def attempt(f):\n"
       "    try: return f() and 'ok' or 'ok'\n"
       "    except OSError as e: return errno.errorcode[e.errno]\n")


@pytest.fixture(scope="module")
def notes(pair):
    """A file outside the project, which the user redirects from."""
    who = pair.box.who
    return who.write(os.path.join(who.home, "notes", "notes.txt"), "first line\nsecond line\n")


def run(side, script, code, *args):
    """script is one of bash's; "$py" -c "$code" in it is the venv's Python."""
    return side.run(["/bin/bash", "-c", script, "bash", *args], env={"py": side.bin(), "code": code})


def both(pair, script, code, *args):
    boxed, plain = pair.both(lambda v: (lambda d: (d.returncode, d.stdout, d.stderr))(run(v, script, code, *args)))
    return boxed, plain


# --- redirected files ------------------------------------------------------------------------

@pytest.mark.parametrize("attack", ["os.open('/proc/self/fd/0', os.O_RDWR)", "os.open('/dev/stdin', os.O_WRONLY)", "os.open('/dev/fd/0', os.O_WRONLY | os.O_TRUNC)",
                                    "os.fchmod(0, 0o777)", "os.utime(0)", "os.setxattr(0, 'user.x', b'x')", "os.chmod('/proc/self/fd/0', 0o777)",
                                    "os.truncate('/proc/self/fd/0', 0)", "os.fchown(0, os.getuid(), os.getgid())",
                                    "os.link('/proc/self/fd/0', 'linked', follow_symlinks=True)"])
def test_standard_input_cannot_be_written(pair, notes, attack):
    """python x.py < notes.txt let the box overwrite notes.txt (H22)."""
    with open(notes, "rb") as f:
        before = f.read()
    boxed = run(pair.box, '"$py" -c "$code" < "$1"', TRY + f"print(attempt(lambda: {attack}))", notes)
    assert boxed.stdout.strip() in ("EROFS", "EXDEV"), tell(boxed)
    with open(notes, "rb") as f:
        assert f.read() == before


def test_plain_python_can_write_its_standard_input(pair, notes):
    """Positive control."""
    done = run(pair.plain, '"$py" -c "$code" < "$1"', TRY + "print(attempt(lambda: os.open('/proc/self/fd/0', os.O_RDWR)), attempt(lambda: os.fchmod(0, 0o644)))", notes)
    assert done.stdout == "ok ok\n", tell(done)


@pytest.mark.parametrize("code", [
    "import sys; print(sys.stdin.read())", "import os; print(os.read(0, 5), os.lseek(0, 0, 1), os.lseek(0, 0, 2), os.fstat(0).st_size)",
    "import mmap, os; print(bytes(mmap.mmap(0, 0, access=mmap.ACCESS_READ)))", "import stat, os; print(oct(os.fstat(0).st_mode))",
    "import os; print(open('/dev/stdin').read())", "import fcntl; print(fcntl.fcntl(0, fcntl.F_GETFL) & 3)",
    "import subprocess; subprocess.run(['cat'])", "import select; print(select.select([0], [], [], 1)[0])",
    "import fcntl; fcntl.flock(0, fcntl.LOCK_SH); print('locked')", "import os; print(os.pread(0, 4, 6))",
])
def test_standard_input_reads_as_ever(pair, notes, code):
    boxed, plain = both(pair, '"$py" -c "$code" < "$1"', code, notes)
    assert boxed == plain and boxed[0] == 0 and boxed[1]


def test_offset_is_handed_back(pair, notes):
    """(read a line; the rest for another) < file"""
    boxed, plain = both(pair, '{ "$py" -c "$code"; cat; } < "$1"', "import os; os.read(0, 11)", notes)
    assert boxed == plain == (0, "second line\n", "")


def test_offset_is_taken_over(pair, notes):
    boxed, plain = both(pair, '{ read -r line; "$py" -c "$code"; } < "$1"', "import sys; print(sys.stdin.read())", notes)
    assert boxed == plain and boxed[1] == "second line\n\n"


def test_two_in_a_row_share_the_offset(pair, notes):
    boxed, plain = both(pair, '{ "$py" -c "$code"; "$py" -c "$code"; } < "$1"', "import os; print(os.read(0, 11))", notes)
    assert boxed == plain and boxed[1] == "b'first line\\n'\nb'second line'\n"


def test_unlinked_file_as_standard_input(pair):
    """It cannot be bound: relayed, offset handed back."""
    def do(side):
        with tempfile.TemporaryFile() as f:
            f.write(b"abcdef\nrest\n")
            f.seek(0)
            done = side.run(["python", "-c", "import sys; print(sys.stdin.read())"], stdin=f)
        return done.returncode, done.stdout, done.stderr
    boxed, plain = pair.both(do)
    assert boxed == plain == (0, "abcdef\nrest\n\n", "")


def test_file_that_only_the_opener_can_read(pair):
    """sudo's way: opened by root, read by the user."""
    path = os.path.join(pair.box.lab.top, "rootonly-" + pair.box.who.name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("words\n")
    os.chmod(path, 0o600)

    def do(side):
        with open(path, "rb") as f:
            done = side.run(["python", "-c", "import sys; print(sys.stdin.read())"], stdin=f)
        return done.returncode, done.stdout, done.stderr
    boxed, plain = pair.both(do)
    assert boxed == plain == (0, "words\n\n", "")


@pytest.mark.parametrize("redirect", ["> out.txt", ">> out.txt", "> out.txt 2>&1", "2> out.txt >&2", "1<> out.txt", ">| out.txt"])
@pytest.mark.parametrize("where", ["inside", "outside"])
def test_output_into_a_file(pair, redirect, where):
    def do(side):
        cwd = side.project if where == "inside" else side.who.makedirs(os.path.join(side.who.home, "logs"))
        path = os.path.join(cwd, "out.txt")
        side.who.write(path, "old content which is long\n")
        code = "import sys, os\nprint('a', flush=True); sys.stderr.write('b\\n'); os.system('echo c'); print('d' * 100000)"
        done = side.run(["/bin/bash", "-c", f'"$0" -c "$1" {redirect}; echo $?', side.bin(), code], cwd=cwd)
        with open(path, encoding="utf-8") as f:
            return done.returncode, done.stdout, done.stderr, f.read()
    boxed, plain = pair.both(do)
    assert boxed == plain and "0\n" in boxed[1]


@pytest.mark.parametrize("redirect", [">> log.txt", "2>> log.txt", "9>> log.txt"])
def test_a_log_outside_cannot_be_read_back(pair, redirect):
    """What was in the log before is not the box's business (H22)."""
    code = ("import os\n"
            "for fd in (1, 2, 9):\n"
            "    for path in ('/proc/self/fd/%d' % fd, '/dev/fd/%d' % fd):\n"
            "        try: f = os.open(path, os.O_RDONLY | os.O_NONBLOCK)\n"
            "        except OSError: continue\n"
            "        try: text = os.read(f, 100)\n"
            "        except OSError: text = b''\n"
            "        open('seen', 'ab').write(text)\n")

    def do(side):
        side.who.write(os.path.join(side.who.home, "log.txt"), "earlier secret\n")
        side.write("seen", "")
        side.run(["/bin/bash", "-c", f'cd ~ || exit; "$0" -c "import os; os.chdir(\'$2\')\n$1" {redirect}', side.bin(), code, side.project])
        with open(side.path("seen"), encoding="utf-8") as f:
            return f.read()
    boxed, plain = pair.both(do)
    assert "secret" in plain and "secret" not in boxed


def test_output_file_outside_keeps_order_and_status(pair):
    boxed, plain = both(pair, 'cd ~; "$py" -c "$code" > order.txt 2>&1; echo $?; cat order.txt',
                        "import os\nfor i in range(1000): os.write(1 + i % 2, b'%d\\n' % i)\nraise SystemExit(3)")
    assert boxed == plain and boxed[1].startswith("3\n0\n1\n2\n")


def test_full_disk_is_told(pair):
    for length, status in ((1, "120\n"), (1000000, "1\n")):  # within the buffer, which 3.14 made larger, and beyond it
        boxed, plain = both(pair, '"$py" -c "$code" > /dev/full; echo $?', f"print('x' * {length})")
        assert boxed == plain and plain[1] == status


# --- directories, devices, other descriptors ------------------------------------------------------

@pytest.mark.parametrize("redirect", ["0< /", "1< /", "9< /", "3< /", "0< /etc", "200< /"])
def test_a_directory_does_not_come_in(pair, redirect):
    """openat(9, "etc/shadow") read the host (H21)."""
    fd = int(redirect.split("<")[0])
    code = TRY + f"sys.stderr.write(attempt(lambda: os.listdir({fd})) + ' ' + attempt(lambda: os.open('usr', os.O_RDONLY, dir_fd={fd})))"
    boxed, plain = both(pair, f'"$py" -c "$code" {redirect}', code)
    # Plain Python does not even start with a directory as one of the standard three.
    assert plain[2].startswith("ok") if fd > 2 else "Is a directory" in plain[2] or "is a directory" in plain[2], plain
    assert set(boxed[2].split()) <= {"EBADF", "ENOTDIR", "EACCES"}, boxed


def test_a_directory_as_input_is_empty(pair):
    assert run(pair.box, '"$py" -c "$code" < /', "import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_only_what_is_open_is_open(pair):
    """No descriptor of ours is left."""
    code = "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd')))"
    boxed, plain = both(pair, '"$py" -c "$code" < /dev/null', code)
    assert boxed == plain


@pytest.mark.parametrize("redirect", ["9< /dev/zero", "9> /dev/null", "9< <(echo x)", "9> >(cat)"])
def test_harmless_ones_stay(pair, redirect):
    boxed, plain = both(pair, f'"$py" -c "$code" {redirect}', TRY + "print(attempt(lambda: os.fstat(9)))")
    assert boxed == plain == (0, "ok\n", "")


def test_sockets_above_two_are_closed(pair):
    def do(side):
        a, b = socket.socketpair()
        with a, b:
            done = side.run(["/bin/bash", "-c", f'exec "$0" -c "$1" 9<&{b.fileno()}', side.bin(), TRY + "print(attempt(lambda: os.fstat(9)))"], pass_fds=[b.fileno()])
        return done.stdout
    boxed, plain = pair.both(do)
    assert plain == "ok\n" and boxed == "EBADF\n"


def test_announced_listening_socket_comes_in(pair):
    """LISTEN_FDS, as systemd and gunicorn have it."""
    def do(side):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen(1)
            done = side.run(["/bin/bash", "-c", f'exec 3<&{s.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" -c "$1"', side.bin(),
                             "import socket; s = socket.socket(fileno=3); print(s.getsockname()[0], s.getsockopt(1, 30))"], pass_fds=[s.fileno()])
        return done.returncode, done.stdout
    boxed, plain = pair.both(do)
    assert boxed == plain == (0, "127.0.0.1 1\n")


def test_announced_sockets_are_announced_to_the_program(pair):
    """LISTEN_PID is the program's own number; also where the manager's environment cannot be read, LISTEN_FDS is not lost."""
    def do(side):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen(1)
            done = side.run(["/bin/bash", "-c", f'export LISTEN_FDS=1 LISTEN_FDNAMES=web LISTEN_PID=$$; exec 3<&{s.fileno()}; exec "$0" -c "$1"', side.bin(),
                             "import os; print(os.environ['LISTEN_FDS'], os.environ['LISTEN_FDNAMES'], int(os.environ['LISTEN_PID']) == os.getpid())"],
                            pass_fds=[s.fileno()], env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"})
        return done.returncode, done.stdout
    boxed, plain = pair.both(do)
    assert boxed == plain == (0, "1 web True\n")


def test_sockets_announced_to_another_are_not(box):
    done = box.sh('export LISTEN_FDS=1 LISTEN_PID=1; exec .venv/bin/python -c "import os; print(os.environ.get(\'LISTEN_PID\') == str(os.getpid()))"')
    assert done.stdout == "False\n"


def test_a_service_can_say_that_it_is_ready(lab, who):
    """NOTIFY_SOCKET: shown by --rw, and named where it is not."""
    place = lab.directory(who, "run")
    path = os.path.join(place, "notify")
    box, other = lab.box(who, "--rw", place), lab.box(who)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        os.chmod(path, 0o777)
        code = "import os, socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])"
        done = box.run(["python", "-c", code], env={"NOTIFY_SOCKET": path}, start_new_session=True)
        assert (done.returncode, done.stderr, s.recv(100)) == (0, "", b"READY=1")
        refused = other.run(["python", "-c", code], env={"NOTIFY_SOCKET": path}, start_new_session=True)
        assert refused.returncode == 1 and "FileNotFoundError" in refused.stderr
        assert f"--rw {path}" in refused.stderr and "NotifyAccess=all" in refused.stderr
        assert "NOTIFY_SOCKET" not in other.py("pass", env={"NOTIFY_SOCKET": path}).stderr


def test_socket_as_standard_input(pair):
    def do(side):
        a, b = socket.socketpair()
        with a, b:
            a.sendall(b"over a socket\n")
            a.shutdown(socket.SHUT_WR)
            return side.run(["python", "-c", "import sys; print(sys.stdin.read())"], stdin=b).stdout
    boxed, plain = pair.both(do)
    assert boxed == plain == "over a socket\n\n"


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors(pair, redirect):
    code = "import sys, os; open('closed', 'w').write(repr([s is None for s in (sys.stdin, sys.stdout, sys.stderr)]))"

    def do(side):
        side.write("closed", "")
        done = side.run(["/bin/bash", "-c", f'"$0" -c "$1" {redirect}; echo $?', side.bin(), code])
        with open(side.path("closed"), encoding="utf-8") as f:
            return done.stdout, done.stderr, f.read()
    boxed, plain = pair.both(do)
    assert boxed == plain and "True" in boxed[2]


def test_process_substitution(pair, notes):
    boxed, plain = both(pair, '"$py" -c "$code" <(cat "$1") <(echo two)', "import sys\nfor n in sys.argv[1:]: print(open(n).read())", notes)
    assert boxed == plain and "second line" in boxed[1]


def test_numbered_input_file(pair, notes):
    """exec 5< file: read-only inside too."""
    boxed, plain = both(pair, 'exec 5< "$1"; "$py" -c "$code"; cat <&5', "import os; print(os.read(5, 11))", notes)
    assert boxed == plain and boxed[1] == "b'first line\\n'\nsecond line\n"
    done = run(pair.box, 'exec 5< "$1"; "$py" -c "$code"', TRY + "print(attempt(lambda: os.open('/proc/self/fd/5', os.O_RDWR)))", notes)
    assert done.stdout == "EROFS\n"


def test_pipes_on_both_sides(pair):
    boxed, plain = both(pair, 'seq 1000 | "$py" -c "$code" | sort -n | tail -n 1', "import sys\nfor line in sys.stdin: print(int(line) * 2)")
    assert boxed == plain == (0, "2000\n", "")


def test_the_reader_of_a_pipe_sees_its_end(pair):
    """The launcher lets go of its copy: a daemon in the box or a slow launcher keeps no reader waiting."""
    boxed, plain = both(pair, '{ "$py" -c "$code"; echo "$?" >&2; } | cat', "import os, time; os.write(1, b'x'); os.close(1); os.execvp('uname', ['uname'])")
    assert boxed == plain
