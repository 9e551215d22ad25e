# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of interpreter by check, at the end of test_matrix.py."""
import collections

import interpreters


def interpreter_of(item_name):
    """As it stands in the parameters of a test; those without one look at bases which they make themselves."""
    words = item_name.partition("[")[2].rstrip("]").split("-")
    found = [n for n in interpreters.names() if words_in(n.split("-"), words)]
    return max(found, key=len, default="of their own")


def words_in(some, words):
    return any(words[i:i + len(some)] == some for i in range(len(words)))


def pytest_terminal_summary(terminalreporter):
    cells, checks = collections.defaultdict(collections.Counter), {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.getreports(outcome):
            path, _, item = report.nodeid.partition("::")
            if not path.endswith("test_matrix.py") or (outcome == "passed" and report.when != "call"):
                continue
            check = item.partition("[")[0]
            checks.setdefault(check, len(checks) + 1)
            cells[interpreter_of(item), check][outcome == "passed"] += 1
    if not checks:
        return
    rows = [n for n in [*interpreters.names(), "of their own"] if any(n == name for name, _ in cells)]
    width = max(map(len, rows)) + 2
    terminalreporter.section("interpreter by check: passed of all")
    terminalreporter.line("".ljust(width) + "".join(str(n).rjust(8) for n in checks.values()))
    for row in rows:
        counts = [cells.get((row, check)) for check in checks]
        terminalreporter.line(row.ljust(width) + "".join(("-" if c is None else f"{c[True]}/{sum(c.values())}").rjust(8) for c in counts))
    terminalreporter.line("")
    for check, number in checks.items():
        terminalreporter.line(f"{number:3} {check.removeprefix('test_').replace('_', ' ')}")
