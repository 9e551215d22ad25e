# SPDX-License-Identifier: LGPL-2.1-or-later
"$BASE" -m venv "$HOST/tools"
"$HOST/tools/bin/pip" install -q virtualenv
"$HOST/tools/bin/virtualenv" -q --python "$VENV/bin/python" "$HOST/made.$$"
"$HOST/made.$$/bin/python" -c 'import sys; print(sys.prefix != sys.base_prefix, sys.base_prefix)'
