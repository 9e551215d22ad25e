# SPDX-License-Identifier: LGPL-2.1-or-later
"""pip as a transaction on bin: nothing before its end, true links after a death, a home of its own (issue 3, line 2)."""
import json
import os
import signal
import subprocess

import pytest

import packages
from boxlab import VERSION, refused, tell
from hostside import LOCAL, host_side, unchanged

# A build that makes a command and waits until the file `go` is there.
WAITS = ("import time\n"
         "p = os.environ['VIRTUAL_ENV'] + '/bin/early'\n"
         "open(p, 'w').write('#!/bin/sh\\necho early\\n'); os.chmod(p, 0o755)\n"
         "open({project!r} + '/up', 'w').close()\n"
         "while not os.path.exists({project!r} + '/go'): time.sleep(0.01)\n")


def wait_for(path, process):
    while not os.path.exists(path):
        assert process.poll() is None, tell(subprocess.CompletedProcess([], process.returncode, *process.communicate()))
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            pass


def building(box):
    """A pip run in the middle of a build which has left a command."""
    p = box.popen(["pip", *LOCAL, packages.sdist(box.who, box.project, "slow", WAITS.format(project=box.project))])
    wait_for(box.path("up"), p)
    return p


def in_bin(names):
    return {n for n in names if n.startswith("bin/")}


def links(box):
    return {n: os.readlink(box.bin(n)) for n in os.listdir(box.bin("")) if os.path.islink(box.bin(n))}


def test_a_name_is_published_only_after_pip_has_ended(fresh_pip):
    box = fresh_pip
    before = host_side(box)
    p = building(box)
    try:
        assert os.path.exists(os.path.join(box.state("inner-bin"), "early"))
        assert in_bin(unchanged(box, before)) == set()
        # Nor by a program that ends meanwhile: it is no pip run.
        assert box.py("pass").returncode == 0 and not os.path.lexists(box.bin("early"))
        refused(box.install(check=False))
        assert not os.path.lexists(box.bin("early"))
    finally:
        box.write("go", "")
        out, err = p.communicate(timeout=90)
    assert p.returncode == 0, (out, err)
    assert in_bin(unchanged(box, before)) == {"bin/early"}
    assert box.run(["early"]).stdout == "early\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_pip_that_was_killed(fresh_pip, number):
    """The venv works, every link leads to a command, and the next pip run brings bin up to date."""
    box = fresh_pip
    before = host_side(box)
    p = building(box)
    os.kill(p.pid, number)
    p.communicate(timeout=90)
    assert p.returncode != 0
    # What stands for absent names stays until the next run, after SIGKILL.
    assert in_bin(unchanged(box, before)) <= {"bin/early"}
    for name in links(box):
        inner = os.path.join(box.state("inner-bin"), name)
        assert os.path.lexists(inner) or name == "shell" or name.startswith("python"), name
    assert box.py("print(1)").stdout == "1\n"
    assert box.pip("--version").returncode == 0
    assert box.run(["early"]).stdout == "early\n"
    assert not os.path.exists(box.state("pip-tmp")) or os.listdir(box.state("pip-tmp")) == []


def test_a_command_that_a_killed_pip_had_removed(fresh_pip):
    """The link is left over: it says so, in the box, and runs nothing of the system's; the next pip run takes it away."""
    box = fresh_pip
    assert box.pip(*LOCAL, packages.wheel(box.who, box.project, "tool", commands=["tool"])).returncode == 0
    attack = f"import time\nos.unlink(os.environ['VIRTUAL_ENV'] + '/bin/tool')\nopen({box.path('up')!r}, 'w').close()\ntime.sleep(300)"
    p = box.popen(["pip", *LOCAL, packages.sdist(box.who, box.project, "slow", attack)])
    wait_for(box.path("up"), p)
    os.kill(p.pid, signal.SIGKILL)
    p.communicate(timeout=90)
    assert box.run(["tool"]).returncode == 127
    assert box.pip("--version").returncode == 0
    assert not os.path.lexists(box.bin("tool"))


