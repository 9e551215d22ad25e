# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that fail in a box of the minimal profile: verbose names the cause, and the line that it prints cures it, or it says that the refusal is
meant (spec B7).

Where the machine lacks the program, device or server, root's run puts something small in its place for the time of the test: a script, a node of /dev/null, a
socket that listens. What the box refuses is the same. An ordinary user cannot: that row is root's then.
"""
import collections
import contextlib
import os
import re
import shutil
import socket
import stat
import subprocess

import pytest

from boxlab import lacks, tell

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
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
def directories(path):
    """path exists; what had to be made is taken away afterwards."""
    made = []
    while not os.path.isdir(path):
        made.append(path)
        path = os.path.dirname(path)
    for one in reversed(made):
        os.mkdir(one, 0o755)
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

    def make(self, who):
        raise NotImplementedError

    def remove(self):
        os.unlink(self.path)

    @contextlib.contextmanager
    def on_host(self, who):
        if self.present():
            yield
            return
        with directories(os.path.dirname(self.path)):
            self.make(who)
            try:
                yield
            finally:
                self.remove()


class Program(Thing):
    def __init__(self, name):
        super().__init__(shutil.which(name, path=PATH) or "/usr/bin/" + name)

    def make(self, who):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexit 0\n")
        os.chmod(self.path, 0o755)


class File(Thing):
    def make(self, who):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("text\n")
        os.chmod(self.path, 0o644)


class Directory(Thing):
    def make(self, who):
        os.mkdir(self.path)
        os.chown(self.path, who.uid, who.gid)

    def remove(self):
        shutil.rmtree(self.path)


class Device(Thing):
    def make(self, who):
        os.mknod(self.path, stat.S_IFCHR, os.makedev(1, 3))
        os.chmod(self.path, 0o666)


class Server(Thing):
    """A socket that listens for anybody."""

    def make(self, who):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen()
        os.chmod(self.path, 0o777)

    def remove(self):
        self.socket.close()
        os.unlink(self.path)


# --- the rows ---------------------------------------------------------------------------------------

# label, what, program: what must be named; what may hold @HOME@ (of the box), @PROJECT@. why: words of the reason, or of what speaks against it.
Row = collections.namedtuple("Row", "code label what program why things options prepare", defaults=["python -c", "", (), (), None])


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
WRITE = "import os; open(os.path.expanduser('~/.local/share/venvbox-app/log'), 'w').close()\n"
HOME_SOCKET = "import os, socket; os.chdir(os.path.expanduser('~')); socket.socket(socket.AF_UNIX).connect('.local/share/venvbox-app/s')"
SOCKETS = {"postgres": "/run/postgresql/.s.PGSQL.5999", "display": "/tmp/.X11-unix/X77", "docker": "/run/docker.sock"}
# As matplotlib's font_manager looks for fonts: it walks the directory, then reads each file.
FONTS = """
import os, sys
names = [os.path.join(at, name) for at, _, names in os.walk('/usr/share/fonts') for name in names]
if not names: sys.exit('no font')
open(names[0], 'rb').close()
"""
COMMIT = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "--allow-empty", "-m", "x"]
LIMIT = ["/bin/bash", "-c", "ulimit -n 100"]

CURED = {
    "ffmpeg through subprocess": program("ffmpeg", "-version"),
    "matplotlib with the fonts of the system": Row(FONTS, "hidden", "/usr/share/fonts (read)", things=(File("/usr/share/fonts/venvbox-test.ttf"),)),
    "psycopg over /run/postgresql": Row(connect(SOCKETS["postgres"]), "socket", SOCKETS["postgres"], things=(Server(SOCKETS["postgres"]),)),
    "git commit": Row(run(*COMMIT), "read-only", "@PROJECT@/.git/index.lock (write)", "git", "obeyed, by programs outside", prepare=repository),
    "a CUDA probe": Row("open('/dev/nvidiactl')", "hidden", "/dev/nvidiactl (read)", why="hardware", things=(Device("/dev/nvidiactl"),)),
    "a camera": Row("open('/dev/video0')", "hidden", "/dev/video0 (read)", why="hardware", things=(Device("/dev/video0"),)),
    "ulimit": Row(run(*LIMIT), "limit", "files (to be raised above the limit of the box)", "bash", prepare=few_files),
    "a log below /var/log": Row("open('/var/log/venvbox-test/x.log', 'w')", "hidden", "/var/log/venvbox-test/x.log (write)",
                                things=(Directory("/var/log/venvbox-test"),)),
    "a cache below ~/.local/share": Row(READ, "hidden",
                                        "@HOME@/.local/share/venvbox-app/data (read)", prepare=data_of_a_program),
    "a log below ~/.local/share": Row(WRITE + READ, "hidden",
                                      "@HOME@/.local/share/venvbox-app/log (write)", prepare=data_of_a_program),
    "a server below ~/.local/share": Row(HOME_SOCKET, "socket", "@HOME@/.local/share/venvbox-app/s", prepare=server_in_home),
    "a link in the home that leads elsewhere": Row("import os; assert open(os.path.expanduser('~/link')).read() == 'cached'", "hidden", "@HOME@/link (read)", prepare=link_in_home),
    "a script of perl": Row(run("./script"), "program", PERL, things=(Program("perl"),), prepare=perl_script),
    "a download in a box without network": Row("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 443))", "network",
                                               "192.0.2.1 port 443 (the box has no network)", options=("--network", "none")),
}

DELIBERATE = {
    "gdb attach": program("gdb", "-p", "1", "-batch", why="ptrace"),
    "tkinter": Row(connect(SOCKETS["display"]), "socket", SOCKETS["display"], why="the display", things=(Server(SOCKETS["display"]),)),
    "the client of docker": program("docker", "version", why="acts outside of the box"),
    "the socket of docker": Row(connect(SOCKETS["docker"]), "socket", SOCKETS["docker"], why="who reaches it is root", things=(Server(SOCKETS["docker"]),)),
    "ssh": program("ssh", "-V", why="for your keys"),
    "~/.netrc": Row("import netrc; netrc.netrc()", "hidden", "@HOME@/.netrc (read)", why="passwords of hosts"),
    "perf": program("perf", "stat", "true", why="the whole machine"),
    "strace": program("strace", "-V", why="ptrace"),
    "strace that is shown": Row(run("strace", "-o", "/dev/null", "true"), "refused", "ptrace (Operation not permitted)", "strace", "processes",
                                options=("--profile", "system"), things=(Program("strace"),)),
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
    return [name for name, row in rows.items() if (os.getuid() == 0 or all(thing.present() for thing in row.things))
            and not (lacks("openat2") and row.label in PATHS)]


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
    row = CURED[name]
    box = prepared(row)
    failed, found = watched(box, ["python", "-c", row.code])
    entries = named(row, box, found)
    assert failed.returncode != 0 and len(entries) == 1, (tell(failed), found)
    assert entries[0].deliberate is None and bool(row.why) == bool(entries[0].careful) and row.why in (entries[0].careful or "")
    for line in dict.fromkeys(e.line for e in found if e.line):
        paste(box, line)
    works, found = watched(box, ["python", "-c", row.code])
    assert works.returncode == 0 and not named(row, box, found), (tell(works), found)


@pytest.mark.parametrize("name", possible(DELIBERATE))
def test_what_is_meant_is_said_to_be_and_has_no_line(prepared, name):
    row = DELIBERATE[name]
    box = prepared(row)
    failed, found = watched(box, ["python", "-c", row.code])
    entries = named(row, box, found)
    assert failed.returncode != 0 and len(entries) == 1, (tell(failed), found)
    assert row.why in entries[0].deliberate and entries[0].line is None, entries
    assert [e.line for e in found if e.line] == []


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
