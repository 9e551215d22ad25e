# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small files of the host's, kept ready in the venv and shown by one mount: never old, never the box's to write (docs/performance.md)."""
import ast
import json
import os
import stat
import subprocess
import time

import pytest

from boxlab import PYTHON, tell, with_mounts

# Where the root of each mount lies on its file system, by mount point.
MOUNTS = "import json; print(json.dumps({l.split()[4]: l.split()[3] for l in open('/proc/self/mountinfo')}))"
FILE = "/etc/inputrc"  # in every box of this machine, and nobody reads it during a test
SHOW = f"print(open({FILE!r}).read(), end='')"


def mounts(box, **kw):
    return json.loads(box.value(MOUNTS, **kw))


def is_folded(box, place="/etc", **kw):
    return "/venvbox/ready/" in mounts(box, **kw).get(place, "")


def settled(box):
    """A start when what the installation wrote is older than the moment in which it is not believed: everything is known after it."""
    time.sleep(2.1)
    assert box.py("pass").returncode == 0
    return {name: os.stat(os.path.join(top, name)) for top, _, names in os.walk(box.state("ready")) for name in names}


def test_etc_and_the_tools_are_one_mount_each(fresh):
    seen = mounts(fresh)
    assert "/venvbox/ready/" in seen["/etc"] and "/venvbox/ready/" in seen["/usr"]
    for name in ("/etc/hosts", "/etc/passwd", "/etc/alternatives", "/usr/bin", "/usr/bin/env", "/usr/bin/dash", "/usr/share", "/usr/share/git-core"):
        assert name not in seen
    assert "/usr/lib" in seen and "/usr/share/zoneinfo" in seen and "/usr/bin/git" in seen  # too large to copy


def test_what_is_shown_is_what_the_host_has(fresh):
    code = ("import hashlib, json, os, sys\nout = {}\n"
            "for top, _, names in [e for d in ('/etc', '/usr/bin', '/usr/sbin', '/usr/share/git-core', '/usr/local') for e in os.walk(d)]:\n"
            "    for n in names:\n        p = os.path.join(top, n)\n        s = os.lstat(p)\n"
            "        out[p] = [os.readlink(p) if os.path.islink(p) else hashlib.sha256(open(p, 'rb').read()).hexdigest(), int(s.st_mtime), bool(s.st_mode & 0o111)]\n"
            "print(json.dumps(out))\n")
    inside, outside = json.loads(fresh.value(code)), json.loads(subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout)
    own = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/localtime", "/etc/os-release"}  # made for the box; content in the place of a link
    alike = [p for p in inside if p not in own and not p.startswith("/etc/venvbox/")]
    assert len(alike) > 30 and {"/etc/hosts", "/etc/ssl/openssl.cnf", "/usr/bin/env", "/usr/bin/bash", "/usr/share/git-core/templates/description"} <= set(alike)
    for path in alike:
        assert inside[path][0] == outside[path][0] and inside[path][2] == outside[path][2], path
        if not os.path.islink(path):
            assert inside[path][1] == outside[path][1], path


def test_the_plan_says_it_file_by_file(fresh):
    plan = fresh.install("--print-plan").stdout
    assert "/venvbox/ready" not in plan and "/etc/hosts" in plan.split()
    said = fresh.run(["python", "-X", "venvbox-verbose", "-c", "pass"]).stderr
    assert "venvbox/ready" not in said and "/etc/hosts" in said


def test_nothing_is_written_when_nothing_has_changed(fresh):
    before = settled(fresh)
    assert fresh.py("pass").returncode == 0
    assert {n: (s.st_ino, s.st_ctime_ns) for n, s in settled(fresh).items()} == {n: (s.st_ino, s.st_ctime_ns) for n, s in before.items()}


