# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that fail in a box of the minimal profile: verbose names the cause, and the line that it prints cures it, or it says that the refusal is
meant (spec B7).

The programs are the real ones, and so are PostgreSQL and the display: `./bootstrap packages ci` installs what the machine lacks, and with CI=true (or
VENVBOX_TEST_EVERY_PROGRAM, as .ci/run has it) a missing one is a failure. Elsewhere its row is left out, or, where the box does not let it start anyway, root's run
puts a script in its place.

Stood in for everywhere are what needs hardware or a daemon that is root: a graphics card and a camera (nodes of /dev/null, which open and then are no such device), and the
socket of docker (which listens, and nobody answers). What the box refuses is the same. Only root can make them: an ordinary user's run leaves these rows out.
"""
import collections
import contextlib
import glob
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

from boxlab import PATIENCE, PYTHON, lacks, tell

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
EVERY = os.environ.get("CI") == "true" or "VENVBOX_TEST_EVERY_PROGRAM" in os.environ
TIMES = re.compile(r", \d+ times$")

Entry = collections.namedtuple("Entry", "label what program deliberate careful line")


# --- what verbose says ---------------------------------------------------------------------------

def said_of(text, previous):
    """One thing of the summary: its line, and those below it."""
    found = re.fullmatch(r"  (\S+) +(.*), (?:to|from) (.*)", TIMES.sub("", text[0]))
    below = dict(re.fullmatch(r"    (deliberate|careful|to allow it|as above) *(.*)", line).groups() for line in text[1:])
    if "as above" in below:
        return Entry(*found.groups(), *previous[3:])
    return Entry(*found.groups(), below.get("deliberate"), below.get("careful"), below.get("to allow it"))


def denied(text):
    """What the summary of a verbose run names."""
    assert "venvbox: sealed\n" in text, text
    lines = text.partition("\nvenvbox: denied\n")[2].splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"  (refused|hidden|read-only|program|socket|network|port|limit) ", line)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        block = [line for line in lines[start:end] if line.startswith("    ")]
        found.append(said_of([lines[start], *block], found[-1] if found else None))
    return found


def watched(box, args, **kw):
    """The finished process, and what verbose said beside it."""
    log = os.path.join(box.who.home, f"said-{os.path.basename(box.project)}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(log)
    kw["env"] = {"VENVBOX_VERBOSE": "1", "VENVBOX_LOG": log, **kw.get("env", {})}
    done = box.run(args, **kw)
    with open(log, encoding="utf-8") as f:
        return done, denied(f.read())


# --- what is put on the host -----------------------------------------------------------------------

@contextlib.contextmanager
def directories(path, owner):
    """path exists; what had to be made is taken away afterwards."""
    made = []
    while not os.path.isdir(path):
        made.append(path)
        path = os.path.dirname(path)
    for one in reversed(made):
        os.mkdir(one, 0o755)
        os.chown(one, *owner)
    try:
        yield
    finally:
        for one in made:
            os.rmdir(one)


class Thing:
    """Something at a path of the host, there for one test if it is not there anyway."""

    def __init__(self, path):
        self.path = path

    def present(self):
        return os.path.lexists(self.path)

    def possible(self):
        """Is it there, or can it be made?"""
        return self.present() or os.getuid() == 0

    def owner(self):
        """Of the directories above it."""
        return os.getuid(), os.getgid()

    def make(self, who):
        raise NotImplementedError

    def remove(self):
        os.unlink(self.path)

    @contextlib.contextmanager
    def on_host(self, who):
        if self.present():
            yield
            return
        with directories(os.path.dirname(self.path), self.owner()):
            self.make(who)
            try:
                yield
            finally:
                self.remove()


class Real(Thing):
    """What nothing stands in for."""

    def possible(self):
        return self.present() or EVERY

    def make(self, who):
        raise AssertionError(f"{self.path} is missing: ./bootstrap packages ci")


class Found(Real):
    """A file whose directory is the distribution's choice."""

    def present(self):
        return bool(glob.glob(self.path, recursive=True))


def program_path(name):
    return shutil.which(name, path=PATH) or "/usr/bin/" + name


class Program(Thing):
    """The box does not let it start: any script does, if it has to."""

    def __init__(self, name):
        super().__init__(program_path(name))

    def make(self, who):
        assert not EVERY, f"{self.path} is missing: ./bootstrap packages ci"
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexit 0\n")
        os.chmod(self.path, 0o755)


