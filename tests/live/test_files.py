# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a box sees of the file system, and what of it it can change (spec S3, S4, S5, S13, S18)."""
import os
import shutil

import pytest

from boxlab import DECOYS, SECRET, VERSION, tell

READ = "open(sys.argv[1]).read()"
WRITE = "open(sys.argv[1], 'a').close()"


@pytest.fixture(scope="module", autouse=True)
def files(pair):
    """With a repository, and a file to read."""
    for side in (pair.box, pair.plain):
        side.sh("git init -q . && git config user.name x", check=True)
    pair.write("data.txt", "data\n")


# --- the real home ------------------------------------------------------------------

@pytest.mark.parametrize("name", sorted(DECOYS))
def test_files_of_the_home_are_absent(pair, name):
    path = os.path.join(pair.box.who.home, name)
    assert pair.box.attempt(READ, path) == "ENOENT"
    assert SECRET in pair.plain.value("import sys; print(open(sys.argv[1]).read())", path)
    assert pair.box.attempt(READ, pair.box.path("data.txt")) == ""


def test_of_the_home_only_the_way_to_the_project_is_there(pair):
    box = pair.box
    assert box.value("import os, sys; print(os.listdir(sys.argv[1]))", box.who.home) == "['work']"
    assert ".ssh" in pair.plain.value("import os, sys; print(os.listdir(sys.argv[1]))", box.who.home)


def test_the_way_to_the_project_cannot_be_written(pair):
    for directory in (pair.box.who.home, os.path.dirname(pair.box.project), "/", "/etc", "/usr", "/run", "/var"):
        got = pair.box.attempt("open(sys.argv[1] + '/vb-made', 'w')", directory)
        assert got in ("EROFS", "EACCES", "ENOENT"), (directory, got)
        assert not os.path.exists(os.path.join(directory, "vb-made"))


def test_home_is_private_and_kept(fresh):
    """HOME is .venv/home (S4)."""
    assert fresh.value("import os; print(os.environ['HOME'], os.path.expanduser('~'))") == f"{fresh.venv}/home {fresh.venv}/home"
    fresh.value("import os; open(os.path.expanduser('~/note'), 'w').write('kept')")
    assert fresh.value("import os; print(open(os.path.expanduser('~/note')).read())") == "kept"
    with open(os.path.join(fresh.venv, "home", "note"), encoding="utf-8") as f:
        assert f.read() == "kept"
    assert not os.path.exists(os.path.join(fresh.who.home, "note"))


def test_cache_is_kept_beside_the_home(fresh):
    fresh.value("import os; open(os.path.expanduser('~/.cache/c'), 'w').write('kept')")
    assert os.path.exists(os.path.join(fresh.venv, "cache", "c"))
    assert fresh.value("import os; print(open(os.path.expanduser('~/.cache/c')).read())") == "kept"


def test_users_pip_cache_only_if_asked_for(fresh):
    """SANDBOX_USE_PIP_CACHE (S4)."""
    who = fresh.who
    who.write(os.path.join(who.home, ".cache/pip/mark"), "the user's")
    mark = "open(os.path.expanduser('~/.cache/pip/mark')).read()"
    assert fresh.attempt(mark) == "ENOENT"
    assert fresh.attempt(mark, env={"SANDBOX_USE_PIP_CACHE": "1"}) == ""
    assert fresh.attempt(mark, env={"SANDBOX_USE_PIP_CACHE": ""}) == "ENOENT"
    shutil.rmtree(os.path.join(fresh.venv, "cache"))
    assert fresh.attempt(mark, env={"SANDBOX_USE_PIP_CACHE": "1"}) == ""


def test_home_removed_by_the_user_is_made_again(fresh):
    os.rmdir(os.path.join(fresh.venv, "home", ".cache"))
    os.rmdir(os.path.join(fresh.venv, "home"))
    assert fresh.attempt("open(os.path.expanduser('~/x'), 'w')") == ""


# --- the project ----------------------------------------------------------------------

def test_the_project_is_writable_at_its_own_path(pair):
    """And what is written is there outside, owned by the user (S3)."""
    box = pair.box
    assert box.value("import os; print(os.getcwd())") == box.project
    assert box.attempt("os.makedirs('made/deep'); open('made/deep/file', 'w').write('x'); os.rename('made', 'moved')") == ""
    st = os.stat(box.path("moved/deep/file"))
    assert (st.st_uid, st.st_gid, st.st_size) == (box.who.uid, box.who.gid, 1)
    assert box.attempt("os.unlink('moved/deep/file'); os.removedirs('moved/deep')") == ""


