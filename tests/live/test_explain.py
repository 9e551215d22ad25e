# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install --explain: what it says is what a box does."""
import json
import os
import re
import shlex

import pytest

from boxlab import SECRET, SITE, refused, snapshot, tell


def explain(box, *words, **kw):
    done = box.install("--explain", *words, **kw)
    assert done.stderr == "", tell(done)
    return done.stdout


def rows(text):
    """(key, value, origin) of each line of the policy."""
    return [(line[2:18].strip(), *re.split(r"  +", line[18:], maxsplit=1)) for line in text.splitlines()
            if line.startswith("  ") and len(re.split(r"  +", line[18:], maxsplit=1)) == 2]


def said(box, path, **kw):
    """What is said of a path, by the words in front."""
    lines = explain(box, path, **kw).splitlines()[1:]
    found = {}
    for line in lines:
        found.setdefault(line[2:16].strip(), line[16:])
    if found["pip runs"] == "the same":
        found["pip runs"] = found["programs"]
    return found


# --- origins ------------------------------------------------------------------------------

def test_defaults(fresh):
    found = rows(explain(fresh))
    for row in (("profile", "minimal", "default"), ("", "system", "always so for pip runs"), ("network", "host", "default"), ("ro", "none", "default"),
                ("project", fresh.project, "default"), ("bwrap", "none", "default"), ("memory", "the caller's", "default"), ("capabilities", "none", "default")):
        assert row in found


def test_the_default_of_processes_is_what_a_run_gets(fresh):
    limit = next(value for key, value, origin in rows(explain(fresh)) if (key, origin) == ("processes", "default"))
    assert fresh.value("import resource; print(resource.getrlimit(resource.RLIMIT_NPROC)[0])") == limit


def test_settings_of_the_venv(lab, who):
    shared = lab.directory(who, "shared")
    box = lab.box(who, "--profile", "system", "--network", "none", "--ro", shared, "--memory", "4G", "--env", "MY_TOKEN")
    found = rows(explain(box))
    for key, value in (("profile", "system"), ("network", "none"), ("ro", shared), ("memory", "4G"), ("env", "MY_TOKEN")):
        assert (key, value, "venvbox.conf of the venv") in found


def test_the_policy_file_by_hand(fresh):
    fresh.conf("[box]\nnetwork = none\nunprotect = .git\n[limits]\nfiles = 500\n")
    found = rows(explain(fresh))
    for key, value in (("network", "none"), ("unprotect", ".git"), ("files", "500")):
        assert (key, value, "venvbox.conf of the venv") in found


def test_options_of_bubblewrap(lab, who):
    """Kept ones, those of this shell, and which of them decides."""
    shared = lab.directory(who, "shared")
    box = lab.box(who, "--unshare-net", "--hostname", "kept")
    found = rows(explain(box))
    assert ("bwrap", "--hostname kept", "venvbox.conf of the venv") in found
    assert ("network", "none", "bubblewrap option kept with the venv") in found
    env = {"BWRAP_ARGS": f"--share-net --ro-bind {shared} {shared} --setenv KEY {SECRET}"}
    text = explain(box, env=env)
    found = rows(text)
    assert ("network", "host", "BWRAP_ARGS of the environment") in found
    assert ("BWRAP_ARGS", f"--ro-bind {shared} {shared}", "environment") in found
    assert re.search(rf"^  read-only  {re.escape(shared)} +your option in BWRAP_ARGS$", text, re.M)
    assert SECRET not in text
    box.install("--ro-bind", shared, shared)
    assert re.search(rf"^  read-only  {re.escape(shared)} +your option, kept with the venv$", explain(box), re.M)


def test_calls(fresh):
    assert any(key == "system calls" and value.endswith("allowed by name") and origin == "default" for key, value, origin in rows(explain(fresh)))
    found = rows(explain(fresh, env={"SANDBOX_SECCOMP_ALLOW": "read write"}))
    assert ("system calls", "read write", "SANDBOX_SECCOMP_ALLOW of the environment") in found


def test_variables_that_stay_outside(fresh):
    done = fresh.sh('MY_TOKEN="$2" "$1" .venv --explain', fresh.lab.installer, SECRET)
    assert re.search("^  withheld        MY_TOKEN ", done.stdout, re.M) and SECRET not in done.stdout, tell(done)