class Directory(Thing):
    def make(self, who):
        os.mkdir(self.path)
        os.chown(self.path, who.uid, who.gid)

    def remove(self):
        shutil.rmtree(self.path)


class Device(Thing):
    """A node of /dev/null: it opens, and each ioctl(2) says ENOTTY."""

    def make(self, who):
        os.mknod(self.path, stat.S_IFCHR, os.makedev(1, 3))
        os.chmod(self.path, 0o666)


class Server(Thing):
    """A socket that listens for anybody, and nobody answers."""

    def make(self, who):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        os.chmod(self.path, 0o777)

    def remove(self):
        self.socket.close()
        os.unlink(self.path)


class Started(Real):
    """A real server, for one test; it ends by its process id."""

    process = None

    def present(self):
        return False

    def remove(self):
        # PostgreSQL does not wait for its clients then.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)

    def until(self, is_up):
        end = time.monotonic() + PATIENCE
        while not is_up():
            assert self.process.poll() is None and time.monotonic() < end, f"no server at {self.path}"
            time.sleep(0.02)


class Postgres(Started):
    """A cluster of its own, of the user whom PostgreSQL's package makes: root may not run it."""

    DIRECTORY = "/run/postgresql"
    PORT = 10000 + os.getpid() % 50000  # the name of the socket, no more

    def __init__(self):
        super().__init__(f"{self.DIRECTORY}/.s.PGSQL.{self.PORT}")

    def programs(self):
        """Where they are, or None."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres")) or [shutil.which("postgres", path=PATH)]
        return found[-1] and os.path.dirname(os.path.realpath(found[-1]))

    def possible(self):
        return EVERY or bool(os.getuid() == 0 and self.programs())

    def owner(self):
        assert self.programs(), "postgres is missing: ./bootstrap packages ci"
        entry = pwd.getpwnam("postgres")
        return entry.pw_uid, entry.pw_gid

    def start(self, program, *args):
        uid, gid = self.owner()
        return subprocess.Popen([os.path.join(self.programs(), program), *args], cwd="/", env={"PATH": PATH, "LC_ALL": "C"}, user=uid, group=gid, extra_groups=[],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def make(self, who):
        self.data = os.path.join(who.home, "cluster")
        os.mkdir(self.data, 0o700)
        os.chown(self.data, *self.owner())
        assert self.start("initdb", "-D", self.data, "-U", "boss", "--auth=trust", "--no-sync").wait(PATIENCE) == 0
        self.process = self.start("postgres", "-D", self.data, "-p", str(self.PORT), "-k", self.DIRECTORY, "-c", "listen_addresses=", "-c", "fsync=off")
        self.until(lambda: self.start("pg_isready", "-q", "-h", self.DIRECTORY, "-p", str(self.PORT)).wait(PATIENCE) == 0)

    def remove(self):
        super().remove()
        shutil.rmtree(self.data)


class Display(Started):
    """Xvfb for anybody. It listens at the path alone: whether a box reaches abstract sockets depends on the kernel, tests/escape/test_reach.py."""

    NUMBER = 1000 + os.getpid() % 50000

    def __init__(self):
        super().__init__(f"/tmp/.X11-unix/X{self.NUMBER}")

    def possible(self):
        # Only root may make the directory.
        return EVERY or (os.path.exists(program_path("Xvfb")) and (os.getuid() == 0 or os.path.isdir(os.path.dirname(self.path))))

    def make(self, who):
        self.process = subprocess.Popen([program_path("Xvfb"), f":{self.NUMBER}", "-ac", "-nolisten", "tcp", "-nolisten", "local"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: os.path.exists(self.path))


class Module(Real):
    """Of the distribution's Python, which runs these tests."""

    def present(self):
        return importlib.util.find_spec(self.path) is not None


# --- the rows ---------------------------------------------------------------------------------------

# label, what, program: what must be named; what may hold @HOME@ (of the box), @PROJECT@. why: words of the reason, or of what speaks against it.
# packages: what pip installs for it. env: variables that are set for it.
Row = collections.namedtuple("Row", "code label what program why things options prepare packages env", defaults=["python -c", "", (), (), None, (), {}])


def run(*words):
    return f"import subprocess, sys; sys.exit(subprocess.run({list(words)!r}).returncode)"


