# SPDX-License-Identifier: LGPL-2.1-or-later
uv pip install -q six cowsay
python -c 'import six; print(six.PY3)'
cowsay -t moo | grep -c moo
uv pip uninstall -q six
python -c 'import six' 2>/dev/null || echo gone
uv venv -q inner
python -c 'import subprocess; print(subprocess.run(["inner/bin/python", "-c", "import sys; print(sys.prefix != sys.base_prefix)"], stdout=-1, text=True).stdout)'
