# SPDX-License-Identifier: LGPL-2.1-or-later
# Of the plain venv's tools, not of the shell's PATH: the venv that is active is not what is asked for.
"$BASE" -m venv "$HOST/tools"
"$HOST/tools/bin/pip" install -q uv
"$HOST/tools/bin/uv" pip install -q --python "$VENV/bin/python" six cowsay
python -c 'import six; print(six.PY3)'
# What uv wrote into bin becomes a command of the box.
[ ! -d "$VENV/venvbox" ] || "$VENVBOX_INSTALL" "$VENV" >/dev/null
cowsay -t moo | grep -c moo