def connect(path):
    return f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"


def program(name, *args, **kw):
    thing = Program(name)
    return Row(run(name, *args), "program", thing.path, things=(thing,), **kw)


def raw(call, *args):
    return f"import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True)\nif c.{call}({', '.join(args)}): sys.exit(os.strerror(ctypes.get_errno()))"


def repository(box):
    box.sh("git init -q")


def few_files(box):
    box.conf("[limits]\nfiles = 64\n")


def data_of_a_program(box):
    box.who.write(os.path.join(box.who.home, ".local/share/venvbox-app/data"), "cached")


def server_in_home(box):
    """Short names: an address of a socket has 108 bytes."""
    data_of_a_program(box)
    path = os.path.join(box.who.home, ".local/share/venvbox-app/s")
    if os.path.exists(path):
        os.unlink(path)
    box.server = socket.socket(socket.AF_UNIX)
    box.server.bind(path)
    box.server.listen()
    os.chmod(path, 0o777)


def link_in_home(box):
    data_of_a_program(box)
    box.value("import os, sys; os.symlink(sys.argv[1], os.path.expanduser('~/link'))", os.path.join(box.who.home, ".local/share/venvbox-app/data"))


def perl_script(box):
    box.write("script", f"#!{PERL}\nexit 0;\n", 0o755)


PERL = "/usr/bin/perl"
READ = "import os; assert open(os.path.expanduser('~/.local/share/venvbox-app/data')).read() == 'cached'\n"
# As many do with settings and caches: what is missing is made, and believed from then on.
MAKE_OWN = """
import os
path = os.path.expanduser('~/.local/share/venvbox-app/data')
try:
    text = open(path).read()
except FileNotFoundError:
    os.makedirs(os.path.dirname(path))
    text = 'own'
    open(path, 'w').write(text)
assert text == 'cached'
"""
WRITE = "import os; open(os.path.expanduser('~/.local/share/venvbox-app/log'), 'w').close()\n"
HOME_SOCKET = "import os, socket; os.chdir(os.path.expanduser('~')); socket.socket(socket.AF_UNIX).connect('.local/share/venvbox-app/s')"
DOCKER = "/run/docker.sock"
POSTGRES, DISPLAY = Postgres(), Display()
FFMPEG = """
import os, subprocess
subprocess.run('ffmpeg -v error -f lavfi -i testsrc=duration=1:size=64x48 film.mkv'.split(), check=True)
assert os.path.getsize('film.mkv') > 1000
os.unlink('film.mkv')
"""
FONTS = """
from matplotlib import figure, font_manager
path = font_manager.findfont('Liberation Sans', fallback_to_default=False)
assert path.startswith('/usr/share/fonts/'), path
drawn = figure.Figure()
drawn.text(.5, .5, 'text', font='Liberation Sans')
drawn.savefig('text.png')
"""
QUERY = f"""
import psycopg
with psycopg.connect(host={Postgres.DIRECTORY!r}, port={Postgres.PORT}, user='boss', dbname='postgres') as c:
    assert c.execute('SELECT 1').fetchone() == (1,)
"""
WINDOW = "import tkinter; tkinter.Label(text='text').pack(); tkinter._default_root.update()"
# tinygrad speaks with NVIDIA's driver itself. (CUDA's own libraries, which opened these nodes, come with the driver: without a card there are none.)
CARD = """
import errno, tinygrad
def reasons(e):
    return [number for one in e.exceptions for number in reasons(one)] if isinstance(e, BaseExceptionGroup) else [getattr(e, 'errno', None)]
try:
    tinygrad.Device['NV']
except Exception as e:
    # Where a node of /dev/null stands for the card, it was reached.
    if errno.ENOTTY not in reasons(e): raise
"""
CAMERA = """
import errno
from linuxpy.video.device import Device
try:
    Device.from_id(0).open()
except OSError as e:
    # As above.
    if e.errno != errno.ENOTTY: raise
"""
COMMIT = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "--allow-empty", "-m", "x"]
GDB_SETTINGS = ["--ro", "/etc/gdb"] if os.path.isdir("/etc/gdb") else []
LIMIT = ["/bin/bash", "-c", "ulimit -n 100"]

