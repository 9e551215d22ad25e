# SPDX-License-Identifier: LGPL-2.1-or-later
printf 'a = {  1:2}\n' >a.py; printf "b = 'x'\n" >b.py
black --workers 2 a.py b.py 2>&1 | grep -c reformatted
cat a.py b.py
black --check a.py 2>/dev/null && echo checked
