# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install where it must refuse (issue 2, Bad input)."""
import fcntl
import os
import struct

import pytest

from boxlab import PYTHON, VERSION, refused, tell
from installing import install, refuses

F_OFD_SETLK = 37  # fcntl(2); Python names it from 3.9 on only where its libc did


def cfg(plain, **change):
    """pyvenv.cfg with some keys changed, or left out (None)."""
    path = plain.venv + "/pyvenv.cfg"
    with open(path, encoding="utf-8") as f:
        keys = dict(line.rstrip("\n").split(" = ", 1) for line in f if " = " in line)
    keys.update(change)
    plain.who.write(path, "".join(f"{k} = {v}\n" for k, v in keys.items() if v is not None))


# --- what is no venv ----------------------------------------------------------------------

def test_bin_is_no_directory(lab, who):
    plain = lab.plain(who)
    os.rename(plain.bin(""), plain.venv + "/elsewhere")
    refuses(lab, who, plain, "no directory bin")
    os.symlink("elsewhere", plain.venv + "/bin")
    refuses(lab, who, plain, "is not a directory")
    os.unlink(plain.venv + "/bin")
    os.rename(plain.venv + "/elsewhere", plain.venv + "/bin")
    assert install(lab, who, plain.venv).returncode == 0


@pytest.mark.parametrize("change,word", [({"home": None}, "home"), ({"home": "relative"}, "absolute"), ({"version": "three"}, "version"),
                                         ({"version": "2.7.18"}, "2.7"), ({"version": "3.7.16"}, "3.7"), ({"home": "/no/such/dir"}, "gone"),
                                         ({"version": "3.99.1"}, "3.99")])
def test_bad_cfg(lab, who, change, word):
    plain = lab.plain(who)
    cfg(plain, **change, **({"executable": None} if "home" in change or "3.99.1" in change.values() else {}))
    refuses(lab, who, plain, word)


@pytest.mark.parametrize("how", ["link", "fifo", "nul", "writable"])
def test_odd_cfg(lab, who, how):
    plain = lab.plain(who)
    path = plain.venv + "/pyvenv.cfg"
    if how == "link":
        os.rename(path, path + ".real")
        os.symlink("pyvenv.cfg.real", path)
    elif how == "fifo":
        os.unlink(path)
        os.mkfifo(path)
    elif how == "nul":
        who.write(path, open(path, "rb").read() + b"x\0y = 1\n")
    else:
        os.chmod(path, 0o666)
    done = install(lab, who, plain.venv)
    refused(done, "pyvenv.cfg")
    assert not os.path.exists(plain.state())


def test_venv_that_everybody_may_write(lab, who):
    plain = lab.plain(who)
    os.chmod(plain.venv, 0o777)
    refuses(lab, who, plain, "everybody may write")
    os.chmod(plain.venv, 0o755)
    assert install(lab, who, plain.venv).returncode == 0


def test_venv_of_another_user(lab):
    """Not boxed by a third; root boxes it as its owner."""
    assert os.getuid() == 0, "run the tests as root"
    user = lab.user("user")
    plain = lab.plain(user)
    os.chown(plain.venv, 12345, 12345)
    refused(install(lab, user, plain.venv), "belongs to user 12345")
    os.chown(plain.venv, user.uid, user.gid)
    assert install(lab, lab.user("root"), plain.venv).returncode == 0
    assert os.lstat(plain.state("manifest")).st_uid == user.uid
    assert install(lab, user, "--status", plain.venv).returncode == 0


# --- its interpreter ------------------------------------------------------------------------

@pytest.fixture
def base(lab, who):
    """A base interpreter that the test may change: a script around the system's."""
    top = lab.directory(who, "base")
    python = f"{top}/bin/python{VERSION}"
    who.write(python, f'#!/bin/sh\nexec {PYTHON} "$@"\n', 0o755)
    return python


def based(lab, who, python, **kw):
    plain = lab.plain(who, **kw)
    cfg(plain, home=os.path.dirname(python), executable=None)
    return plain