CURED = {
    "ffmpeg through subprocess": Row(FFMPEG, "program", program_path("ffmpeg"), things=(Real(program_path("ffmpeg")),)),
    "matplotlib with the fonts of the system": Row(FONTS, "hidden", "/usr/share/fonts (read)", things=(Found("/usr/share/fonts/**/LiberationSans-Regular.*"),),
                                                   packages=("matplotlib",)),
    "psycopg over /run/postgresql": Row(QUERY, "socket", POSTGRES.path, things=(POSTGRES,), packages=("psycopg[binary]",)),
    "git commit": Row(run(*COMMIT), "read-only", "@PROJECT@/.git/index.lock (write)", "git", "obeyed, by programs outside", prepare=repository),
    "a probe for NVIDIA's cards": Row(CARD, "hidden", "/dev/nvidiactl (write)", why="hardware", things=(Device("/dev/nvidiactl"), Device("/dev/nvidia-uvm")),
                                      packages=("tinygrad",)),
    "a camera": Row(CAMERA, "hidden", "/dev/video0 (write)", why="hardware", things=(Device("/dev/video0"),), packages=("linuxpy",)),
    "ulimit": Row(run(*LIMIT), "limit", "files (to be raised above the limit of the box)", "bash", prepare=few_files),
    "a log below /var/log": Row("open('/var/log/venvbox-test/x.log', 'w')", "hidden", "/var/log/venvbox-test/x.log (write)",
                                things=(Directory("/var/log/venvbox-test"),)),
    "a cache below ~/.local/share": Row(READ, "hidden",
                                        "@HOME@/.local/share/venvbox-app/data (read)", prepare=data_of_a_program),
    "a cache that is made if it is missing": Row(MAKE_OWN, "hidden", "@HOME@/.local/share/venvbox-app/data (read)", prepare=data_of_a_program),
    "a log below ~/.local/share": Row(WRITE + READ, "hidden",
                                      "@HOME@/.local/share/venvbox-app/log (write)", prepare=data_of_a_program),
    "a server below ~/.local/share": Row(HOME_SOCKET, "socket", "@HOME@/.local/share/venvbox-app/s", prepare=server_in_home),
    "a link in the home that leads elsewhere": Row("import os; assert open(os.path.expanduser('~/link')).read() == 'cached'", "hidden", "@HOME@/link (read)", prepare=link_in_home),
    "a script of perl": Row(run("./script"), "program", PERL, things=(Real(PERL),), prepare=perl_script),
    "a download in a box without network": Row("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 443))", "network",
                                               "192.0.2.1 port 443 (the box has no network)", options=("--network", "none")),
}

DELIBERATE = {
    "gdb attach": program("gdb", "-p", "1", "-batch", why="ptrace"),
    "gdb attach that is shown": Row(run("gdb", "-p", "1", "-batch"), "refused", "ptrace (Operation not permitted)", "gdb", "processes",
                                    options=("--profile", "system", *GDB_SETTINGS), things=(Real(program_path("gdb")),)),
    "tkinter": Row(WINDOW, "socket", DISPLAY.path, why="the display", things=(Module("tkinter"), DISPLAY), options=("--env", "DISPLAY"), env={"DISPLAY": f":{Display.NUMBER}"}),
    "the client of docker": program("docker", "ps", why="acts outside of the box"),
    "the client of docker that is shown": Row(run("docker", "-H", "unix://" + DOCKER, "ps"), "socket", DOCKER, "docker", "who reaches it is root",
                                              options=("--profile", "system"), things=(Real(program_path("docker")), Server(DOCKER))),
    "ssh": program("ssh", "-V", why="for your keys"),
    "~/.netrc": Row("import netrc; netrc.netrc()", "hidden", "@HOME@/.netrc (read)", why="passwords of hosts"),
    "perf": program("perf", "stat", "true", why="the whole machine"),
    "perf that is shown": Row(run("perf", "stat", "true"), "refused", "perf_event_open (Operation not permitted)", "perf", "probes in the kernel",
                              options=("--profile", "system"), things=(Real(program_path("perf")),)),
    "strace": program("strace", "-V", why="ptrace"),
    "strace that is shown": Row(run("strace", "-o", "/dev/null", "true"), "refused", "ptrace (Operation not permitted)", "strace", "processes",
                                options=("--profile", "system"), things=(Real(program_path("strace")),)),
    "a nested bwrap": program("bwrap", "--version", why="namespaces"),
    "a nested bwrap that is shown": Row(run("bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"), "refused", "clone (Operation not permitted)", "bwrap",
                                        "namespace", options=("--profile", "system")),
    "the program chroot": program("chroot", "--version", why="the root"),
    "chroot(2)": Row("import os; os.chroot('.')", "refused", "chroot (Operation not permitted)", why="layout"),
    "the program mount": program("mount", "--version", why="mounted"),
    "fchown(2)": Row("import os; os.fchown(os.open('.', os.O_RDONLY), os.getuid() + 1, -1)", "refused", "fchown (Operation not permitted)", why="another user or group"),
    "setuid(2)": Row("import os; os.setuid(os.getuid() + 1)", "refused", "setuid (Operation not permitted)", why="another user or group"),
    "mount(2)": Row(raw("mount", "b'x'", "b'/tmp'", "b'tmpfs'", "0", "None"), "refused", "mount (Operation not permitted)", why="layout"),
    "unshare(2)": Row(raw("unshare", "0x10000000"), "refused", "unshare (Operation not permitted)", why="namespace"),
    "a reader of /sys": Row("open('/sys/devices/system/cpu/possible')", "hidden", "/sys/devices/system/cpu/possible (read)", why="the kernel's view"),
    "crontab": program("crontab", "-l", why="set-user-ID"),
    "systemctl --user": program("systemctl", "--user", "status", why="acts outside of the box"),
    "xdg-open": program("xdg-open", "https://example.org", why="on your desktop"),
}


