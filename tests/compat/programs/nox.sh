# SPDX-License-Identifier: LGPL-2.1-or-later
cat >noxfile.py <<'END'
import nox
@nox.session
def a(session):
    session.install("six")
    session.run("python", "-c", "import six; print('inner', six.PY3)")
END
for i in 1 2; do nox -s a 2>/dev/null; done