def test_what_dotenv_says_in_vain(fresh):
    fresh.write(".env", f"A=1\nBWRAP_ARGS=--share-net\nSANDBOX_SECCOMP_ALLOW={SECRET}\n")
    text = explain(fresh)
    assert re.search(r"^  \.env +line 2: BWRAP_ARGS .*  ignored$", text, re.M)
    assert re.search(r"^  \.env +line 3: SANDBOX_SECCOMP_ALLOW .*  ignored$", text, re.M)
    assert SECRET not in text and "line 1" not in text


def test_a_source_that_is_gone(lab, who):
    shared = lab.directory(who, "shared")
    box = lab.box(who, "--ro", shared)
    assert "missing" not in explain(box)
    os.rmdir(shared)
    assert re.search(rf"^  read-only  {re.escape(shared)} +your setting ro; missing on the host, so nothing runs$", explain(box), re.M)
    refused(box.py("pass"), shared)


# --- a box does what is said ------------------------------------------------------------------

PROBE = r"""
import json, os, sys
def writes(path):
    try:
        if os.path.isdir(path):
            os.mkdir(path + "/probe-7f"); os.rmdir(path + "/probe-7f")
        else:
            with open(path, "r+b"): pass
    except OSError:
        return False
    return True
def content(path):
    try:
        return open(path, "rb").read(4096).hex() if os.path.isfile(path) else None
    except OSError:
        return "unreadable"
json.dump({p: [os.path.exists(p), writes(p), content(p)] for p in json.loads(sys.argv[1])}, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def scene(lab, who):
    """A box whose project and neighbourhood have one of each."""
    shared, given, hidden = (lab.directory(who, name) for name in ("shared", "given", "hidden"))
    box = lab.box(who, "--ro", shared, "--rw", given, "--bind", given, "/srv/elsewhere", "--tmpfs", "/srv/empty")
    for directory in (shared, given, hidden):
        who.write(directory + "/file", "x")
    for name in ("file", ".env", "sub/.git/config", "plain/file"):
        box.write(name, "x")
    box.install()
    who.write(box.site("pip", "__main__.py"), PROBE)
    who.write(box.site("pip", "__init__.py"), "")
    who.write(box.site("probe.py"), PROBE)
    for name, to in (("to-shared", shared), ("to-hidden", hidden), ("to-keys", who.home + "/.ssh")):
        os.symlink(to, box.path(name))
    marker = f"/tmp/vbtest-marker-{os.getpid()}-{who.name}"
    who.write(marker, "x")
    box.paths = [
        *map(box.path, ("", "file", "none", "plain", "plain/file", ".git", ".env", ".envrc", ".vscode", "sub", "sub/.git", "sub/.git/config", "to-shared", "to-shared/file",
                        "to-hidden", "to-hidden/file", "to-keys", ".venv", ".venv/lib", ".venv/pyvenv.cfg", ".venv/bin", ".venv/bin/python", ".venv/venvbox",
                        ".venv/venvbox/venvbox.conf", ".venv/home", ".venv/cache", SITE.join((".venv/", "/probe.py")))),
        os.path.dirname(box.project), who.home, who.home + "/.ssh", who.home + "/.ssh/id_ed25519", who.home + "/.bashrc",
        shared, shared + "/file", given, given + "/file", hidden, hidden + "/file", "/srv/elsewhere", "/srv/elsewhere/file", "/srv/empty", "/srv",
        "/", "/etc", "/etc/passwd", "/etc/hosts", "/etc/shadow", "/etc/ssl/certs", "/usr/bin/env", "/usr/bin/python3", "/bin/sh", "/usr/include", "/usr/lib", "/lib",
        "/tmp", marker, "/var/tmp", "/dev/null", "/dev/shm", "/dev/mem", "/dev/fuse", "/proc", "/proc/self/status", "/sys", "/root", "/home", "/run", "/var",
    ]
    box.paths = [path.rstrip("/") or "/" for path in box.paths]
    yield box
    os.unlink(marker)


def agree(word, path, exists, writable, content):
    """Does what was observed fit what was said?"""
    there = "nothing is there" not in word
    if word.startswith("hidden"):
        return not exists
    if word.startswith(("read-only", "protected")):
        return exists == there and not writable
    if word.startswith("read-write"):
        return exists == there and writable == there
    if word.startswith("masked"):
        return exists and not writable and content in (None, "")
    if word.startswith("a copy"):
        with open(path, "rb") as f:
            return exists and content == f.read(4096).hex()
    if word.startswith("a fixed text"):
        with open(path, "rb") as f:
            return exists and not writable and content != f.read(4096).hex()
    if word.startswith("a directory that holds"):
        return exists and not writable and content is None
    if word.startswith("private"):
        return exists == there
    return False


@pytest.mark.parametrize("run, args", [("programs", ["-m", "probe"]), ("pip runs", ["-m", "pip"])])
def test_a_box_does_what_is_said(scene, run, args):
    """Programs report through the project; so does pip."""
    words = {path: said(scene, path)[run] for path in scene.paths}
    done = scene.run(["python", *args, json.dumps(scene.paths), scene.path("report")], cwd=scene.project)
    assert done.returncode == 0, tell(done)
    with open(scene.path("report"), encoding="utf-8") as f:
        seen = json.load(f)
    wrong = {path: (word, seen[path]) for path, word in words.items() if not agree(word, path, *seen[path])}
    assert not wrong
    kinds = {re.split("[:;,]", word)[0] for word in words.values()}
    assert {"hidden", "read-only", "read-write", "protected", "masked", "private", "a fixed text of venvbox"} <= kinds


@pytest.mark.parametrize("name, rule", [(".git", ".git"), (".env", ".env"), (".envrc", ".envrc"), ("sub/.git", "sub/.git")])
def test_the_rule_that_protects(scene, name, rule):
    found = said(scene, scene.path(name))
    assert shlex.split(found["to change"]) == ["venvbox-install", scene.venv, "--unprotect", rule]


def test_the_venv_cannot_be_unprotected(scene):
    found = said(scene, scene.venv + "/lib")
    assert found["programs"].startswith("protected") and found["pip runs"] == "read-write"
    assert "--unprotect" not in found["to change"]


def test_the_host(scene, who):
    assert said(scene, who.home + "/.bashrc")["on the host"] == "a file"
    assert said(scene, scene.path("none"))["on the host"] == "nothing"
    assert said(scene, scene.path("sub"))["on the host"] == "a directory"
    assert said(scene, scene.path("to-keys"))["on the host"] == f"a link, really {who.home}/.ssh"
    assert said(scene, "/dev/null")["on the host"] == "a device"


def test_a_relative_path_is_below_the_working_directory(scene):
    assert said(scene, "config", cwd=scene.path("sub/.git"))["programs"] == "protected: read-only"
    assert explain(scene, "../x", cwd=scene.path("sub")).splitlines()[0] == scene.path("x")


# --- the line to paste ---------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["plain", "two words", "it's", "$HOME", "`id`", "new\nline", "\033[31m", "back\\slash", "ünïcode", "a;b&c", "bad\udcffbyte"])
def test_the_line_does_what_it_says(lab, who, name):
    box = lab.box(who)
    path = who.write(os.path.join(lab.directory(who, "odd"), name), "x")
    assert box.attempt("open(sys.argv[1])", path) == "ENOENT"
    line = said(box, path)["to change"]
    assert line.startswith("venvbox-install ")
    done = box.run(["/bin/bash", "-c", f'venvbox-install() {{ "{lab.installer}" "$@"; }}\n{line}'])
    assert done.returncode == 0, tell(done)
    assert box.attempt("open(sys.argv[1])", path) == ""
    assert box.attempt("open(sys.argv[1], 'a')", path) == "EROFS"


def test_the_line_behind_a_link_names_where_it_leads(lab, who):
    """Upon a link in the project nothing can be mounted."""
    box = lab.box(who)
    shared = lab.directory(who, "shared")
    os.symlink(shared, box.path("link"))
    assert shlex.split(said(box, "link")["to change"]) == ["venvbox-install", box.venv, "--ro", shared]
    box.install("--ro", shared)
    assert said(box, "link")["programs"] == "read-only"


def test_a_link_from_outside_into_the_project_gets_no_line(lab, who):
    """As a source it would be refused."""
    box = lab.box(who)
    box.write("file", "x")
    link = os.path.join(lab.directory(who, "links"), "link")
    os.symlink(box.path("file"), link)
    text = explain(box, link)
    assert f"really {box.path('file')}\n" in text and "\n  to change     use the place" in text and "venvbox-install" not in text
    box.install("--ro", link)
    refused(box.py("pass"), link)


@pytest.mark.parametrize("name", [".ssh", ".ssh/id_ed25519", ".aws", ".netrc", ""])
def test_keys_get_no_line(fresh, who, name):
    text = explain(fresh, os.path.join(who.home, name))
    assert "\n  not advised   " in text and "venvbox-install" not in text
    os.symlink(os.path.join(who.home, name), fresh.path("innocent"))
    text = explain(fresh, "innocent")
    assert "\n  not advised   " in text and "venvbox-install" not in text


@pytest.mark.parametrize("path", ["/run/docker.sock", "/run/dbus/system_bus_socket", "/home", "/etc", "/etc/shadow", "/dev/mem", "/sys"])
def test_what_opens_the_host_gets_no_line(fresh, path):
    text = explain(fresh, path)
    assert "\n  not advised   " in text and "venvbox-install" not in text


def test_the_line_of_a_device(lab, who):
    """A box without the camera goes on."""
    box = lab.box(who)
    found = said(box, "/dev/video63")
    assert found["not advised"].startswith("a device")
    line = shlex.split(found["if need be"])
    assert line == ["venvbox-install", box.venv, "--dev-bind-try", "/dev/video63", "/dev/video63"]
    box.install(*line[2:])
    assert box.py("pass").returncode == 0


def test_a_device_that_is_given_is_said_to_be(lab, who):
    box = lab.box(who, "--dev-bind-try", "/dev/fuse", "/dev/fuse")
    assert said(box, "/dev/fuse")["programs"] == "read-write"
    assert box.value("import os; print(os.path.exists('/dev/fuse'))") == "True"


@pytest.mark.parametrize("path", ["/", "/proc", "/proc/1"])
def test_what_cannot_be_mounted(fresh, path):
    text = explain(fresh, path)
    assert "\n  not possible  " in text and "venvbox-install" not in text


def test_what_runs_outside_gets_no_line_to_write_it(fresh, who):
    found = said(fresh, who.home + "/.bashrc")
    assert "--ro" in found["to change"] and "to write it" not in found
    fresh.install("--ro", who.home + "/.bashrc")
    found = said(fresh, who.home + "/.bashrc")
    assert found["programs"] == "read-only" and "not writable" in found and "to change" not in found


# --- people's screens, and their disks ------------------------------------------------------------

def test_no_terminal_obeys_it(lab, who):
    box = lab.box(who, "--hostname", "\033[31m")
    odd = who.makedirs(os.path.join(lab.directory(who), "\033[2J\n\u202e"))
    os.symlink(odd, box.path("odd"))
    box.install("--ro", odd)
    for text in (explain(box), explain(box, odd), explain(box, "odd"), explain(box, odd + "/none")):
        assert all(c.isprintable() or c == "\n" for c in text), text
        assert "\\x1b[2J\\n" in text or "\\033[2J\\n" in text


def test_it_changes_nothing(fresh, who):
    """Also where a run would make the directories of pip's cache."""
    cache = os.path.join(who.home, ".cache")
    aside = cache + "-aside"
    if os.path.exists(cache):
        os.rename(cache, aside)
    before = snapshot(fresh.project)
    for words in (["--explain"], ["--explain", fresh.path(".git")], ["--explain", "/tmp/x"], ["--print-plan"]):
        done = fresh.install(*words, env={"SANDBOX_USE_PIP_CACHE": "1"})
        assert done.stderr == "" and done.stdout != "", tell(done)
    assert snapshot(fresh.project) == before and not os.path.exists(cache)
    assert fresh.run(["python", "-c", "pass"], env={"SANDBOX_USE_PIP_CACHE": "1"}).returncode == 0
    assert os.path.isdir(cache + "/pip") # a run makes it
    if os.path.exists(aside):
        os.rmdir(cache + "/pip")
        os.rmdir(cache)
        os.rename(aside, cache)


