# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads tests/mutations/list; the format is described there."""
import os
import re

LINES = range(1, 8)  # of the issue, under "What must hold"
LAWS = range(1, 10)  # of the design


class Bad(Exception):
    """The list or a row of it is wrong."""


class Edit:
    """Whole lines of one file, and what stands in their place."""

    def __init__(self, path):
        self.path, self.old, self.new = path, "", ""

    def apply(self, text):
        """text without the old lines, which must be there once."""
        found = len(re.findall("^" + re.escape(self.old), text, re.MULTILINE))
        if not self.old or found != 1:
            raise Bad(f"the lines to remove are {found} times in {self.path}")
        at = re.search("^" + re.escape(self.old), text, re.MULTILINE).start()
        return text[:at] + self.new + text[at + len(self.old):]


class Row:
    """One defence switched off."""

    def __init__(self, name, where):
        self.name, self.where = name, where
        self.lines, self.laws, self.lost = [], [], ""
        self.edits, self.tests, self.units = [], [], []

    def check(self):
        for what, value in (("line or law", self.lines + self.laws), ("lost", self.lost), ("file", self.edits), ("test or unit", self.tests + self.units)):
            if not value:
                raise Bad(f"{self.where}: {self.name} has no {what}")
        if not set(self.lines) <= set(LINES) or not set(self.laws) <= set(LAWS):
            raise Bad(f"{self.where}: {self.name} names a line or law that there is not")

    def mutated(self, tree):
        """{path: text} of the files that change."""
        texts = {}
        for edit in self.edits:
            if edit.path not in texts:
                with open(os.path.join(tree, edit.path), encoding="utf-8") as f:
                    texts[edit.path] = f.read()
            texts[edit.path] = edit.apply(texts[edit.path])
        return texts


def take(row, line, where):
    """One line of a block."""
    key, _, value = line.partition(" ")
    value = value.strip()
    if line[0] in "-+":
        if not row.edits:
            raise Bad(f"{where}: which file?")
        edit = row.edits[-1]
        if line[0] == "-":
            if edit.new:
                raise Bad(f"{where}: name the file again for other lines of it")
            edit.old += line[1:] + "\n"
        else:
            edit.new += line[1:] + "\n"
    elif key in ("line", "law"):
        numbers = [int(n) for n in value.split() if n.isdigit()]
        (row.lines if key == "line" else row.laws).extend(numbers)
    elif key == "lost":
        row.lost = value
    elif key == "file":
        row.edits.append(Edit(value))
    elif key == "test" and "::" in value:
        row.tests.append(value)
    elif key == "unit" and "::" in value:
        row.units.append(tuple(value.split("::", 1)))
    else:
        raise Bad(f"{where}: cannot read '{line}'")


def read(path):
    """All rows, in their order."""
    rows = []
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    for number, line in enumerate(lines, 1):
        where = f"{os.path.basename(path)}:{number}"
        if not line or line[0] == "#":
            continue
        if line.startswith("mutation "):
            rows.append(Row(line.split(" ", 1)[1].strip(), where))
        elif not rows:
            raise Bad(f"{where}: a block begins with 'mutation NAME'")
        else:
            take(rows[-1], line, where)
    names = [row.name for row in rows]
    for row in rows:
        row.check()
        if names.count(row.name) > 1:
            raise Bad(f"{row.where}: {row.name} is there twice")
    for what, wanted, given in (("line", LINES, [n for row in rows for n in row.lines]), ("law", LAWS, [n for row in rows for n in row.laws])):
        missing = sorted(set(wanted) - set(given))
        if missing:
            raise Bad(f"no mutation for {what} {missing[0]}")
    return rows
