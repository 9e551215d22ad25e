# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users, projects and venvs for the end-to-end tests.

A Box is a project with a boxed venv, its twin a project beside it with a plain one: what a box
refuses is shown to work in the twin, and what must be the same is compared with it.
"""
import atexit
import functools
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time

PYTHON = "/usr/bin/python3"
PATIENCE = 90  # seconds after which something hangs; no test measures time
FAILURE = 125
VERSION = subprocess.run([PYTHON, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
SITE = f"lib/python{VERSION}/site-packages"
PROTECTED = (".git", ".vscode", ".idea", ".env", ".envrc")
SECRET = "decoy-5a1c7b"
WITHOUT = os.environ.get("VENVBOX_TEST_WITHOUT")  # a kind of tests/without.c, or all: the host's kernel lacks these calls

# How the package index is reached is the machine's business.
INDEX = {k: v for k, v in os.environ.items()
         if k.startswith("PIP_") or k.lower() in ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "requests_ca_bundle")}

DECOYS = {
    ".ssh/id_ed25519": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n",
    ".aws/credentials": f"[default]\naws_secret_access_key = {SECRET}\n",
    ".bashrc": f"# {SECRET}\n",
    ".netrc": f"machine example.org password {SECRET}\n",
}


def ours(args, cwd):
    """Is it venvbox-install or a command of a boxed venv, or does one of its words name such a thing?"""
    return os.path.isdir(os.path.join(os.fsdecode(cwd), ".venv/venvbox")) or any(
        word == os.environ["VENVBOX_INSTALL"] or os.path.isdir(os.path.join(os.path.dirname(os.path.dirname(word)), "venvbox"))
        for word in args if word.startswith("/") and len(word) < 4096 and "\0" not in word)


@functools.lru_cache
def without():
    """The program that takes the calls away, tests/without.c."""
    path = os.path.join(make_top(), "without")
    atexit.register(shutil.rmtree, os.path.dirname(path))
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "without.c")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-Wall", "-Werror", "-o", path, source], check=True)
    return path


def lacks(kind):
    """Are the calls of this kind missing?"""
    return WITHOUT in (kind, "all")


class User:
    """Who types the command."""

    def __init__(self, name, top):
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid = name, entry.pw_uid, entry.pw_gid
        self.top = top
        self.home = os.path.join(top, "home", name)
        self.env = {"HOME": self.home, "USER": name, "LOGNAME": name, "LANG": "C.UTF-8", "TERM": "xterm",
                    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", **INDEX}
        self.makedirs(self.home)
        for path, text in DECOYS.items():
            self.write(os.path.join(self.home, path), text)

    def makedirs(self, path):
        if not os.path.isdir(path):
            self.makedirs(os.path.dirname(path))
            os.mkdir(path, 0o755)
            os.chown(path, self.uid, self.gid)
        return path

    def write(self, path, data, mode=0o644):
        """A file of this user's; made by us, not by what is tested."""
        self.makedirs(os.path.dirname(path))
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"))
        os.chmod(path, mode)
        os.chown(path, self.uid, self.gid)
        return path

    def own(self, path):
        for at, dirs, files in os.walk(path):
            for name in [".", *dirs, *files]:
                os.lchown(os.path.join(at, name), self.uid, self.gid)

    def identity(self):
        """For subprocess: become this user."""
        if os.getuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}

    def popen(self, args, *, cwd=None, env=None, text=True, **kw):
        if text:
            kw.update(text=True, encoding="utf-8", errors="surrogateescape")
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        args, cwd = [os.fsdecode(a) for a in args], cwd or self.home
        identity = self.identity()
        if WITHOUT and ours(args, cwd):
            args, identity = [without(), WITHOUT, str(self.uid), str(self.gid), kw.pop("executable", args[0]), *args], {}
        return subprocess.Popen(args, cwd=cwd, env={**self.env, **(env or {})}, **identity, **kw)

    def run(self, args, *, input=None, check=False, timeout=PATIENCE, **kw):
        """Runs a command of the host; never waits for ever, and ends only what it started."""
        if input is not None:
            kw["stdin"] = subprocess.PIPE
        with self.popen(args, **kw) as p:
            try:
                out, err = p.communicate(input, timeout)
            except BaseException:
                p.kill()
                p.wait()
                # What a survivor holds open must not hold us.
                for end in (p.stdout, p.stderr):
                    if end:
                        end.close()
                raise
        done = subprocess.CompletedProcess(args, p.returncode, out, err)
        assert not check or done.returncode == 0, tell(done)
        return done

    def sh(self, script, *args, **kw):
        return self.run(["/bin/sh", "-c", script, "sh", *args], **kw)


