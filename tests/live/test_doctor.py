# SPDX-License-Identifier: LGPL-2.1-or-later
"""venvbox-install --doctor: a host and a box in order, with a venv, with a policy that opens things, interrupted (spec B11).

That each canary can fail, and hosts that cannot make a box, are in test_doctor_fails.py.
"""
import glob
import json
import os
import re
import signal

import pytest

from boxlab import refused, snapshot, tell
from doctor import MISSING, WELL, attacks, by_id, doctor, is_well, not_held, place, report, results, started
from installing import install


# --- all is well -------------------------------------------------------------------------------------------

def test_text(lab, who):
    done = doctor(lab, who)
    assert done.returncode == WELL and done.stderr == "", tell(done)
    *lines, last = done.stdout.splitlines()
    assert sum(not re.match(r"(held|info) +\S", line) for line in lines) == len(MISSING), tell(done)
    assert [line for line in lines if "reads a decoy key in the home" in line] == ["held        reads a decoy key in the home"]
    held = sum(line.startswith("held ") for line in lines)
    assert last == f"{held} held, {len(MISSING)} not held" and held >= len(attacks() - MISSING) + 6


def test_json(lab, who):
    done, said = report(lab, who)
    assert done.returncode == WELL and done.stderr == "" and is_well(said), tell(done)
    assert said["kernel"] == os.uname().release and re.fullmatch(r"\d+\.\d+\.\d+", said["version"])
    assert all(set(c) == {"id", "group", "title", "result", "detail", "remedy"} for c in said["checks"])
    assert {c["result"] for c in said["checks"] if c["id"] not in MISSING} == {"held", "info"}


def test_every_attack_is_made(lab, who):
    """The table is the program's; what it lists is in the report once, and held."""
    _, said = report(lab, who)
    ids = [c["id"] for c in said["checks"]]
    assert attacks() <= set(ids) and len(ids) == len(set(ids))
    assert {i for i, c in by_id(said).items() if c["result"] == "held"} >= attacks() - MISSING


@pytest.mark.parametrize("args", [[], ["--json"]])
def test_nothing_is_left_behind(lab, who, args):
    tmp = place(lab, who)
    before, names = snapshot(who.home), set(os.listdir("/var/tmp")) | set(os.listdir("/tmp"))
    assert doctor(lab, who, *args, tmp=tmp).returncode == WELL
    assert os.listdir(tmp) == [] and snapshot(who.home) == before
    assert not [n for n in (set(os.listdir("/var/tmp")) | set(os.listdir("/tmp"))) - names if "doctor" in n]


def test_without_tmpdir_it_works_below_var_tmp(lab, who):
    done = who.run([lab.installer, "--doctor"], env={"TMPDIR": "/nonexistent"})
    assert done.returncode == WELL, tell(done)


def test_callers_environment_changes_nothing(lab, who):
    """What would open a box, or fill its environment, is not the doctor's."""
    env = {"BWRAP_ARGS": "--bind /var/tmp /var/tmp", "SANDBOX_SECCOMP_ALLOW": "", "DOCTOR_FAKE_TOKEN": "x", "PYTHONPATH": "/nonexistent", "LD_LIBRARY_PATH": "/x"}
    done = doctor(lab, who, env=env)
    assert done.returncode == WELL, tell(done)


def test_with_no_terminal_and_closed_descriptors(lab, who):
    done = who.sh('exec "$1" --doctor 0<&- 2>&-', lab.installer, env={"TMPDIR": place(lab, who)})
    assert done.returncode == WELL and f"{len(MISSING)} not held" in done.stdout, tell(done)


# --- a venv of the user's ---------------------------------------------------------------------------------------

def test_with_a_venv(lab, who):
    box = lab.box(who)
    before = snapshot(box.project)
    _, said = report(lab, who, box.venv)
    assert snapshot(box.project) == before
    found = by_id(said)
    assert is_well(said) and found["status"]["result"] == "held" and found["make-git"]["result"] == "held"
    assert found["write-git"]["result"] == "info"  # there is none to write


def test_with_a_venv_in_a_repository(lab, who):
    box = lab.box(who)
    box.write(".git/config", "[core]\n")
    before = snapshot(box.project)
    _, said = report(lab, who, box.venv)
    assert snapshot(box.project) == before
    assert is_well(said) and results(said)["write-git"] == "held" and results(said)["make-git"] == "info"


