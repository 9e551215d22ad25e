# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to be watched: python -X venvbox-verbose against the same box without."""
import os
import time

from workbench import turns

VERBOSE = ["-X", "venvbox-verbose"]
PROJECT, PYTEST = "click-8.1.8", "pytest==8.3.5"  # its tests need pytest alone, and take some seconds
NO_SED = "tests/test_termui.py::test_fast_edit"  # of sed(1) a box has none


def start(bench):
    python = os.path.join(bench.box(), "bin", "python")
    return bench.ratio([python, *VERBOSE, "-c", "pass"], [python, "-c", "pass"])


def prepared(bench):
    """A box with pytest and the project, whose tests lie beside the venv."""
    venv = bench.box(pip=True)
    top, pip = os.path.dirname(venv), os.path.join(venv, "bin", "pip")
    bench.run([pip, "download", "-q", "--no-deps", "--no-binary", ":all:", "--disable-pip-version-check", "-d", top, PROJECT.replace("-", "==")], cwd=top)
    bench.run(["/usr/bin/tar", "-xzf", PROJECT + ".tar.gz"], cwd=top)
    bench.run([pip, "install", "-q", "--disable-pip-version-check", PYTEST, "./" + PROJECT], cwd=top)
    return os.path.join(venv, "bin", "python"), os.path.join(top, PROJECT)


def project(bench):
    python, place = prepared(bench)

    def ask(options):
        begun = time.perf_counter()
        bench.run([python, *options, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--deselect", NO_SED, "tests"], cwd=place)
        return {"tests": time.perf_counter() - begun}
    found = turns({"watched": VERBOSE, "not": []}, 3 if bench.short else 9, ask)
    return found["watched"]["tests"] / found["not"]["tests"], {name: round(side["tests"], 3) for name, side in found.items()}
