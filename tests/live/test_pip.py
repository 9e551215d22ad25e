# SPDX-License-Identifier: LGPL-2.1-or-later
"""pip in a boxed venv does what pip does (spec S4, S11, B2; issue 2). The first part uses the package index."""
import os

import pytest

import packages
from boxlab import VERSION, tell
from packages import sdist, source_tree, wheel

LOCAL = ["--no-index", "--no-cache-dir", "--disable-pip-version-check"]
SEALED = "assert 'Seccomp:\\t2' in open('/proc/self/status').read()\n"


def good(done):
    assert done.returncode == 0, tell(done)
    return done


# --- from the index --------------------------------------------------------------------

@pytest.fixture(scope="module")
def work(lab, who):
    """A venv with real packages, installed as a user does."""
    box = lab.box(who, pip=True)
    good(box.sh(". .venv/bin/activate; pip install -q requests flask pytest ruff numpy", timeout=600))
    return box


def test_flask(work):
    assert "Werkzeug" in good(work.sh(". .venv/bin/activate; flask --version")).stdout


def test_pytest_runs_a_small_project_boxed(work):
    work.write("mod.py", "def double(x):\n    return 2 * x\n")
    work.write("test_mod.py", "from mod import double\ndef test_double():\n    assert double(2) == 4\n"
                              f"def test_box():\n    {SEALED}")
    assert "2 passed" in good(work.run(["pytest", "-q", "test_mod.py"])).stdout
    assert work.run(["pytest", "-q", "no_such"]).returncode == 4


def test_ruff_is_native_and_boxed(work):
    """It sees the project, not a file outside (judged by the file system)."""
    work.write("lint/good.py", "x = 1\n")
    good(work.run(["ruff", "check", "--select", "F", "lint"]))
    work.write("lint/bad.py", "import os\n")
    assert "F401" in work.run(["ruff", "check", "--select", "F", "lint"]).stdout
    outside = work.who.write(os.path.join(work.who.home, "outside", "mod.py"), "import os\n")
    done = work.run(["ruff", "check", "--select", "F", os.path.dirname(outside)])
    assert "F401" not in done.stdout, tell(done)
    # As the host would run it: the same file is found.
    assert "F401" in work.who.run([work.state("inner-bin", "ruff"), "check", "--select", "F", "--no-cache", os.path.dirname(outside)]).stdout


def test_numpy_and_requests(work):
    assert work.value("import numpy as n; print(int((n.ones((50, 50)) @ n.ones((50, 50))).sum()))") == "125000"
    assert work.value("import requests; print(requests.Request('GET', 'http://x/').prepare().url)") == "http://x/"


def test_every_command_leads_to_the_launcher(work, lab):
    for name in ("flask", "pytest", "ruff", "pip", "python"):
        assert os.path.realpath(work.bin(name)) == os.path.realpath(os.path.join(lab.libexec, "venvbox-launcher"))


def test_uninstalled_command_disappears(lab, who):
    box = lab.box(who, pip=True)
    good(box.pip("install", "-q", "flask"))
    assert os.path.lexists(box.bin("flask"))
    good(box.pip("uninstall", "-q", "-y", "flask"))
    assert not os.path.lexists(box.bin("flask"))
    assert "No module named" in box.py("import flask").stderr


def test_pip_upgrades_itself_and_stays_boxed(lab, who):
    box = lab.box(who, pip=True)
    good(box.pip("install", "-q", "-U", "pip"))
    good(box.pip("--version"))
    assert box.value("import importlib.metadata as m; print(m.version('pip'))") in box.pip("--version").stdout
    good(box.pip("install", "-q", *LOCAL, sdist(who, box.project, "after", SEALED)))


def test_c_extension_is_built(lab, who):
    box = lab.box(who, pip=True)
    box.write("ext/setup.py", "from setuptools import setup, Extension\nsetup(name='ext', version='1.0', ext_modules=[Extension('ext', ['ext.c'])])\n")
    box.write("ext/ext.c", "#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, \"ext\"};\n"
                           "PyMODINIT_FUNC PyInit_ext(void) { PyObject *m = PyModule_Create(&def); if (m) PyModule_AddIntConstant(m, \"answer\", 42); return m; }\n")
    archive = packages.packed(who, box.project, "ext", {f: box.path("ext", f) for f in ("setup.py", "ext.c")})
    good(box.pip("install", "-q", archive))
    assert box.value("import ext; print(ext.answer)") == "42"


