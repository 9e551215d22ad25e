# SPDX-License-Identifier: LGPL-2.1-or-later
printf 'import os\nimport sys\nprint(  sys.argv)\n' >a.py
ruff check --fix a.py
ruff format a.py
cat a.py
printf 'print(x)\n' >b.py
status=0; ruff check b.py --output-format concise || status=$?
echo "status $status"