def tick():
    """
    Waits until what was done before is older, by the clock of files, than what is done after: a run that begins in the same tick takes it for its own.
    On a busy machine a tick is late.
    """
    coarse, now = 5, time.time()  # CLOCK_REALTIME_COARSE, clock_gettime(2)
    while time.clock_gettime(coarse) <= now:
        time.sleep(0.002)


def wait_until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def descendants(pid):
    """Of a process, those below each child after it."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="latin1") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry), *descendants(int(entry))]
    return found


def tell(done):
    """A finished process in words, for assertions."""
    return f"{done.args} -> {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


class Venv:
    """A project with a venv, as one user sees it."""

    def __init__(self, who, project, venv=None):
        self.who, self.project = who, project
        self.venv = venv or os.path.join(project, ".venv")

    def path(self, *names):
        return os.path.join(self.project, *names)

    def bin(self, name="python"):
        return os.path.join(self.venv, "bin", name)

    def state(self, *names):
        return os.path.join(self.venv, "venvbox", *names)

    def site(self, *names):
        return os.path.join(self.venv, SITE, *names)

    def write(self, name, data, mode=0o644):
        return self.who.write(self.path(name), data, mode)

    def _args(self, args):
        return [args[0] if "/" in os.fsdecode(args[0]) else self.bin(args[0]), *args[1:]]

    def run(self, args, **kw):
        """args[0] without a slash is a command of the venv."""
        kw.setdefault("cwd", self.project)
        return self.who.run(self._args(args), **kw)

    def popen(self, args, **kw):
        kw.setdefault("cwd", self.project)
        return self.who.popen(self._args(args), **kw)

    def py(self, code, *args, **kw):
        return self.run(["python", "-c", code, *args], **kw)

    def sh(self, script, *args, **kw):
        """A shell of the host in the project."""
        kw.setdefault("cwd", self.project)
        return self.who.sh(script, *args, **kw)

    def value(self, code, *args, **kw):
        """What the code prints; it must succeed."""
        done = self.py(code, *args, **kw)
        assert done.returncode == 0, tell(done)
        return done.stdout.rstrip("\n")

    def attempt(self, code, *args, **kw):
        """'' if the statements in code work inside, else the name of their errno."""
        lines = "".join("    " + line + "\n" for line in code.splitlines())
        wrapped = ("import errno, os, socket, sys\n"
                   f"try:\n{lines}"
                   "except OSError as e: print(errno.errorcode.get(e.errno, e.errno))\n")
        return self.value(wrapped, *args, **kw)

    def pip(self, *args, **kw):
        kw.setdefault("timeout", 300)
        return self.run(["pip", *args], **kw)


class Box(Venv):
    def __init__(self, lab, who, project, venv=None):
        super().__init__(who, project, venv)
        self.lab = lab

    def install(self, *args, check=True, **kw):
        """venvbox-install with these words after the venv."""
        kw.setdefault("cwd", self.project)
        return self.who.run([self.lab.installer, self.venv, *args], check=check, **kw)

    def conf(self, text):
        """The policy file, as the user writes it."""
        return self.who.write(self.state("venvbox.conf"), text)

    def restored(self):
        return self.install("--remove")


class Lab:
    """The installation under test and a place to work in, outside /tmp and any home."""

    def __init__(self, top):
        self.prefix = self._given("VENVBOX_PREFIX")
        self.installer = self._given("VENVBOX_INSTALL")
        self.libexec = self._given("VENVBOX_LIBEXEC")
        self.top = top
        self.users = {}
        self._count = 0
        self._pip = {}

    @staticmethod
    def _given(name):
        value = os.environ.get(name)
        assert value and os.path.exists(value), f"{name} must name what is tested; see tests/run"
        return value

    def user(self, who):
        if who not in self.users:
            name = pwd.getpwuid(os.getuid()).pw_name
            if who == "user" and os.getuid() == 0:
                name = os.environ.get("VENVBOX_TEST_USER") or "vbtest"
            self.users[who] = user = User(name, os.path.join(self.top, who))
            probe = user.run(["/usr/bin/bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"])
            assert probe.returncode == 0, "this machine cannot sandbox: " + tell(probe)
        return self.users[who]

    def directory(self, who, name="p"):
        """A fresh directory of this user's, below the home."""
        self._count += 1
        return who.makedirs(os.path.join(who.home, "work", f"{name}{self._count}"))

    def pip_of(self, who):
        """A venv with pip, made once: making one takes seconds."""
        if who.name not in self._pip:
            self._pip[who.name] = Venv(who, self.directory(who, "pip"))
            who.run([PYTHON, "-m", "venv", self._pip[who.name].venv], check=True)
        return self._pip[who.name]

    def make_venv(self, venv, pip=False):
        """pip: copied from the one made before. Its scripts name the interpreter, so the path must hold no blank."""
        who = venv.who
        who.run([PYTHON, "-m", "venv", "--without-pip", venv.venv], check=True)
        if not pip:
            return venv
        origin = self.pip_of(who)
        who.run(["cp", "-a", origin.site("."), venv.site()], check=True)
        for name in os.listdir(origin.bin("")):
            if name.startswith("pip"):
                with open(origin.bin(name), encoding="utf-8") as f:
                    who.write(venv.bin(name), f.read().replace(origin.venv, venv.venv), 0o755)
        return venv

    def plain(self, who, pip=False, project=None):
        return self.make_venv(Venv(who, project or self.directory(who)), pip)

    def box(self, who, *options, pip=False, project=None, venv=None):
        box = Box(self, who, project or self.directory(who), venv)
        self.make_venv(box, pip)
        box.install(*options)
        return box