def test_editable_install_of_the_project(lab, who):
    box = lab.box(who, pip=True)
    box.write("pyproject.toml", '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
                                '[project]\nname = "mine"\nversion = "1.0"\n[project.scripts]\nmine = "mine:main"\n[tool.setuptools]\npy-modules = ["mine"]\n')
    box.write("mine.py", "def main():\n    print('first')\n")
    good(box.run(["python", "-m", "pip", "install", "-q", "-e", "."]))
    assert good(box.run(["mine"])).stdout == "first\n"
    box.write("mine.py", "def main():\n    print('second')\n")
    assert good(box.run(["mine"])).stdout == "second\n"


# --- every name of pip -------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["pip"], ["pip3"], ["pip" + VERSION], ["python", "-m", "pip"], ["python3", "-mpip"], ["python", "-I", "-m", "pip"],
                                   ["python" + VERSION, "-Im", "pip"], ["python", "-X", "utf8", "-W", "ignore", "-m", "pip"], ["python", "@/.venv/bin/pip"]],
                         ids=" ".join)
def test_is_a_pip_run(lab, who, words):
    """It may write the venv; a program may not."""
    box = lab.box(who, pip=True)
    path = wheel(who, box.project, "tiny", commands=["tiny"])
    good(box.run([w.replace("@", box.project) for w in words] + ["install", "-q", *LOCAL, path]))
    assert good(box.run(["tiny"])).stdout == "tiny 1.0\n"
    assert box.attempt("open(sys.prefix + '/x', 'w')") == "EROFS"


@pytest.mark.parametrize("args", [[], ["--version"], ["help"], ["install"], ["install", "--no-index", "no-such"], ["no-such-command"], ["config", "list"], ["check"],
                                  ["list", "--format=freeze"], ["show", "pip"], ["config", "debug"]], ids=" ".join)
def test_same_as_plain(lab, who, pip_pair, args):
    """Exit status, and what the user sees. pip's own configuration is honoured."""
    boxed, plain = pip_pair.both(lambda v: (lambda d: (d.returncode, d.stdout))(v.pip(*args)))
    if args == ["config", "debug"]:
        keep = ("exists: True", "global.", "PIP_")
        boxed, plain = ([line.strip() for line in said[1].splitlines() if any(k in line for k in keep)] for said in (boxed, plain))
        boxed, plain = ([line for line in said if pip_pair.box.who.home not in line and "/home/" not in line] for said in (boxed, plain))
    assert boxed == plain


@pytest.fixture(scope="module")
def pip_pair(lab, who):
    from boxlab import Pair
    return Pair(lab, who, pip=True)


# --- the bin directory is a transaction (B2) --------------------------------------------------------

def test_new_command_is_boxed_at_once(fresh_pip, who):
    path = wheel(who, fresh_pip.project, "tiny", {"tiny.py": "def main():\n    " + SEALED + "    print('ok')\n"}, commands=["tiny"])
    assert good(fresh_pip.pip("install", "-q", *LOCAL, path)).stderr == ""
    assert good(fresh_pip.sh(". .venv/bin/activate; tiny")).stdout == "ok\n"
    good(fresh_pip.pip("uninstall", "-q", "-y", "tiny"))
    assert not os.path.lexists(fresh_pip.bin("tiny"))


