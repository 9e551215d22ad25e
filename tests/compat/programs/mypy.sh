# SPDX-License-Identifier: LGPL-2.1-or-later
printf 'def f(x: int) -> str:\n    return x\n' >a.py
for i in 1 2; do status=0; mypy a.py || status=$?; echo "status $status"; done