class Pair:
    """A box and its twin, with the same files, at paths of the same length."""

    def __init__(self, lab, who, pip=False):
        top = lab.directory(who, "pair")
        self.box = lab.box(who, pip=pip, project=who.makedirs(os.path.join(top, "boxed")))
        self.plain = lab.plain(who, pip=pip, project=who.makedirs(os.path.join(top, "plain")))

    def write(self, name, data, mode=0o644):
        for side in (self.box, self.plain):
            side.write(name, data.replace("@VENV@", side.venv) if isinstance(data, str) else data, mode)

    def both(self, do):
        """do(venv) on both; what the twin gave is told in the box's paths."""
        return do(self.box), self._translate(do(self.plain))

    def _translate(self, value):
        if isinstance(value, (tuple, list)):
            return type(value)(self._translate(v) for v in value)
        if isinstance(value, bytes):
            return value.replace(os.fsencode(self.plain.project), os.fsencode(self.box.project))
        return value.replace(self.plain.project, self.box.project) if isinstance(value, str) else value

    def same(self, args, **kw):
        """The command ends alike in both and says the same. Returns what it said."""
        boxed, plain = self.both(lambda v: result(v.run([a.replace("@", v.project) for a in args],
                                                        **{k: x(v) if callable(x) else x for k, x in kw.items()})))
        assert boxed == plain
        return boxed[1]


def with_mounts(box, mounts, *args, **kw):
    """A command of the box's user where root has mounted something, for this command only."""
    assert os.getuid() == 0, "run the tests as root: only root can mount"
    become = f'exec setpriv --reuid {box.who.uid} --regid {box.who.gid} --init-groups "$@"'
    return box.lab.user("root").run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", f"mount --make-rprivate / && {mounts} || exit 99\n{become}", "sh", *args],
                                    cwd="/", env=box.who.env, **kw)


def result(done):
    return done.returncode, done.stdout, done.stderr


def status_of(text):
    """/proc/PID/status as a dict."""
    return dict(re.split(r":\s*", line, maxsplit=1) for line in text.splitlines() if ":" in line)


def refused(done, *words):
    """A failure of ours: one line what, one line hint, 125, and the program said nothing."""
    assert done.returncode == FAILURE, tell(done)
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and lines[0].startswith("venvbox: ") and lines[1].startswith("hint: "), tell(done)
    assert done.stdout == "", tell(done)
    for word in words:
        assert word in done.stderr, tell(done)
    return done.stderr


def entry(path):
    """Mode, owner, and content or link text of one name."""
    st = os.lstat(path)
    content = None
    if os.path.islink(path):
        content = os.readlink(path)
    elif os.path.isfile(path):
        with open(path, "rb") as f:
            content = f.read()
    return oct(st.st_mode), st.st_uid, st.st_gid, content


def snapshot(top):
    """Every name below top with type, mode, owner, and content or link text."""
    found = {}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            found[os.path.relpath(path, top)] = entry(path)
    return found


def make_top():
    """/tmp is another one in every box, so the work is done elsewhere: VENVBOX_TEST_DIR, or /var/tmp."""
    top = tempfile.mkdtemp(prefix="vbtest-", dir=os.environ.get("VENVBOX_TEST_DIR", "/var/tmp"))
    os.chmod(top, 0o755)
    return top