def test_two_pip_runs_wait_for_each_other(fresh_pip):
    """The second would publish what the first has half made."""
    box = fresh_pip
    first = building(box)
    second = box.popen(["pip", "--version"])
    try:
        # Its lock is held for as long as the first one runs.
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(2)
        assert not os.path.lexists(box.bin("early"))
    finally:
        box.write("go", "")
        first.communicate(timeout=90)
    assert second.communicate(timeout=90)[0].startswith("pip ") and first.returncode == second.returncode == 0
    assert os.path.lexists(box.bin("early"))


# --- the home of pip -----------------------------------------------------------------------------

# What steers pip, build tools and Python from a home; with what a planted file would do.
PLANTS = {".config/pip/pip.conf": "[global]\nindex-url = http://evil.invalid/\ntarget = /evil\n", ".pip/pip.conf": "[global]\nindex-url = http://evil.invalid/\n",
          ".pypirc": "[pypi]\nrepository = http://evil.invalid/\n", ".netrc": "machine pypi.org login evil password evil\n", ".pydistutils.cfg": "[install]\nprefix = /evil\n",
          ".config/uv/uv.toml": "index-url = 'http://evil.invalid/'\n", ".gitconfig": "[core]\n\tfsmonitor = evil\n", ".curlrc": "evil\n",
          f".local/lib/python{VERSION}/site-packages/usercustomize.py": "open('/tmp/evil', 'w')\n", f".local/lib/python{VERSION}/site-packages/pip/__init__.py": "raise SystemExit(7)\n",
          ".local/bin/git": "#!/bin/sh\necho evil\n", ".cache/pip/wheels/evil.whl": "evil", ".cargo/config.toml": "evil", ".profile": "evil"}


@pytest.fixture(scope="module")
def home_of_pip(lab, who):
    """Planted by a program; then what a build sees of it: {name: content or None}, and pip's own view."""
    box = lab.box(who, pip=True)
    box.write("plants.json", json.dumps(PLANTS))
    box.value("import json, os\nfor name, text in json.load(open('plants.json')).items():\n"
              "    p = os.path.expanduser('~/' + name)\n    os.makedirs(os.path.dirname(p), exist_ok=True)\n    open(p, 'w').write(text)\n")
    code = ("import json\n"
            f"names = list(json.load(open({box.path('plants.json')!r})))\n"
            f"json.dump({{n: os.path.exists(os.path.expanduser('~/' + n)) for n in names}}, open({box.path('seen.json')!r}, 'w'))\n"
            "for n in names:\n"
            "    p = os.path.expanduser('~/' + n)\n"
            "    os.makedirs(os.path.dirname(p), exist_ok=True)\n"
            "    open(p, 'w').write('by pip')\n")
    done = box.pip(*[a for a in LOCAL if a != "-q"], packages.sdist(who, box.project, "reader", code))
    assert done.returncode == 0, tell(done)
    with open(box.path("seen.json"), encoding="utf-8") as f:
        return box, json.load(f)


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_what_a_program_planted_is_not_in_the_home_of_pip(home_of_pip, name):
    box, seen = home_of_pip
    assert seen[name] is False
    # Control: for programs it is there, and pip has not changed it.
    assert box.value("import os, sys; print(open(os.path.expanduser('~/' + sys.argv[1])).read())", name) == PLANTS[name].rstrip("\n")


@pytest.mark.parametrize("name", sorted(n for n in PLANTS if not n.startswith(".cache/")))
def test_what_a_build_left_in_its_home_is_gone(home_of_pip, name):
    """The next pip run has a fresh one."""
    assert home_of_pip[0].pip("config", "list").stdout == home_of_pip[0].pip("config", "list", env={"HOME": "/nowhere"}).stdout
    assert not os.path.exists(os.path.join(home_of_pip[0].venv, "home", name)) or "by pip" not in open(os.path.join(home_of_pip[0].venv, "home", name), encoding="utf-8").read()


@pytest.mark.parametrize("name", ["pip.py", "pip/__main__.py", "logging.py", "ensurepip.py"])
def test_a_planted_pip_is_not_run(fresh_pip, name):
    """Left in the project by a program, for the user's next `python -m pip`."""
    fresh_pip.write(name, "import os; open(os.environ['VIRTUAL_ENV'] + '/planted', 'w').close()\n")
    done = fresh_pip.run(["python", "-m", "pip", "--version"])
    assert done.stdout.startswith("pip ") and not os.path.exists(fresh_pip.venv + "/planted"), tell(done)
