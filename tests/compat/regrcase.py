# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run of CPython's test runner says, and the table of what may differ in a box."""
import fnmatch
import re
import xml.etree.ElementTree

# regrtest's own words: 3 is a changed environment, 4 that no test ran.
HARMLESS = (0, 3, 4)


def words_of(path):
    """The words of a file, one a line; '#' begins a comment."""
    with open(path, encoding="utf-8") as f:
        return [word for line in f if (word := line.partition("#")[0].strip())]


def read_report(path):
    """[(case, kind)] of a JUnit report, or None. A case whose subtest failed has no name there: the text has it."""
    try:
        cases = list(xml.etree.ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    found = []
    for case in cases:
        kinds = {child.tag for child in case}
        kind = "bad" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "good"
        found.append((short(case.get("name") or ""), kind))
    return found


def short(case):
    return case[len("test."):] if case.startswith("test.") else case


# Since 3.11 the method stands in the brackets as well. What went wrong follows, up to the next such line or the sum.
TOLD = re.compile(r"^(?:FAIL|ERROR|UNEXPECTED SUCCESS): (\w+) \(([\w.]+)\)(.*?)(?=^={70}$|^-{70}\nRan |\Z)", re.MULTILINE | re.DOTALL)


def told(text):
    """{case: what is said of it} of those that the runner names as failed."""
    found = {}
    for name, where, said in TOLD.findall(text):
        case = short(where if where.endswith("." + name) else f"{where}.{name}")
        found[case] = found.get(case, "") + said
    return found


class Outcome:
    """What became of one module in one venv."""

    def __init__(self, module, status, text, report, seconds):
        self.text, self.seconds = text, seconds
        report = report or []
        self.cases = sum(kind != "skipped" for _, kind in report)
        self.skipped = {case for case, kind in report if kind == "skipped"}
        self.bad = {}  # what is said of each
        if re.search(rf"^(?:\S+ \[.*\] )?{re.escape(module)} skipped", text, re.MULTILINE):
            self.skipped.add(module)
        if status in HARMLESS:
            return
        self.bad = {**{case: "" for case, kind in report if kind == "bad" and case}, **told(text)}
        if status is None or "\nTimeout (" in text:
            self.bad[f"{module}: it hangs"] = text
        elif not self.bad:
            self.bad[f"{module}: status {status}"] = text


class Row:
    """One exception: a case, or a pattern of cases, with the reason. It holds only where the test says what it names."""

    def __init__(self, line, words):
        self.line = line
        versions, self.case, self.says, self.setting, self.reason = words
        first, _, last = versions.partition("-")
        self.first, self.last = (tuple(map(int, v.split("."))) for v in (first, last or first))

    def holds(self, version):
        return self.first <= tuple(map(int, version.split(".")[:2])) <= self.last


class Exceptions:
    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                words = [word.strip() for word in line.split("|")]
                if line.strip() and not line.startswith("#"):
                    if len(words) != 5 or not all(words):
                        raise SystemExit(f"{path}:{number}: not 'versions | case | what it says | setting | reason'")
                    self.rows.append(Row(number, words))

    def find(self, version, case, said):
        return next((row for row in self.rows if row.holds(version) and fnmatch.fnmatch(case, row.case) and fnmatch.fnmatch(said, row.says)), None)

    def unused(self, version, results):
        """Rows for one module that was run, and which excused nothing."""
        excused = [case for result in results.values() for case in result["excepted"]]
        return [row for row in self.rows if row.holds(version) and not fnmatch.filter(excused, row.case)
                and re.split("[.:]", row.case)[0] in results]