def test_the_box_cannot_write_there(fresh_pip):
    for place in ("/etc", "/usr/bin", "/etc/alternatives", fresh_pip.state("ready"), fresh_pip.state("ready", "etc.0")):
        for how in ("open(p + '/x', 'w')", "os.mkdir(p + '/x')", "os.unlink(p + '/hosts')", "os.chmod(p, 0o777)", "os.rename(p + '/hosts', p + '/x')",
                    "os.utime(p)", "open(p + '/hosts', 'a')", "os.chmod(p + '/hosts', 0o666)", "os.link(p + '/hosts', 'x')", "os.symlink('x', p + '/y')"):
            assert fresh_pip.attempt("p = sys.argv[1]\n" + how, place) in ("EROFS", "ENOENT", "EXDEV", "EACCES"), (place, how)
    # Nor can what pip runs, which may write the venv.
    fresh_pip.write("pkg/setup.py", "import os\nfrom setuptools import setup\n"
                    f"for p in ({fresh_pip.state('ready')!r}, {fresh_pip.state('ready', 'etc.0', 'hosts')!r}):\n"
                    "    try: os.rename(p, p + 'x'); print('MOVED')\n    except OSError as e: print('refused', e.errno)\n"
                    "setup(name='pkg', version='1')\n")
    done = fresh_pip.pip("install", "--no-index", "--no-build-isolation", "-v", "./pkg")
    assert "MOVED" not in done.stdout + done.stderr
    assert "ready" in os.listdir(fresh_pip.state())


# --- changes on the host -------------------------------------------------------------------


@pytest.fixture
def host(lab, fresh):
    """Python in the box where FILE of the host is another: a file of the test's own is mounted there, for the commands of `with_mounts`."""
    assert os.path.exists(FILE), f"{FILE} is of the package readline-common, which bash needs"
    path = os.path.join(lab.top, "inputrc")

    def shown(text=None, code=SHOW, more=""):
        if text is not None:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            os.utime(path, (1000, 1000))
        script = f'mount --bind "{path}" {FILE}{more}'
        done = with_mounts(fresh, script, "/bin/sh", "-c", 'cd "$0" && exec "$@"', fresh.project, fresh.bin(), "-c", code)
        assert done.returncode == 0, tell(done)
        return done.stdout
    yield shown
    os.unlink(path)


def test_what_changes_on_the_host_is_seen_at_the_next_start(fresh, host):
    settled(fresh)
    assert host("one\n") == "one\n"
    assert host("two\n") == "two\n"  # of the same size and time, in the same moment
    time.sleep(2.1)
    assert host() == "two\n"
    assert host("new\n") == "new\n"
    assert fresh.value(SHOW) == open(FILE, encoding="utf-8").read().rstrip("\n")  # and back, which is another inode
    assert "/venvbox/ready/" in json.loads(host("two\n", MOUNTS))["/etc"]


def test_a_box_that_runs_keeps_its_mounts_when_files_change(fresh, host):
    code = "import os, sys\nprint('up', flush=True)\nsys.stdin.read()\nprint(sorted(os.listdir('/etc')), len(os.listdir('/etc/ssl/certs')) > 3, open('/etc/hosts').read() != '')\n"
    p = fresh.popen(["python", "-c", code], stdin=subprocess.PIPE)
    assert p.stdout.readline() == "up\n"
    assert host("other\n") == "other\n"
    fresh.install()
    out, err = p.communicate(timeout=60)
    assert "'hosts'" in out and "'inputrc'" in out and "True True" in out, (out, err)


def test_many_starts_at_once_while_a_file_changes(fresh, lab):
    """Whoever copies: what is shown in the end is what the file is in the end."""
    path = os.path.join(lab.top, "changing")
    for turn in range(3):
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{turn}\n")
        script = (f'cd "$0"; for i in 1 2 3 4 5 6; do "$@" >/dev/null & done; echo {turn}x > {path} 2>/dev/null || true; wait; "$@"')
        os.chmod(path, 0o666)
        done = with_mounts(fresh, f'mount --bind "{path}" {FILE}', "/bin/sh", "-c", script, fresh.project, fresh.bin(), "-c", SHOW)
        assert done.stdout == f"{turn}x\n", tell(done)
    os.unlink(path)


def test_no_program_is_copied_where_none_may_be_executed(fresh):
    place = f'mount --bind "{fresh.project}" "{fresh.project}" && mount -o remount,bind,noexec "{fresh.project}"'
    code = MOUNTS + "; import subprocess; print(subprocess.run(['/usr/bin/env', '/bin/sh', '-c', 'ls / >/dev/null && echo ran'], capture_output=True, text=True).stdout)"
    done = with_mounts(fresh, place, "/bin/sh", "-c", 'cd "$0" && exec "$@"', fresh.project, fresh.bin(), "-c", code)
    assert (done.returncode, done.stderr) == (0, ""), tell(done)
    assert "ran" in done.stdout
    seen = json.loads(done.stdout.splitlines()[0])
    assert [place for place in ("/usr", "/usr/bin", "/etc") if place in seen] == []