def test_base_in_the_project_is_not_executed(lab, who):
    """What code in a box may write does not run on the host."""
    plain = lab.plain(who)
    ran = plain.project + "-ran"
    who.write(plain.path("base", "python3"), f"#!/bin/sh\ntouch '{ran}'\n", 0o755)
    cfg(plain, home=plain.path("base"), executable=None)
    refuses(lab, who, plain, "where code in the box can write")
    assert not os.path.exists(ran)


@pytest.mark.parametrize("how", [["--rw", "@"], ["--bind", "@", "@"], ["--rw=@"]])
def test_base_that_a_setting_makes_writable(lab, who, base, how):
    plain = based(lab, who, base)
    top = os.path.dirname(os.path.dirname(base))
    refuses(lab, who, plain, "where code in the box can write", args=[w.replace("@", top) for w in how])
    assert install(lab, who, plain.venv).returncode == 0


def test_base_that_others_may_write(lab, who, base):
    plain = based(lab, who, base)
    os.chmod(base, 0o777)
    refuses(lab, who, plain, "others may change")


@pytest.mark.parametrize("body,word", [("exit 1", "does not work"), ("echo 'Traceback' >&2; exit 3", "Traceback"), ("exit 0", "does not work"),
                                       ("printf 'pypy\\0003.11\\0x\\0/usr\\0a\\0b\\0c\\0d\\0e\\0f\\000'", "pypy"),
                                       ("printf 'cpython\\0003.6\\0x\\0/usr\\0a\\0b\\0c\\0d\\0e\\0f\\000'", "is 3.6 now"),
                                       ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "File too large")])
def test_base_that_does_not_work(lab, who, base, body, word):
    plain = based(lab, who, base)
    who.write(base, f"#!/bin/sh\n{body}\n", 0o755)
    refuses(lab, who, plain, word)


def test_base_sees_no_environment(lab, who, base):
    plain = based(lab, who, base)
    ran = plain.project + "-env"
    who.write(base, f"#!/bin/sh\n(env; echo \"words: $1 $2\") > '{ran}'\nexec {PYTHON} \"$@\"\n", 0o755)
    assert install(lab, who, plain.venv, env={"API_TOKEN": "sesame", "PYTHONPATH": plain.project}).returncode == 0
    said = open(ran, encoding="utf-8").read()
    assert "sesame" not in said and "PYTHONPATH" not in said and "words: -I -S\n" in said


def test_nothing_of_the_venv_is_executed(lab, who):
    plain = lab.plain(who)
    ran = plain.project + "-ran"
    for name in ("python", "python3", "python" + VERSION, "pip"):
        if os.path.lexists(plain.bin(name)):
            os.unlink(plain.bin(name))
        who.write(plain.bin(name), f"#!/bin/sh\ntouch '{ran}'\n", 0o755)
    for name in ("sitecustomize.py", "usercustomize.py"):
        who.write(plain.site(name), f"open({ran!r}, 'w')\n")
    who.write(plain.site("x.pth"), f"import os; open({ran!r}, 'w')\n")
    assert install(lab, who, plain.venv).returncode == 0
    assert not os.path.exists(ran)


# --- the project ------------------------------------------------------------------------------

@pytest.mark.parametrize("project", ["/", "/usr", "/usr/lib", "/etc", "/tmp", "/home", "/var", "/proc", "/no/such/directory", "@libexec", "@prefix", "@venv", "@bin"])
def test_project_that_is_refused(lab, who, project):
    plain = lab.plain(who)
    names = {"@libexec": lab.libexec, "@prefix": lab.prefix, "@venv": plain.venv, "@bin": plain.bin("")}
    refuses(lab, who, plain, "--project DIR", args=["--project", names.get(project, project)])


