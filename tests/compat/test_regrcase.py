# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests/compat/regrtest makes of the words of CPython's runner: a difference that it does not see would be none."""
import os

import pytest

import regrcase

HERE = os.path.dirname(os.path.abspath(__file__))
LINE, DASHES = "=" * 70 + "\n", "-" * 70 + "\n"
SUM = DASHES + "Ran 3 tests in 0.1s\n\nFAILED (failures=1)\n"
FORMS = {
    "3.10": "FAIL: test_user (test.test_subprocess.POSIXProcessTestCase)",
    "3.11": "ERROR: test_user (test.test_subprocess.POSIXProcessTestCase.test_user)",
    "subtest": "ERROR: test_user (test.test_subprocess.POSIXProcessTestCase.test_user) [who] (user='nobody', close_fds=True)",
    "unexpected": "UNEXPECTED SUCCESS: test_user (test.test_subprocess.POSIXProcessTestCase.test_user)",
}
CASE = "test_subprocess.POSIXProcessTestCase.test_user"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_failure_is_read(form):
    text = f"...\n{LINE}{form}\n{DASHES}OSError: [Errno 22] Invalid argument\n\n{LINE}FAIL: test_b (test.test_subprocess.B)\n{DASHES}x\n{SUM}"
    outcome = regrcase.Outcome("test_subprocess", 2, text, [("test_subprocess.A.test_a", "good")], 0)
    assert outcome.bad.keys() == {CASE, "test_subprocess.B.test_b"}
    assert "Errno 22" in outcome.bad[CASE] and "Errno 22" not in outcome.bad["test_subprocess.B.test_b"]


def test_a_fixture_that_fails_is_a_case():
    said = regrcase.told(f"{LINE}ERROR: setUpClass (test.test_x.A)\n{DASHES}x\n{SUM}")
    assert said.keys() == {"test_x.A.setUpClass"}


@pytest.mark.parametrize("status, text, wanted", [(-11, "", "test_x: status -11"), (1, "\nTimeout (0:15:00)!\n", "test_x: it hangs"), (None, "", "test_x: it hangs")])
def test_a_module_that_dies_has_failed(status, text, wanted):
    assert wanted in regrcase.Outcome("test_x", status, text, None, 0).bad


@pytest.mark.parametrize("status", [0, 3, 4])
def test_a_module_that_passes_has_not(status):
    assert regrcase.Outcome("test_x", status, "", [("test_x.A.test_a", "good")], 0).bad == {}


def test_a_skipped_module_is_told():
    assert regrcase.Outcome("test_x", 0, "test_x skipped -- no gdb\n", [], 0).skipped == {"test_x"}


def test_exceptions(tmp_path):
    table = tmp_path / "table"
    table.write_text("# comment\n3.10-3.11 | test_x.A.* | *Errno 30* | - | reason\n3.12 | test_y: status 2 | * | profile = system | reason\n")
    rows = regrcase.Exceptions(table)
    assert rows.find("3.11.7", "test_x.A.test_a", "\nOSError: [Errno 30]\n")
    assert not rows.find("3.9.1", "test_x.A.test_a", "Errno 30") and not rows.find("3.12.1", "test_x.A.test_a", "Errno 30")
    assert not rows.find("3.11.7", "test_x.A.test_a", "Errno 13") and not rows.find("3.11.7", "test_x.B.test_a", "Errno 30")
    assert [row.case for row in rows.unused("3.12.1", {"test_y": {"excepted": {}}})] == ["test_y: status 2"]
    assert not rows.unused("3.12.1", {"test_y": {"excepted": {"test_y: status 2": []}}})


def test_our_own_table_is_well_formed():
    assert regrcase.Exceptions(os.path.join(HERE, "regrtest.exceptions")).rows


def test_a_torn_row_is_refused(tmp_path):
    (tmp_path / "table").write_text("3.11 | test_x | reason\n")
    with pytest.raises(SystemExit):
        regrcase.Exceptions(tmp_path / "table")
