# SPDX-License-Identifier: LGPL-2.1-or-later
echo 'six' >requirements.in
pip-compile -q --no-header --strip-extras requirements.in >/dev/null 2>&1
grep -c '^six==' requirements.txt
pip-sync -q requirements.txt
python -c 'import six; print(six.PY3)'
