# SPDX-License-Identifier: LGPL-2.1-or-later
cat >test_a.py <<'END'
import os, subprocess, sys
import pytest
@pytest.mark.parametrize("n", range(8))
def test_n(n, tmp_path, monkeypatch):
    (tmp_path / "f").write_text("x" * n)
    assert (tmp_path / "f").stat().st_size == n
def test_child(capfd):
    subprocess.run([sys.executable, "-c", "print(1)"], check=True)
    assert capfd.readouterr().out == "1\n"
END
pytest -q -n 2 -p no:cacheprovider | sed 's/ in .*//' | tail -n 1
echo 'def test_bad(): assert 0' >test_b.py
status=0; pytest -q -n 2 >/dev/null || status=$?
echo "status $status"
