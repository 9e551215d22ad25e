# SPDX-License-Identifier: LGPL-2.1-or-later
"""Settings, the policy file, bubblewrap options, --print-plan (spec S6, S7; issue 2)."""
import os
import shlex
import socket

import pytest

from boxlab import refused, tell


# --- the policy file -------------------------------------------------------------------

@pytest.mark.parametrize("text, line", [
    ("[box]\nnetwrok = none\n", 2), ("[box]\nnetwork = sometimes\n", 2), ("[box]\nprofile =\n", 2), ("[bocks]\nnetwork = none\n", 1),
    ("network = none\n", 1), ("[box]\n\n# comment\nro = relative/path\n", 4), ("[box]\nno equals sign\n", 2), ("[box]\nenv = A-B\n", 2),
    ("[box]\nbwrap = --no-such-option\n", 2), ("[box]\nbwrap = --seccomp 3\n", 2), ("[box]\nunprotect = .venv\n", 2), ("[box]\nproject = ..\n", 2),
    ("[box]\nro = /a\\qb\n", 2),
])
def test_error_names_file_and_line(fresh, text, line):
    """And nothing runs."""
    fresh.conf(text)
    refused(fresh.py("open('ran', 'w')"), f"{fresh.state('venvbox.conf')}:{line}")
    assert not os.path.exists(fresh.path("ran"))
    fresh.conf("[box]\n")
    assert fresh.py("open('ran', 'w')").returncode == 0 and os.path.exists(fresh.path("ran"))


def test_missing_file_means_defaults(fresh):
    if os.path.exists(fresh.state("venvbox.conf")):
        os.unlink(fresh.state("venvbox.conf"))
    assert fresh.py("print(1)").stdout == "1\n"


def test_empty_list_means_none(fresh, lab, who):
    shared = lab.directory(who, "shared")
    fresh.conf(f"[box]\nro = {shared}\nro =\n")
    done = fresh.py("import os, sys; print(os.path.exists(sys.argv[1]))", shared)
    assert done.stdout == "True\n", tell(done) # a key without items takes none away
    fresh.conf("[box]\nro =\n")
    assert fresh.py("import os, sys; print(os.path.exists(sys.argv[1]))", shared).stdout == "False\n"


@pytest.mark.parametrize("change", ["chmod 666", "chmod 602", "ln"])
def test_a_file_that_others_can_change_is_refused(fresh, change):
    conf = fresh.conf("[box]\n")
    assert fresh.py("pass").returncode == 0
    fresh.sh({"ln": f"ln '{conf}' other-name"}.get(change, f"{change} '{conf}'"), check=True)
    refused(fresh.py("print(1)"), "venvbox.conf")


def test_a_link_as_policy_is_refused(fresh):
    conf = fresh.conf("[box]\n")
    os.rename(conf, fresh.path("mine.conf"))
    os.symlink(fresh.path("mine.conf"), conf)
    refused(fresh.py("print(1)"), "venvbox.conf")


# --- settings ------------------------------------------------------------------------------

@pytest.fixture
def shared(lab, who):
    directory = lab.directory(who, "shared dir")
    who.write(directory + "/file", "x")
    return directory


def test_ro(lab, who, shared):
    box = lab.box(who)
    assert box.attempt("open(sys.argv[1] + '/file')", shared) == "ENOENT"
    box.install("--ro", shared)
    assert box.attempt("open(sys.argv[1] + '/file')", shared) == ""
    assert box.attempt("open(sys.argv[1] + '/file', 'a')", shared) == "EROFS"


def test_rw(lab, who, shared):
    box = lab.box(who, "--rw", shared)
    assert box.attempt("open(sys.argv[1] + '/new', 'w')", shared) == ""
    assert os.path.exists(shared + "/new")


def test_settings_before_the_venv(lab, who, shared):
    plain = lab.plain(who)
    done = who.run([lab.installer, "--ro", shared, "--network", "none", plain.venv])
    assert done.returncode == 0, tell(done)
    assert plain.attempt("open(sys.argv[1] + '/file')", shared) == ""