PATHS = ("hidden", "read-only", "program", "socket")


def possible(rows):
    """Without openat2(2) paths are not judged: test_watch.py shows that this is said."""
    return [name for name, row in rows.items() if all(thing.possible() for thing in row.things) and not (lacks("openat2") and row.label in PATHS)]


def fill(lab, box, row):
    """
    The row's packages, installed once. Its code works with them outside of the box, which also compiles what it imports: from then on
    no module of the venv has to be written.
    """
    site = os.path.join(lab.top, "packages", row.packages[0])
    if not os.path.isdir(site):
        box.who.makedirs(site)
        done = lab.pip_of(box.who).pip("install", "-q", "--no-compile", "--target", site, *row.packages)
        assert done.returncode == 0, tell(done)
        control = box.who.run([PYTHON, "-c", row.code], cwd=box.project, env={"PYTHONPATH": site, **row.env})
        assert control.returncode == 0, tell(control)
    box.sh(f"cp -a '{site}/.' '{box.site()}'", check=True)


@pytest.fixture
def prepared(lab, who):
    """prepared(row): a box for it, on a host that has what it needs."""
    with contextlib.ExitStack() as stack:
        def make(row):
            for thing in row.things:
                stack.enter_context(thing.on_host(who))
            box = lab.box(who, *row.options)
            stack.callback(shutil.rmtree, box.project, ignore_errors=True)
            if row.prepare:
                row.prepare(box)
            if row.packages:
                fill(lab, box, row)
            return box
        yield make


def named(row, box, found):
    """The entries of the row's cause."""
    what = row.what.replace("@HOME@", os.path.join(box.venv, "home")).replace("@PROJECT@", box.project)
    return [e for e in found if (e.label, e.what, e.program) == (row.label, what, row.program)]


def paste(box, line):
    """The line as a user would type it, in a shell that finds venvbox-install."""
    done = box.sh(line, env={"PATH": os.path.dirname(box.lab.installer) + ":" + PATH})
    assert done.returncode == 0, tell(done)


@pytest.mark.parametrize("name", possible(CURED))
def test_the_line_that_is_printed_cures_it(prepared, name):
    """What comes after what was missing shows only then: of a graphics card a program opens one node after the other."""
    row = CURED[name]
    box = prepared(row)
    failed, found = watched(box, ["python", "-c", row.code], env=row.env)
    entries = named(row, box, found)
    assert failed.returncode != 0 and len(entries) == 1, (tell(failed), found)
    assert entries[0].deliberate is None and bool(row.why) == bool(entries[0].careful) and row.why in (entries[0].careful or "")
    pasted = set()
    while failed.returncode != 0:
        lines = dict.fromkeys(e.line for e in found if e.line and e.line not in pasted)
        assert lines, (tell(failed), found)
        for line in lines:
            paste(box, line)
        pasted.update(lines)
        failed, found = watched(box, ["python", "-c", row.code], env=row.env)
        assert not named(row, box, found), (tell(failed), found)