def test_project_file_is_believed_once(lab, who):
    """pip can write .project: what it says later is not obeyed."""
    plain = lab.plain(who)
    project, other = lab.directory(who, "project"), lab.directory(who, "other")
    who.write(plain.venv + "/.project", project + "\n")
    assert "note: " in install(lab, who, plain.venv).stdout
    who.write(plain.venv + "/.project", other + "\n")
    assert install(lab, who, plain.venv).returncode == 0
    manifest = open(plain.state("manifest"), "rb").read()
    assert b"project=" + os.fsencode(project) in manifest and os.fsencode(other) not in manifest


@pytest.mark.parametrize("text", ["relative\n", "", "\n", "/no/such/directory\n", "/\n", "long"])
def test_bad_project_file(lab, who, text):
    plain = lab.plain(who)
    who.write(plain.venv + "/.project", "x" * 5000 if text == "long" else text)
    refuses(lab, who, plain)


def test_writable_setting_over_our_programs(lab, who):
    refuses(lab, who, lab.plain(who), "the programs that make the box", args=["--rw", lab.prefix])


# --- the command line ---------------------------------------------------------------------------

@pytest.mark.parametrize("args,word", [(["--nosuch"], "--nosuch"), (["extra"], "extra"), (["--setenv", "A"], "--setenv"), (["--ro"], "--ro"),
                                       (["--profile", "wide"], "wide"), (["--network=lan"], "lan"), (["--env", "A=B"], "A=B"), (["--seccomp", "3"], "--seccomp"),
                                       (["--status", "--remove"], "--remove"), (["--remove", "--network", "none"], "settings"), (["-x"], "-x"),
                                       (["--bind", "/x", "relative"], "relative"), (["--unshare-net", "--status"], "settings")])
def test_bad_arguments(lab, who, args, word):
    refuses(lab, who, lab.plain(who), word, args=args)


def test_bubblewrap_option_before_the_venv(lab, who):
    plain = lab.plain(who)
    refused(install(lab, who, "--unshare-net", plain.venv), "unknown option '--unshare-net'", "after the venv")
    assert not os.path.exists(plain.state())


def test_our_options_on_both_sides(lab, who):
    """--ro after the venv is ours, also between bubblewrap's, whose own arguments are not looked at."""
    plain = lab.plain(who)
    done = install(lab, who, "--network=none", plain.venv, "--setenv", "--ro", "--status", "--ro", "/srv", "--hostname", "inside")
    assert done.returncode == 0, tell(done)
    lines = open(plain.state("venvbox.conf"), encoding="utf-8").read().splitlines()
    for line in ("network = none", "ro = /srv", "bwrap = --setenv --ro --status", "bwrap = --hostname inside"):
        assert line in lines


def test_policy_that_is_wrong(lab, who):
    """Named with file and line; nothing is rewritten."""
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    who.write(plain.state("venvbox.conf"), "[box]\nnetwork = none\nsurprise = 1\n", 0o600)
    refuses(lab, who, plain, "venvbox.conf:3", args=["--ro", "/srv"])


def test_policy_with_comments_is_kept(lab, who):
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    text = "# mine\n[box]\nnetwork = none\n"
    who.write(plain.state("venvbox.conf"), text, 0o600)
    assert install(lab, who, plain.venv).returncode == 0
    assert open(plain.state("venvbox.conf"), encoding="utf-8").read() == text


# --- the state ------------------------------------------------------------------------------------

@pytest.mark.parametrize("change,word", [("chmod 666 manifest", "writable by others"), ("ln manifest other", "hard links"), ("mv manifest m && ln -s m manifest", "link"),
                                         ("chmod 777 .", "writable by others"), ("chmod 666 venvbox.conf", "writable by others")])
def test_state_that_others_could_have_written(lab, who, change, word):
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    who.sh(f"cd \"$1\" && {change}", plain.state(), check=True)
    refuses(lab, who, plain, word)
    assert install(lab, who, "--status", plain.venv).returncode == 2


@pytest.mark.parametrize("change", ["rm manifest", "echo > manifest", "sed -i s/^format=.*/format=9/ manifest", "rm -r etc pip-cache lock filter.bpf venvbox.conf",
                                    "rm -r inner-bin/python; mkdir inner-bin/python inner-bin/python3.99; ln -sf /etc inner-bin/python3"])