def test_install_again_changes_only_what_is_named(lab, who, shared):
    box = lab.box(who, "--ro", shared, "--network", "none", "--hostname", "sandbox")
    box.install("--env", "X")
    assert box.attempt("open(sys.argv[1] + '/file')", shared) == ""
    assert box.value("import socket; print(socket.gethostname(), [i[1] for i in socket.if_nameindex()])") == "sandbox ['lo']"
    box.install("--network", "host")
    assert box.value("import socket; print(socket.gethostname())") == "sandbox"
    assert len(box.value("import os; print(os.readlink('/proc/self/ns/net'))")) > 0


def test_network(lab, who):
    """none: not even the host's loopback. host (default): reachable (S14)."""
    box = lab.box(who)
    connect = "socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10).close()"
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        port = str(s.getsockname()[1])
        assert box.attempt(connect, port) == ""
        assert box.attempt(connect, port, env={"BWRAP_ARGS": "--unshare-net"}) == "ECONNREFUSED"
        box.install("--network", "none")
        assert box.attempt(connect, port) == "ECONNREFUSED"
        assert box.value("import os; print(os.readlink('/proc/self/ns/net'))") != os.readlink("/proc/self/ns/net")


@pytest.mark.parametrize("args", [["--network", "some"], ["--profile", "large"], ["--ro"], ["--ro", "/proc"], ["--rw", "/"], ["--publish", "a/b"], ["--unprotect", "/etc"],
                                  ["--project", "/no/such/directory"], ["--bwrap", "--no-such 1"], ["--no-such-option"], ["--seccomp", "3"]], ids=" ".join)
def test_bad_settings_are_refused_and_change_nothing(lab, who, args):
    plain = lab.plain(who)
    before = sorted(os.listdir(plain.venv)), sorted(os.listdir(plain.bin("")))
    refused(who.run([lab.installer, plain.venv, *args], cwd=plain.project))
    assert (sorted(os.listdir(plain.venv)), sorted(os.listdir(plain.bin("")))) == before
    assert plain.value("print([l for l in open('/proc/self/status') if l.startswith('Seccomp:')])").endswith("\\t0\\n']")


def test_a_path_that_is_gone_is_told(lab, who, shared):
    box = lab.box(who, "--ro", shared)
    os.rename(shared, shared + "-gone")
    refused(box.py("print(1)"), os.path.basename(shared))


def test_project_directory(lab, who):
    """--project: the venv lies below, or elsewhere."""
    top = lab.directory(who)
    box = lab.box(who, "--project", top, project=who.makedirs(os.path.join(top, "envs", "x")))
    assert box.attempt("open(sys.argv[1] + '/made', 'w')", top) == ""
    assert box.attempt("open(sys.argv[1] + '/envs/x/made', 'w')", top) == ""
    assert box.attempt("os.rename(sys.argv[1] + '/envs', sys.argv[1] + '/moved')", top) in ("EBUSY", "EXDEV")
    assert box.attempt("os.mkdir(sys.argv[1] + '/.git')", top) in ("EROFS", "EEXIST")
    assert box.attempt("open(sys.prefix + '/made', 'w')") == "EROFS"


def test_project_elsewhere(lab, who):
    work = lab.directory(who, "work")
    box = lab.box(who, "--project", work, project=lab.directory(who, "envs"))
    assert box.attempt("open('made', 'w')", cwd=work) == "" and os.path.exists(work + "/made")
    assert box.attempt("open('made', 'w')", cwd=box.project) in ("EROFS", "EACCES")
    assert not os.path.exists(box.path("made"))


# --- bubblewrap options (S6) --------------------------------------------------------------------

def test_options_after_the_venv_are_kept(lab, who, shared):
    box = lab.box(who, "--ro-bind", shared, "/opt/shared", "--hostname", "sandbox", "--tmpfs", "/opt/scratch")
    assert box.attempt("open('/opt/shared/file')") == ""
    assert box.attempt("open('/opt/shared/file', 'a')") == "EROFS"
    assert box.attempt("open('/opt/scratch/x', 'w')") == ""
    assert box.value("import socket; print(socket.gethostname())") == "sandbox"