def test_shadowing_name_is_held_back(fresh_pip, who):
    """A wheel with .data/scripts/ls: it runs nothing, but `ls` after activate would (H07)."""
    path = wheel(who, fresh_pip.project, "shadow", scripts={"ls": "#!python\nprint('mine')\n", "git": "#!/bin/sh\necho mine\n", "ownname": "#!python\nprint('mine')\n"})
    done = good(fresh_pip.pip("install", "-q", *LOCAL, path))
    assert not os.path.lexists(fresh_pip.bin("ls")) and not os.path.lexists(fresh_pip.bin("git"))
    assert "ls" in done.stderr and "git" in done.stderr and "ownname" not in done.stderr, tell(done)
    assert good(fresh_pip.run(["ownname"])).stdout == "mine\n"
    assert "mine" not in good(fresh_pip.sh(". .venv/bin/activate; ls")).stdout


def test_publish_lets_a_shadowing_name_through(lab, who):
    box = lab.box(who, "--publish", "ls", pip=True)
    path = wheel(who, box.project, "shadow", scripts={"ls": "#!python\nprint('mine')\n"})
    assert good(box.pip("install", "-q", *LOCAL, path)).stderr == ""
    assert good(box.run(["ls"])).stdout == "mine\n"


def test_commands_of_a_failed_pip_run_are_published_too(fresh_pip, who):
    """Whatever pip left behind, the host's names follow it."""
    wheel(who, fresh_pip.project, "tiny", commands=["tiny"])
    done = fresh_pip.run(["python", "-c", "pass"])
    assert done.stderr == ""
    assert fresh_pip.pip("install", *LOCAL, "no-such-package").returncode == 1
    assert sorted(os.listdir(fresh_pip.bin(""))) == sorted(os.listdir(fresh_pip.bin("")))
    good(fresh_pip.pip("install", "-q", *LOCAL, "--find-links", ".", "tiny"))
    assert os.path.lexists(fresh_pip.bin("tiny"))


def test_two_pips_at_once(fresh_pip, who):
    first = wheel(who, fresh_pip.project, "one", commands=["one"])
    second = wheel(who, fresh_pip.project, "two", commands=["two"])
    running = [fresh_pip.popen(["pip", "install", "-q", *LOCAL, path]) for path in (first, second)]
    for p in running:
        out, err = p.communicate(timeout=120)
        assert p.returncode == 0, out + err
    assert [fresh_pip.run([name]).stdout for name in ("one", "two")] == ["one 1.0\n", "two 1.0\n"]


def test_programs_run_while_pip_runs(fresh_pip, who):
    path = sdist(who, fresh_pip.project, "slow", "import time, pathlib\npathlib.Path(os.environ['PWD'], 'started').touch()\n"
                                                  "while not os.path.exists(os.environ['PWD'] + '/go'): time.sleep(0.05)")
    p = fresh_pip.popen(["pip", "install", "-q", *LOCAL, path])
    try:
        fresh_pip.value("import os, time\nfor i in range(600):\n    if os.path.exists('started'): break\n    time.sleep(0.1)\nelse: raise SystemExit(1)\nopen('go', 'w')")
    finally:
        out, err = p.communicate(timeout=120)
    assert p.returncode == 0, out + err


# --- what pip is given -----------------------------------------------------------------------------

@pytest.fixture
def wheels(lab, who, fresh_pip):
    """A directory outside the project, with one wheel and a file that nobody named."""
    directory = lab.directory(who, "wheels")
    wheel(who, directory, "tiny")
    return directory


def imported(box):
    return box.py("import tiny").returncode == 0


def test_a_wheel_outside_by_path(fresh_pip, wheels):
    good(fresh_pip.pip("install", "-q", *LOCAL, wheels + "/tiny-1.0-py3-none-any.whl"))
    assert imported(fresh_pip)


def test_a_wheel_outside_by_relative_path(fresh_pip, wheels):
    good(fresh_pip.run([fresh_pip.bin("pip"), "install", "-q", *LOCAL, "./tiny-1.0-py3-none-any.whl"], cwd=wheels))
    assert imported(fresh_pip)


@pytest.mark.parametrize("args", [["--find-links", "@", "tiny"], ["-f@", "tiny"], ["--find-links=file://@", "tiny"], ["tiny @ file://@/tiny-1.0-py3-none-any.whl"]], ids=" ".join)
def test_links_on_the_command_line(fresh_pip, wheels, args):
    good(fresh_pip.pip("install", "-q", *LOCAL, *[a.replace("@", wheels) if a != "tiny @ file://@/tiny-1.0-py3-none-any.whl" else a.replace("//@", "//" + wheels) for a in args]))
    assert imported(fresh_pip)