def test_root_with_the_venv_of_a_user(lab):
    assert os.getuid() == 0, "run the tests as root: only root can be another user"
    box = lab.box(lab.user("user"))
    before = snapshot(box.project)
    tmp = lab.user("user").makedirs(os.path.join(lab.user("user").home, "tmp-of-root"))
    done = doctor(lab, lab.user("root"), box.venv, tmp=tmp)
    assert done.returncode == WELL, tell(done)
    assert os.listdir(tmp) == [] and snapshot(box.project) == before


def test_a_venv_that_is_not_boxed(lab, who):
    plain = lab.plain(who)
    refused(install(lab, who, "--doctor", plain.venv), "is not boxed", "venvbox-install")
    refused(install(lab, who, "--doctor", plain.project), "no pyvenv.cfg")
    assert not glob.glob(plain.project + "/venvbox-doctor*")


def test_a_venv_that_was_tampered_with(lab, who):
    box = lab.box(who)
    assert results(report(lab, who, box.venv)[1])["status"] == "held"
    os.chmod(box.state("filter.bpf"), 0o666)
    done, said = report(lab, who, box.venv)
    assert done.returncode == 1 and results(said)["status"] == "not-held"


# --- what a policy opens -------------------------------------------------------------------------------------------

def opened(lab, who, *options, **kw):
    """Reports of a fresh box and of one with these options; what differs."""
    box = lab.box(who)
    box.write(".git/config", "[core]\n")
    tmp = place(lab, who)
    before = results(report(lab, who, box.venv, tmp=tmp)[1])
    box.install(*[o.replace("@TMP@", tmp) for o in options])
    done, said = report(lab, who, box.venv, tmp=tmp, **kw)
    assert done.returncode == WELL and not_held(said) <= MISSING, tell(done)  # with no network there are no abstract sockets either
    return {i: r for i, r in results(said).items() if before.get(i) != r}, said


@pytest.mark.parametrize("option", [["--ro", "@TMP@"], ["--rw", "@TMP@"], ["--ro-bind", "@TMP@", "@TMP@"]])
def test_a_path(lab, who, option):
    changed, said = opened(lab, who, *option)
    kind = "bwrap-option" if len(option) == 3 else option[0][2:]
    assert {i: r for i, r in changed.items() if i != "write-stdin"} == {"read-key": "open", "read-link": "open", kind: "open"}
    assert option[0].lstrip("-") in by_id(said)["read-key"]["detail"]


def test_unprotect(lab, who):
    changed, said = opened(lab, who, "--unprotect", ".git")
    assert changed == {"write-git": "open", "unprotect": "open"}
    assert by_id(said)["write-git"]["detail"] == "unprotect .git"


def test_a_variable(lab, who):
    assert opened(lab, who, "--env", "DOCTOR_FAKE_TOKEN")[0] == {"env-token": "open", "env": "open"}


@pytest.mark.parametrize("option, row", [("--processes=none", "fork-bomb"), ("--processes=20000", "fork-bomb"), ("--tmp=none", "big-tmp"),
                                         ("--tmp=1T", "big-tmp")])
def test_a_limit_that_is_lifted(lab, who, option, row):
    changed, said = opened(lab, who, option)
    assert changed == {row: "open"} and by_id(said)[row]["detail"] == option[2:].replace("=", " ")


@pytest.mark.parametrize("option", ["--processes=500", "--tmp=1M"])
def test_a_limit_that_is_tighter_opens_nothing(lab, who, option):
    assert opened(lab, who, option)[0] == {}


def test_a_capability(lab, who):
    changed, said = opened(lab, who, "--cap-add", "cap_net_bind_service")
    assert changed == {"seal-capabilities": "open", "init-capabilities": "open", "bwrap-option": "open"}
    assert "--cap-add" in by_id(said)["seal-capabilities"]["detail"]


@pytest.mark.parametrize("options", [["--network", "none"], ["--profile", "system"], ["--clearenv"], ["--chdir", "/"], ["--tmpfs", "/var/tmp"]])
def test_what_opens_nothing(lab, who, options):
    changed, said = opened(lab, who, *options)
    assert set(changed) - MISSING <= {"bwrap-option"} and "open" not in [results(said)[i] for i in set(changed) & MISSING]


def test_text_says_what_is_opened(lab, who):
    box = lab.box(who, "--env", "DOCTOR_FAKE_TOKEN")
    done = doctor(lab, who, box.venv)
    assert done.returncode == WELL, tell(done)
    assert re.search(r"^opened +finds an exported variable", done.stdout, re.M) and "2 opened by the policy" in done.stdout.splitlines()[-1]


# --- interrupted ------------------------------------------------------------------------------------------------------

