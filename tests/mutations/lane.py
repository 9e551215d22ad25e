# SPDX-License-Identifier: LGPL-2.1-or-later
"""One copy of the source tree, its build and its prefix, and runs of the tests in it that cannot hurt the machine."""
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

PATIENCE = 600  # seconds after which something hangs
UNIT_PATIENCE = 20  # the same for a unit test program, which takes less than three
CONTROL = "tests/mutations/test_still_runs.py::test_a_box_starts[{}]"

# With a defence switched off the attack works. Its targets are decoys, but here it may also do its worst: processes, IPC and
# network are its own, /tmp and /var/tmp are memory that goes away, and all else of the file system is read-only.
# /proc keeps its settings: with a mount over some of them the kernel lets no box mount its own (VFS: mount too revealing).
APART = r'''
set -eu
lane=$1
shift
cd "$lane"
mount --make-rprivate /
mount -t tmpfs -o mode=1777 none /tmp
mount -t tmpfs -o mode=1777 none /var/tmp
mkdir -p "$lane"
mount --no-canonicalize --bind /proc/self/cwd "$lane"
cd "$lane"
mount --bind out out
awk '{ print $5 }' /proc/self/mountinfo | sort -u | while read -r point; do
	case $point in
	"$lane") ;;
	/proc | /proc/* | /dev | /dev/* | /tmp | /var/tmp | "$lane/out") continue ;;
	/tmp/* | /var/tmp/* | *//deleted) continue ;; # hidden by what was mounted just now, or gone: out of reach
	esac
	mount -o remount,bind,ro "$(printf %b "$point")"
done
status=0
"$@" || status=$? # no exec: the first process of a namespace is another one than a test expects to be
exit "$status"
'''
UNSHARE = ["unshare", "--mount", "--pid", "--ipc", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-c", APART, "sh"]


class Broken(Exception):
    """It could not be tried: words for the user."""


def short(test):
    """What junit and we both can tell of a node id: module and function."""
    path, _, name = test.partition("::")
    return os.path.basename(path)[:-len(".py")] + "::" + name


def verdict_of(test, verdicts):
    """That of a node id. Without [...] it stands for all of its parametrisations, and one that failed is enough."""
    name = short(test)
    if "[" in name or name in verdicts:
        return verdicts.get(name)
    all_of_it = {verdict for found, verdict in verdicts.items() if found.startswith(name + "[")}
    return next((v for v in ("failed", "error", "skipped", "passed") if v in all_of_it), None)


def read_junit(path):
    """{short name: passed, failed, error or skipped}; an error is one of a fixture or a collection, no test's word.

    A test that failed may have an error beside it, or in an entry of its own, of the fixture that then finds what it left."""
    try:
        cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    except (OSError, xml.etree.ElementTree.ParseError):
        return {}
    found = {}
    for case in cases:
        kinds = {child.tag for child in case}
        verdict = "failed" if "failure" in kinds else "error" if "error" in kinds else "skipped" if "skipped" in kinds else "passed"
        name = case.get("classname").rsplit(".", 1)[-1] + "::" + case.get("name")
        if found.get(name) != "failed":
            found[name] = verdict
    return found


def read_cmocka(text):
    """{test: verdict} of what a cmocka program says. What ran when it was ended (a hang, a crash) has failed."""
    words = {"RUN": "failed", "OK": "passed", "FAILED": "failed", "ERROR": "error"}
    return {name: words[word] for word, name in re.findall(r"^\[ +(RUN|OK|FAILED|ERROR) +\] (\w+)$", text, re.MULTILINE)}


class Lane:
    def __init__(self, source, directory):
        self.source, self.top = source, directory
        self.tree, self.build, self.prefix, self.out = (os.path.join(directory, n) for n in ("tree", "build", "prefix", "out"))
        self.process = None

    def call(self, args, cwd=None, patience=PATIENCE):
        """(status, what it said); both streams. What hangs is ended."""
        with subprocess.Popen(args, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", start_new_session=True) as self.process:
            try:
                said = self.process.communicate(timeout=patience)[0]
            except subprocess.TimeoutExpired:
                self.stop()
                said = self.process.communicate()[0] + "\nit hangs\n"
        return self.process.returncode, said

    def stop(self):
        """unshare takes everything of its namespace along."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, 9)

    def make(self, *targets):
        status, said = self.call(["make", "--no-print-directory", *targets], self.build)
        if status != 0:
            raise Broken("it does not compile\n" + said[-2000:])

    def prepare(self, units):
        if os.path.exists(os.path.join(self.source, "config.status")):
            raise Broken("the source tree is configured: make distclean")
        shutil.copytree(self.source, self.tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", "autom4te.cache"))
        os.makedirs(self.build)
        os.makedirs(self.out)
        status, said = self.call([os.path.join(self.tree, "configure"), "--quiet", "--prefix=" + self.prefix, "CFLAGS=-O0 -g0"], self.build)
        if status != 0:
            raise Broken("it cannot be configured\n" + said[-2000:])
        self.make("install", *(f"tests/unit/{unit}" for unit in units))

    def named(self, test):
        """The node id here: some hold the path of what is tested."""
        return test.replace("@prefix@", self.prefix)

    # --- runs ------------------------------------------------------------------

    def pytest(self, tests, apart=True):
        """({short name: verdict}, what pytest said) of these node ids."""
        junit = os.path.join(self.out, "junit.xml")
        if os.path.exists(junit):
            os.unlink(junit)
        run = [os.path.join(self.tree, "tests/run"), "-", self.prefix, *tests, "--junitxml=" + junit]
        said = self.call([*UNSHARE, self.top, *run] if apart else run)[1]
        return read_junit(junit), said

    def unit(self, program):
        """({test: verdict}, what it said) of a unit test program."""
        status, said = self.call([*UNSHARE, self.top, os.path.join(self.build, "tests/unit", program)], patience=UNIT_PATIENCE)
        return read_cmocka(said), f"{said}status {status}\n"

    # --- one mutation ------------------------------------------------------------

    def attempt(self, row):
        """Raises Broken unless the row's tests fail, each of them, while what is to go on goes on."""
        texts = row.mutated(self.tree)
        before = {}
        for path in texts:
            with open(os.path.join(self.tree, path), encoding="utf-8") as f:
                before[path] = f.read()
        try:
            self.write(texts)
            self.make(*(["install"] if row.tests else []), *(f"tests/unit/{unit}" for unit, _ in row.units))
            self.judge(row)
        finally:
            self.write(before)

    def write(self, texts):
        for path, text in texts.items():
            with open(os.path.join(self.tree, path), "w", encoding="utf-8") as f:
                f.write(text)

    def judge(self, row):
        if row.tests:
            control = CONTROL.format("root" if "[root" in row.tests[0] else "user")
            verdicts, said = self.pytest([control, *(self.named(test) for test in row.tests)])
            if verdicts.get(short(control)) != "passed":
                raise Broken("no box starts any more: the test would fail for want of one\n" + said[-4000:])
            for test in row.tests:
                expect_failed(test, verdict_of(self.named(test), verdicts), said)
        for program, test in row.units:
            verdicts, said = self.unit(program)
            expect_failed(f"{program}::{test}", verdicts.get(test), said)


def expect_failed(test, verdict, said):
    if verdict == "failed":
        return
    words = {"passed": "not noticed by", "error": "an error and no failure of", "skipped": "skipped:", None: "not run:"}[verdict]
    raise Broken(f"{words} {test}\n" + ("" if verdict == "passed" else said[-4000:]))