def test_find_links_in_the_environment(fresh_pip, wheels):
    good(fresh_pip.pip("install", "-q", *LOCAL, "tiny", env={"PIP_FIND_LINKS": wheels}))
    assert imported(fresh_pip)


def test_requirements_and_constraints_outside(fresh_pip, wheels, who):
    who.write(wheels + "/reqs.txt", "-r more.txt\n")
    who.write(wheels + "/more.txt", "--find-links .\ntiny\n")
    who.write(wheels + "/limits.txt", "tiny==1.0\n")
    good(fresh_pip.pip("install", "-q", *LOCAL, "-r", wheels + "/reqs.txt", "-c", wheels + "/limits.txt", "-f", wheels))
    assert imported(fresh_pip)


def test_an_index_as_file_url(fresh_pip, wheels, who):
    who.write(wheels + "/simple/tiny/index.html", '<a href="../../tiny-1.0-py3-none-any.whl">tiny-1.0-py3-none-any.whl</a>')
    done = fresh_pip.pip("install", "-q", "--index-url", f"file://{wheels}/simple", "tiny",
                         env={"PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": ""})
    good(done)
    assert imported(fresh_pip)


def test_users_pip_conf_is_honoured_read_only(lab, who, wheels, fresh_pip):
    conf = who.write(os.path.join(who.home, ".config/pip/pip.conf"), f"[global]\nno-index = true\nfind-links = {wheels}\n")
    try:
        attack = f"try: open({conf!r}, 'a')\nexcept OSError: pass\nelse: open({conf!r}, 'a').write('evil')"
        good(fresh_pip.pip("install", "-q", "tiny", env={"PIP_FIND_LINKS": ""}))
        assert imported(fresh_pip)
        assert "find-links" in fresh_pip.pip("config", "list").stdout
        good(fresh_pip.pip("install", "-q", sdist(who, fresh_pip.project, "writer", attack)))
        with open(conf, encoding="utf-8") as f:
            assert "evil" not in f.read()
    finally:
        os.unlink(conf)


