# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of venvbox-install --doctor share."""
import contextlib
import json
import os
import pathlib
import re
import signal
import time

from boxlab import lacks, tell

# What a host without Landlock cannot hold; the report says so, and the status is 1. All else is as elsewhere.
MISSING = {"landlock", "signal-group", "connect-abstract"} if lacks("landlock") else set()
WELL = 1 if MISSING else 0

TABLE = pathlib.Path(__file__).resolve().parents[1] / "launcher/canary/canaries.def"


def place(lab, who):
    """A TMPDIR of this run's own."""
    return lab.directory(who, "doctor")


def doctor(lab, who, *args, tmp=None, env=None):
    return who.run([lab.installer, "--doctor", *args], env={"TMPDIR": tmp or place(lab, who), **(env or {})})


def parse(done):
    assert done.returncode in (0, 1) and done.stderr == "", tell(done)
    said = json.loads(done.stdout)
    assert said["ok"] is (done.returncode == 0), tell(done)
    return said


def report(lab, who, *args, **kw):
    done = doctor(lab, who, "--json", *args, **kw)
    return done, parse(done)


def by_id(said):
    return {c["id"]: c for c in said["checks"]}


def results(said):
    return {c["id"]: c["result"] for c in said["checks"]}


def not_held(said):
    return {i for i, r in results(said).items() if r == "not-held"}


def is_well(said):
    return said["ok"] is (not MISSING) and not_held(said) == MISSING


def attacks():
    """Ids of the table."""
    return set(re.findall(r'^CANARY\(\w+, "([\w-]+)"', TABLE.read_text(encoding="utf-8"), re.M))


# In a mount namespace of its own, where one or two files are others; then as the user. It is PID 1 of a pid namespace, so that
# whatever is left ends with it, and "PID 1" is nobody of the host.
DISGUISED = '''
mount --make-rprivate / || exit 99
uid=$1 gid=$2 installer=$3
shift 3
while [ $# -gt 0 ]; do
	mount --bind "$1" "$2" || exit 99
	shift 2
done
exec setpriv --reuid "$uid" --regid "$gid" --init-groups /bin/sh -c '"$@"; exit $?' sh "$installer" --doctor --json
'''


def disguised(lab, who, *pairs):
    """The report where, for each pair, the second file is the first."""
    assert os.getuid() == 0, "run the tests as root: only root can mount"
    env = {**who.env, "TMPDIR": place(lab, who)}
    done = lab.user("root").run(["/usr/bin/unshare", "-mpf", "--mount-proc", "/bin/sh", "-c", DISGUISED, "sh", str(who.uid), str(who.gid), lab.installer, *pairs],
                                cwd="/", env=env)
    return parse(done)


@contextlib.contextmanager
def started(lab, who, stand_in, tmp, *args, ignore=None):
    """The doctor, where the attacker is stand_in, once the attacker has made the file `started`."""
    assert os.getuid() == 0, "run the tests as root: only root can mount"
    script = f'mount --make-rprivate / && mount --bind "{stand_in}" "{lab.libexec}/venvbox-canary" || exit 99\n' \
             f'exec setpriv --reuid {who.uid} --regid {who.gid} --init-groups "$@"'
    with lab.user("root").popen(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", lab.installer, "--doctor", *args], cwd="/", env={**who.env, "TMPDIR": tmp},
                                preexec_fn=lambda: ignore and signal.signal(ignore, signal.SIG_IGN)) as p:
        try:
            end = time.monotonic() + 60
            while not any("started" in names for _, _, names in os.walk(tmp)) and not seen_in(args):
                assert p.poll() is None and time.monotonic() < end, p.stderr.read()
                time.sleep(0.02)
            yield p
        finally:
            p.kill()


def seen_in(args):
    """A venv's project is elsewhere."""
    return any("started" in names for venv in args for _, _, names in os.walk(os.path.dirname(venv)))