def test_it_runs_nothing(fresh, who):
    """Not even where every start would leave a trace."""
    who.write(fresh.site("x.pth"), f"import os; open({fresh.path('ran')!r}, 'w')\n")
    explain(fresh)
    explain(fresh, fresh.path("x"))
    assert not os.path.exists(fresh.path("ran"))
    assert fresh.py("pass").returncode == 0 and os.path.exists(fresh.path("ran"))


@pytest.mark.parametrize("words", [["--explain"], ["--explain", "/etc"], ["--explain=/etc"]])
def test_a_plain_venv_is_refused(lab, who, words):
    plain = lab.plain(who)
    done = who.run([lab.installer, plain.venv, *words])
    refused(done, plain.venv)
    gone = who.run([lab.installer, plain.venv + "-gone", *words])
    assert gone.returncode == 125 and gone.stderr.startswith("venvbox: ") and gone.stdout == "", tell(gone)


def test_a_policy_that_is_wrong_is_refused(fresh):
    fresh.conf("[box]\nnetwrok = none\n")
    refused(fresh.install("--explain", check=False), "venvbox.conf:2")


def test_links_in_a_circle_are_refused(fresh):
    os.symlink("b", fresh.path("a"))
    os.symlink("a", fresh.path("b"))
    refused(fresh.install("--explain", "a/x", check=False), "a/x")