TOLD = "import importlib.util, os; print([k for k in os.environ if 'LD_' in k or 'VENVBOX' in k], importlib.util.find_spec('venvbox') is not None)"


@pytest.mark.parametrize("options, told", [("", True), ("--ro-bind {0} /etc/venvbox", False), ("--tmpfs /etc", False)])
def test_what_an_executed_interpreter_is_told_with_where_it_cannot_be_mapped(fresh, options, told):
    """Nor is anything said about it, by the loader of each program."""
    fresh.sh(f"mkdir own && cp {os.path.join(fresh.lab.libexec, 'venvbox-hints.so')} own/hints.so", check=True)
    place = f'mount --bind "{fresh.project}" "{fresh.project}" && mount -o remount,bind,noexec "{fresh.project}"'
    script = 'cd "$0" && BWRAP_ARGS=$1 exec "$2" -c "$3; import subprocess; subprocess.run([\'/bin/cat\', \'/dev/null\'])"'
    done = with_mounts(fresh, place, "/bin/sh", "-c", script, fresh.project, options.format(fresh.path("own")), fresh.bin(), TOLD)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"[] {told}\n", ""), tell(done)


# Of a directory of the host that is copied as a whole.
DIRECTORY = "/usr/share/git-core"
SAYS = ("import json, os; d = '/usr/share/git-core'\n"
        "at = {l.split()[4]: l.split()[3] for l in open('/proc/self/mountinfo')}\n"
        "print([d in at, sorted(os.listdir(d)), open(d + '/sub/file').read(), os.readlink(d + '/link')])")


@pytest.mark.parametrize("change", ["echo new > sub/file", "echo x > more", "rm -r sub; mkdir sub; echo again > sub/file", "ln -sfn other link", "touch sub/x", ":"])
def test_a_directory_that_changes_on_the_host_is_seen_at_the_next_start(lab, fresh, who, change):
    """One of the test's own is mounted there, for the commands of `with_mounts`; it is copied by the installation, and mounted when it has changed."""
    own = lab.directory(who, "core")
    fresh.sh(f"cd '{own}' && mkdir sub && echo old > sub/file && ln -s file link", check=True)
    script = (f'sleep 2.1; "$1" "$2" >/dev/null && cd "$3" && "$2/bin/python" -c "$4" && (cd {own} && {change}) && "$2/bin/python" -c "$4" &&'
              f' (cd {own} && cat sub/file && readlink link && ls)')
    done = with_mounts(fresh, f'mount --bind "{own}" {DIRECTORY}', "/bin/sh", "-c", script, "sh", fresh.lab.installer, fresh.venv, fresh.project, SAYS)
    assert done.returncode == 0, tell(done)
    first, second, text, link, *names = done.stdout.splitlines()
    assert ast.literal_eval(first) == [False, ["link", "sub"], "old\n", "file"]
    assert ast.literal_eval(second) == [change != ":", sorted(names), text + "\n", link]
    fresh.install()
    assert DIRECTORY not in mounts(fresh)


# --- the user's own -----------------------------------------------------------------------


def test_a_mount_of_the_users_in_etc(fresh):
    fresh.write("mine.conf", "mine")
    assert is_folded(fresh)
    env = {"BWRAP_ARGS": f"--ro-bind {fresh.path('mine.conf')} /etc/mine.conf"}
    assert fresh.value("print(open('/etc/mine.conf').read(), open('/etc/hosts').read() != '')", env=env) == "mine True"
    assert not is_folded(fresh, env=env) and is_folded(fresh, "/usr", env=env)
    for words in ("--dir /sbin/foo", "--symlink /bin/sh /lib64/foo", "--tmpfs /bin/foo", "--dir /usr/share/foo", "--tmpfs /usr/foo"):  # some by way of a link
        assert fresh.value("import os, sys; print(os.path.lexists(sys.argv[1]), os.path.exists('/usr/share/git-core/templates'))", words.split()[-1],
                           env={"BWRAP_ARGS": words}) == "True True"
    assert fresh.value("import os; print(os.path.exists('/etc/mine.conf'))") == "False"
    fresh.install("--ro", "/usr/bin/head")
    assert [is_folded(fresh, place) for place in ("/usr", "/usr/bin", "/usr/share", "/etc")] == [False, False, True, True]
    assert fresh.value("import subprocess; print(len(subprocess.run(['head', '-c', '3', '/dev/zero'], stdout=subprocess.PIPE, check=True).stdout))") == "3"