def test_bwrap_args_for_one_run(box, shared):
    """Split at spaces, or at newlines if there is one."""
    spaced = f"--bind\n{shared}\n/opt/d"
    assert box.attempt("open('/opt/d/file', 'a')", env={"BWRAP_ARGS": spaced}) == ""
    assert box.attempt("open('/opt/e/file')", env={"BWRAP_ARGS": "--ro-bind /etc /opt/e  --dir  /opt/f"}) == "ENOENT"
    assert box.attempt("os.stat('/opt/e/shadow')", env={"BWRAP_ARGS": "--ro-bind /etc /opt/e"}) == ""
    assert box.attempt("os.stat('/opt/e')") == "ENOENT"


def test_later_wins(lab, who, shared):
    box = lab.box(who, "--ro-bind", shared, "/opt/d")
    assert box.attempt("open('/opt/d/file', 'a')") == "EROFS"
    assert box.attempt("open('/opt/d/file', 'a')", env={"BWRAP_ARGS": f"--bind\n{shared}\n/opt/d"}) == ""
    assert box.attempt("open('/opt/d/file')", env={"BWRAP_ARGS": "--tmpfs /opt/d"}) == "ENOENT"


def test_a_users_bind_covers_a_default(box, shared):
    """Over the defaults below it: /etc/hosts, /tmp."""
    hosts = box.who.write(shared + "/hosts", "127.0.0.1 mine\n")
    assert box.value("print(open('/etc/hosts').read().strip())", env={"BWRAP_ARGS": f"--ro-bind\n{hosts}\n/etc/hosts"}) == "127.0.0.1 mine"
    assert box.attempt("open('/tmp/file')", env={"BWRAP_ARGS": f"--ro-bind\n{shared}\n/tmp"}) == ""


@pytest.mark.parametrize("words", [
    "--args 3", "--seccomp 3", "--add-seccomp-fd 3", "--userns 3", "--userns2 3", "--pidns 3", "--info-fd 3", "--json-status-fd 3", "--sync-fd 3",
    "--block-fd 3", "--userns-block-fd 3", "--bind-fd 3 /x", "--ro-bind-fd 3 /x", "--bind-data 3 /x", "--file 3 /x", "--exec-label x", "--argv0 x",
    "--bind / /", "--ro-bind / /", "--proc /proc", "--tmpfs /run/venvbox", "--bind /tmp relative", "--ro-bind /etc /a/../../b", "--no-such", "--bind /x", "word",
    "--remount-ro /", "--chmod 0777 /", "--unshare-user --bind",
])
def test_options_that_are_refused(box, words):
    refused(box.py("print(1)", env={"BWRAP_ARGS": words}))


@pytest.mark.parametrize("words", ["--die-with-parent", "--as-pid-1", "--new-session", "--unshare-pid", "--unshare-all --share-net", "--unshare-ipc --unshare-uts", "--dev /opt/dev", "--mqueue /opt/mq",
                                   "--perms 0700 --tmpfs /opt/t", "--symlink /etc /opt/l", "--ro-bind-try /no/such /opt/x", "--dev-bind /dev/null /opt/null", "--dev-bind /dev/null /dev/null2", "--uid 0 --gid 0",
                                   "--chdir /tmp", "--cap-drop ALL"])
def test_options_that_are_taken(box, words):
    done = box.py("print(open('/proc/self/status').read())", env={"BWRAP_ARGS": words})
    assert "Seccomp:\t2" in done.stdout and done.stderr == "", tell(done)


def test_chdir(box):
    assert box.value("import os; print(os.getcwd(), os.environ['PWD'])", env={"BWRAP_ARGS": "--chdir /tmp"}) == "/tmp /tmp"


# --- known uses (S7) ----------------------------------------------------------------------------