CHANGES = {
    "create": "open(p + '/vb-new', 'w')",
    "append": "open(f, 'a')",
    "truncate": "os.truncate(f, 0)",
    "chmod": "os.chmod(f, 0o755)",
    "utime": "os.utime(f)",
    "unlink": "os.unlink(f)",
    "rename a file": "os.rename(f, p + '/vb-moved')",
    "replace a file": "open('tmp', 'w').close(); os.replace('tmp', f)",
    "link out": "os.link(f, 'vb-linked')",
    "symlink": "os.symlink('/etc', p + '/vb-link')",
    "mkdir": "os.mkdir(p + '/vb-dir')",
    "chmod the directory": "os.chmod(p, 0o777)",
    "rename the directory": "os.rename(p, 'vb-away')",
    "rmdir": "os.rmdir(p)",
    "exchange": "os.mkdir('vb-other'); __import__('ctypes').CDLL(None, use_errno=True).renameat2(-100, b'vb-other', -100, p.encode(), 2) and "
                "(_ for _ in ()).throw(OSError(__import__('ctypes').get_errno(), ''))",
    "setxattr": "os.setxattr(f, 'user.vb', b'x')",
}
# chmod and utime of what one owns succeed in a plain venv; in the box none does.
REFUSED = ("EROFS", "EBUSY", "EXDEV")


@pytest.mark.parametrize("directory, file", [(".venv", "pyvenv.cfg"), (".venv/bin", "activate"), (f".venv/{'lib/python' + VERSION}/site-packages", "mark.py"),
                                             (".venv/venvbox", "venvbox.conf"), (".git", "config"), (".git/hooks", "mark")])
@pytest.mark.parametrize("change", CHANGES)
def test_venv_and_git_are_read_only(pair, directory, file, change):
    """Each change on a copy of the directory works, on the protected one it does not."""
    box = pair.box
    for name in ("mark.py", "mark"):
        if file == name and not os.path.exists(box.path(directory, file)):
            box.write(os.path.join(directory, file), "# mark\n")
    code = f"import shutil; p, f = sys.argv[1], sys.argv[1] + '/' + sys.argv[2]\n{CHANGES[change]}"
    got = box.attempt(code, directory, file)
    box.sh("rm -rf vb-away vb-linked tmp vb-other copy; mkdir -p copy/dir && echo x > copy/dir/file")
    control = box.attempt(code if change != "rmdir" else "os.mkdir('copy/dir/e'); os.rmdir('copy/dir/e')", "copy/dir", "file")
    box.sh("rm -rf vb-away vb-linked tmp vb-other copy")
    assert got in REFUSED
    assert control in ("", "ENOTSUP"), control


# Harmless also for root on a host where the box does not hold.
@pytest.mark.parametrize("code", [
    "os.rename('.', '../vb')", "os.rename(os.getcwd(), os.getcwd() + '2')", "os.chmod('/', 0o755)", "open('/usr/bin/env', 'a')",
    "open('/etc/passwd', 'a')", "open('/etc/hosts', 'a')", "os.rename('/usr/bin/env', '/usr/bin/env')", "open(sys.executable, 'a')", "os.rename(sys.executable, sys.executable)",
    "open('/proc/self/exe', 'a')", "os.mkdir('/dev/vb')",
])
def test_everything_else_is_read_only(box, code):
    assert box.attempt(code) in ("EROFS", "EBUSY", "EACCES", "EPERM", "EXDEV", "ETXTBSY")


# --- the system (S5) ------------------------------------------------------------------------

@pytest.mark.parametrize("tool", ["python3", "git", "sh", "bash", "env", "ls", "cat", "stat", "realpath", "uname", "sleep", "ldconfig"])
def test_named_tools_are_there(box, tool):
    done = box.py("import shutil, subprocess, sys\n"
                  "p = shutil.which(sys.argv[1], path='/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin')\n"
                  "sys.exit(subprocess.run([p, '--version']).returncode if p else 'missing')", tool)
    assert done.returncode == 0 or tool == "sh" and done.stderr.count("missing") == 0, tell(done)


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/resolv.conf", "/etc/localtime", "/etc/os-release", "/etc/ld.so.cache", "/etc/ssl/certs/ca-certificates.crt",
                                  "/usr/share/zoneinfo/UTC", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/usr/share/terminfo/x/xterm", "/lib/terminfo/x/xterm",
                                  "/usr/share/tcltk/tcl8.6/init.tcl", "/usr/share/tcl8.6/init.tcl"])
def test_needed_files_are_there(box, path):
    if not os.path.exists(path) and path not in ("/etc/passwd", "/etc/group"):
        assert box.attempt(READ, path) == "ENOENT"
    else:
        assert box.attempt("open(sys.argv[1], 'rb').read(1)", path) == ""


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/machine-id", "/etc/ssh", "/etc/pip.conf", "/etc/profile", "/root", "/var/lib",
                                  "/var/log", "/sys", "/boot", "/opt", "/srv", "/mnt", "/usr/bin/gcc", "/usr/bin/sudo", "/usr/bin/apt-get", "/usr/include",
                                  "/run/user", "/run/systemd", "/var/run/docker.sock", "/dev/kmsg", "/dev/vda", "/dev/mem", "/dev/fuse", "/dev/kvm", "/dev/net/tun"])
def test_the_rest_is_absent(box, path):
    got = box.attempt("os.stat(sys.argv[1])", path)
    assert got in ("ENOENT", "ENOTDIR", "EACCES"), path