@pytest.mark.parametrize("name", ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_named_certificates_are_there(fresh_pip, who, name):
    ca = who.write(os.path.join(who.home, "certs", "ca.pem"), "certificate")
    who.write(os.path.join(who.home, "certs", "private.key"), "key")
    report = "open(os.environ['PWD'] + '/seen', 'w').write(repr((os.environ.get(%r), os.listdir(%r), open(%r).read())))" % (name, os.path.dirname(ca), ca)
    done = fresh_pip.sh(f'{name}="$2" exec .venv/bin/pip install -q --no-index "$1"', sdist(who, fresh_pip.project, "reader", report), ca)
    good(done)
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert f.read() == repr((ca, ["ca.pem"], "certificate"))


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_programs_see_named_certificates(box, who, name):
    """Also when the variable is not the shell's own, and nothing beside the file."""
    ca = who.write(os.path.join(who.home, "authority", name, "ca.pem"), "certificate")
    key = who.write(os.path.join(who.home, "authority", "private.key"), "key")
    code = f"import os; print(os.environ.get({name!r}), open({ca!r}).read(), os.path.exists({key!r}))"
    script = "exec .venv/bin/python -c \"$1\""
    done = box.sh(script, code, env={name: os.path.dirname(ca) if name.endswith("DIR") else ca})
    assert good(done).stdout == f"{os.path.dirname(ca) if name.endswith('DIR') else ca} certificate False\n"
    assert "FileNotFoundError" in box.sh(script, code).stderr


def test_pip_gets_an_empty_home(fresh_pip, who):
    """A pip.conf that a program planted must not steer pip (H15)."""
    fresh_pip.value("import os; os.makedirs(os.path.expanduser('~/.config/pip')); open(os.path.expanduser('~/.config/pip/pip.conf'), 'w').write('[global]\\nno-index = evil\\n')")
    report = "open(os.environ['PWD'] + '/seen', 'w').write(repr(sorted(os.listdir(os.path.expanduser('~')))))"
    good(fresh_pip.pip("install", "-q", *LOCAL, sdist(who, fresh_pip.project, "reader", report)))
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert f.read() == "['.cache']"
    assert "evil" not in fresh_pip.pip("config", "list").stdout


def test_index_settings_reach_pip_only(box):
    done = box.sh('export PIP_INDEX_URL=http://x/; .venv/bin/pip config list; .venv/bin/python -c "import os; print(os.environ.get(\'LANG\'))"')
    assert "http://x/" in done.stdout, tell(done)


def test_what_is_installed_editable_is_seen_by_later_runs(fresh_pip, who, lab):
    """-e names it for good: read-only, and nothing beside it (issue 4)."""
    tree = source_tree(who, os.path.join(lab.directory(who, "lib"), "tiny"), "tiny")
    beside = who.write(os.path.join(os.path.dirname(tree), "secret"), "x")
    code = f"import os; print(os.path.exists({tree!r} + '/backend.py'), os.path.exists({beside!r}), os.access({tree!r}, os.W_OK))"
    assert fresh_pip.value(code) == "False False False"
    done = good(fresh_pip.pip("install", "-q", *LOCAL, "--no-build-isolation", "-e", os.path.relpath(tree, fresh_pip.project)))
    assert f"later runs see '{tree}', read-only" in done.stderr, tell(done)
    assert fresh_pip.value(code) == "True False False"
    assert good(fresh_pip.pip("install", "-q", *LOCAL, "--no-build-isolation", "--force-reinstall", "-e", tree)).stderr == ""


def test_a_link_put_in_its_place_is_not_followed_into_the_home(fresh_pip, who, lab):
    tree = source_tree(who, os.path.join(lab.directory(who, "lib"), "tiny"), "tiny")
    good(fresh_pip.pip("install", "-q", *LOCAL, "--no-build-isolation", "-e", tree))
    os.rename(tree, tree + ".old")
    os.symlink(who.home, tree)
    assert fresh_pip.value(f"import os; print(os.path.exists({who.home!r} + '/.ssh'))") == "False"


def test_an_editable_build_that_writes_is_told_the_setting(fresh_pip, who, lab):
    tree = os.path.join(lab.directory(who, "lib"), "tiny")
    source_tree(who, tree, "tiny", f"open({tree!r} + '/egg-info', 'w').close()")
    done = fresh_pip.pip("install", "-q", *LOCAL, "--no-build-isolation", "-e", tree)
    assert done.returncode != 0 and done.stderr.rstrip().endswith(f"hint: venvbox-install {fresh_pip.venv} --rw {tree} lets this one write; --ro afterwards, read"), tell(done)
    fresh_pip.install("--rw", tree)
    good(fresh_pip.pip("install", "-q", *LOCAL, "--no-build-isolation", "-e", tree))
    fresh_pip.install("--ro", tree)
    assert fresh_pip.value(f"import os; print(os.path.exists({tree!r} + '/egg-info'), os.access({tree!r}, os.W_OK))") == "True False"


# --- other installers -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def uv_box(lab, who):
    box = lab.box(who, pip=True)
    good(box.pip("install", "-q", "uv"))
    return box


def test_uv_in_the_venv_installs_and_its_commands_are_boxed(uv_box, who):
    path = wheel(who, uv_box.project, "tiny", {"tiny.py": f"def main():\n    {SEALED}    print('said')\n"}, commands=["tiny-hello"])
    good(uv_box.run(["uv", "pip", "install", "-q", "--offline", path]))
    assert good(uv_box.run(["tiny-hello"])).stdout == "said\n"
    good(uv_box.run(["python", "-m", "uv", "pip", "uninstall", "-q", "tiny"]))
    assert not os.path.exists(uv_box.site("tiny.py")) and not os.path.lexists(uv_box.bin("tiny-hello"))


def test_a_build_of_uv_is_boxed_as_one_of_pip(uv_box, who):
    """It writes the venv, but nothing there that the host executes or trusts."""
    who.write(os.path.join(who.home, "secret"), "x")
    attack = (f"done = []\nfor p in ('lib/new', 'bin/activate', 'pyvenv.cfg', 'venvbox/venvbox.conf', 'venvbox/manifest'):\n"
              f"    try:\n        open(os.path.join({uv_box.venv!r}, p), 'a').close()\n        done.append(p)\n    except OSError: pass\n"
              f"open({uv_box.path('tried')!r}, 'w').write(repr((done, os.path.exists({os.path.join(who.home, 'secret')!r}))))")
    host = {name: os.stat(uv_box.bin(name)).st_mtime_ns for name in ("activate", "python")}
    good(uv_box.run(["uv", "pip", "install", "-q", "--offline", "--no-cache", sdist(who, uv_box.project, "builder", attack)]))
    with open(uv_box.path("tried"), encoding="utf-8") as f:
        assert f.read() == "(['lib/new', 'bin/activate'], False)"  # bin is the box's own
    assert host == {name: os.stat(uv_box.bin(name)).st_mtime_ns for name in host}


def test_uv_that_only_looks_cannot_write_the_venv(uv_box):
    assert "uv" in good(uv_box.run(["uv", "pip", "list"])).stdout
    done = uv_box.run(["uv", "run", "--no-project", "python", "-c", "import sys; open(sys.prefix + '/x', 'w')"])
    assert done.returncode != 0 and "Read-only file system" in done.stderr, tell(done)


# --- pip inside a program's box -------------------------------------------------------------------------

@pytest.mark.parametrize("code", [
    "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', *sys.argv[1:]]).returncode)",
    "import subprocess, sys; sys.exit(subprocess.run(['pip', 'install', '-q', *sys.argv[1:]]).returncode)",
    "import os, sys; sys.exit(os.waitstatus_to_exitcode(os.system(' '.join([sys.executable, '-m', 'pip', 'install', '-q', *sys.argv[1:]]))))",
])
def test_pip_in_a_program_cannot_write_and_says_so_once(fresh_pip, who, code):
    path = wheel(who, fresh_pip.project, "tiny")
    done = fresh_pip.py(code, *LOCAL, path, env={"PATH": fresh_pip.bin("")[:-1] + ":/usr/bin:/bin"})
    assert done.returncode != 0 and not os.path.exists(fresh_pip.site("tiny.py"))
    assert done.stderr.count("hint: ") == 1 and fresh_pip.bin("pip") in done.stderr, tell(done)


def test_pip_in_a_program_may_read(fresh_pip):
    done = fresh_pip.py("import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-m', 'pip', 'list', '--format=freeze']).returncode)")
    assert done.returncode == 0 and "pip==" in done.stdout, tell(done)


# --- builds ---------------------------------------------------------------------------------------------

def test_build_of_a_source_tree_is_sealed_and_sees_usr(fresh_pip, who):
    tree = source_tree(who, fresh_pip.path("src"), "built", SEALED + "os.stat('/usr/include')\n")
    good(fresh_pip.pip("install", "-q", *LOCAL, tree))
    assert fresh_pip.value("import built; print(built.word)") == "built"


def test_tmp_of_pip_is_on_disk_and_empty_afterwards(fresh_pip, who):
    report = ("import tempfile\nopen('/tmp/left', 'w').write('x')\n"
              "open(os.environ['PWD'] + '/seen', 'w').write(str(os.stat('/tmp').st_dev))")
    good(fresh_pip.pip("install", "-q", *LOCAL, sdist(who, fresh_pip.project, "reader", report)))
    with open(fresh_pip.path("seen"), encoding="utf-8") as f:
        assert int(f.read()) == os.stat(fresh_pip.state()).st_dev
    assert int(fresh_pip.value("import os; print(os.stat('/tmp').st_dev)")) != os.stat(fresh_pip.state()).st_dev
    assert not os.path.exists(fresh_pip.state("pip-tmp")) or not os.listdir(fresh_pip.state("pip-tmp"))
