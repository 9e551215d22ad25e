# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where things are measured: an ordinary user's venvs, plain and boxed, and commands timed side by side."""
import contextlib
import json
import os
import pwd
import select
import shlex
import shutil
import signal
import statistics
import subprocess
import tempfile

PYTHON = "/usr/bin/python3"
LIMIT = 1800  # seconds after which something hangs


def ordinary_user():
    """Whose boxes are measured."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    name = os.environ.get("VENVBOX_TEST_USER") or "vbtest"
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    subprocess.run(["useradd", "--system", "--create-home", "--shell", "/bin/sh", name], check=True)
    return pwd.getpwnam(name)


class Workbench:
    def __init__(self, prefix, short):
        self.installer = os.path.join(os.path.abspath(prefix), "bin", "venvbox-install")
        self.libexec = os.path.join(os.path.abspath(prefix), "libexec", "venvbox")
        self.short, self.user = short, ordinary_user()
        self.made = {}
        self.calls = None  # what steady.py found of them: several rows are of one run

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="venvbox-bench.", dir="/var/tmp")
        os.chown(self.top, self.user.pw_uid, self.user.pw_gid)
        os.chmod(self.top, 0o755)
        os.mkdir(os.path.join(self.top, "home"))
        os.chown(os.path.join(self.top, "home"), self.user.pw_uid, self.user.pw_gid)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    # --- running ---------------------------------------------------------------------------------

    def how(self, **kw):
        identity = {} if os.getuid() != 0 else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        env = {"HOME": os.path.join(self.top, "home"), "USER": self.user.pw_name, "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin",
               **{k: v for k, v in os.environ.items() if k.startswith("PIP_")}}
        return {"cwd": self.top, "env": env, **identity, **kw}

    def run(self, args, **kw):
        """What it printed; it must succeed."""
        done = subprocess.run(args, **self.how(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT, **kw))
        assert done.returncode == 0, f"{shlex.join(args)[:200]} -> {done.returncode}: {done.stderr[-500:]}"
        return done.stdout

    @contextlib.contextmanager
    def running(self, args, word):
        """A process that has said word; ended afterwards."""
        with subprocess.Popen(args, **self.how(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)) as p:
            try:
                assert p.stdout.readline().strip() == word
                yield p
            finally:
                p.send_signal(signal.SIGKILL)

    def write(self, path, data, mode=0o644):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(data, bytes) else "w") as f:
            f.write(data)
        os.chmod(path, mode)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    @contextlib.contextmanager
    def asked(self, args, **kw):
        """A process that answers each line with one, in time; ended afterwards."""
        with subprocess.Popen(args, **self.how(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kw)) as p:
            def ask(line):
                p.stdin.write(line)
                p.stdin.flush()
                said = p.stdout.readline() if select.select([p.stdout], [], [], LIMIT)[0] else ""
                assert said, f"{shlex.join(args)[:200]} says nothing"
                return said
            try:
                yield ask
            finally:
                p.kill()

    # --- venvs -----------------------------------------------------------------------------------

    def venv(self, name, *options, base=PYTHON, boxed=True, pip=False):
        """The directory of a venv of this name, made once; options are venvbox-install's."""
        venv = os.path.join(self.top, name, ".venv")
        if name not in self.made:
            self.run(["/usr/bin/install", "-d", os.path.dirname(venv)])
            self.run([base, "-m", "venv", *([] if pip else ["--without-pip"]), venv])
            if boxed:
                self.run([self.installer, venv, *options])
            self.made[name] = venv
        return venv

    def plain(self, **kw):
        return self.venv("plain" + ("-pip" if kw.get("pip") else ""), boxed=False, **kw)

    def box(self, profile="minimal", **kw):
        return self.venv(profile + ("-pip" if kw.get("pip") else ""), "--profile", profile, **kw)

    def bare(self, venv):
        """
        bwrap with the options that --print-plan shows, and the base interpreter in place of ours. They name binds by path and
        mount file by file what a run shows with two directories: more mounts than a box has.
        """
        words = [shlex.split(w)[0] for w in self.run([self.installer, venv, "--print-plan"]).splitlines()]
        return words[:words.index("--") + 1] + [os.path.realpath(PYTHON)]

    def bare_as_run(self, venv):
        """The same with the mounts that a run makes: what is kept ready (launcher/common/ready.h) in the place of what it shows."""
        words, ready = self.bare(venv), os.path.join(venv, "venvbox", "ready")
        for name in sorted(os.listdir(ready)):
            if not name.endswith(".list"):
                continue
            with open(os.path.join(ready, name), encoding="utf-8") as f:
                (_, tree), *items = [line.rstrip("\n").split("=", 1) for line in f]
            # A directory that was copied, which its inode tells, is in the tree as the files are.
            kinds = {value.split("\t")[0]: "tree" if kind == "dir" and value.split("\t")[2] != "0" else kind for kind, value in items if kind != "part"}
            ops = [i for i, word in enumerate(words) if word in ("--ro-bind", "--symlink") and words[i + 2] in kinds]
            if len(ops) != len(kinds):
                continue  # not in this profile
            for i in reversed(ops):
                if kinds[words[i + 2]] not in ("dir", "mount"):
                    del words[i:i + 3]
            top = os.path.commonpath([os.path.dirname(place) for place in kinds])
            words[ops[0]:ops[0]] = ["--ro-bind", os.path.join(ready, tree), top]
        return words

    # --- timing ----------------------------------------------------------------------------------

    def times(self, commands, runs=None):
        """
        Seconds of each run of each command: {name: [seconds]}. They take turns, a few runs each, so that a machine which becomes slower
        becomes so for all.
        """
        rounds = 3 if self.short else 10
        runs = max(2, (runs or (20 if self.short else 30)) // 2)
        found = {name: [] for name in commands}
        report = os.path.join(self.top, "hyperfine.json")
        for _ in range(rounds):
            self.run(["hyperfine", "-N", "--style", "none", "--warmup", "2", "--runs", str(runs), "--export-json", report,
                      *[shlex.join(c) for c in commands.values()]])
            with open(report, encoding="utf-8") as f:
                for name, result in zip(commands, json.load(f)["results"]):
                    found[name] += result["times"]
        return found

    def ratio(self, ours, theirs, **kw):
        """Of the medians, with both in milliseconds."""
        return self.ratios({"ours": ours, "theirs": theirs}, **kw)

    def ratios(self, commands, **kw):
        median = {name: statistics.median(times) for name, times in self.times(commands, **kw).items()}
        return median["ours"] / median["theirs"], {name: round(1000 * seconds, 2) for name, seconds in median.items()}


def turns(sides, rounds, ask):
    """{side: {thing: median}}, where ask(side) says {thing: seconds}; the sides take turns."""
    said = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            said[name].append(ask(side))
    return {name: {thing: statistics.median(one[thing] for one in all_of) for thing in all_of[0]} for name, all_of in said.items()}