def living(word):
    """Processes of which a word or the working directory has this in it, the test's own left out."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if word.encode() in f.read() and int(pid) != os.getpid():
                    found.append(pid)
        except OSError:
            pass
    return found


# An attacker that comes to its end where it is not asked to wait: "outside" or "inside", as its argument 3 says.
SLOW = """#!/bin/sh
if [ "$3" = @PLACE@ ]; then
	: > "$9/started"
	@HOW@
fi
printf 'x 0 \\nend 0 \\n'
"""


@pytest.fixture
def slow_canary(lab):
    def start(who, tmp, place_of, *args, how="read forever <&8", **kw):
        path = lab.user("root").write(os.path.join(lab.top, "slow-canary"), SLOW.replace("@PLACE@", place_of).replace("@HOW@", how), 0o755)
        return started(lab, who, path, tmp, *args, **kw)
    return start


@pytest.mark.parametrize("with_venv", [False, True], ids=["throwaway", "venv"])
@pytest.mark.parametrize("place_of", ["outside", "inside"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(lab, who, slow_canary, number, place_of, with_venv):
    box = lab.box(who) if with_venv else None
    before = snapshot(box.project) if box else None
    tmp = place(lab, who)
    with slow_canary(who, tmp, place_of, *([box.venv] if box else [])) as p:
        assert living(tmp)
        os.kill(p.pid, number)
        assert p.wait(60) == -number
    assert os.listdir(tmp) == [] and living(tmp) == []
    assert box is None or snapshot(box.project) == before


@pytest.mark.parametrize("place_of", ["outside", "inside"])
def test_interrupted_with_an_attacker_that_does_not_end(lab, who, slow_canary, place_of):
    """It ignores what it is told to end with."""
    tmp = place(lab, who)
    with slow_canary(who, tmp, place_of, how="trap '' HUP INT TERM; while :; do read forever <&8; done") as p:
        os.kill(p.pid, signal.SIGTERM)
        assert p.wait(60) == -signal.SIGTERM
        assert os.listdir(tmp) == [] and living(tmp) == []


def test_a_signal_that_the_caller_ignores(lab, who, slow_canary):
    """nohup: it goes on, and here it is ended by another one."""
    tmp = place(lab, who)
    with slow_canary(who, tmp, "inside", ignore=signal.SIGHUP) as p:
        os.kill(p.pid, signal.SIGHUP)
        os.kill(p.pid, signal.SIGTERM)
        assert p.wait(60) == -signal.SIGTERM
    assert os.listdir(tmp) == [] and living(tmp) == []


# --- trouble of its own --------------------------------------------------------------------------------------------------

def test_disk_full(lab, who):
    """Two lines and 125; nothing is left."""
    tmp = place(lab, who)
    for call, k in (("mkdir", 2), ("mkdir", 4), ("symlink", 1)):
        done = who.run(["/usr/bin/strace", "-fqqo", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSPC:when={k}", lab.installer, "--doctor"],
                       env={"TMPDIR": tmp})
        refused(done, "No space left on device")
        assert os.listdir(tmp) == []


@pytest.mark.parametrize("args, word", [(["--json"], "--doctor"), (["--status", "--json"], "--doctor"), (["--doctor", "--network", "none"], "settings"),
                                        (["--doctor", "--status"], "does not go with")])
def test_words_that_do_not_go_together(lab, who, args, word):
    refused(install(lab, who, *args), word)


def test_standard_output_that_takes_nothing(lab, who):
    with open("/dev/full", "wb") as full:
        done = who.run([lab.installer, "--doctor", "--json"], stdout=full, env={"TMPDIR": place(lab, who)})
    assert done.returncode == 125 and "standard output" in done.stderr, tell(done)


def test_from_inside_a_box(lab, who):
    box = lab.box(who, "--ro", lab.prefix)
    done = box.py("import subprocess, sys; p = subprocess.run([sys.argv[1], '--doctor'], stdout=-1, stderr=-1, text=True); print(p.returncode, p.stderr)", lab.installer)
    assert done.stdout.startswith("125 venvbox: ") and "inside a box" in done.stdout, tell(done)


def test_json_is_one_document(lab, who):
    """Also where a path has what JSON escapes, and what is no UTF-8."""
    odd = who.makedirs(os.path.join(place(lab, who), 'a "b" \\ \n \udcff'))
    box = lab.box(who, "--ro", odd)
    done, said = report(lab, who, box.venv)
    assert json.loads(done.stdout.encode("utf-8").decode("utf-8")) == said
    assert by_id(said)["ro"]["title"].startswith("ro ") and 'a "b" \\ \\n \\xff' in by_id(said)["ro"]["title"]