@pytest.mark.parametrize("name", possible(DELIBERATE))
def test_what_is_meant_is_said_to_be_and_has_no_line(prepared, name):
    row = DELIBERATE[name]
    box = prepared(row)
    failed, found = watched(box, ["python", "-c", row.code], env=row.env)
    entries = named(row, box, found)
    assert failed.returncode != 0 and len(entries) == 1, (tell(failed), found)
    assert row.why in entries[0].deliberate and entries[0].line is None, entries
    assert [e.line for e in found if e.line] == []


if "tkinter" in possible(DELIBERATE):
    def test_the_display_that_the_shell_started_with(prepared, who):
        """A program ends before it asks for the socket then: the variable stays outside, and verbose names it."""
        row = DELIBERATE["tkinter"]
        box = prepared(row._replace(options=()))
        control = who.run([PYTHON, "-c", row.code], env=row.env)
        failed = box.sh(".venv/bin/python -X venvbox-verbose -c \"$1\"; exit $?", row.code, env=row.env)
        said, = re.findall("^  left out .*", failed.stderr, re.M)
        assert control.returncode == 0, tell(control)
        assert failed.returncode == 1 and "no $DISPLAY" in failed.stderr and "DISPLAY" in re.findall(r"\w+", said) and "--env NAME" in said, tell(failed)


# --- what is no program ------------------------------------------------------------------------------

HELPER = "hint: if it needs what lies beside it: "
OTHER_NETWORK = ["/usr/bin/unshare", "--net", "/bin/sh", "-c"]
AS_USER = "exec setpriv --reuid=$0 --regid=$1 --init-groups \"$2\" -c 'import socket; socket.socket().bind((\"\", 80))'"


@pytest.mark.parametrize("verbose", ["", "1"])
def test_a_helper_script_of_another_directory(lab, fresh, who, verbose):
    """The hint stands at the end, also without verbose (host/unseen.c): the command line named it."""
    place = lab.directory(who, "helper")
    who.write(os.path.join(place, "tool.py"), "import sibling; print(sibling.word)")
    who.write(os.path.join(place, "sibling.py"), "word = 'found'")
    env = {"VENVBOX_VERBOSE": verbose, "VENVBOX_LOG": os.path.join(who.home, "said-helper")}
    failed = fresh.run(["python", os.path.join(place, "tool.py")], env=env)
    hint = failed.stderr.splitlines()[-1]
    assert failed.returncode == 1 and "No module named 'sibling'" in failed.stderr and hint.startswith(HELPER), tell(failed)
    paste(fresh, hint[len(HELPER):])
    works = fresh.run(["python", os.path.join(place, "tool.py")], env=env)
    assert (works.returncode, works.stdout, works.stderr) == (0, "found\n", ""), tell(works)


def in_other_network(lab, box, log, before=""):
    """Binds port 80 in a network of its own, whose settings are nobody else's."""
    return lab.user("root").run([*OTHER_NETWORK, before + AS_USER, str(box.who.uid), str(box.who.gid), box.bin()], cwd=box.project,
                                env={**box.who.env, "VENVBOX_VERBOSE": "1", "VENVBOX_LOG": log})


def test_port_80(lab, fresh, who, tmp_path):
    """The line is root's, for all programs: careful, and it helps. sudo stands in PATH here as what it is for root."""
    assert os.getuid() == 0, "run the tests as root: only root can make a network"
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\nexec \"$@\"\n")
    sudo.chmod(0o755)
    log = who.write(os.path.join(who.home, "said-port"), "")
    failed = in_other_network(lab, fresh, log)
    with open(log, encoding="utf-8") as f:
        entry, = denied(f.read())
    assert failed.returncode == 1 and entry[:3] == ("port", "80 (below those that anybody may listen on)", "python -c"), (tell(failed), entry)
    assert "from 1024 on" in entry.careful and entry.line.startswith("sudo sysctl ")
    who.write(log, "")
    works = in_other_network(lab, fresh, log, f"PATH={tmp_path}:$PATH; {entry.line} >&2; ")
    assert works.returncode == 0, tell(works)
    with open(log, encoding="utf-8") as f:
        assert denied(f.read()) == []