def test_again_mends(lab, who, change):
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    who.sh(f"cd \"$1\" && {change}", plain.state(), check=True)
    done = install(lab, who, plain.venv)
    assert done.returncode == 0, tell(done)
    assert install(lab, who, "--status", plain.venv).returncode == 0
    assert os.readlink(plain.state("inner-bin", "python3")) == "python" and os.path.getsize(plain.state("inner-bin", "python")) == 0


def test_directory_of_that_name_is_not_ours(lab, who):
    plain = lab.plain(who)
    who.write(plain.state("thesis.txt"), "mine")
    refuses(lab, who, plain, "is in the way")


def test_what_the_host_put_into_bin(lab, who):
    """uv writes there itself: boxed at the next install, never run outside."""
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    who.write(plain.bin("later"), "#!/bin/sh\necho later\n", 0o755)
    assert install(lab, who, "--status", plain.venv).returncode == 2
    assert "later" in install(lab, who, plain.venv).stdout
    assert os.readlink(plain.bin("later")) == os.path.join(lab.libexec, "venvbox-launcher")
    assert open(plain.state("inner-bin", "later"), encoding="utf-8").read() == "#!/bin/sh\necho later\n"
    assert install(lab, who, "--status", plain.venv).returncode == 0


def test_link_of_another_installation(lab, who):
    """An upgrade may have moved our programs."""
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    for name in ("python", "shell"):
        os.unlink(plain.bin(name))
        os.symlink("/opt/old/libexec/venvbox/venvbox-launcher", plain.bin(name))
        os.lchown(plain.bin(name), who.uid, who.gid)
    assert install(lab, who, "--status", plain.venv).returncode == 2
    assert install(lab, who, plain.venv).returncode == 0
    assert install(lab, who, "--status", plain.venv).returncode == 0


def test_hard_links_are_not_trusted(lab, who):
    """uv links files of its cache: what the host trusts is a copy."""
    plain = lab.plain(who)
    cache = who.write(plain.project + "-cache", "# cached\n")
    os.link(cache, plain.bin("extra.txt"))
    assert install(lab, who, plain.venv).returncode == 0
    assert os.stat(plain.bin("extra.txt")).st_ino != os.stat(cache).st_ino


def test_set_user_id_bits_are_not_copied(lab, who):
    plain = lab.plain(who)
    who.write(plain.bin("tool"), "#!/bin/sh\n", 0o755)
    os.chmod(plain.bin("tool"), 0o6755)
    assert install(lab, who, plain.venv).returncode == 0
    assert os.stat(plain.state("inner-bin", "tool")).st_mode & 0o7777 == 0o755


# --- removal ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["lock", "pip.lock"])
def test_remove_while_a_box_runs(lab, who, name):
    """A launcher holds these locks; what it has mounted must not be taken away."""
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    with open(plain.state(name), "r+b") as f:
        fcntl.fcntl(f.fileno(), F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0))
        refuses(lab, who, plain, "a box", args=["--remove"])
    assert install(lab, who, "--remove", plain.venv).returncode == 0


def test_remove_leaves_out_shadows_and_links(lab, who):
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    inner = plain.state("inner-bin")
    who.write(inner + "/ls", "#!/bin/sh\n", 0o755)
    who.write(inner + "/tool", "#!/bin/sh\n", 0o755)
    os.symlink("/etc/passwd", inner + "/leak")
    done = install(lab, who, "--remove", plain.venv)
    assert done.returncode == 0 and "ls" in done.stdout and "leak" in done.stdout and "tool" in done.stdout, tell(done)
    names = os.listdir(plain.bin(""))
    assert "tool" in names and "ls" not in names and "leak" not in names


def test_remove_without_a_manifest(lab, who):
    plain = lab.plain(who)
    assert install(lab, who, plain.venv).returncode == 0
    os.unlink(plain.state("manifest"))
    refuses(lab, who, plain, "manifest", args=["--remove"])