def test_usr_and_lib_to_compile(lab, who):
    box = lab.box(who, "--ro-bind", "/usr", "/usr", "--ro-bind", "/lib", "/lib")
    box.write("x.c", "int main(void) { return 42; }\n")
    assert box.py("import subprocess, sys; subprocess.run(['cc', '-o', 'x', 'x.c'], check=True); sys.exit(subprocess.run(['./x']).returncode)").returncode == 42


def test_a_unix_socket_bound_under_another_name(lab, who):
    """--bind /tmp/.X11-unix/X0 /tmp/.X11-unix/X8 --setenv DISPLAY :8"""
    place = lab.directory(who, "x11")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(place + "/X0")
        os.chmod(place + "/X0", 0o777)
        s.listen(1)
        box = lab.box(who, "--bind", place + "/X0", "/tmp/.X11-unix/X8", "--setenv", "DISPLAY", ":8")
        assert box.attempt("s = socket.socket(socket.AF_UNIX); s.connect('/tmp/.X11-unix/X8')") == ""
        assert box.value("import os; print(os.environ['DISPLAY'], os.listdir('/tmp/.X11-unix'))") == ":8 ['X8']"


def test_uid_0_and_net_bind_service(lab, who):
    box = lab.box(who)
    assert "ip_unprivileged_port_start" not in box.install().stdout
    assert "hint: " in box.install("--uid", "0", "--cap-add", "cap_net_bind_service").stdout
    assert "ip_unprivileged_port_start" in box.install().stdout
    assert "ip_unprivileged_port_start" not in box.install("--network", "none").stdout
    assert box.value("import os; print(os.getuid())") == "0"


def test_an_ide_directory(lab, who, shared):
    box = lab.box(who, "--ro-bind", shared, shared)
    assert box.attempt("open(sys.argv[1] + '/file')", shared) == ""


# --- --print-plan ---------------------------------------------------------------------------------

def plan_of(box, **kw):
    done = box.install("--print-plan", **kw)
    assert done.stderr == ""
    return done.stdout


def test_print_plan_is_one_word_a_line(lab, who, shared):
    box = lab.box(who, "--ro", shared, "--hostname", "a b")
    words = [shlex.split(line.rstrip("\\")) for line in plan_of(box).splitlines()]
    assert all(len(w) == 1 for w in words)
    flat = [w[0] for w in words]
    assert flat[0] == "/usr/bin/bwrap" and shared in flat and "a b" in flat and flat[-1] == "/bin/sh"
    assert not [w for w in flat if w.endswith("-fd")]


def test_print_plan_can_be_pasted(lab, who, shared):
    """Into bash, at a path with quotes and blanks: the same mounts as in a run."""
    box = lab.box(who, "--ro", shared, project=who.makedirs(os.path.join(lab.directory(who), "it's \"odd\" $x")))
    script = plan_of(box).rstrip("\n")
    if "\\\n" not in script:
        script = " ".join(script.splitlines())
    probe = "; ".join(f"for p in {shlex.quote(p)}; do test -e \"$p\" && echo yes || echo no; done" for p in
                      (shared + "/file", box.project, os.path.join(who.home, ".ssh"), "/etc/shadow", box.venv + "/bin/python"))
    done = box.run(["/bin/bash", "-c", script], input=f"{probe}\ntouch {shlex.quote(box.venv)}/x || echo refused\n")
    assert done.stdout.split() == ["yes", "yes", "no", "no", "yes", "refused"], tell(done)


def test_print_plan_leaves_the_environment_out(box):
    done = box.sh('API_TOKEN=sesame FOO=sesame "$1" --print-plan .venv', box.lab.installer)
    assert done.returncode == 0 and "sesame" not in done.stdout and "setenv" not in done.stdout, tell(done)


def test_print_plan_changes_nothing(fresh):
    before = sorted(os.listdir(fresh.project)), sorted(os.listdir(fresh.state()))
    plan_of(fresh)
    assert (sorted(os.listdir(fresh.project)), sorted(os.listdir(fresh.state()))) == before