def test_another_user_of_the_venv_has_a_passwd_of_his_own(lab):
    """root's venv, for all: what is kept ready names root."""
    assert os.getuid() == 0, "run the tests as root: only root can make a venv for others"
    root, user = lab.user("root"), lab.user("user")
    project = os.path.join(lab.top, "shared")
    os.mkdir(project, 0o755)
    box = lab.box(root, project=project)
    os.chmod(box.venv, 0o755)
    subprocess.run(["chmod", "-R", "a+rX", project], check=True)
    os.chmod(box.state("lock"), 0o666)
    code = MOUNTS + "; import pwd, os; print(pwd.getpwuid(os.getuid()).pw_name)"
    seen, name = user.run([box.bin(), "-c", code], cwd=project, check=True).stdout.splitlines()
    assert name == user.name
    assert not [place for place, source in json.loads(seen).items() if "/venvbox/ready/" in source]


# --- damage, and shapes that go ------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["rm -rf ready", "rm ready/*.list", "rm -rf ready/*.0", "echo x > ready/etc.list", ": > ready/etc.list",
                                    "sed -i 's/^tree=.*/tree=../' ready/*.list", "rm -rf ready && ln -s /etc ready"])
def test_without_it_everything_is_made_at_the_start(fresh, damage):
    fresh.sh(f"cd '{fresh.state()}' && {damage}", check=True)
    assert not is_folded(fresh)
    assert fresh.value("import subprocess; print(subprocess.run(['ls', '/etc/hosts'], capture_output=True, text=True).stdout.strip())") == "/etc/hosts"
    if "ln -s" in damage:
        fresh.sh(f"rm '{fresh.state('ready')}'", check=True)
    fresh.install()
    assert is_folded(fresh) and is_folded(fresh, "/usr")


@pytest.mark.parametrize("damage", ["rm -f ready/etc.0/hosts", "rm -rf ready/etc.0/ssl", "rm -f ready/usr.0/bin/bash", "rm -f ready/usr.0/bin/sh", ": > ready/etc.0/services",
                                    "rm -f ready/etc.0/alternatives/awk", "rm -rf ready/usr.0/share/git-core/*", ": > ready/usr.0/share/git-core/templates/description",
                                    "mkdir -p ready/etc.7/x ready/other"])
def test_the_installation_mends_it(fresh, damage):
    fresh.sh(f"cd '{fresh.state()}' && chmod -R u+w ready && {damage}", check=True)
    fresh.install()
    assert is_folded(fresh) and is_folded(fresh, "/usr")
    assert fresh.value("import os; print(os.path.getsize('/etc/hosts') > 0, os.path.getsize('/etc/services') > 99, os.path.exists('/bin/sh'), len(os.listdir('/etc/ssl')))") == "True True True 2"
    assert fresh.value("import os; print(os.path.lexists('/etc/alternatives/awk'), os.path.getsize('/usr/share/git-core/templates/description') > 9)") == "True True"
    assert len(os.listdir(fresh.state("ready"))) == 4, "what is in use no more is gone"


def test_a_tree_in_use_stays_and_goes_with_a_later_installation(fresh):
    p = fresh.popen(["python", "-c", "import os, sys\nprint('up', flush=True)\nsys.stdin.read()\nprint(len(os.listdir('/etc/ssl/certs')) > 3)\n"], stdin=subprocess.PIPE)
    assert p.stdout.readline() == "up\n"
    fresh.sh(f"rm -f '{fresh.state('ready', 'etc.0', 'hosts')}'", check=True)
    fresh.install()
    assert sorted(n for n in os.listdir(fresh.state("ready")) if n.startswith("etc.")) == ["etc.0", "etc.1", "etc.list"]
    out, err = p.communicate(timeout=60)
    assert out == "True\n", err
    fresh.install()
    assert sorted(n for n in os.listdir(fresh.state("ready")) if n.startswith("etc.")) == ["etc.1", "etc.list"]
    assert is_folded(fresh)


def test_what_it_holds_is_for_the_box_alone(fresh):
    """The state is closed to others; what is in it is not executable beyond what the host's is, and never set-user-ID."""
    assert stat.S_IMODE(os.stat(fresh.state()).st_mode) == 0o700
    for top, _, names in os.walk(fresh.state("ready")):
        for name in names:
            mode = os.lstat(os.path.join(top, name)).st_mode
            assert stat.S_ISLNK(mode) or stat.S_IMODE(mode) & 0o7222 == 0 or name.endswith(".list"), (name, oct(mode))
