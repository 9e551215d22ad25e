# SPDX-License-Identifier: LGPL-2.1-or-later
echo 'import os, sys; print(sys.argv[1:], sorted(os.environ.get(k, "-") for k in ("LANG", "FOO")))' >hook.py
env -i "$VENV/bin/python" hook.py a.py "b c.py" </dev/null
env -i FOO=1 PATH=/usr/bin:/bin "$VENV/bin/python" hook.py </dev/null
cd / && env -i PATH=/usr/bin:/bin setsid -w "$VENV/bin/python" "$PROJECT/hook.py" x </dev/null
env -i "$VENV/bin/pip" --version | cut -d' ' -f1
status=0; env -i "$VENV/bin/python" -c 'raise SystemExit(3)' || status=$?; echo $status