def test_profile_system_shows_usr(lab, who):
    box = lab.box(who, "--profile", "system")
    for path in ("/usr/bin/apt-get", "/usr/share", "/usr/sbin"):
        assert box.attempt("os.stat(sys.argv[1])", path) == ""
    assert box.attempt("open('/usr/share/vb', 'w')") == "EROFS"
    assert box.attempt("os.stat('/etc/shadow')") == "ENOENT"


def test_certificates_and_zones_work(box):
    assert int(box.value("import ssl; print(len(ssl.create_default_context().get_ca_certs()))")) > 50
    assert box.value("import zoneinfo; print(zoneinfo.ZoneInfo('Europe/Berlin').utcoffset(__import__('datetime').datetime(2024, 7, 1)))") == "2:00:00"
    assert box.value("import locale; print(locale.setlocale(locale.LC_ALL, 'C.UTF-8'))") == "C.UTF-8"
    assert box.value("import socket; print(socket.getaddrinfo('localhost', 80)[0][4][1])") == "80"


def test_kernel_lists_are_of_the_box(box):
    """Only processes of the box are in /proc (S2)."""
    pids = box.value("import os; print([p for p in os.listdir('/proc') if p.isdigit()])")
    assert pids == "['1', '2']"


# --- users and temporary files (S18) ---------------------------------------------------------

def test_passwd_shows_the_user_and_few_others(box, who):
    names = box.value("import pwd; print([(p.pw_name, p.pw_uid) for p in pwd.getpwall()])")
    listed = dict(eval(names))  # pylint: disable=eval-used
    assert listed[who.name] == who.uid and set(listed) <= {"root", "nobody", who.name}
    assert box.value("import pwd, os; p = pwd.getpwuid(os.getuid()); print(p.pw_name, p.pw_dir)") == f"{who.name} {box.venv}/home"
    assert box.value("import getpass; print(getpass.getuser())") == who.name
    assert box.value("import grp, os; print(grp.getgrgid(os.getgid()).gr_gid)") == str(who.gid)


def test_uid_is_that_of_the_user(box, who):
    assert box.value("import os; print(os.getuid(), os.geteuid(), os.getgid())") == f"{who.uid} {who.uid} {who.gid}"


def test_tmp_is_private(pair):
    mark = "/tmp/vb-mark-" + os.path.basename(pair.box.project) + str(os.getpid())
    pair.box.who.write(mark, "host")
    try:
        assert pair.box.attempt(READ, mark) == "ENOENT"
        assert pair.plain.attempt(READ, mark) == ""
        assert pair.box.attempt("open(sys.argv[1] + '2', 'w')", mark) == ""
        assert not os.path.exists(mark + "2")
    finally:
        os.unlink(mark)
    assert pair.box.value("import os, tempfile; print(os.environ['TMPDIR'], tempfile.gettempdir())") == "/tmp /tmp"
    # The project lies below /var/tmp here: all that is seen there is the way to it.
    assert pair.box.value("import os; print(len(os.listdir('/var/tmp')))") == "1"


# --- working directory (S13) --------------------------------------------------------------------

def test_working_directory_outside_is_empty(pair):
    who = pair.box.who
    cwd = os.path.dirname(who.write(os.path.join(who.home, "elsewhere", "file"), "x"))
    code = "import os; print(os.getcwd(), os.listdir('.'))"
    assert pair.plain.value(code, cwd=cwd) == f"{cwd} ['file']"
    assert pair.box.value(code, cwd=cwd) == f"{cwd} []"
    assert pair.box.value(code, cwd=who.home).startswith(who.home + " [")
    assert ".ssh" not in pair.box.value(code, cwd=who.home)


@pytest.mark.parametrize("cwd", ["/", "/tmp", "/usr", "/etc", "/var/tmp", "/dev", "/proc"])
def test_working_directory_of_the_system(box, cwd):
    assert box.value("import os; print(os.path.realpath(os.getcwd()) == os.path.realpath(os.environ['PWD']))", cwd=cwd) == "True"


def test_working_directory_in_the_venv(box):
    assert box.value("import os; print(os.getcwd())", cwd=box.bin("")[:-1]) == box.venv + "/bin"


# --- the venv as the box sees it ------------------------------------------------------------------

def test_bin_inside_holds_the_same_names(box):
    inside = set(eval(box.value("import os, sys; print(os.listdir(os.path.dirname(sys.executable)))")))  # pylint: disable=eval-used
    outside = set(os.listdir(box.bin("")))
    assert inside - {"shell"} >= {n for n in outside if not n.startswith(("activate", "Activate", "shell"))}


def test_state_cannot_be_written_but_read(box):
    assert box.attempt("open(sys.prefix + '/venvbox/manifest').read()") == ""
    assert box.attempt("open(sys.prefix + '/venvbox/manifest', 'a')") == "EROFS"
    assert box.attempt("open(sys.prefix + '/venvbox/inner-bin/x', 'w')") == "EROFS"
